/** Progress on stderr: one line that rewrites itself on a terminal, a line now and then elsewhere, JSON lines with --json. */
import type { JobEvent } from '../contract/jobs.ts';
import { printableLine } from './printable.ts';
import type { VerbIo } from './verb.ts';

const STAGES: Record<Extract<JobEvent, { type: 'progress' }>['stage'], string> = {
  probing: 'Looking at the source',
  analysing: 'Finding frames and shots',
  recognising: 'Recognising actions',
  rendering: 'Making frames',
  sound: 'Making sound',
  writing: 'Writing the file',
  verifying: 'Checking the file',
};

/** 3725 -> '1:02:05'. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number) => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

function sentence(event: Extract<JobEvent, { type: 'progress' }>): string {
  const parts = [`${(100 * event.fraction).toFixed(0).padStart(3)} %  ${STAGES[event.stage]}`];
  if (event.total > 0 && event.unit === 'frames') parts.push(`${event.done} of ${event.total} frames`);
  if (event.framesPerSecond) parts.push(`${event.framesPerSecond.toFixed(1)} frames/s`);
  if (event.etaSeconds !== undefined) parts.push(`${clock(event.etaSeconds)} left`);
  return parts.join(', ');
}

/** A listener for job events; call `end` before printing anything else. `label` goes before each line. */
export function progressPrinter(io: VerbIo, label = ''): { listen(event: JobEvent): void; end(): void } {
  const live = process.stderr.isTTY && !io.json;
  let shown = false;
  let lastLine = -Infinity;
  const end = () => {
    if (shown && live) process.stderr.write('\r\x1b[K');
    shown = false;
  };
  return {
    end,
    listen(event) {
      if (event.type === 'done' || event.type === 'failed') return;
      if (io.json) return io.err(JSON.stringify(label ? { ...event, item: label } : event));
      if (event.type === 'note') {
        end();
        return io.err(`${label}Note: ${event.message}`);
      }
      const line = label + sentence(event);
      if (live) {
        process.stderr.write(`\r${printableLine(line).slice(0, (process.stderr.columns ?? 100) - 1)}\x1b[K`);
        shown = true;
      } else if (performance.now() - lastLine > 2000) {
        lastLine = performance.now();
        io.err(line);
      }
    },
  };
}

/**
 * Progress that is no job's: one line that rewrites itself on a terminal, a line now and then elsewhere, JSON lines
 * with --json.
 */
import { clock } from './progress.ts';
import { printableLine } from './printable.ts';
import type { VerbIo } from './verb.ts';

/** `fraction` is 0..1 of the whole, absent for a stage that only has a name and for one whose whole is not known. */
export interface Status {
  readonly sentence: string;
  readonly fraction?: number;
  /** One of many of its stage, as those with a fraction are. */
  readonly passing?: true;
  readonly etaSeconds?: number;
}

/**
 * A stage is always told; what passes within one at most every two seconds where the line cannot rewrite itself. Call `end`
 * before printing anything else.
 */
export function statusLine(io: VerbIo): { tell(status: Status): void; end(): void } {
  const live = process.stderr.isTTY && !io.json;
  let shown = false;
  let last = -Infinity;
  const end = (): void => {
    if (shown) process.stderr.write('\r\x1b[K');
    shown = false;
  };
  return {
    end,
    tell(status) {
      const { passing, ...told } = status;
      const { sentence, fraction, etaSeconds } = told;
      const passes = passing ?? fraction !== undefined;
      const due = performance.now() - last > (live ? 100 : 2000);
      if (passes && !due) return;
      if (passes) last = performance.now();
      if (io.json) return io.err(JSON.stringify({ type: 'progress', ...told }));
      const percent = fraction === undefined ? '' : `${(100 * fraction).toFixed(0).padStart(3)} %  `;
      const left = etaSeconds === undefined ? '' : `, ${clock(etaSeconds)} left`;
      const line = `${percent}${sentence}${left}`;
      if (!live) return io.err(line);
      process.stderr.write(`\r${printableLine(line).slice(0, (process.stderr.columns ?? 100) - 1)}\x1b[K`);
      shown = true;
    },
  };
}

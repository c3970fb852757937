/** WebVTT as text: cues keep their names and settings (position, alignment), which packets of ffmpeg's do not show. */
import type { Inner } from './ass-text.ts';

export interface Cue {
  /** Seconds. */
  readonly start: number;
  readonly end: number;
  /** Line of its own before the times; empty for none. */
  readonly name: string;
  /** After the times: 'line:10% align:start'. */
  readonly settings: string;
  readonly text: string;
}

const TIMES = /^((?:\d+:)?\d\d:\d\d\.\d{3})[ \t]+-->[ \t]+((?:\d+:)?\d\d:\d\d\.\d{3})[ \t]*(.*)$/;
const INLINE = /<((?:\d+:)?\d\d:\d\d\.\d{3})>/g;

/** The cues, and what is before them (title, styles, regions). */
export function parseWebvtt(text: string): { head: string; cues: Cue[] } {
  const blocks = text.replaceAll(/\r\n?/g, '\n').split(/\n{2,}/);
  const cues: Cue[] = [];
  const head: string[] = [];
  for (const block of blocks) {
    const lines = block.split('\n').filter((line) => line !== '');
    const at = lines.findIndex((line) => TIMES.test(line));
    if (at < 0 || at > 1) {
      // What stands alone after a cue is more of its text: an empty line cannot be in one, so it was none.
      if (cues.length === 0 && lines.length > 0) head.push(lines.join('\n'));
      continue;
    }
    const [, start = '', end = '', settings = ''] = TIMES.exec(lines[at]!)!;
    const name = at === 1 ? lines[0]! : '';
    cues.push({ start: seconds(start), end: seconds(end), name, settings, text: lines.slice(at + 1).join('\n') });
  }
  return { head: head.join('\n\n') || 'WEBVTT', cues };
}

/** A file of them. Times in milliseconds. */
export function writeWebvtt(head: string, cues: readonly (Cue & { start: number; end: number })[]): string {
  const blocks = cues.map(({ start, end, name, settings, text }) => {
    const times = `${clock(start)} --> ${clock(end)}${settings === '' ? '' : ` ${settings}`}`;
    return [...(name === '' ? [] : [name]), times, text].join('\n');
  });
  return `${[head, ...blocks].join('\n\n')}\n`;
}

/** The text of a cue with the times inside (karaoke), which are absolute. `at` is from and to milliseconds. */
export function retimeCueText(text: string, at: Inner): string {
  return text.replaceAll(INLINE, (_, time: string) => `<${clock(Math.max(0, Math.round(at(seconds(time) * 1000))))}>`);
}

function seconds(time: string): number {
  return time.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
}

function clock(ms: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const [hours, minutes, rest] = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, ms % 60_000];
  return `${two(hours)}:${two(minutes)}:${two(Math.floor(rest / 1000))}.${String(rest % 1000).padStart(3, '0')}`;
}

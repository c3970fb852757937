/** The last lines of what a process says, for its obituary. */
import type { Readable } from 'node:stream';

/** Characters kept of a line, and of a line that does not end: a process that prints binary must not fill our memory. */
const KEPT = 500;
const LONGEST = 2 ** 20;

export interface TailOptions {
  /** Lines remembered. */
  readonly count?: number;
  /** Sees every line, without its end; one it returns true for is not remembered. */
  readonly onLine?: ((line: string) => boolean | void) | undefined;
}

/** Reads `stream` to its end. Returns the growing list of its last lines, oldest first; \n and \r (progress lines) end one. Never throws. */
export function tailOf(stream: Readable, { count = 40, onLine }: TailOptions = {}): readonly string[] {
  const lines: string[] = [];
  let rest = '';
  const take = (line: string): void => {
    if (line === '' || onLine?.(line) === true) return;
    lines.push(line.length > KEPT ? `${line.slice(0, KEPT)}...` : line);
    if (lines.length > count) lines.shift();
  };
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const parts = (rest + text).split(/[\r\n]/);
    rest = parts.pop() ?? '';
    if (rest.length > LONGEST) rest = rest.slice(0, KEPT);
    for (const part of parts) take(part);
  });
  stream.on('end', () => take(rest));
  stream.on('error', () => {});
  return lines;
}

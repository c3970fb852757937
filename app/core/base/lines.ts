/** The last lines of what a process says, for its obituary. */
import type { Readable } from 'node:stream';

/** Longest line kept, in characters: a process that prints binary must not fill our memory. */
const LONGEST = 2000;

/** Reads `stream` to its end and remembers its last `count` lines; `onLine` sees every one. Never throws. */
export function tailOf(
  stream: Readable,
  { count = 20, onLine }: { count?: number; onLine?: (line: string) => void } = {},
): { readonly lines: readonly string[] } {
  const lines: string[] = [];
  let rest = '';
  const push = (line: string): void => {
    if (line === '') return;
    lines.push(line.slice(0, LONGEST));
    if (lines.length > count) lines.shift();
    onLine?.(line);
  };
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const parts = (rest + text).split(/\r\n|\n|\r/);
    rest = (parts.pop() ?? '').slice(-LONGEST);
    for (const part of parts) push(part);
  });
  stream.on('end', () => push(rest));
  stream.on('error', () => {});
  return { lines };
}

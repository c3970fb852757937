/** Numbered pictures as a source: `frames/%05d.png`. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { AppError } from '../../contract/errors.ts';

/** The pictures a pattern stands for: first, first + 1, ... without a gap. */
export interface ImageSequence {
  readonly folder: string;
  readonly prefix: string;
  /** Digits a number is padded to; 0 for '%d'. */
  readonly digits: number;
  readonly suffix: string;
  readonly first: number;
  readonly count: number;
  /** Pictures of the pattern after the first gap, which are not part of the sequence. */
  readonly leftOver: number;
}

/** The last '%d' or '%05d' of a file name, with what is before and after it. */
const PATTERN = /^(.*)%(?:0(\d{1,2}))?d(.*)$/s;

/** True when the file name has a number pattern in it. Whether a file of that very name exists is not looked at. */
export function isPattern(path: string): boolean {
  return PATTERN.test(basename(path));
}

/** Finds the pictures of a pattern. Throws not-found when there is none, unreadable when the folder cannot be read. */
export async function findSequence(path: string): Promise<ImageSequence> {
  const match = PATTERN.exec(basename(path));
  if (!match) throw new AppError('not-found', `${path} is not a pattern like frames/%05d.png.`);
  const [, prefix = '', padding = '0', suffix = ''] = match;
  const digits = Number(padding);
  const folder = dirname(resolve(path));
  const names = await readdir(folder).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    const kind = code === 'EACCES' ? 'unreadable' : 'not-found';
    throw new AppError(kind, `The folder of ${path} cannot be read.`, { cause: error });
  });
  const numbers: number[] = [];
  for (const name of names) {
    if (!name.startsWith(prefix) || !name.endsWith(suffix)) continue;
    const number = name.slice(prefix.length, name.length - suffix.length);
    if (/^\d{1,9}$/.test(number) && number === String(Number(number)).padStart(digits, '0'))
      numbers.push(Number(number));
  }
  numbers.sort((a, b) => a - b);
  const first = numbers[0];
  if (first === undefined) throw new AppError('not-found', `No picture matches ${path}.`);
  let count = 1;
  while (numbers[count] === first + count) count++;
  return { folder, prefix, digits, suffix, first, count, leftOver: numbers.length - count };
}

/** The path of picture `number`. */
export function pictureOf(sequence: ImageSequence, number: number): string {
  return join(sequence.folder, sequence.prefix + String(number).padStart(sequence.digits, '0') + sequence.suffix);
}

/** The pattern as ffmpeg's image2 reads it: every '%' that is not the number is doubled. */
export function imagePattern(sequence: ImageSequence): string {
  const literal = (text: string): string => text.replaceAll('%', '%%');
  const number = sequence.digits > 0 ? `%0${sequence.digits}d` : '%d';
  return join(literal(sequence.folder), literal(sequence.prefix) + number + literal(sequence.suffix));
}

/** Total size of the pictures in bytes. */
export async function sequenceBytes(sequence: ImageSequence): Promise<number> {
  let bytes = 0;
  for (let i = 0; i < sequence.count; i++) bytes += (await stat(pictureOf(sequence, sequence.first + i))).size;
  return bytes;
}

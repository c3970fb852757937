/** Which file, in which state: what a cached analysis or a stored result is valid for. */
import { createHash } from 'node:crypto';
import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import { isErrno } from '../base/durable.ts';

/** A file, or an image sequence under its pattern ('frames/%05d.png'): then bytes are the sum and mtimeNs the latest. */
export interface FileIdentity {
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
  /** Decimal digits: nanoseconds do not fit a double. */
  readonly mtimeNs: string;
  /** Hex SHA-256 over the size and samples of the content; for a sequence over names, sizes and times of its files. */
  readonly fingerprint: string;
}

export const fileIdentitySchema: z.ZodType<FileIdentity> = z.object({
  path: z.string(),
  bytes: z.number(),
  mtimeNs: z.string(),
  fingerprint: z.string(),
});

/** What a job was made from, as stored: libraries of before there were several have one alone. */
export const sourcesSchema: z.ZodType<FileIdentity[]> = z.union([
  z.array(fileIdentitySchema),
  fileIdentitySchema.transform((one) => [one]),
]);

/** Bytes hashed at the file's head and tail, and at each of SAMPLES places between. A file of less is hashed whole. */
const END_BYTES = 65_536;
const SAMPLE_BYTES = 16_384;
const SAMPLES = 8;

/** The last number pattern of a name; every other percent sign stands for itself, as media/image-sequence.ts has it. */
const SEQUENCE = /^(.*)%(?:0(\d{1,2}))?d(.*)$/s;

/** Takes a file's identity; about ten small reads however long it is. Throws `not-found`, `not-a-file`, `unreadable`. */
export async function identify(path: string): Promise<FileIdentity> {
  const absolute = resolve(path);
  try {
    const found = await stat(absolute, { bigint: true }).catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    });
    if (found === undefined) return await identifySequence(absolute);
    // Opening a named pipe would wait for ever.
    if (!found.isFile()) throw new AppError('not-a-file', `${path} is not a file.`);
    const bytes = Number(found.size);
    return { path: absolute, bytes, mtimeNs: String(found.mtimeNs), fingerprint: await fingerprint(absolute, bytes) };
  } catch (cause) {
    if (isErrno(cause, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP'))
      throw new AppError('not-found', `There is no file ${path}.`, { cause });
    if (isErrno(cause, 'EACCES', 'EPERM', 'EIO'))
      throw new AppError('unreadable', `${path} cannot be read.`, { cause });
    throw cause;
  }
}

/** Whether both are the same file in the same state. */
export function sameIdentity(a: FileIdentity, b: FileIdentity): boolean {
  return a.path === b.path && a.bytes === b.bytes && a.mtimeNs === b.mtimeNs && a.fingerprint === b.fingerprint;
}

/**
 * Throws `source-changed` unless the files are as they were: what was made of others must not be kept under their names. It goes by sizes and times, so it
 * may be asked often.
 */
export async function requireUnchanged(files: readonly FileIdentity[]): Promise<void> {
  for (const file of files) {
    const found = await stat(file.path, { bigint: true }).catch(() => undefined);
    const now = found
      ? { bytes: Number(found.size), mtimeNs: String(found.mtimeNs) }
      : await identifySequence(file.path).catch(() => undefined);
    if (now === undefined) {
      const what = `${file.path} is gone while it was read`;
      throw new AppError('source-changed', `${what}: put it back, or connect its disk, and run the command again.`);
    }
    if (now.bytes === file.bytes && now.mtimeNs === file.mtimeNs) continue;
    throw new AppError('source-changed', `${file.path} was changed while it was read; run the command again.`);
  }
}

/** The identities of several files, in the order given. Throws as `identify`. */
export async function identifyAll(paths: readonly string[]): Promise<FileIdentity[]> {
  const found: FileIdentity[] = [];
  for (const path of paths) found.push(await identify(path));
  return found;
}

export function sameIdentities(a: readonly FileIdentity[], b: readonly FileIdentity[]): boolean {
  return a.length === b.length && a.every((one, i) => sameIdentity(one, b[i]!));
}

/** Absolute paths of the numbered files that the pattern names, by their numbers; none when it is no pattern. Rejects when the folder cannot be read. */
export async function sequenceFiles(pattern: string): Promise<string[]> {
  const folder = dirname(pattern);
  const [match, head = '', padding, tail = ''] = SEQUENCE.exec(basename(pattern)) ?? [];
  if (match === undefined) return [];
  const width = Number(padding ?? 0);
  const numbered: { number: number; path: string }[] = [];
  for (const file of await readdir(folder)) {
    if (file.length < head.length + tail.length || !file.startsWith(head) || !file.endsWith(tail)) continue;
    const digits = file.slice(head.length, file.length - tail.length);
    const number = Number(digits);
    if (!/^\d{1,9}$/.test(digits) || digits !== String(number).padStart(width, '0')) continue;
    numbered.push({ number, path: join(folder, file) });
  }
  return numbered.toSorted((a, b) => a.number - b.number).map(({ path }) => path);
}

async function identifySequence(pattern: string): Promise<FileIdentity> {
  const files = await sequenceFiles(pattern);
  if (files.length === 0) throw new AppError('not-found', `There is no file ${pattern}.`);
  const hash = createHash('sha256');
  let bytes = 0;
  let latest = 0n;
  for (const file of files) {
    const { size, mtimeNs } = await stat(file, { bigint: true });
    hash.update(`${basename(file)}\0${size}\0${mtimeNs}\n`);
    bytes += Number(size);
    if (mtimeNs > latest) latest = mtimeNs;
  }
  return { path: pattern, bytes, mtimeNs: String(latest), fingerprint: hash.digest('hex') };
}

async function fingerprint(path: string, bytes: number): Promise<string> {
  const hash = createHash('sha256').update(`${bytes}\n`);
  const file = await open(path, 'r');
  try {
    if (bytes <= 2 * END_BYTES + SAMPLES * SAMPLE_BYTES) {
      hash.update(await readAt(file, 0, bytes));
    } else {
      hash.update(await readAt(file, 0, END_BYTES));
      for (let i = 1; i <= SAMPLES; i++)
        hash.update(await readAt(file, Math.floor((bytes * i) / (SAMPLES + 1)), SAMPLE_BYTES));
      hash.update(await readAt(file, bytes - END_BYTES, END_BYTES));
    }
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  // One read may give less than asked for on a network drive.
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

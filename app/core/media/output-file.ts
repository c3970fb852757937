/** A finished output under a temporary name, and its way into place. */
import { randomBytes } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import {
  asDiskFull,
  asPlaceError,
  isErrno,
  makeFolder,
  moveNew,
  renameTo,
  syncFile,
  syncFolder,
} from '../base/durable.ts';
import { NUMBER_PATTERN } from './containers.ts';

/** Longest file name most file systems take, in bytes. */
const NAME_BYTES = 255;

function isImages(path: string): boolean {
  return NUMBER_PATTERN.test(basename(path)) && /^\.(png|exr)$/i.test(extname(path));
}

/**
 * The hidden name an output is written under: `.name.inbetween-ID.part.ext` beside it, or for numbered images a hidden folder in theirs.
 * `id` (letters and digits; random unless given) lets a resumed job find what it left.
 */
export function temporaryName(output: string, id = randomBytes(4).toString('hex')): string {
  const final = resolve(output);
  const tail = isImages(final) ? `.inbetween-${id}.part` : `.inbetween-${id}.part${extname(final)}`;
  let name = basename(final, isImages(final) ? '' : extname(final)).replaceAll('%', '_');
  while (Buffer.byteLength(`.${name}${tail}`) > NAME_BYTES) name = [...name].slice(0, -1).join('');
  return join(dirname(final), `.${name}${tail}`);
}

/**
 * Puts a file (or a folder of numbered images, for a pattern) in place and makes it last: synced before, its folder after. Without `force`
 * nothing that is there is replaced, not even by a race. Throws output-exists, output-folder, disk-full.
 */
export async function renameIntoPlace(temporary: string, output: string, { force }: { force: boolean }): Promise<void> {
  const final = resolve(output);
  if (!isImages(final)) {
    await syncFile(temporary);
    await place(temporary, final, force);
    await syncFolder(dirname(final));
    return;
  }
  const names = (await readdir(temporary)).toSorted();
  for (const name of names) await syncFile(join(temporary, name));
  if (!force) await refuseAny(dirname(final), names);
  for (const name of names) await place(join(temporary, name), join(dirname(final), name), force);
  await rm(temporary, { recursive: true, force: true });
  await syncFolder(dirname(final));
}

async function refuseAny(folder: string, names: readonly string[]): Promise<void> {
  const there = new Set(await readdir(folder));
  const first = names.find((name) => there.has(name));
  if (first !== undefined) throw exists(join(folder, first));
}

function exists(path: string): AppError {
  return new AppError('output-exists', `${path} exists already.`);
}

/** Gives a file its final name. Without `force` nothing that is there is replaced. Throws output-exists, output-folder, disk-full. */
export async function place(from: string, to: string, force: boolean): Promise<void> {
  try {
    // A link refuses an existing name in one step, as rename does not.
    await (force ? renameTo(from, to) : moveNew(from, to));
  } catch (cause) {
    if (isErrno(cause, 'EEXIST')) throw exists(to);
    if (isErrno(cause, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK') && !force) {
      // No hard links here (exFAT, some network disks).
      if (await stat(to).catch(() => undefined)) throw exists(to);
      return await renameTo(from, to).catch((error: unknown) => {
        throw asPlaceError(error, to);
      });
    }
    throw asPlaceError(cause, to);
  }
}

/** What the folder or the disk has against a file, in words ('output-folder', 'disk-full'); anything else as it is. */
export function asOutputError(error: unknown, path: string): unknown {
  if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS')) return asDiskFull(error, path);
  return new AppError('output-folder', `${path} cannot be written there.`, { cause: error });
}

/**
 * Runs `write` with a temporary name for `output` (its folder made if need be); what it left is removed when it throws. Putting it in place is
 * for `write`, by `renameIntoPlace`.
 */
export async function withTemporary<T>(
  output: string,
  write: (temporary: string) => Promise<T>,
  id?: string,
): Promise<T> {
  const temporary = temporaryName(output, id);
  await makeFolder(dirname(temporary)).catch((cause: unknown) => {
    throw new AppError('output-folder', `The folder ${dirname(temporary)} could not be made.`, { cause });
  });
  try {
    return await write(temporary);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw error;
  }
}

/** Files as the library knows them: where they are, how large, when changed. */
import { stat } from 'node:fs/promises';
import { isErrno } from '../base/durable.ts';
import { identify } from '../library/file-identity.ts';
import { isPattern } from '../media/image-sequence.ts';

export interface FileState {
  readonly bytes: number;
  /** Decimal digits. */
  readonly mtimeNs: string;
}

/**
 * How the file (or the image sequence behind a number pattern) is now; 'none' when it is not there or cannot be reached, 'other' when it is no file
 * that can be read to its end (a folder, a pipe, a device).
 */
export async function fileState(path: string): Promise<FileState | 'none' | 'other'> {
  try {
    const found = await stat(path, { bigint: true });
    return found.isFile() ? { bytes: Number(found.size), mtimeNs: String(found.mtimeNs) } : 'other';
  } catch (error) {
    if (!isErrno(error, 'ENOENT') || !isPattern(path)) return 'none';
  }
  return await identify(path).catch(() => 'none' as const);
}

/** Runs `work` on everything, `most` at a time; stops at the first that throws. */
export async function eachOf<T>(items: readonly T[], most: number, work: (item: T) => Promise<void>): Promise<void> {
  let at = 0;
  const lane = async (): Promise<void> => {
    while (at < items.length) await work(items[at++]!);
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, lane));
}

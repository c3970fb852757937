/**
 * What an ffmpeg binary says of itself (its version, `-codecs`, whether libx264 works), remembered on disk.
 *
 * Choice: the answers are kept under the home folder by a hash of the binary's path, size, time and the question. Why: a job asks some fifteen such
 * questions, 60 ms of CPU each, before it does anything. Trade-off: a binary replaced by one of the same size and time is not noticed, nor is one
 * that runs no longer because a library it needs is gone: then the first work given to it says so.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, renameDurably } from '../base/durable.ts';
import { homeFolder } from '../base/home.ts';

/** The answer of the binary at `path` to `question`, for questions whose answer depends on nothing but the binary; undefined, which is asked again the next time, when `ask` gives that. Throws what `ask` throws. */
export async function remembered<T extends string | undefined>(
  path: string,
  question: readonly string[],
  ask: () => Promise<T>,
): Promise<T | string> {
  const { size, mtimeMs } = await stat(path);
  const key = createHash('sha256').update(JSON.stringify([path, size, mtimeMs, question]));
  const folder = join(homeFolder(), 'cache', 'ffmpeg');
  const file = join(folder, `${key.digest('hex').slice(0, 32)}.txt`);
  const known = await readFile(file, 'utf8').catch(() => undefined);
  if (known !== undefined) return known;
  const answer = await ask();
  if (answer === undefined) return answer;
  await write(folder, file, answer).catch(() => {
    // A home that cannot be written to only costs asking again.
  });
  return answer;
}

async function write(folder: string, file: string, text: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  await makeFolder(folder);
  try {
    await writeFile(aside, text);
    await renameDurably(aside, file);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
}

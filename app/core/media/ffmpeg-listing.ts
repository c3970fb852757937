/**
 * What an ffmpeg says of itself (`-codecs`, `-h encoder=libx264`), remembered on disk.
 *
 * Choice: the text is kept under the home folder by a hash of the binary's path, size, time and version. Why: a job asks a dozen such
 * questions, 40 ms of CPU each, before it does anything. Trade-off: a binary replaced by one of the same size and time is not noticed.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, renameDurably } from '../base/durable.ts';
import { homeFolder } from '../base/home.ts';
import { runFfmpeg, type FfmpegBuild } from './ffmpeg.ts';

/** Standard output of `ffmpeg ...args`, for arguments whose answer depends on nothing but the build. Throws ffmpeg-failed. */
export async function listing(args: readonly string[], build: FfmpegBuild): Promise<string> {
  const { size, mtimeMs } = await stat(build.path);
  const key = createHash('sha256').update(JSON.stringify([build.path, size, mtimeMs, build.version, args]));
  const folder = join(homeFolder(), 'cache', 'ffmpeg');
  const path = join(folder, `${key.digest('hex').slice(0, 32)}.txt`);
  const known = await readFile(path, 'utf8').catch(() => undefined);
  if (known !== undefined) return known;
  const { stdout } = await runFfmpeg([...args], { build });
  const text = stdout.toString('utf8');
  await remember(folder, path, text).catch(() => {
    // A home that cannot be written to only costs asking again.
  });
  return text;
}

async function remember(folder: string, path: string, text: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  await makeFolder(folder);
  try {
    await writeFile(aside, text);
    await renameDurably(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
}

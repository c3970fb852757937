/**
 * Checkpoints that come packed as .tar.gz, as TensorFlow Hub and the model garden publish them: unpacked beside the system's temporary
 * files, because nothing inside a gzip stream can be read without all that precedes it. `tar` (npm) walks the archive; what is let out
 * of it is decided here.
 */
import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, gunzipSync } from 'node:zlib';
import { Unpack, type ReadEntry } from 'tar';
import { AppError } from '../../contract/errors.ts';
import type { FileReader } from './file-reader.ts';

/** Weights hardly pack; what unpacks to more than this was made to fill a disk. */
const MAX_RATIO = 50;
const MAX_SPARE = 16 * 2 ** 20;
const MAX_ENTRIES = 500;

export interface Unpacked extends AsyncDisposable {
  /** The one file of the archive, or the folder that holds its files. */
  readonly path: string;
}

/** Whether a file that begins with `head` is a gzipped tar archive. */
export function looksPacked(head: Uint8Array): boolean {
  if (head[0] !== 0x1f || head[1] !== 0x8b) return false;
  try {
    // Z_SYNC_FLUSH gives what a stream that is cut off has said so far.
    const start = gunzipSync(head, { finishFlush: 2, maxOutputLength: 2 ** 22 });
    return start.subarray(257, 262).toString('latin1') === 'ustar';
  } catch {
    return false;
  }
}

/**
 * Unpacks the archive into a folder of its own, gone when disposed of. Throws `checkpoint-refused` when it holds links, devices or names
 * that lead out of the folder, too many files, or far more bytes than it has; `checkpoint-damaged` when it does not unpack.
 */
export async function unpack(file: FileReader, signal?: AbortSignal): Promise<Unpacked> {
  const folder = await mkdtemp(join(tmpdir(), 'inbetween-archive-'));
  const remove = async () => await rm(folder, { recursive: true, force: true });
  const name = basename(file.path);
  const refused = (why: string) => new AppError('checkpoint-refused', `${name} ${why}.`);
  const limit = file.size * MAX_RATIO + MAX_SPARE;
  let [bytes, entries] = [0, 0];
  const counter = new Transform({
    transform(part: Buffer, _encoding, done) {
      bytes += part.length;
      done(bytes > limit ? refused('unpacks to far more than any weights would') : null, part);
    },
  });
  let problem: AppError | undefined;
  const extract = new Unpack({
    cwd: folder,
    strict: true,
    preserveOwner: false,
    filter: (path, entry) => {
      const { type } = entry as ReadEntry;
      const isPlain = ['File', 'OldFile', 'Directory', 'ContiguousFile'].includes(type);
      const isInside = !path.startsWith('/') && !/(^|[\\/])\.\.([\\/]|$)|^[A-Za-z]:|\0/.test(path);
      if (++entries > MAX_ENTRIES) problem ??= refused(`holds more than ${MAX_ENTRIES} files`);
      else if (!isPlain) problem ??= refused(`holds ${JSON.stringify(path)}, which is neither a file nor a folder`);
      else if (!isInside) problem ??= refused(`holds ${JSON.stringify(path)}, a name outside its folder`);
      return problem === undefined;
    },
  });
  try {
    await pipeline(createReadStream(file.path), createGunzip(), counter, extract, signal ? { signal } : {});
    if (problem) throw problem;
    return { path: await contentOf(folder), [Symbol.asyncDispose]: remove };
  } catch (cause) {
    await remove();
    signal?.throwIfAborted();
    if (cause instanceof AppError) throw problem ?? cause;
    throw (
      problem ?? new AppError('checkpoint-damaged', `${name} does not unpack: ${(cause as Error).message}.`, { cause })
    );
  }
}

/** Descends while there is nothing but one thing. Of an ncnn network's two files the graph is the one to open. */
async function contentOf(folder: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true });
  const [only, ...others] = entries;
  const graphs = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.param'));
  if (graphs.length === 1) return join(folder, graphs[0]!.name);
  if (!only || others.length > 0) return folder;
  const path = join(folder, only.name);
  return only.isDirectory() ? await contentOf(path) : path;
}

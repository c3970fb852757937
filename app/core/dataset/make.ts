/**
 * Makes a data set of triplets out of videos. [Note: data set]
 *
 * A data set is a folder of triplets-00000.tfrecord, triplets-00001.tfrecord, ... and dataset.json. Everything is made in a folder of its own
 * inside, and named when all is done, dataset.json last: where that is there, so are all its records.
 */
import { mkdir, mkdtemp, readdir, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, toAppError, type WireError } from '../../contract/errors.ts';
import { asDiskFull, isErrno, renameDurably, renameTo, syncFile, syncFolder } from '../base/durable.ts';
import { createEta } from '../base/eta.ts';
import { mineClip, type ClipOptions } from './clip.ts';
import { addTally, emptyTally, type Tally } from './tally.ts';
import { TfRecordWriter } from './tfrecord.ts';
import { encodeTriplet } from './triplet.ts';

/** A video and its name in the records. */
export interface Clip {
  readonly path: string;
  readonly name: string;
}

export interface MakeOptions extends Pick<ClipOptions, 'gaps' | 'seed' | 'minMotion' | 'maxMotion'> {
  /** Triplets of a video at most, and of all. */
  readonly perClip: number;
  readonly limit: number;
  /** A data set that is there is replaced; other files of the folder stay. */
  readonly force: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: MakeProgress) => void;
}

export interface MakeProgress {
  readonly fraction: number;
  readonly clip: string;
  readonly records: number;
  readonly etaSeconds?: number;
}

/** What dataset.json holds besides the options. */
export interface MakeResult {
  readonly records: number;
  readonly files: readonly string[];
  readonly tally: Tally;
  readonly clips: readonly { readonly name: string; readonly records: number; readonly error?: WireError }[];
}

export const MANIFEST = 'dataset.json';
/** How the folders begin that unfinished sets are made in. */
const MAKING = '.making-';
/** Names of record files. */
const RECORDS = /^triplets-\d{5}\.tfrecord$/;
/** Records of a file: half a gigabyte. */
const PER_FILE = 2500;

/**
 * Writes the triplets of `clips` to the folder `out`. A clip that cannot be read is noted and left out. Throws `output-exists` when the
 * folder holds anything (unless `force`), `output-folder`, `disk-full`, `no-frames` when nothing at all was found, `cancelled`; then the folder
 * is as it was.
 */
export async function makeTriplets(clips: readonly Clip[], out: string, options: MakeOptions): Promise<MakeResult> {
  const made = await prepareFolder(out, options.force);
  try {
    const work = await mkdtemp(join(out, MAKING));
    try {
      const result = await mineAll(clips, work, options);
      if (result.records === 0) throw new AppError('no-frames', 'No patch of these videos fits: nothing was written.');
      await publish(work, out, result, options);
      return result;
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  } catch (error) {
    if (made) await rmdir(out).catch(() => {});
    throw asDiskFull(error, out);
  }
}

/** Whether the folder was made. */
async function prepareFolder(out: string, force: boolean): Promise<boolean> {
  try {
    const names = await readdir(out);
    if (names.length > 0 && !force) throw new AppError('output-exists', `${out} is not empty.`);
    // What a run that was killed has left.
    for (const name of names) if (name.startsWith(MAKING)) await rm(join(out, name), { recursive: true, force: true });
    return false;
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    if (!isErrno(cause, 'ENOENT')) throw new AppError('output-folder', `${out} cannot be used as a folder.`, { cause });
  }
  await mkdir(out, { recursive: true }).catch((cause: unknown) => {
    throw new AppError('output-folder', `The folder ${out} cannot be made.`, { cause });
  });
  return true;
}

async function mineAll(clips: readonly Clip[], work: string, options: MakeOptions): Promise<MakeResult> {
  const { perClip, limit, signal, onProgress } = options;
  // Time goes by bytes better than by clips.
  const sizes = await Promise.all(
    clips.map(({ path }) =>
      stat(path).then(
        (found) => found.size,
        () => 1,
      ),
    ),
  );
  const whole = sizes.reduce((sum, size) => sum + size, 1);
  const tally = emptyTally();
  const results: { name: string; records: number; error?: WireError }[] = [];
  await using files = new Shards(work);
  const eta = createEta();
  let behind = 0;
  for (const [i, clip] of clips.entries()) {
    signal?.throwIfAborted();
    // What earlier clips did not give is left to the later ones.
    const most = Math.min(perClip, Math.ceil((limit - files.records) / (clips.length - i)));
    const tell = (fraction: number): void => {
      const done = (behind + fraction * sizes[i]!) / whole;
      const etaSeconds = eta.update(done, performance.now() / 1000);
      const progress = { fraction: done, clip: clip.name, records: files.records };
      onProgress?.(etaSeconds === undefined ? progress : { ...progress, etaSeconds });
    };
    try {
      const mined = await mineClip(clip, { ...options, most, onProgress: tell });
      addTally(tally, mined.tally);
      for (const triplet of mined.triplets) await files.write(encodeTriplet(triplet));
      results.push({ name: clip.name, records: mined.triplets.length });
    } catch (thrown) {
      const error = toAppError(thrown);
      if (
        signal?.aborted ||
        error.kind === 'cancelled' ||
        ['internal', 'disk-full', 'ffmpeg-missing'].includes(error.code)
      )
        throw thrown;
      results.push({ name: clip.name, records: 0, error: { code: error.code, message: error.message } });
    }
    behind += sizes[i]!;
    tell(0);
  }
  return { records: files.records, files: files.names, tally, clips: results };
}

/** Record files one after the other. */
class Shards implements AsyncDisposable {
  readonly #folder: string;
  #open: TfRecordWriter | undefined;
  readonly names: string[] = [];
  records = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async write(record: Uint8Array): Promise<void> {
    if (this.#open?.count === PER_FILE) await this[Symbol.asyncDispose]();
    if (!this.#open) {
      const name = `triplets-${String(this.names.length).padStart(5, '0')}.tfrecord`;
      this.#open = await TfRecordWriter.create(join(this.#folder, name));
      this.names.push(name);
    }
    await this.#open.write(record);
    this.records++;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open?.[Symbol.asyncDispose]();
    this.#open = undefined;
  }
}

/** Gives everything its final name, in place of an older data set. */
async function publish(work: string, out: string, result: MakeResult, options: MakeOptions): Promise<void> {
  const { gaps, seed, minMotion, maxMotion, perClip, limit } = options;
  const bound = Number.isFinite(limit) ? { limit } : {};
  const manifest = { options: { gaps, seed, minMotion, maxMotion, perClip, ...bound }, ...result };
  await writeFile(join(work, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const name of result.files) await syncFile(join(work, name));
  options.signal?.throwIfAborted();
  await rm(join(out, MANIFEST), { force: true });
  for (const name of await readdir(out)) if (RECORDS.test(name)) await rm(join(out, name));
  for (const name of result.files) await renameTo(join(work, name), join(out, name));
  await syncFolder(out);
  await renameDurably(join(work, MANIFEST), join(out, MANIFEST));
}

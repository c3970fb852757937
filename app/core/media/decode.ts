/**
 * Frames of a source as its own planes, in lock step with its index. [Note: lock step]
 *
 * The k-th frame this decoder gives is the k-th frame the index saw: both passes decode the same stream with the same options, and
 * every timestamp is compared on the way (showinfo), so a source that changed is noticed rather than misread.
 */
import { AppError } from '../../contract/errors.ts';
import type { VideoInfo } from '../../contract/media.ts';
import { BlockReader } from './block-reader.ts';
import { capabilities } from './capabilities.ts';
import { decodePictures } from './fields/decode-pictures.ts';
import { spawnFfmpeg } from './ffmpeg.ts';
import type { FfmpegProcess } from './ffmpeg.ts';
import { frameFromBytes } from './frame.ts';
import type { Frame, PixelFormat } from './frame.ts';
import { inputArgsOf } from './input.ts';
import { pictureFilters, pictureOf, pictureSetup } from './picture.ts';
import { LockStep, fromStart, seekPlan } from './lock-step.ts';
import type { StartPlan } from './lock-step.ts';
import { pipeBytes } from './unpack.ts';
import type { SourceIndex } from './source.ts';

export interface DecodeOptions {
  /** First and last frame wanted, by the index; 0 <= first <= last < times.length. */
  readonly first: number;
  readonly last: number;
  readonly index: SourceIndex;
  readonly signal?: AbortSignal;
}

/** The format of the frames `decodeFrames` yields for a source. */
export function decodedFormat(info: VideoInfo): PixelFormat {
  return pictureSetup(info.video).format;
}

/**
 * Frames `first` to `last` of the index, turned upright ([Note: quarter turns]), at info.video.width x height, with
 * the times of the index; each owns its buffer. No more than a few are decoded ahead of the consumer. Nothing is converted: what
 * changes size midway is scaled to the first size, that is all; where the index has pictures, these are given instead. Ending the iteration ends the decoder.
 * Throws decode-failed (the decoder died), source-changed (other or fewer frames than were indexed), cancelled.
 */
export async function* decodeFrames(
  path: string,
  info: VideoInfo,
  options: DecodeOptions,
): AsyncGenerator<Frame, void, undefined> {
  const { index, signal } = options;
  const source = { ...info, path };
  const { pictures } = index;
  if (pictures) {
    yield* decodePictures(source, { ...options, pictures }, (coded, range) => decodeFrames(path, coded, range));
    return;
  }
  let wanted = options.first;
  const seek = seekPlan(info, index, options.first, options.last);
  if (seek) {
    wanted = yield* attempt(source, options, seek);
    // A seek that does not land where the index says, or loses its way, gives up there: only the long way is certain.
    signal?.throwIfAborted();
  }
  if (wanted > options.last) return;
  const from = { ...options, first: wanted };
  const reached = yield* attempt(source, from, fromStart(index, wanted, options.last));
  if (reached <= options.last) throw changed(path);
}

/** One run of the decoder: the first frame it did not give because its timestamps are not those of the index, or last + 1. */
async function* attempt(
  info: VideoInfo,
  { first, last, index, signal }: DecodeOptions,
  plan: StartPlan,
): AsyncGenerator<Frame, number, undefined> {
  const setup = pictureSetup(info.video);
  const steps = new LockStep(index, plan);
  const ffmpeg = await spawnFfmpeg(await decodeArgs(info, plan), {
    ...(signal ? { signal } : {}),
    logLevel: 'level+info',
    onLine: (line) => steps.line(line),
  });
  const blocks = new BlockReader(ffmpeg.stdout, pipeBytes(setup.carrier, setup.width, setup.height));
  ffmpeg.done.then(
    () => steps.end(),
    () => steps.end(),
  );
  try {
    let wanted = first;
    while (wanted <= last) {
      const block = await blocks.next();
      // Whatever ended a decoder that has sought shows again on the long way.
      if (!block && steps.sought && !signal?.aborted) return wanted;
      if (!block) throw await endedEarly(info.path, ffmpeg, wanted, last, signal);
      const at = await steps.next();
      if (at === undefined) return wanted;
      if (at < wanted) continue;
      const bytes = pictureOf(setup, block);
      yield frameFromBytes(setup.format, info.video.width, info.video.height, bytes, at, index.times[at] ?? 0);
      wanted = at + 1;
    }
    return wanted;
  } finally {
    await ffmpeg.stop();
  }
}

/** Why the stream ended before frame `wanted`. */
async function endedEarly(
  path: string,
  ffmpeg: FfmpegProcess,
  wanted: number,
  last: number,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const failure = await ffmpeg.done.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (signal?.aborted || (failure !== undefined && !(failure instanceof AppError))) return failure;
  if (failure) {
    const message = `Decoding ${path} stopped at frame ${wanted}: ${failure.message}`;
    return new AppError('decode-failed', message, { cause: failure });
  }
  return new AppError(
    'source-changed',
    `${path} ended at frame ${wanted} where ${last + 1} were found: it has changed.`,
  );
}

function changed(path: string): AppError {
  return new AppError('source-changed', `The frames of ${path} are not those found before: it has changed.`);
}

async function decodeArgs(info: VideoInfo, plan: StartPlan): Promise<string[]> {
  const { passthrough, filters } = await capabilities();
  const quiet = filters.has('sidedata') ? ['sidedata=mode=delete'] : [];
  const chain = [...quiet, 'showinfo=checksum=0', ...plan.filters, ...pictureFilters(info.video)];
  const input = await inputArgsOf(info, [...plan.inputOptions, '-noautorotate']);
  const only = ['-map', `0:${info.video.index}`, '-vf', chain.join(','), ...passthrough, ...plan.outputOptions];
  return [...input, '-copyts', ...only, '-f', 'rawvideo', 'pipe:1'];
}

/** The one pass that tells every frame's exact time, and shows each as a thumbnail to whoever looks for cuts and holds. */
import { AppError } from '../../contract/errors.ts';
import type { VideoInfo } from '../../contract/media.ts';
import { BlockReader } from './block-reader.ts';
import { capabilities } from './capabilities.ts';
import { spawnFfmpeg, tellingLine } from './ffmpeg.ts';
import { IMAGE_SEQUENCE, inputArgsOf } from './input.ts';
import type { SourceIndex, ThumbnailSink } from './source.ts';
import { StampReader, showinfoReader } from './stamps.ts';
import type { Stamp } from './stamps.ts';

export interface IndexOptions {
  readonly signal?: AbortSignal;
  /** Called about ten times a second; `seconds` of the source are behind. */
  readonly onProgress?: (progress: { frames: number; seconds: number }) => void;
  /** Width of the thumbnails; default 32. Their height follows the coded picture (thumbnailSize). */
  readonly thumbnails?: { readonly width: number };
  readonly onThumbnail?: ThumbnailSink;
  /** Takes a sample of each frame's luma: single pixels of as many columns as the thumbnail has, every line as coded (linesSize). */
  readonly onLines?: (index: number, luma: Uint8Array) => void;
}

/** Formats whose clock may be reset on the way. */
const BROADCAST = /^(mpegts|mpeg|mpegtsraw|vob)$/;

/** Size of the thumbnails of a source: of its coded picture, before it is turned, and without regard to the shape of its pixels. */
export function thumbnailSize(info: VideoInfo, width = 32): { width: number; height: number } {
  const { codedWidth, codedHeight } = info.video;
  return { width, height: Math.min(4 * width, Math.max(4, Math.round((width * codedHeight) / codedWidth))) };
}

/** Size of the samples that onLines takes. */
export function linesSize(info: VideoInfo, width = 32): { width: number; height: number } {
  return { width, height: info.video.codedHeight };
}

/**
 * Decodes the source once. Thumbnails are luma averaged over areas. Nothing of the pictures is kept: ten hours at 60 frames a second are
 * 2.2 million times. What does not decode at the start or the end is left out. Throws no-frames when nothing decodes,
 * codec-unsupported, decode-failed when the decoder dies, cancelled.
 */
export async function indexSource(path: string, info: VideoInfo, options: IndexOptions = {}): Promise<SourceIndex> {
  const { signal } = options;
  const size = thumbnailSize(info, options.thumbnails?.width);
  const lines = options.onLines ? linesSize(info, size.width) : undefined;
  const thumbnail = size.width * size.height;
  const rate = info.video.averageRate ?? info.video.nominalRate;
  const reader = new StampReader({
    interval: rate ? rate.den / rate.num : 1 / 25,
    resets: BROADCAST.test(info.format),
  });
  const stamps: Stamp[] = [];
  let wake: (() => void) | undefined;
  let errors = 0;
  const showinfo = showinfoReader({
    onStamp: (stamp) => {
      stamps.push(stamp);
      wake?.();
    },
    onTimeBase: (base) => (reader.timeBase = base),
  });
  const ffmpeg = await spawnFfmpeg(await indexArgs({ ...info, path }, size, lines), {
    ...(signal ? { signal } : {}),
    logLevel: 'level+info',
    onLine: (line) => {
      if (showinfo(line)) return true;
      if (/\[(error|fatal|panic)\]/.test(line)) errors++;
      return false;
    },
  });
  const blocks = new BlockReader(ffmpeg.stdout, thumbnail + (lines ? lines.width * lines.height : 0));
  let ended = false;
  const end = (): void => {
    ended = true;
    wake?.();
  };
  ffmpeg.done.then(end, end);
  let told = 0;
  try {
    for (let block = await blocks.next(); block; block = await blocks.next()) {
      while (stamps.length === 0 && !ended) await new Promise<void>((resolve) => (wake = resolve));
      const stamp = stamps.shift();
      if (!stamp) throw new AppError('decode-failed', `ffmpeg gave a frame of ${path} without its time.`);
      // Not inside the optional call, whose arguments are not evaluated where nobody listens.
      const number = reader.add(stamp);
      options.onThumbnail?.(number, lines ? block.subarray(0, thumbnail) : block);
      options.onLines?.(number, block.subarray(thumbnail));
      if (options.onProgress && performance.now() - told > 100) {
        told = performance.now();
        options.onProgress({ frames: reader.count, seconds: reader.seconds });
      }
    }
    await ffmpeg.done.catch((error: unknown) => keepWhatDecoded(error, signal));
  } finally {
    await ffmpeg.stop();
  }
  if (reader.count === 0) throw nothingDecoded(path, ffmpeg.tail());
  const index = reader.finish(info.video.duration);
  // ffmpeg complains of the number after a gap, too; the gap was told by probing.
  const whole = info.format === IMAGE_SEQUENCE && reader.count === info.video.frameCount;
  const damage =
    errors > 0 && !whole
      ? [`The decoder complained ${errors} times: parts of the file are damaged. What decodes is used.`]
      : [];
  return { ...index, warnings: [...index.warnings, ...damage] };
}

interface Size {
  readonly width: number;
  readonly height: number;
}

async function indexArgs(info: VideoInfo, size: Size, lines: Size | undefined): Promise<string[]> {
  const { passthrough, filters } = await capabilities();
  // Side data can be kilobytes a frame and would all be printed by showinfo.
  const quiet = filters.has('sidedata') ? 'sidedata=mode=delete,' : '';
  const stamps = `${quiet}showinfo=checksum=0`;
  // Without accurate_rnd swscale rounds down at each of the many samples it adds up: black would be 4 of 255 at 1080p.
  const small = `scale=${size.width}:${size.height}:flags=area+accurate_rnd,format=gray`;
  const sample = lines && `scale=${lines.width}:${lines.height}:flags=neighbor,format=gray`;
  // Counted, not timed: what joins the two waits for pictures of one time, times may be missing, and the muxer complains where uneven ones round to one.
  const counted = `${stamps},settb=1/25,setpts=N`;
  const clock = ['-enc_time_base', '1/25'];
  const both = `split[a][b];[a]${small}[t];[b]${sample}[s];[t][s]vstack`;
  const filter = `${counted},${sample ? both : small}`;
  // A sequence ends before its first gap, where ffmpeg might look beyond it.
  const count = info.format === IMAGE_SEQUENCE ? info.video.frameCount : undefined;
  const few = count ? ['-frames:v', String(count)] : [];
  const only = ['-map', `0:${info.video.index}`, '-vf', filter, ...passthrough, ...clock, ...few];
  return [...(await inputArgsOf(info, ['-noautorotate'])), '-copyts', ...only, '-f', 'rawvideo', 'pipe:1'];
}

/** A decoder that ends with an error has still decoded what came before; one that was killed has not. */
export function keepWhatDecoded(error: unknown, signal?: AbortSignal): void {
  if (signal?.aborted || !(error instanceof AppError) || error.code !== 'ffmpeg-failed') throw error;
  if (!/was ended by/.test(error.message)) return;
  throw new AppError('decode-failed', `Reading the source stopped: ${error.message}`, { cause: error });
}

/** The error for a source of which no picture came; `tail` are ffmpeg's last lines. */
export function nothingDecoded(path: string, tail: readonly string[]): AppError {
  if (tail.some((line) => /hardware accelerat|not (currently )?(implemented|supported)|no decoder/i.test(line))) {
    return new AppError('codec-unsupported', `This ffmpeg cannot decode ${path}: ${tellingLine(tail)}`);
  }
  return new AppError('no-frames', `No picture of ${path} can be decoded: ${tellingLine(tail)}`);
}

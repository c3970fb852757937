/**
 * Makes a proxy: the small, fast-seeking copy of a clip that the renderer plays in its place.
 *
 * H.264 with a keyframe every KEY_INTERVAL frames and no reordering, upright, square pixels, BT.709, one frame for each of the source's at its own
 * time ([Note: times put in afterwards]), sound in time with the first picture.
 */
import { rm } from 'node:fs/promises';
import { AppError } from '../../contract/errors.ts';
import type { VideoInfo } from '../../contract/media.ts';
import { TICKS } from '../../contract/time.ts';
import { capabilities, type Capabilities } from '../media/capabilities.ts';
import { shownFilters } from '../media/convert-colour.ts';
import { asEncodeError } from '../media/encode.ts';
import { fileUrl, spawnFfmpeg } from '../media/ffmpeg.ts';
import { editArgs, IMAGE_SEQUENCE, inputArgs, inputArgsOf } from '../media/input.ts';
import type { TreatedSource } from '../media/fields/treat.ts';
import { turnFilters } from '../media/picture.ts';
import type { SourceIndex } from '../media/source.ts';
import { StampReader, showinfoReader } from '../media/stamps.ts';
import { putTimes } from './mp4-times.ts';
import { feedPictures } from './proxy-feed.ts';

/** Frames from key to key: one to this many are decoded for a picture. */
export const KEY_INTERVAL = 10;
/** Part of a proxy's name; another whenever its pictures or times would be. */
export const PROXY_VERSION = 2;
/** Threads of the encoder: proxies are made beside everything else. */
const THREADS = '2';
const SAMPLE_RATE = 48_000;
const BROADCAST = /^(mpegts|mpeg|mpegtsraw|vob)$/;

export interface ProxyRequest {
  readonly info: VideoInfo;
  /** Where its fields are to be treated, what comes of it: the proxy then has these pictures, at their times. */
  readonly treated?: TreatedSource | undefined;
  /** Written there; replaced if there. What is left after a failure is removed. */
  readonly to: string;
  /** Most lines of the picture. */
  readonly height: number;
  readonly signal?: AbortSignal;
  /** 0..1. */
  readonly onProgress?: (fraction: number) => void;
}

/** Size of a proxy: as shown, square pixels, at most `height` lines, never larger than the source, even. */
export function proxySize({ video }: VideoInfo, height: number): { width: number; height: number } {
  const { num, den } = video.sampleAspect;
  const wide = video.width * (num > 0 && den > 0 ? num / den : 1);
  const lines = Math.min(height, video.height);
  const even = (length: number): number => Math.max(16, 2 * Math.round(length / 2));
  // A panorama of few lines is bounded as well.
  const fit = Math.min(1, 4096 / ((wide * lines) / video.height));
  return { width: even(((wide * lines) / video.height) * fit), height: even(lines * fit) };
}

/** Makes the proxy; the times of its frames. Throws encode-failed, decode-failed, no-frames, encoder-missing, disk-full, cancelled. */
export async function renderProxy(request: ProxyRequest): Promise<SourceIndex> {
  const { info, to, signal } = request;
  const able = await capabilities();
  if (!able.encoders.has('libx264')) {
    throw new AppError('encoder-missing', 'This ffmpeg has no H.264 encoder (libx264), which previews need.');
  }
  const sound = info.audio[0];
  const pictures = sound ? `${to}.pictures` : to;
  try {
    const { treated } = request;
    const index = treated
      ? await renderTreated(treated, { ...request, to: pictures }, able)
      : await renderPictures({ ...request, to: pictures }, able);
    if (sound) {
      const silent = await addSound(request, pictures, index).then(
        () => false,
        (error: unknown) => {
          signal?.throwIfAborted();
          if (error instanceof AppError && error.code === 'disk-full') throw error;
          return true;
        },
      );
      // A sound that cannot be decoded leaves the pictures worth having.
      if (silent) await copyPictures(pictures, to, signal);
    }
    await putTimes(to, index.times, index.end);
    return index;
  } catch (error) {
    await rm(to, { force: true });
    throw error;
  } finally {
    if (pictures !== to) await rm(pictures, { force: true });
  }
}

async function renderPictures(
  { info, to, height, signal, onProgress }: ProxyRequest,
  able: Capabilities,
): Promise<SourceIndex> {
  const rate = info.video.averageRate ?? info.video.nominalRate;
  const reader = new StampReader({
    interval: rate ? rate.den / rate.num : 1 / 25,
    resets: BROADCAST.test(info.format),
  });
  const expected = info.video.duration ?? info.duration ?? 0;
  let told = 0;
  const showinfo = showinfoReader({
    onStamp: (stamp) => {
      reader.add(stamp);
      if (expected <= 0 || performance.now() - told < 200) return;
      told = performance.now();
      onProgress?.(Math.min(1, reader.seconds / expected));
    },
    onTimeBase: (base) => (reader.timeBase = base),
  });
  const listening = { logLevel: 'level+info', onLine: showinfo } as const;
  await run(await pictureArgs(info, to, height, able), to, signal, listening);
  if (reader.count === 0) throw new AppError('no-frames', `No picture of ${info.path} can be decoded.`);
  return reader.finish(info.video.duration);
}

/** The pictures of a treated source, which are not the frames of its file. */
async function renderTreated(
  treated: TreatedSource,
  { to, height, signal, onProgress }: ProxyRequest,
  able: Capabilities,
): Promise<SourceIndex> {
  const { info, facts } = treated;
  const upright: VideoInfo = { ...info, video: { ...info.video, rotation: 0, mirrored: false } };
  const filters = [...scaled(upright, height, able), 'setsar=1', 'settb=1/25', 'setpts=N'];
  const output = ['-vf', filters.join(','), ...able.passthrough, '-enc_time_base', '1/25', ...encoderArgs(to)];
  await feedPictures(treated, { output, signal, onProgress });
  return facts.index;
}

async function pictureArgs(info: VideoInfo, to: string, height: number, able: Capabilities): Promise<string[]> {
  // Side data can be kilobytes a frame and would all be printed by showinfo.
  const quiet = able.filters.has('sidedata') ? ['sidedata=mode=delete'] : [];
  const count = info.format === IMAGE_SEQUENCE ? info.video.frameCount : undefined;
  const filters = [
    ...[...quiet, 'showinfo=checksum=0', ...scaled(info, height, able), ...turnFilters(info.video, false), 'setsar=1'],
    // As frames 0, 1, 2, ...: [Note: times put in afterwards].
    ...['settb=1/25', 'setpts=N'],
  ];
  return [
    ...['-y', ...(await inputArgsOf(info, ['-noautorotate'])), '-copyts', '-map', `0:${info.video.index}`],
    ...[
      '-vf',
      filters.join(','),
      ...able.passthrough,
      '-enc_time_base',
      '1/25',
      ...(count ? ['-frames:v', String(count)] : []),
    ],
    ...encoderArgs(to),
  ];
}

function encoderArgs(to: string): string[] {
  const colour = '-color_range tv -colorspace bt709 -color_primaries bt709 -color_trc bt709'.split(' ');
  const x264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '18', '-bf', '0', '-g', String(KEY_INTERVAL)];
  return [
    ...[...x264, '-sc_threshold', '0', '-threads', THREADS, '-pix_fmt', 'yuv420p', ...colour],
    // Nobody says how long the last frame is: an edit list would end where it starts, and reading it would drop it.
    ...[
      '-map_metadata',
      '-1',
      '-map_chapters',
      '-1',
      '-video_track_timescale',
      '25',
      '-use_editlist',
      '0',
      '-f',
      'mp4',
      fileUrl(to),
    ],
  ];
}

/** To the proxy's size before it is turned, as an ordinary screen shows it. */
function scaled(info: VideoInfo, height: number, { filters }: Capabilities): string[] {
  const { video } = info;
  const size = proxySize(info, height);
  const quarter = video.rotation === 90 || video.rotation === 270;
  return shownFilters(video, quarter ? { width: size.height, height: size.width } : size, filters);
}

/** Pictures and the source's first sound in one file; sample 0 sounds with the first picture. */
async function addSound({ info, to, signal }: ProxyRequest, pictures: string, index: SourceIndex): Promise<void> {
  const stream = info.audio[0]!;
  const rate = stream.sampleRate || SAMPLE_RATE;
  // As media/audio/sound.ts: gaps become silence, overlaps are dropped, the beginning is padded or cut.
  const filters = [
    `aresample=${rate}:async=1:min_hard_comp=0.02:first_pts=${Math.round((index.start / TICKS + (stream.unedited ?? 0)) * rate)}`,
    ...['asetpts=PTS-STARTPTS', `atrim=end=${(index.end / TICKS).toFixed(6)}`],
    ...(rate === SAMPLE_RATE ? [] : [`aresample=${SAMPLE_RATE}`]),
  ];
  const args = [
    ...[
      '-y',
      ...(await inputArgs(pictures)),
      ...(await inputArgs(info.path, editArgs(stream.unedited !== undefined))),
      '-copyts',
    ],
    ...['-map', '0:v:0', '-map', `1:${stream.index}`, '-c:v', 'copy', '-af', filters.join(',')],
    ...['-c:a', 'aac', '-b:a', '128k', '-ac', '2', '-map_metadata', '-1', '-map_chapters', '-1'],
    // Pictures are timed as 25 a second until the end, sound is not: neither may wait for the other.
    ...[
      '-max_interleave_delta',
      '0',
      '-max_muxing_queue_size',
      '9999',
      '-video_track_timescale',
      '25',
      '-f',
      'mp4',
      fileUrl(to),
    ],
  ];
  await run(args, to, signal);
}

async function copyPictures(pictures: string, to: string, signal?: AbortSignal): Promise<void> {
  const copy = ['-map', '0:v:0', '-c', 'copy', '-video_track_timescale', '25', '-f', 'mp4', fileUrl(to)];
  await run(['-y', ...(await inputArgs(pictures)), ...copy], to, signal);
}

async function run(
  args: readonly string[],
  to: string,
  signal?: AbortSignal,
  listening: Pick<NonNullable<Parameters<typeof spawnFfmpeg>[1]>, 'logLevel' | 'onLine'> = {},
): Promise<void> {
  const ffmpeg = await spawnFfmpeg(args, { ...(signal ? { signal } : {}), ...listening });
  ffmpeg.stdout.resume();
  try {
    await ffmpeg.done;
  } catch (error) {
    throw asEncodeError(error, ffmpeg.tail(), to);
  } finally {
    await ffmpeg.stop();
  }
}

/**
 * What a recogniser sees of a clip: square pictures at a steady rate, whatever the file's own rate, size and colour are.
 *
 * [Note: sampling] Picture i is the frame that is shown i / rate seconds after the first one, so a clip of varying rate is sampled by its own times and a long
 * hold is the same picture again and again. Frames that are never looked at are dropped before they are scaled.
 *
 * [Note: the square] Choice: the middle of the picture, upright and in the shape it is shown, as much of it as is no longer than 4:3 either way, scaled to the square.
 * Why: tensorflow/models evaluates MoViNets on the middle square of a picture whose shorter side was scaled to 1.1 times the square (resize_smallest, then
 * crop_image), which would show a recogniser less than half of 16:9 footage, and people there would never be found; the same code trains on crops
 * squeezed from shapes between 1:2 and 2:1, so pictures squeezed by a third are what these networks know. Trade-off: an eighth of wide footage at either side
 * is still not looked at, and people are a quarter slimmer than they are.
 *
 * HDR is shown as an ordinary screen would (media/tone-map.ts).
 */
import { AppError } from '../../contract/errors.ts';
import type { VideoInfo } from '../../contract/media.ts';
import { BlockReader } from '../media/block-reader.ts';
import { capabilities } from '../media/capabilities.ts';
import { scaleMatrix } from '../media/colour.ts';
import { spawnFfmpeg } from '../media/ffmpeg.ts';
import { oneField } from '../media/fields/one-field.ts';
import { keepWhatDecoded, nothingDecoded } from '../media/index-source.ts';
import { IMAGE_SEQUENCE, inputArgsOf } from '../media/input.ts';
import { uprightFilters } from '../media/picture.ts';
import { isHdrTransfer, toneMap } from '../media/tone-map.ts';

/** Counts whenever the same file would give other pictures. 2: of interlaced footage one field. */
const SAMPLING = 2;
/** The same of HDR. 3: by the curve of BT.2390. */
const HDR_SAMPLING = 3;

/** What a run's scores are of: the content with this fingerprint, as it is sampled here. */
export function sampledContent(fingerprint: string, { video }: Pick<VideoInfo, 'video'>): string {
  return `${fingerprint}/${isHdrTransfer(video.colour.transfer) ? HDR_SAMPLING : SAMPLING}`;
}

export interface SampleOptions {
  /** Side of the square, and pictures a second. */
  readonly size: number;
  readonly rate: number;
  /** The first picture wanted, for going on: those before are decoded and dropped. 0 unless given. */
  readonly first?: number | undefined;
  /** Threads of the decoder; its own choice unless given. */
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The longest shape that is looked at whole; see [Note: the square]. */
const LONGEST = 4 / 3;
/** A damaged clock may leap: pictures are believed up to so many times what the file claims to have, and where it claims nothing up to three days. */
const CREDIBLE = 4;
const LONGEST_SECONDS = 3 * 86_400;

/** Throws no-video for what can be no footage: a still picture. */
export function requireFootage(info: VideoInfo): void {
  if (info.format !== 'image2' && !info.format.endsWith('_pipe')) return;
  throw new AppError('no-video', `${info.path} is a picture: nothing happens in it that could be recognised.`);
}

/** Seconds a clip lasts as far as its file says; undefined where it does not. */
export function claimedSeconds({ video, duration }: VideoInfo): number | undefined {
  const rate = video.averageRate ?? video.nominalRate;
  const counted = video.frameCount !== undefined && rate ? (video.frameCount * rate.den) / rate.num : undefined;
  return video.duration ?? duration ?? counted;
}

/**
 * The pictures of a clip ([Note: sampling]), each size * size * 3 bytes of R'G'B', rows from the top. A few are decoded ahead of whoever takes them, whatever the
 * clip's length. What does not decode at the start or the end is left out. Ending the iteration ends the decoder.
 * Throws no-video (a still picture), no-frames, codec-unsupported, decode-failed, cancelled.
 */
export async function* samplePictures(info: VideoInfo, options: SampleOptions): AsyncGenerator<Uint8Array, void> {
  requireFootage(info);
  const { size, rate, first = 0, signal } = options;
  const { transfer } = info.video.colour;
  const hdr = isHdrTransfer(transfer) ? transfer : undefined;
  const ffmpeg = await spawnFfmpeg(await sampleArgs(info, options, hdr !== undefined), { signal });
  const blocks = new BlockReader(ffmpeg.stdout, size * size * 3 * (hdr ? 2 : 1));
  const seconds = claimedSeconds(info);
  const most = rate * (seconds === undefined ? LONGEST_SECONDS : CREDIBLE * seconds + 60);
  let count = first;
  try {
    for (let block = await blocks.next(); block; block = await blocks.next()) {
      if (count++ > most) {
        throw new AppError('decode-failed', `The times in ${info.path} leap, far beyond the length it claims to have.`);
      }
      yield hdr ? toneMap(new Uint16Array(block.buffer, block.byteOffset, block.byteLength / 2), hdr) : block;
    }
    await ffmpeg.done.catch((error: unknown) => keepWhatDecoded(error, signal));
  } finally {
    await ffmpeg.stop();
  }
  if (count === 0) throw nothingDecoded(info.path, ffmpeg.tail());
}

/** R'G'B' 0..1 of pictures in a row: [frames, size, size, 3]. */
export function picturesToFloats(pictures: readonly Uint8Array[]): Float32Array {
  const out = new Float32Array(pictures.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const picture of pictures) for (const value of picture) out[at++] = value / 255;
  return out;
}

async function sampleArgs(info: VideoInfo, options: SampleOptions, hdr: boolean): Promise<string[]> {
  const { size, rate, first = 0, threads } = options;
  const { passthrough } = await capabilities();
  const { video } = info;
  const { matrix, range } = video.colour;
  const from =
    matrix === 'gbr'
      ? ''
      : `:in_color_matrix=${scaleMatrix(matrix, video.codedHeight)}:in_range=${range === 'full' ? 'full' : 'limited'}`;
  const filters = [
    // A sequence of pictures ends before its first gap, where ffmpeg might look beyond it.
    ...(info.format === IMAGE_SEQUENCE && video.frameCount ? [`trim=end_frame=${video.frameCount}`] : []),
    'setpts=PTS-STARTPTS',
    // Rounded up, a frame's own time is never after the picture's.
    `fps=${rate}:round=up`,
    ...(first > 0 ? [`trim=start_frame=${first}`] : []),
    ...oneField(info),
    middle(info),
    `scale=${size}:${size}:flags=area+accurate_rnd+full_chroma_int${from}:out_range=full`,
    `format=${hdr ? 'rgb48le' : 'rgb24'}`,
    ...uprightFilters(video),
  ];
  const input = await inputArgsOf(info, ['-noautorotate', ...(threads ? ['-threads', String(threads)] : [])]);
  const only = ['-map', `0:${video.index}`, '-vf', filters.join(','), ...passthrough];
  return [...input, ...only, '-f', 'rawvideo', 'pipe:1'];
}

/** The filter that cuts the middle out of a picture that is not yet upright; by shares, since pictures may change their size on the way. */
function middle({ video }: VideoInfo): string {
  const { num, den } = video.sampleAspect;
  const shape = (video.width * (num > 0 && den > 0 ? num / den : 1)) / video.height;
  const share = (length: number): string => String(Math.min(1, LONGEST / length));
  const [across, down] = [share(shape), share(1 / shape)];
  const quarter = video.rotation === 90 || video.rotation === 270;
  return quarter ? `crop=iw*${down}:ih*${across}` : `crop=iw*${across}:ih*${down}`;
}

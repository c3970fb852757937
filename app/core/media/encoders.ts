/** The encoders a video may go through, what they need, and how they are told. [Note: encoders]
 *
 * Presets are chosen so that the engine, not the encoder, is what one waits for. Threads are a fixed number, not the machine's: with frame
 * threads the bits depend on it, and a chunk encoded again after a crash must decode to the same frames.
 */
import type { Codec } from '../../contract/jobs.ts';
import { masteringNumbers, masteringUnits } from './colour.ts';
import type { Mastering } from './colour.ts';
import type { Capabilities } from './capabilities.ts';
import { listing } from './ffmpeg-listing.ts';

const THREADS = '4';
/** Chunks are shorter than this: the only key frames a codec must make are their first ones. */
const KEY_INTERVAL = '600';

export type VideoCodec = Codec | 'png' | 'exr';

export interface HdrLight {
  readonly mastering?: Mastering;
  readonly light?: { readonly max: number; readonly average: number };
}

export interface EncoderSettings {
  readonly hdr: HdrLight;
  readonly fullRange: boolean;
  readonly bFrames: number;
  /** Of the written picture. */
  readonly width: number;
  readonly height: number;
  /** Of a sample, as it is encoded; 8 unless given. */
  readonly bits?: number;
  /** The picture has transparency. */
  readonly alpha?: boolean;
}

export interface EncoderSpec {
  /** ffmpeg's name. */
  readonly name: string;
  readonly codec: VideoCodec;
  /** Quality: lowest, highest, default, in the codec's own measure. */
  readonly quality: readonly [number, number, number];
  /** Smallest picture it takes, a side. x265 3.5 spoils its heap below 64. */
  readonly minimum: number;
  /** A subsampled axis must have an even number of luma samples. */
  readonly even: boolean;
  /** How many frames a packet may be stored before its turn: decoding timestamps start that much earlier. */
  readonly reorder: number;
  /** It writes HDR10 light levels into its bitstream. */
  readonly hdr: boolean;
  args(quality: number, more: EncoderSettings): string[];
}

function joined(params: readonly string[]): string {
  return params.join(':');
}

/** In order of preference within a codec. */
export const ENCODERS: readonly EncoderSpec[] = [
  {
    name: 'libx264',
    codec: 'h264',
    quality: [0, 51, 18],
    minimum: 2,
    even: true,
    reorder: 2,
    hdr: true,
    args: (quality, { hdr: { mastering, light }, bFrames }) => {
      const params = ['open-gop=0', 'b-pyramid=normal', 'sliced-threads=0'];
      if (mastering) params.push(`mastering-display=${masteringUnits(mastering)}`);
      if (light) params.push(`cll=${light.max},${light.average}`);
      const rate = `-preset veryfast -crf ${quality} -threads ${THREADS} -bf ${bFrames} -g ${KEY_INTERVAL}`;
      return [...rate.split(' '), '-x264-params', joined(params)];
    },
  },
  {
    name: 'libx265',
    codec: 'hevc',
    quality: [0, 51, 20],
    minimum: 64,
    even: true,
    reorder: 2,
    hdr: true,
    args: (quality, { hdr: { mastering, light }, fullRange, bFrames }) => {
      const params = ['log-level=error', 'open-gop=0', `keyint=${KEY_INTERVAL}`, `bframes=${bFrames}`, 'b-pyramid=1'];
      params.push(`pools=${THREADS}`, 'frame-threads=2');
      // ffmpeg of 2018 does not hand on -color_range.
      if (fullRange) params.push('range=full');
      if (mastering) params.push(`master-display=${masteringUnits(mastering)}`);
      if (light) params.push(`max-cll=${light.max},${light.average}`);
      return ['-preset', 'veryfast', '-crf', String(quality), '-tag:v', 'hvc1', '-x265-params', joined(params)];
    },
  },
  {
    name: 'libsvtav1',
    codec: 'av1',
    quality: [0, 63, 28],
    minimum: 64,
    even: true,
    reorder: 0,
    hdr: true,
    args: (quality, { hdr: { mastering, light } }) => {
      const params = [`lp=${THREADS}`, 'scd=0'];
      if (mastering) params.push(`mastering-display=${masteringNumbers(mastering)}`);
      if (light) params.push(`content-light=${light.max},${light.average}`);
      // ffmpeg 5.1 takes 0 for nothing said, and encodes with 35.
      return [
        '-preset',
        '10',
        '-crf',
        String(Math.max(1, quality)),
        '-g',
        KEY_INTERVAL,
        '-svtav1-params',
        joined(params),
      ];
    },
  },
  {
    name: 'libaom-av1',
    codec: 'av1',
    quality: [0, 63, 28],
    minimum: 1,
    even: false,
    reorder: 0,
    hdr: false,
    args: (quality, { bits = 8 }) => {
      const rate = `-crf ${quality} -b:v 0 -g ${KEY_INTERVAL}`;
      // At its fastest it shifts chroma of 12 bits by a sixteenth of the scale from the second frame on (3.6).
      const speed = bits > 10 ? '-usage good -cpu-used 6' : '-usage realtime -cpu-used 8';
      return `${speed} -row-mt 1 -threads ${THREADS} ${rate}`.split(' ');
    },
  },
  {
    name: 'libvpx-vp9',
    codec: 'vp9',
    quality: [0, 63, 24],
    minimum: 1,
    even: false,
    reorder: 0,
    hdr: false,
    args: (quality, { alpha }) => {
      const rate = `-crf ${quality} -b:v 0 -g ${KEY_INTERVAL}`;
      // Picture and transparency are two streams: one packet each a frame, and key frames in both or in none.
      const paired = alpha ? ` -auto-alt-ref 0 -lag-in-frames 0 -keyint_min ${KEY_INTERVAL}` : '';
      return `-deadline realtime -cpu-used 6 -row-mt 1 -tile-columns 2 -threads ${THREADS} ${rate}${paired}`.split(' ');
    },
  },
  {
    name: 'prores_ks',
    codec: 'prores',
    quality: [0, 5, 3],
    minimum: 1,
    even: false,
    reorder: 0,
    hdr: false,
    args: (quality) => ['-profile:v', String(quality), '-vendor', 'apl0', '-threads', THREADS],
  },
  {
    name: 'ffv1',
    codec: 'ffv1',
    quality: [0, 0, 0],
    // ffmpeg's spoils pictures that are one sample wide or high (seen in 5.1).
    minimum: 2,
    even: false,
    reorder: 0,
    hdr: false,
    args: (_, { width, height }) => {
      // It refuses one slice above 352x288, four of very small pictures and of 8K; between them it chooses.
      const slices = width <= 352 && height <= 288 && Math.min(width, height) < 64 ? ['-slices', '1'] : [];
      return ['-level', '3', ...slices, '-slicecrc', '1', '-g', '1', '-threads', THREADS];
    },
  },
  {
    name: 'png',
    codec: 'png',
    quality: [0, 9, 4],
    minimum: 1,
    even: false,
    reorder: 0,
    hdr: false,
    args: (quality) => ['-compression_level', String(quality), '-pred', 'paeth', '-threads', THREADS],
  },
  {
    name: 'exr',
    codec: 'exr',
    quality: [0, 0, 0],
    minimum: 1,
    even: false,
    reorder: 0,
    hdr: false,
    args: () => ['-compression', 'zip1', '-threads', THREADS],
  },
];

const asked = new Map<string, Promise<ReadonlySet<string>>>();

/** Pixel formats this build's encoder takes, by ffmpeg's names; empty when it is not built in. */
export async function encoderFormats(encoder: string, { build, encoders }: Capabilities): Promise<ReadonlySet<string>> {
  if (!encoders.has(encoder)) return new Set();
  const key = `${build.path}\n${encoder}`;
  const found = asked.get(key);
  if (found) return await found;
  const asking = listing(['-h', `encoder=${encoder}`], build).then((help) => {
    const line = /Supported pixel formats: (.*)/.exec(help)?.[1];
    return new Set((line ?? '').trim().split(/\s+/));
  });
  asked.set(key, asking);
  asking.catch(() => asked.delete(key));
  return await asking;
}

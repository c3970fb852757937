/** Where an output may go: containers by the ending of the name, what they hold, and their sound. */
import { basename, extname } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { Capabilities } from './capabilities.ts';
import type { VideoCodec } from './encoders.ts';

export type ContainerName = 'mp4' | 'mov' | 'mkv' | 'webm' | 'png' | 'exr';

export interface Container {
  readonly name: ContainerName;
  /** A folder of numbered images. */
  readonly images: boolean;
  /** ffmpeg's muxer. */
  readonly muxer: string;
  readonly muxerArgs: readonly string[];
  /** Default first, then what is fallen forward to. */
  readonly codecs: readonly VideoCodec[];
  /** Ticks in a second that it stores, where it cannot store any. */
  readonly ticks?: number;
}

/** Opus begins before zero and says so itself: nothing is to be moved for it. */
const MATROSKA = ['-avoid_negative_ts', 'disabled'];
const FAST_START = ['-movflags', '+faststart+write_colr'];

export const CONTAINERS: Readonly<Record<ContainerName, Container>> = {
  mp4: {
    name: 'mp4',
    images: false,
    muxer: 'mp4',
    muxerArgs: FAST_START,
    codecs: ['h264', 'hevc', 'vp9', 'av1'],
  },
  mov: { name: 'mov', images: false, muxer: 'mov', muxerArgs: FAST_START, codecs: ['h264', 'hevc', 'prores'] },
  mkv: {
    name: 'mkv',
    images: false,
    muxer: 'matroska',
    muxerArgs: MATROSKA,
    codecs: ['h264', 'hevc', 'ffv1', 'vp9', 'av1', 'prores'],
    ticks: 1000,
  },
  webm: { name: 'webm', images: false, muxer: 'webm', muxerArgs: MATROSKA, codecs: ['vp9', 'av1'], ticks: 1000 },
  png: { name: 'png', images: true, muxer: 'image2', muxerArgs: [], codecs: ['png'] },
  exr: { name: 'exr', images: true, muxer: 'image2', muxerArgs: [], codecs: ['exr'] },
};

/** A number in a name: '%05d', '%d'. */
export const NUMBER_PATTERN = /%(0\d{1,2})?d/;

const USE = 'Use .mp4, .mov, .mkv or .webm, or numbered images such as frames/%05d.png or %05d.exr.';

/** The container a name asks for. Throws output-format, with a sentence about the names that there are. */
export function containerFor(path: string, use = USE): Container {
  const ending = extname(path).slice(1).toLowerCase();
  const name = ({ m4v: 'mp4', qt: 'mov' } as Record<string, string>)[ending] ?? ending;
  const container = Object.values(CONTAINERS).find((one) => one.name === name);
  if (!container) {
    const said = ending === '' ? 'has no ending that says its format' : `ends in .${ending}, which cannot be written`;
    throw new AppError('output-format', `The output ${basename(path)} ${said}. ${use}`);
  }
  if (container.images && !NUMBER_PATTERN.test(basename(path))) {
    throw new AppError(
      'output-format',
      `The output ${basename(path)} is one image; a video needs numbered ones, such as ${join5d(path, ending)}.`,
    );
  }
  return container;
}

function join5d(path: string, ending: string): string {
  return `${basename(path, extname(path)) || 'frame'}-%05d.${ending}`;
}

/** The encoder of an output's sound. */
export interface AudioPlan {
  readonly encoder: string;
  /** Options for `channels` channels. */
  readonly args: readonly string[];
  /** More than two channels go in in the codec's own order of speakers. */
  readonly plainLayout: boolean;
}

/** Sound for a container and codec, or undefined for images. Throws encoder-missing. */
export function audioFor(container: Container, codec: VideoCodec, { encoders }: Capabilities): AudioPlan | undefined {
  if (container.images) return undefined;
  const lossless = codec === 'prores' || codec === 'ffv1';
  const wanted: Readonly<Record<string, readonly AudioPlan[]>> = {
    mp4: [{ encoder: 'aac', args: ['-b:a', '192k'], plainLayout: false }],
    mov: lossless
      ? [{ encoder: 'pcm_s24le', args: [], plainLayout: false }]
      : [{ encoder: 'aac', args: ['-b:a', '192k'], plainLayout: false }],
    mkv: [
      ...(lossless ? [] : [{ encoder: 'libopus', args: ['-b:a', '160k'], plainLayout: true }]),
      { encoder: 'flac', args: [], plainLayout: false },
    ],
    webm: [
      { encoder: 'libopus', args: ['-b:a', '160k'], plainLayout: true },
      { encoder: 'libvorbis', args: ['-q:a', '6'], plainLayout: true },
    ],
  };
  const found = wanted[container.name]?.find(({ encoder }) => encoders.has(encoder));
  if (found) return found;
  throw new AppError(
    'encoder-missing',
    `This ffmpeg has no encoder for sound in .${container.name} (${wanted[container.name]?.map((a) => a.encoder).join(' or ')}); use --audio mute or another format.`,
  );
}

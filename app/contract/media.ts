/** What probing says of a file. Plain data: it crosses process borders and is stored as JSON. */
import type { Rational } from './time.ts';

export type Range = 'limited' | 'full';

/**
 * Colour tags by ffmpeg's names ('bt709', 'smpte2084', ...); undefined where the file does not say. Probing fills in range and matrix
 * ('gbr' for RGB), which arithmetic on pixels needs, and lists in `inferred` which of them the file did not say.
 */
export interface ColourInfo {
  range?: Range;
  matrix?: string;
  inferred?: ('range' | 'matrix')[];
  primaries?: string;
  transfer?: string;
  /** ffmpeg's chroma location name ('left', 'center', 'topleft', ...). */
  chromaLocation?: string;
}

export interface VideoStreamInfo {
  /** Index of the stream in the file. */
  index: number;
  codec: string;
  /** The source's own ffmpeg pixel format name. */
  pixelFormat: string;
  /** Size as coded, before rotation. */
  codedWidth: number;
  codedHeight: number;
  /** Size as shown: after rotation, before the sample aspect ratio. */
  width: number;
  height: number;
  /** Clockwise degrees that decoding turns the picture: 0, 90, 180 or 270; where `mirrored`, it is mirrored left to right before. */
  rotation: 0 | 90 | 180 | 270;
  mirrored: boolean;
  /** Of the picture as shown. */
  sampleAspect: Rational;
  timeBase: Rational;
  /** The container's claims; only the timestamps are believed for planning. */
  averageRate?: Rational;
  nominalRate?: Rational;
  bitDepth: number;
  colour: ColourInfo;
  hasAlpha: boolean;
  fieldOrder?: string;
  /** HDR10 mastering display and light level, as ffprobe's side data, when there. */
  hdr?: { mastering?: Record<string, string | number>; contentLight?: { max: number; average: number } };
  dolbyVision: boolean;
  /** Seconds, when the file says. */
  duration?: number;
  frameCount?: number;
}

export interface AudioStreamInfo {
  index: number;
  codec: string;
  sampleRate: number;
  channels: number;
  channelLayout?: string;
  language?: string;
  duration?: number;
  startTime?: number;
}

export interface OtherStreamInfo {
  index: number;
  type: 'subtitle' | 'data' | 'attachment' | 'cover' | 'video';
  codec: string;
}

export interface VideoInfo {
  path: string;
  /** Container by ffmpeg's name; 'image-sequence' for frames/%05d.png. */
  format: string;
  bytes: number;
  duration?: number;
  video: VideoStreamInfo;
  audio: AudioStreamInfo[];
  other: OtherStreamInfo[];
  chapters: number;
  tags: Record<string, string>;
  /** Things a user should know: guessed colour tags, Dolby Vision layers left behind, VFR, ... One sentence each. */
  warnings: string[];
}

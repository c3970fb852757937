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

/** What a file says of a stream beside what is in it. */
export interface StreamLabels {
  /** As the file has it: ISO 639-2 as a rule. */
  language?: string;
  title?: string;
  /** The handler's name, where it is not the one that every file has. */
  handler?: string;
  /** 'default', 'forced', 'comment', ... by ffmpeg's names. */
  dispositions?: string[];
}

export interface VideoStreamInfo extends StreamLabels {
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
  /** ffmpeg's decoder to be asked for by name, where the one it would take leaves out the transparency of VP8 or VP9. */
  decoder?: 'libvpx' | 'libvpx-vp9';
  fieldOrder?: string;
  /** HDR10 mastering display and light level, as ffprobe's side data, when there. */
  hdr?: { mastering?: Record<string, string | number>; contentLight?: { max: number; average: number } };
  dolbyVision: boolean;
  /** Seconds, when the file says. */
  duration?: number;
  frameCount?: number;
}

export interface AudioStreamInfo extends StreamLabels {
  index: number;
  codec: string;
  sampleRate: number;
  channels: number;
  channelLayout?: string;
  duration?: number;
  startTime?: number;
  /** Its edits are left out when it is decoded, as those of the picture: seconds by which it then comes later. */
  unedited?: number;
}

export interface OtherStreamInfo extends StreamLabels {
  index: number;
  type: 'subtitle' | 'data' | 'attachment' | 'cover' | 'video';
  codec: string;
  /** The container's own name of the codec ('tmcd', 'text', 'mebx'), where it says. */
  tag?: string;
  /** Of an attachment; as the file has it, not to be trusted as a path. */
  fileName?: string;
  mimeType?: string;
}

export interface ChapterInfo {
  /** Seconds on the file's own clock. */
  start: number;
  end: number;
  title: string;
}

/** A stretch of a source and its pace: how many seconds of what the decoder gives pass in a second of the other clock. Seconds from the first frame. */
export interface ClockSection {
  from: number;
  /** Where the source ends unless given. */
  to?: number;
  speed: Rational;
}

/**
 * What a phone wrote about footage that it recorded faster than it is to be shown ([Note: clocks], core/media/recorded.ts). Outside of the sections both
 * clocks run alike; without any there is nothing to choose.
 */
export interface RecordedInfo {
  by: 'android' | 'samsung' | 'apple';
  /** Frames a second in front of the camera, where it is said. */
  captureRate?: Rational;
  /** The clock that decoded times follow; the sections lead to the other one. */
  decoded: 'stored' | 'recorded';
  /** Ascending, without overlap. */
  sections: ClockSection[];
  /** The part that the file shows, where it is not all that decodes. Seconds from the first frame. */
  shown?: { from: number; to: number };
  /** What the phone's own player shows slowly, and how slowly: nothing is done about it. */
  regions?: ClockSection[];
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
  /** The same in order; absent where nobody asked yet. */
  chapterList?: ChapterInfo[];
  tags: Record<string, string>;
  /** Slow motion of a phone. */
  recorded?: RecordedInfo;
  /** Things a user should know: guessed colour tags, Dolby Vision layers left behind, VFR, ... One sentence each. */
  warnings: string[];
}

/** What a playback plays: a sequence, or one clip. */
import type { VideoSample } from 'mediabunny';
import type { Rational } from '../../contract/time.ts';

/** What a picture is, and is not. */
export type Badge =
  | null
  /** A real picture stands in for a synthesised one that is not rendered yet. */
  | { kind: 'not-rendered'; text: string }
  /** There is no picture now: 'A preview copy is being made'. */
  | { kind: 'waiting'; text: string }
  | { kind: 'failed'; text: string };

/** A frame's picture; whoever gets it closes the samples. */
export interface Picture {
  frame: number;
  /** Null for black. */
  main: VideoSample | null;
  /** What it is compared with, where that was asked for. */
  other: VideoSample | null;
  badge: Badge;
}

/** A stretch of sound: a file's part, at a time of the film. Seconds. */
export interface SoundPart {
  path: string;
  /** Film time at which `from` of the file is heard. */
  at: number;
  from: number;
  length: number;
}

export interface Film {
  /** Frames. */
  readonly length: number;
  readonly rate: Rational;
  /** Shape of the picture, pixels. */
  readonly width: number;
  readonly height: number;
  /** Never throws: what went wrong is the badge. */
  picture(frame: number): Promise<Picture>;
  /** What the frame is compared with where that takes long, such as another engine's picture; null for nothing. Throws what the user is told. */
  slowOther?(frame: number): Promise<VideoSample | null>;
  /** Has pictures near `frame` decoded, which is standing still there. */
  warm(frame: number): Promise<void>;
  /** There is never anything to hear. */
  readonly silent?: boolean;
  /** What is heard from second `from` to `to`. */
  sound(from: number, to: number): Promise<SoundPart[]>;
}

export function closePicture(picture: Picture | null): void {
  picture?.main?.close();
  picture?.other?.close();
}

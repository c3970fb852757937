/** Opens what a protocol names: images as 8-bit RGB, videos as frames of their own planes. */
import type { ColourInfo } from '../../contract/media.ts';
import { decodeFrames } from '../media/decode.ts';
import type { Frame } from '../media/frame.ts';
import { indexSource } from '../media/index-source.ts';
import { probe } from '../media/probe.ts';
import { readStill } from '../media/stills.ts';
import { toRgb8, type Rgb8 } from './rgb.ts';

/** A video, indexed. */
export interface VideoSource {
  readonly colour: ColourInfo;
  readonly frameCount: number;
  /** Its frames from the first to number `last` (default: all), as decoded. */
  frames(last?: number): AsyncIterable<Frame>;
}

/** Probes and indexes a video: one decoding pass. Throws what those do. */
export async function openVideo(path: string, signal?: AbortSignal): Promise<VideoSource> {
  const options = signal ? { signal } : {};
  const info = await probe(path, options);
  const index = await indexSource(path, info, options);
  const frameCount = index.times.length;
  return {
    colour: info.video.colour,
    frameCount,
    frames: (last = frameCount - 1) =>
      decodeFrames(path, info, { ...options, index, first: 0, last: Math.min(last, frameCount - 1) }),
  };
}

/**
 * A still picture as 8-bit RGB: planar RGB as it is, chroma interpolated between centres ([Note: scoring colour]).
 * Throws what reading does.
 */
export async function openImage(path: string, signal?: AbortSignal): Promise<Rgb8> {
  const { frame, info } = await readStill(path, signal ? { signal } : {});
  return toRgb8(frame, info.video.colour, 'linear-centre');
}

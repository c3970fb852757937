/** Opens what a protocol names: images as 8-bit RGB, videos as frames of their own planes. */
import type { ColourInfo } from '../../contract/media.ts';
import { decodeFrames } from '../media/decode.ts';
import type { Frame } from '../media/frame.ts';
import { FrameReader } from '../media/frame-reader.ts';
import { indexSource } from '../media/index-source.ts';
import { smallInfo, stillOf } from '../media/mask/source.ts';
import type { Weights } from '../media/mask/weights.ts';
import { probe } from '../media/probe.ts';
import { readStill } from '../media/stills.ts';
import { toRgb8, type Rgb8 } from './rgb.ts';

/** A video, indexed. */
export interface VideoSource {
  readonly colour: ColourInfo;
  readonly frameCount: number;
  /** Its frames from the first to number `last` (default: all), as decoded. */
  frames(last?: number): AsyncIterable<Frame>;
  /** What stands still between two of every `step`-th frame ([Note: still parts]). */
  still(a: number, b: number, step: number): Promise<Weights | undefined>;
  /** Ends what `still` opened. */
  close(): Promise<void>;
}

/** Probes and indexes a video: one decoding pass. Throws what those do. */
export async function openVideo(path: string, signal?: AbortSignal): Promise<VideoSource> {
  const options = signal ? { signal } : {};
  const info = await probe(path, options);
  const index = await indexSource(path, info, options);
  const frameCount = index.times.length;
  const small = smallInfo(info);
  let reader: FrameReader | undefined;
  const open = (first: number) => decodeFrames(path, small, { ...options, index, first, last: frameCount - 1 });
  return {
    colour: info.video.colour,
    frameCount,
    frames: (last = frameCount - 1) =>
      decodeFrames(path, info, { ...options, index, first: 0, last: Math.min(last, frameCount - 1) }),
    still: async (a, b, step) => {
      const from = (reader ??= new FrameReader({ open, count: frameCount, keep: 24 * step }));
      const pair = { a: a / step, b: b / step };
      return await stillOf(pair, Math.ceil(frameCount / step), (i) => from.get(i * step));
    },
    close: async () => await reader?.[Symbol.asyncDispose](),
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

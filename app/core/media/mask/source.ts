/** The still parts of a pair of frames of a source: which other frames are looked at, and as what. */
import type { VideoInfo } from '../../../contract/media.ts';
import { sourceWithin } from '../conform.ts';
import type { Frame } from '../frame.ts';
import { STILL_SIDE, stillParts, type Luma } from './still.ts';
import type { Weights } from './weights.ts';

/** Frames that are looked at besides a pair: before its first (below zero) and after its second. */
const WINDOWS = [
  [-8, -6, -4, -2],
  [2, 4, 6, 8],
  [-4, -2, 2, 4],
] as const;
/** With fewer nothing can be told. */
const LEAST = 3;

/**
 * What stands still between frames a and b of a source of so many frames ([Note: still parts]); `get` gives them small, asked for in ascending order.
 * A window may reach over a cut: then only what stands still over the cut is found in it, and the other one tells of the shot.
 */
export async function stillOf(
  { a, b }: { readonly a: number; readonly b: number },
  frames: number,
  get: (index: number) => Promise<Frame>,
): Promise<Weights | undefined> {
  const windows = WINDOWS.map((steps) => {
    const places = steps.map((step) => (step < 0 ? a : b) + step);
    // At its beginning and end the source goes only so far.
    const inside = new Set(
      places.map((place) => Math.min(frames - 1, Math.max(0, place))).filter((i) => i < a || i > b),
    );
    return [...inside];
  }).filter((places) => places.length >= LEAST);
  if (windows.length === 0) return undefined;
  const lumas = new Map<number, Luma>();
  for (const index of [...new Set([a, b, ...windows.flat()])].toSorted((p, q) => p - q)) {
    lumas.set(index, lumaOf(await get(index)));
  }
  const of = (index: number): Luma => lumas.get(index)!;
  return stillParts({ a: of(a), b: of(b), windows: windows.map((places) => places.map(of)) });
}

/** A source as it is decoded to look for still parts. */
export function smallInfo(info: VideoInfo): VideoInfo {
  return sourceWithin(info, { width: STILL_SIDE, height: STILL_SIDE });
}

/** Luma (of RGB its green, most of it) in 8 bits. */
export function lumaOf({ format, planes, width, height }: Frame): Luma {
  const { data } = planes[0]!;
  if (data instanceof Uint8Array) return { width, height, data };
  const shift = format.bits - 8;
  return { width, height, data: Uint8Array.from(data, (value) => value >> shift) };
}

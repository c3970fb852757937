/** The still parts of a pair of frames of a source: which other frames are looked at, and as what. */
import type { Frame } from '../frame.ts';
import { REACH, stillParts, type Luma } from './still.ts';
import type { Weights } from './weights.ts';

/**
 * What stands still between frames a and b of a source of so many frames ([Note: still parts]); `get` gives them small, asked for in ascending order.
 * A window may reach over a cut: then only what stands still over the cut is found in it, and the other one tells of the shot.
 */
export async function stillOf(
  { a, b }: { readonly a: number; readonly b: number },
  frames: number,
  get: (index: number) => Promise<Frame>,
): Promise<Weights | undefined> {
  const near = Math.min(...REACH);
  // The far frame is as far as the source goes; from less than the near one nothing can be told.
  const before = a - near >= 0 ? REACH.map((reach) => Math.max(0, a - reach)) : [];
  const after = b + near < frames ? REACH.map((reach) => Math.min(frames - 1, b + reach)) : [];
  if (before.length + after.length === 0) return undefined;
  const lumas = new Map<number, Luma>();
  for (const index of [...new Set([...before, a, b, ...after])].toSorted((p, q) => p - q)) {
    lumas.set(index, lumaOf(await get(index)));
  }
  const of = (index: number): Luma => lumas.get(index)!;
  return stillParts({ a: of(a), b: of(b), before: before.map(of), after: after.map(of) });
}

/** Luma (of RGB its green, most of it) in 8 bits. */
export function lumaOf({ format, planes, width, height }: Frame): Luma {
  const { data } = planes[0]!;
  if (data instanceof Uint8Array) return { width, height, data };
  const shift = format.bits - 8;
  return { width, height, data: Uint8Array.from(data, (value) => value >> shift) };
}

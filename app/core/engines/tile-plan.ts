/**
 * Where a picture is cut into tiles, and how much each tile counts at each sample of a plane.
 *
 * [Note: seams] Along an axis all tiles have the same size, so that an engine keeps one layout of its memory for all of them, and
 * neighbours overlap. Near its edge a tile does not know what comes in from outside, so the outer quarter of an overlap on each side
 * serves as context only; across the half between them one tile fades linearly into the next. Never more than two tiles meet
 * on an axis, and the fade of one is one minus the fade of the other: the weights of a sample add up to 1, in every plane.
 */

/**
 * Tiles begin at multiples of this, in picture pixels: on a whole sample of every plane (chroma is at most 4 times coarser), and on a whole
 * pixel of pictures reduced up to 16 times, so that both tiles of an overlap see the same reduced picture there.
 */
export const ALIGN = 16;

/** The tiles along one axis, in picture pixels. The last one ends where the picture ends. */
export interface Axis {
  readonly side: number;
  /** Length of every tile. */
  readonly size: number;
  /** Where each begins; multiples of ALIGN. */
  readonly starts: readonly number[];
}

/** Cuts `side` pixels into `count` tiles of one size, which overlap by `overlap` or as much as there is room for; null if there is none. */
export function cutAxis(side: number, count: number, overlap: number): Axis | null {
  if (count === 1) return { side, size: side, starts: [0] };
  for (let room = Math.min(overlap, Math.floor(side / (count + 1))); room >= ALIGN; room--) {
    // Steps of whole ALIGNs back from the picture's end, so that the last tile begins on one.
    const least = Math.ceil((side + (count - 1) * room) / count);
    for (let size = least + ((side - least) % ALIGN); size < side; size += ALIGN) {
      const steps = (side - size) / ALIGN;
      const starts = Array.from({ length: count }, (_, i) => ALIGN * Math.floor((i * steps) / (count - 1)));
      const far = (i: number): number => starts[i] ?? side;
      // Longer tiles only come closer to the next but one.
      if (starts.some((start, i) => far(i + 2) < start + size)) break;
      if (starts.every((start, i) => i + 1 === count || start + size - far(i + 1) >= room))
        return { side, size, starts };
    }
  }
  return null;
}

/** One tile along one axis of one plane: its place in samples, and how it takes over from the tile before and fades into the next. */
export interface Span {
  readonly start: number;
  /** Weight against the tile before, of each sample of the tile: 0, a ramp, then 1. All 1 for the first. */
  readonly rise: Float64Array;
  /** Weight against the next tile: 1, a ramp, then 0. Its weight is the product of both. */
  readonly fall: Float64Array;
}

/** Tile `index` of an axis in a plane that is 2 ** shift times coarser than the picture. [Note: seams] */
export function spanOf({ size, starts }: Axis, index: number, shift: number): Span {
  const at = (tile: number): number => (starts[tile] ?? 0) >> shift;
  const length = -(-size >> shift);
  const rise = new Float64Array(length).fill(1);
  const fall = new Float64Array(length).fill(1);
  if (index > 0) {
    const overlap = at(index - 1) + length - at(index);
    for (let k = 0; k < overlap; k++) rise[k] = ramp(k, overlap);
  }
  if (index + 1 < starts.length) {
    const overlap = at(index) + length - at(index + 1);
    for (let k = 0; k < overlap; k++) fall[length - overlap + k] = 1 - ramp(k, overlap);
  }
  return { start: at(index), rise, fall };
}

/** From 0 to 1 over the middle half of `overlap` samples. */
function ramp(k: number, overlap: number): number {
  const margin = overlap >> 2;
  return Math.min(1, Math.max(0, (k - margin + 0.5) / (overlap - 2 * margin)));
}

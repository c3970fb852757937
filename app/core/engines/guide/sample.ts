/** Reading a still between its pixels. */
import type { Picture } from './fields.ts';

/**
 * Adds weight[x] times the still at (x + dx[x], y + dy[x]) to row y of `out` ([3, height, width]), for each x of weight above 0. Read by the cubic of Catmull and Rom,
 * the border repeated outwards; at a pixel's centre it is that pixel's value.
 */
export function addRow(
  still: Picture,
  dx: Float32Array,
  dy: Float32Array,
  weight: Float32Array,
  y: number,
  out: Float32Array,
): void {
  const { width, height, data } = still;
  const [green, blue] = [width * height, 2 * width * height];
  const [right, bottom] = [width - 1, height - 1];
  for (let x = 0, to = y * width; x < width; x++, to++) {
    const share = weight[x]!;
    if (share <= 0) continue;
    const px = Math.min(right, Math.max(0, x + dx[x]!));
    const py = Math.min(bottom, Math.max(0, y + dy[x]!));
    const ix = px | 0;
    const iy = py | 0;
    const a = px - ix;
    const b = py - iy;
    const at = iy * width + ix;
    if (a === 0 && b === 0) {
      out[to]! += share * data[at]!;
      out[to + green]! += share * data[at + green]!;
      out[to + blue]! += share * data[at + blue]!;
      continue;
    }
    // Written out rather than taken from an array: this is most of the time there is.
    const x0 = ((-0.5 * a + 1) * a - 0.5) * a;
    const x1 = (1.5 * a - 2.5) * a * a + 1;
    const x2 = ((-1.5 * a + 2) * a + 0.5) * a;
    const x3 = (0.5 * a - 0.5) * a * a;
    // Offsets of the four columns and rows, those past the border being the border's.
    const left = ix > 0 ? -1 : 0;
    const next = ix < right ? 1 : 0;
    const after = ix + 1 < right ? 2 : next;
    const above = iy > 0 ? at - width : at;
    const below = iy < bottom ? at + width : at;
    const lower = iy + 1 < bottom ? below + width : below;
    const y0 = share * (((-0.5 * b + 1) * b - 0.5) * b);
    const y1 = share * ((1.5 * b - 2.5) * b * b + 1);
    const y2 = share * (((-1.5 * b + 2) * b + 0.5) * b);
    const y3 = share * ((0.5 * b - 0.5) * b * b);
    for (let plane = 0; plane <= blue; plane += green) {
      const r0 = above + plane;
      const r1 = at + plane;
      const r2 = below + plane;
      const r3 = lower + plane;
      out[to + plane]! +=
        y0 * (x0 * data[r0 + left]! + x1 * data[r0]! + x2 * data[r0 + next]! + x3 * data[r0 + after]!) +
        y1 * (x0 * data[r1 + left]! + x1 * data[r1]! + x2 * data[r1 + next]! + x3 * data[r1 + after]!) +
        y2 * (x0 * data[r2 + left]! + x1 * data[r2]! + x2 * data[r2 + next]! + x3 * data[r2 + after]!) +
        y3 * (x0 * data[r3 + left]! + x1 * data[r3]! + x2 * data[r3 + next]! + x3 * data[r3 + after]!);
    }
  }
}

/** Pictures out of fields, plane by plane, in the source's own samples. */
import { frameLike, type Frame, type Samples } from '../frame.ts';

/** Which lines a field has: 0 the even ones (top), 1 the odd ones. */
export type Parity = 0 | 1;

/** The lines of `parity` from `a`, the others from `b`. */
export function weave(a: Frame, b: Frame, parity: Parity): Frame {
  const out = frameLike(a, a.time);
  for (const [p, { width, height, data }] of out.planes.entries()) {
    const [from, other] = [a.planes[p]!.data, b.planes[p]!.data];
    for (let y = 0; y < height; y++) {
      const line = (y & 1) === parity ? from : other;
      data.set(line.subarray(y * width, (y + 1) * width), y * width);
    }
  }
  return out;
}

/** The frames around a field: those before and after its own (at the ends of a clip its own), and in which the missing lines' moments lie next to its own. */
export interface FieldSurroundings {
  readonly before: Frame;
  readonly own: Frame;
  readonly after: Frame;
  /** The field is the second of its frame. */
  readonly second: boolean;
}

/**
 * The field of lines `parity` as a whole picture. Its own lines are kept as they are. The missing ones are found as in "Bob Weaver": the mean of the same
 * line just before and just after, where nothing moves; where something does, a spatial interpolation with what those lines have in high frequencies
 * (J. Weston's filter, BBC R&D 1988), and never farther from the mean than motion around it allows (as Yadif decides).
 */
export function deinterlaced({ before, own, after, second }: FieldSurroundings, parity: Parity): Frame {
  const out = frameLike(own, own.time);
  const [earlier, later] = second ? [own, after] : [before, own];
  const greatest = (1 << own.format.bits) - 1;
  for (const [p, { width, height, data }] of out.planes.entries()) {
    const plane = (frame: Frame): Samples => frame.planes[p]!.data;
    const from = {
      ...{ own: plane(own), before: plane(before), after: plane(after) },
      ...{ earlier: plane(earlier), later: plane(later), out: data, width, height, greatest },
    };
    for (let y = 0; y < height; y++) {
      if ((y & 1) === parity) data.set(from.own.subarray(y * width, (y + 1) * width), y * width);
      else missingLine(from, y);
    }
  }
  return out;
}

interface Surround {
  readonly own: Samples;
  readonly before: Samples;
  readonly after: Samples;
  readonly earlier: Samples;
  readonly later: Samples;
  readonly out: Samples;
  readonly width: number;
  readonly height: number;
  readonly greatest: number;
}

/**
 * Line y of a field that has the lines y - 1 and y + 1; at the borders, the nearest line of the same field. Weights are of 1/8192: low frequencies from this
 * field, high ones from the fields around; and where those do not help, this field alone.
 */
function missingLine({ own, before, after, earlier, later, out, width, height, greatest }: Surround, y: number): void {
  const row = (at: number): number => {
    let line = at;
    while (line < 0) line += 2;
    while (line >= height) line -= 2;
    // A plane of one line has no other field.
    return Math.max(0, line) * width;
  };
  const [up, down, up3, down3] = [row(y - 1), row(y + 1), row(y - 3), row(y + 3)];
  const [here, up2, down2, up4, down4] = [y * width, row(y - 2), row(y + 2), row(y - 4), row(y + 4)];
  // Plain statements on whole numbers, which fit 32 bits for samples of 16: this runs for half of all samples.
  for (let x = 0; x < width; x++) {
    const c = own[up + x]!;
    const e = own[down + x]!;
    const s = earlier[here + x]!;
    const t = later[here + x]!;
    const mean = (s + t) >> 1;
    const still = s > t ? s - t : t - s;
    const was = (distance(before[up + x]!, c) + distance(before[down + x]!, e)) >> 1;
    const willBe = (distance(after[up + x]!, c) + distance(after[down + x]!, e)) >> 1;
    let reach = larger(still >> 1, larger(was, willBe));
    if (reach === 0) {
      out[here + x] = mean;
      continue;
    }
    const above = (earlier[up2 + x]! + later[up2 + x]!) | 0;
    const below = (earlier[down2 + x]! + later[down2 + x]!) | 0;
    const b = (above >> 1) - c;
    const f = (below >> 1) - e;
    const toC = mean - c;
    const toE = mean - e;
    const most = larger(larger(toE, toC), smaller(b, f));
    const least = smaller(smaller(toE, toC), larger(b, f));
    reach = larger(reach, larger(least, -most));
    const far = (own[up3 + x]! + own[down3 + x]!) | 0;
    const near = (c + e) | 0;
    let value: number;
    if (distance(c, e) > still) {
      const around = (earlier[up4 + x]! + later[up4 + x]! + earlier[down4 + x]! + later[down4 + x]!) | 0;
      const high = ((5570 * (s + t) - 3801 * (above + below) + 1016 * around) | 0) >> 2;
      value = (high + 4309 * near - 213 * far + 4096) >> 13;
    } else value = (5077 * near - 981 * far + 4096) >> 13;
    value = smaller(mean + reach, larger(mean - reach, value));
    out[here + x] = value < 0 ? 0 : value > greatest ? greatest : value;
  }
}

function distance(a: number, b: number): number {
  return a > b ? a - b : b - a;
}

function larger(a: number, b: number): number {
  return a > b ? a : b;
}

function smaller(a: number, b: number): number {
  return a < b ? a : b;
}

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

/** Weights of 1/8192: low frequencies from this field, high ones from the fields around; and where those do not help, this field alone. */
const LOW = [4309, 213] as const;
const HIGH = [5570, 3801, 1016] as const;
const ALONE = [5077, 981] as const;

/** Line y of a field that has the lines y - 1 and y + 1; at the borders, the nearest line of the same field. */
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
  for (let x = 0; x < width; x++) {
    const [c, e] = [own[up + x]!, own[down + x]!];
    const [s, t] = [earlier[here + x]!, later[here + x]!];
    const mean = (s + t) >> 1;
    const still = Math.abs(s - t);
    const was = (Math.abs(before[up + x]! - c) + Math.abs(before[down + x]! - e)) >> 1;
    const willBe = (Math.abs(after[up + x]! - c) + Math.abs(after[down + x]! - e)) >> 1;
    let reach = Math.max(still >> 1, was, willBe);
    if (reach === 0) {
      out[here + x] = mean;
      continue;
    }
    const around2 = earlier[up2 + x]! + later[up2 + x]!;
    const below2 = earlier[down2 + x]! + later[down2 + x]!;
    const [b, f] = [(around2 >> 1) - c, (below2 >> 1) - e];
    const [toC, toE] = [mean - c, mean - e];
    const most = Math.max(toE, toC, Math.min(b, f));
    const least = Math.min(toE, toC, Math.max(b, f));
    reach = Math.max(reach, least, -most);
    const far = own[up3 + x]! + own[down3 + x]!;
    let value: number;
    if (Math.abs(c - e) > still) {
      const around4 = earlier[up4 + x]! + later[up4 + x]! + earlier[down4 + x]! + later[down4 + x]!;
      const high = (HIGH[0] * (s + t) - HIGH[1] * (around2 + below2) + HIGH[2] * around4) / 4;
      value = (high + LOW[0] * (c + e) - LOW[1] * far) / 8192;
    } else value = (ALONE[0] * (c + e) - ALONE[1] * far) / 8192;
    value = Math.round(Math.min(mean + reach, Math.max(mean - reach, value)));
    out[here + x] = value < 0 ? 0 : value > greatest ? greatest : value;
  }
}

/** Lines, areas and letters on 8-bit RGB pictures, with smooth edges. */
import type { Rgb8 } from '../score/rgb.ts';

/** Pixels from the upper left corner; the middle of the first pixel is (0.5, 0.5). */
export type Point = readonly [x: number, y: number];

/** 0..255 each. */
export type Colour = readonly [red: number, green: number, blue: number];

export interface Pen {
  readonly colour: Colour;
  /** Pixels. */
  readonly width: number;
  /** 0..1; 1 unless given. */
  readonly opacity?: number;
  /** Pixels drawn and pixels left out, in turn. */
  readonly dash?: readonly [on: number, off: number] | undefined;
}

export interface Area {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** A picture of one colour. */
export function blankPicture(width: number, height: number, [r, g, b]: Colour): Rgb8 {
  const plane = (value: number) => new Uint8Array(width * height).fill(value);
  return { width, height, r: plane(r), g: plane(g), b: plane(b) };
}

/** Fills whole pixels [left, right) x [top, bottom), as far as they are in the picture. */
export function fillArea(picture: Rgb8, area: Area, colour: Colour, opacity = 1): void {
  const left = Math.max(0, Math.round(area.left));
  const right = Math.min(picture.width, Math.round(area.right));
  const bottom = Math.min(picture.height, Math.round(area.bottom));
  for (let y = Math.max(0, Math.round(area.top)); y < bottom; y++) {
    for (let at = y * picture.width + left; at < y * picture.width + right; at++) blend(picture, at, colour, opacity);
  }
}

/** Copies `from` whole, its upper left corner to (left, top). It must fit. */
export function putPicture(picture: Rgb8, from: Rgb8, left: number, top: number): void {
  putColumns(picture, from, 0, from.width, left, top);
}

/** Copies columns [first, last) of `from` to where the whole of it would have its corner at (left, top). */
export function putColumns(picture: Rgb8, from: Rgb8, first: number, last: number, left: number, top: number): void {
  if (first >= last) return;
  for (const channel of ['r', 'g', 'b'] as const) {
    const [source, target] = [from[channel], picture[channel]];
    for (let y = 0; y < from.height; y++) {
      const row = source.subarray(y * from.width + first, y * from.width + last);
      target.set(row, (top + y) * picture.width + left + first);
    }
  }
}

/**
 * Draws lines through points, round at ends and corners; a line of one point is a dot. Where lines of one call meet or cross they are no denser than elsewhere.
 * What lies outside of the picture, or of `within`, is left out.
 */
export function drawLines(picture: Rgb8, lines: readonly (readonly Point[])[], pen: Pen, within?: Area): void {
  const drawn = pen.dash ? lines.flatMap((line) => dashes(line, pen.dash!)) : lines;
  const points = drawn.flat();
  if (points.length === 0) return;
  const reach = pen.width / 2 + 1;
  const clip = within ?? { left: 0, top: 0, right: picture.width, bottom: picture.height };
  const mask = new Mask({
    left: Math.max(clip.left, Math.floor(least(points, 0) - reach)),
    top: Math.max(clip.top, Math.floor(least(points, 1) - reach)),
    right: Math.min(clip.right, Math.ceil(most(points, 0) + reach)),
    bottom: Math.min(clip.bottom, Math.ceil(most(points, 1) + reach)),
  });
  for (const line of drawn) {
    for (let i = 0; i < Math.max(1, line.length - 1); i++) mask.add(line[i]!, line[i + 1] ?? line[i]!, pen.width);
  }
  mask.ink(picture, pen.colour, pen.opacity ?? 1);
}

function least(points: readonly Point[], axis: 0 | 1): number {
  return points.reduce((low, point) => Math.min(low, point[axis]), Infinity);
}

function most(points: readonly Point[], axis: 0 | 1): number {
  return points.reduce((high, point) => Math.max(high, point[axis]), -Infinity);
}

function blend({ r, g, b }: Rgb8, at: number, [red, green, blue]: Colour, share: number): void {
  r[at]! += (red - r[at]!) * share + 0.5;
  g[at]! += (green - g[at]!) * share + 0.5;
  b[at]! += (blue - b[at]!) * share + 0.5;
}

/** How much of each pixel lines cover, 0..1. */
class Mask {
  readonly #area: Area;
  readonly #width: number;
  readonly #share: Float32Array;

  constructor(area: Area) {
    this.#area = area;
    this.#width = Math.max(0, area.right - area.left);
    this.#share = new Float32Array(this.#width * Math.max(0, area.bottom - area.top));
  }

  /** A pixel is covered by how far its middle is within the line's edge, a pixel wide. */
  add([x0, y0]: Point, [x1, y1]: Point, width: number): void {
    const { left, top, right, bottom } = this.#area;
    const reach = width / 2 + 0.5;
    const [dx, dy] = [x1 - x0, y1 - y0];
    const length = dx * dx + dy * dy;
    const from = Math.max(top, Math.floor(Math.min(y0, y1) - reach));
    const to = Math.min(bottom, Math.ceil(Math.max(y0, y1) + reach));
    const first = Math.max(left, Math.floor(Math.min(x0, x1) - reach));
    const last = Math.min(right, Math.ceil(Math.max(x0, x1) + reach));
    for (let y = from; y < to; y++) {
      for (let x = first; x < last; x++) {
        const [px, py] = [x + 0.5 - x0, y + 0.5 - y0];
        const along = length === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / length));
        const share = Math.min(1, reach - Math.hypot(px - along * dx, py - along * dy));
        const at = (y - top) * this.#width + x - left;
        if (share > this.#share[at]!) this.#share[at] = share;
      }
    }
  }

  ink(picture: Rgb8, colour: Colour, opacity: number): void {
    const { left, top } = this.#area;
    for (let i = 0; i < this.#share.length; i++) {
      const share = this.#share[i]!;
      if (share <= 0) continue;
      const at = (top + Math.floor(i / this.#width)) * picture.width + left + (i % this.#width);
      blend(picture, at, colour, Math.min(1, share) * opacity);
    }
  }
}

function dashes(line: readonly Point[], [on, off]: readonly [number, number]): Point[][] {
  const parts: Point[][] = [];
  let part: Point[] | undefined = line.length > 0 ? [line[0]!] : undefined;
  let left = on;
  for (let i = 1; i < line.length; i++) {
    let at = line[i - 1]!;
    const to = line[i]!;
    let distance = Math.hypot(to[0] - at[0], to[1] - at[1]);
    while (distance > left) {
      at = [at[0] + ((to[0] - at[0]) * left) / distance, at[1] + ((to[1] - at[1]) * left) / distance];
      distance -= left;
      if (part) parts.push([...part, at]);
      part = part ? undefined : [at];
      left = part ? on : off;
    }
    left -= distance;
    part?.push(to);
  }
  if (part) parts.push(part);
  return parts;
}

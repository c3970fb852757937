/** Textures of the demo: painted once by a function of local coordinates, then sampled at any place. */

/** Red, green and blue, 0..255. */
export type Colour = readonly [number, number, number];

/** Paints the colour at (x, y) in design pixels from the layer's origin. */
export type Paint = (x: number, y: number) => Colour;

/** A painted rectangle around the origin. `data` is RGB, rows tightly packed. */
export interface Texture {
  readonly width: number;
  readonly height: number;
  /** Texels for one design pixel. */
  readonly density: number;
  readonly data: Uint8Array;
}

/** Paints a texture that covers `halfWidth` and `halfHeight` design pixels either side of the origin. */
export function bake(paint: Paint, halfWidth: number, halfHeight: number, density: number): Texture {
  const width = Math.ceil(2 * halfWidth * density) + 1;
  const height = Math.ceil(2 * halfHeight * density) + 1;
  const data = new Uint8Array(width * height * 3);
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at += 3) {
      const colour = paint(column / density - halfWidth, row / density - halfHeight);
      for (let c = 0; c < 3; c++) data[at + c] = Math.max(0, Math.min(255, Math.round(colour[c]!)));
    }
  }
  return { width, height, density, data };
}

/** Writes the bilinear colour at (x, y) design pixels from the origin into `out`; outside, the border goes on. */
export function sample(texture: Texture, x: number, y: number, out: Float32Array): void {
  const { width, height, density, data } = texture;
  const fx = Math.max(0, Math.min(width - 1.001, x * density + (width - 1) / 2));
  const fy = Math.max(0, Math.min(height - 1.001, y * density + (height - 1) / 2));
  const x0 = fx | 0;
  const y0 = fy | 0;
  const u = fx - x0;
  const v = fy - y0;
  const at = (y0 * width + x0) * 3;
  const below = at + width * 3;
  for (let c = 0; c < 3; c++) {
    const top = data[at + c]! * (1 - u) + data[at + 3 + c]! * u;
    const bottom = data[below + c]! * (1 - u) + data[below + 3 + c]! * u;
    out[c] = top * (1 - v) + bottom * v;
  }
}

/** Between two colours; 0 is a, 1 is b. */
export function mix(a: Colour, b: Colour, share: number): Colour {
  const t = Math.max(0, Math.min(1, share));
  return [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t];
}

/** A colour made lighter or darker. */
export function shade(colour: Colour, factor: number): Colour {
  return [colour[0] * factor, colour[1] * factor, colour[2] * factor];
}

/** 0 below `from`, 1 above `to`, smooth between: an edge that is not a stair. */
export function ramp(from: number, to: number, x: number): number {
  const t = Math.max(0, Math.min(1, (x - from) / (to - from)));
  return t * t * (3 - 2 * t);
}

/** Planar pictures laid into larger ones, as networks want their sizes. */

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What lies around a picture: black, or its outermost pixels repeated. */
export type Surround = 'zeros' | 'edge';

/** How much lies around a picture. */
export interface Margin {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Right and bottom, up to multiples of `multiple`. */
export function upTo({ width, height }: Size, multiple: number): Margin {
  const more = (size: number): number => Math.ceil(size / multiple) * multiple - size;
  return { left: 0, top: 0, right: more(width), bottom: more(height) };
}

export function padded({ width, height }: Size, { left, top, right, bottom }: Margin): Size {
  return { width: width + left + right, height: height + top + bottom };
}

/**
 * Writes the planes of `picture` [c, h, w] into `out` [c, padded h, padded w]; around them comes what their border has ('edge') or 0.
 * `shift` is added to each plane's samples first, but not to the zeros.
 */
export function lay(
  picture: Float32Array,
  size: Size,
  margin: Margin,
  out: Float32Array,
  around: Surround = 'zeros',
  shift?: readonly number[],
): void {
  const { width, height } = size;
  const outer = padded(size, margin);
  const planes = picture.length / (width * height);
  for (let plane = 0; plane < planes; plane++) {
    const add = shift?.[plane] ?? 0;
    for (let y = 0; y < outer.height; y++) {
      const to = (plane * outer.height + y) * outer.width;
      const row = out.subarray(to, to + outer.width);
      const inside = Math.min(height - 1, Math.max(0, y - margin.top));
      if (around === 'zeros' && inside !== y - margin.top) {
        row.fill(0);
        continue;
      }
      const from = (plane * height + inside) * width;
      row.set(picture.subarray(from, from + width), margin.left);
      const end = margin.left + width;
      if (add !== 0) for (let x = margin.left; x < end; x++) row[x]! += add;
      row.fill(around === 'zeros' ? 0 : row[margin.left]!, 0, margin.left);
      row.fill(around === 'zeros' ? 0 : row[end - 1]!, end);
    }
  }
}

/** The picture inside: the inverse of `lay`. The same array when there is nothing around it. */
export function cut(laid: Float32Array, size: Size, margin: Margin): Float32Array {
  const { width, height } = size;
  const outer = padded(size, margin);
  if (outer.width === width && outer.height === height) return laid;
  const planes = laid.length / (outer.width * outer.height);
  const out = new Float32Array(planes * width * height);
  for (let plane = 0; plane < planes; plane++)
    for (let y = 0; y < height; y++) {
      const from = (plane * outer.height + y + margin.top) * outer.width + margin.left;
      out.set(laid.subarray(from, from + width), (plane * height + y) * width);
    }
  return out;
}

/** How sure two warped pictures make one that differ by this much (0..1) on average: 1 where they agree, 1/2 at 4 of 255. */
export function confidenceOf(difference: number): number {
  return 4 / (4 + 255 * difference);
}

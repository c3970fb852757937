/** What a small in-between says of how the large one is made, where a network gives nothing but the picture. */
import type { GuideFields, Picture } from './fields.ts';
import { SmallFlow } from './flow.ts';

/** Difference of R'G'B' values at which a still's claim on a pixel falls to 1/e. */
const AGREEMENT = 0.025;
/** Claim of the painted picture, whose difference is none; it wins where neither still comes near. */
const PAINTED = 0.02;

let kept: SmallFlow | undefined;

/**
 * Fields for the in-between at time t (0..1) of two small stills of its size ([Note: guidance]): dense flow from it to either still says where to look, and how far what
 * is found there agrees with it, what is taken. Throws RangeError for pictures of different sizes or less than 8 pixels a side.
 */
export function fieldsOf(
  small: { readonly first: Picture; readonly last: Picture; readonly between: Picture },
  t: number,
): GuideFields {
  const { first, last, between } = small;
  const { width, height } = between;
  for (const { width: w, height: h } of [first, last])
    if (w !== width || h !== height || Math.min(w, h) < 8) throw new RangeError('Small pictures of different sizes');
  const flow = kept?.width === width && kept.height === height ? kept : new SmallFlow(width, height);
  kept = flow;
  const toFirst = flow.between(between, first).there;
  const toLast = flow.between(between, last).there;
  const count = width * height;
  const weights = new Float32Array(3 * count);
  const [firstError, lastError] = [disagreement(between, first, toFirst), disagreement(between, last, toLast)];
  for (let i = 0; i < count; i++) {
    const a = (1 - t) * Math.exp(-firstError[i]! / AGREEMENT);
    const b = t * Math.exp(-lastError[i]! / AGREEMENT);
    const sum = a + b + PAINTED;
    weights[i] = a / sum;
    weights[count + i] = b / sum;
    weights[2 * count + i] = PAINTED / sum;
  }
  return { width, height, toFirst, toLast, weights, painted: between.data };
}

/** Mean difference over the three channels and a window of 3 x 3 between a picture and a still read where the flow points. */
function disagreement(picture: Picture, still: Picture, flow: Float32Array): Float32Array {
  const { width, height, data } = picture;
  const count = width * height;
  const raw = new Float32Array(count);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const px = Math.min(width - 1, Math.max(0, x + flow[i]!));
      const py = Math.min(height - 1, Math.max(0, y + flow[count + i]!));
      const [x0, y0] = [Math.floor(px), Math.floor(py)];
      const [x1, y1] = [Math.min(width - 1, x0 + 1), Math.min(height - 1, y0 + 1)];
      let sum = 0;
      for (let plane = 0; plane < 3 * count; plane += count) {
        const above = mix(still.data[plane + y0 * width + x0]!, still.data[plane + y0 * width + x1]!, px - x0);
        const below = mix(still.data[plane + y1 * width + x0]!, still.data[plane + y1 * width + x1]!, px - x0);
        sum += Math.abs(mix(above, below, py - y0) - data[plane + i]!);
      }
      raw[i] = sum / 3;
    }
  }
  return windowMean(raw, width, height);
}

function mix(a: number, b: number, share: number): number {
  return a + share * (b - a);
}

/** Means over 3 x 3, fewer at the border. */
function windowMean(values: Float32Array, width: number, height: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      let [sum, n] = [0, 0];
      for (let j = Math.max(0, y - 1); j <= Math.min(height - 1, y + 1); j++)
        for (let k = Math.max(0, x - 1); k <= Math.min(width - 1, x + 1); k++, n++) sum += values[j * width + k]!;
      out[i] = sum / n;
    }
  }
  return out;
}

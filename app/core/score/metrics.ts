/**
 * Picture distances of two 8-bit RGB images of the same size.
 *
 * PSNR is over all three channels. SSIM and GMSD are on luma as an 8-bit number, made as OpenCV makes grey. [Note:
 * the SSIM that is meant]
 *
 * Many SSIMs go by one name. The published baselines beside the evaluation clips are reproduced, to their last digit,
 * by exactly one: 8-bit BT.601 grey, an 11 x 11 Gaussian of sigma 1.5, population variances, mirrored borders (the
 * edge sample not repeated), and the mean over the whole map. Over the map without its outer 5 pixels (`inset: 5`) it
 * is scikit-image's `structural_similarity(a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
 * data_range=255)`.
 */
import type { Rgb8 } from './rgb.ts';

/** PSNR of identical images, which have none. */
export const PSNR_CAP = 100;

/** Peak signal to noise ratio in dB over all channels; identical images give PSNR_CAP. */
export function psnr(a: Rgb8, b: Rgb8): number {
  requireSameSize(a, b);
  const sum = squaredError(a.r, b.r) + squaredError(a.g, b.g) + squaredError(a.b, b.b);
  if (sum === 0) return PSNR_CAP;
  return Math.min(PSNR_CAP, 10 * Math.log10((255 * 255 * 3 * a.r.length) / sum));
}

function squaredError(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const d = a[i]! - b[i]!;
    sum += d * d;
  }
  return sum;
}

/** 8-bit BT.601 luma with OpenCV's 15-bit weights, so that it is OpenCV's grey to the bit. */
export function grey8(image: Rgb8): Uint8Array {
  const { r, g, b } = image;
  const out = new Uint8Array(r.length);
  for (let i = 0; i < out.length; i++) out[i] = (r[i]! * 9798 + g[i]! * 19235 + b[i]! * 3735 + 16384) >> 15;
  return out;
}

const RADIUS = 5;
/** Half of the normalised Gaussian, from the centre outwards. */
const WEIGHTS = (() => {
  const raw = Array.from({ length: RADIUS + 1 }, (_, i) => Math.exp(-(i * i) / (2 * 1.5 * 1.5)));
  const sum = raw[0]! + 2 * raw.slice(1).reduce((total, w) => total + w, 0);
  return raw.map((w) => w / sum);
})();
const C1 = (0.01 * 255) ** 2;
const C2 = (0.03 * 255) ** 2;

/**
 * Structural similarity, -1..1, 1 for identical images ([Note: the SSIM that is meant]; Wang et al., 2004).
 * `inset` leaves that many pixels at each border out of the mean.
 */
export function ssim(a: Rgb8, b: Rgb8, options: { inset?: number } = {}): number {
  requireSameSize(a, b);
  return ssimOfGrey(grey8(a), grey8(b), a.width, a.height, options.inset ?? 0);
}

function ssimOfGrey(a: Uint8Array, b: Uint8Array, width: number, height: number, inset: number): number {
  // Four moments at once, one output row at a time: the column sums of a row stay in the cache for its row sums.
  const padded = width + 2 * RADIUS;
  const moments = [0, 1, 2, 3].map(() => new Float64Array(padded)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  let total = 0;
  for (let y = inset; y < height - inset; y++) {
    columnSums(a, b, width, height, y, moments);
    total += rowSimilarity(moments, width, inset);
  }
  return total / ((width - 2 * inset) * (height - 2 * inset));
}

/** Weighted sums down the columns around row y: a, b, a^2 + b^2, ab; then the borders mirrored. */
function columnSums(
  a: Uint8Array,
  b: Uint8Array,
  width: number,
  height: number,
  y: number,
  [sumA, sumB, squares, products]: readonly [Float64Array, Float64Array, Float64Array, Float64Array],
): void {
  for (const sums of [sumA, sumB, squares, products]) sums.fill(0);
  for (let tap = -RADIUS; tap <= RADIUS; tap++) {
    const row = mirror(y + tap, height) * width;
    const weight = WEIGHTS[Math.abs(tap)]!;
    for (let x = 0; x < width; x++) {
      const p = a[row + x]!;
      const q = b[row + x]!;
      const at = x + RADIUS;
      sumA[at]! += weight * p;
      sumB[at]! += weight * q;
      squares[at]! += weight * (p * p + q * q);
      products[at]! += weight * (p * q);
    }
  }
  for (const sums of [sumA, sumB, squares, products]) {
    for (let i = 1; i <= RADIUS; i++) {
      sums[RADIUS - i] = sums[RADIUS + mirror(-i, width)]!;
      sums[RADIUS + width - 1 + i] = sums[RADIUS + mirror(width - 1 + i, width)]!;
    }
  }
}

function rowSimilarity(
  [sumA, sumB, squares, products]: readonly [Float64Array, Float64Array, Float64Array, Float64Array],
  width: number,
  inset: number,
): number {
  let total = 0;
  for (let x = RADIUS + inset; x < RADIUS + width - inset; x++) {
    let meanA = WEIGHTS[0]! * sumA[x]!;
    let meanB = WEIGHTS[0]! * sumB[x]!;
    let square = WEIGHTS[0]! * squares[x]!;
    let product = WEIGHTS[0]! * products[x]!;
    for (let i = 1; i <= RADIUS; i++) {
      const weight = WEIGHTS[i]!;
      meanA += weight * (sumA[x - i]! + sumA[x + i]!);
      meanB += weight * (sumB[x - i]! + sumB[x + i]!);
      square += weight * (squares[x - i]! + squares[x + i]!);
      product += weight * (products[x - i]! + products[x + i]!);
    }
    const meanProduct = meanA * meanB;
    const meanSquares = meanA * meanA + meanB * meanB;
    const covariance = product - meanProduct;
    const variances = square - meanSquares;
    total += ((2 * meanProduct + C1) * (2 * covariance + C2)) / ((meanSquares + C1) * (variances + C2));
  }
  return total;
}

/** Index i reflected into 0..size-1 without repeating the edge; for any i, also in pictures smaller than the window. */
function mirror(i: number, size: number): number {
  if (size === 1) return 0;
  const period = 2 * (size - 1);
  const at = ((i % period) + period) % period;
  return at < size ? at : period - at;
}

/**
 * Gradient magnitude similarity deviation, 0 for identical images, larger is worse (Xue, Zhang, Mou, Bovik, 2014):
 * luma averaged and taken down by two, Prewitt gradients, T = 170, the standard deviation of the similarity map.
 * Zeros lie outside the picture, as in the authors' code.
 */
export function gmsd(a: Rgb8, b: Rgb8): number {
  requireSameSize(a, b);
  const width = (a.width + 1) >> 1;
  const height = (a.height + 1) >> 1;
  const gradientA = prewitt(halve(grey8(a), a.width, a.height), width, height);
  const gradientB = prewitt(halve(grey8(b), b.width, b.height), width, height);
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < gradientA.length; i++) {
    // The gradients are squared magnitudes, which is what two of the three terms want.
    const p = gradientA[i]!;
    const q = gradientB[i]!;
    const similarity = (2 * Math.sqrt(p * q) + 170) / (p + q + 170);
    sum += similarity;
    squares += similarity * similarity;
  }
  const mean = sum / gradientA.length;
  return Math.sqrt(Math.max(0, squares / gradientA.length - mean * mean));
}

/** Means of 2 x 2 blocks; what lies past an odd edge counts as zero. */
function halve(grey: Uint8Array, width: number, height: number): Float64Array {
  const outWidth = (width + 1) >> 1;
  const out = new Float64Array(outWidth * ((height + 1) >> 1));
  for (let y = 0; y < height; y++) {
    const row = (y >> 1) * outWidth;
    for (let x = 0; x < width; x++) out[row + (x >> 1)]! += grey[y * width + x]! / 4;
  }
  return out;
}

/** Squared magnitude of the Prewitt gradient (taps of 1/3). */
function prewitt(image: Float64Array, width: number, height: number): Float64Array {
  const out = new Float64Array(width * height);
  const stride = width + 2;
  const padded = new Float64Array(stride * (height + 2));
  for (let y = 0; y < height; y++) padded.set(image.subarray(y * width, (y + 1) * width), (y + 1) * stride + 1);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const top = y * stride + x;
      const middle = top + stride;
      const bottom = middle + stride;
      const [nw, n, ne] = [padded[top]!, padded[top + 1]!, padded[top + 2]!];
      const [w, e] = [padded[middle]!, padded[middle + 2]!];
      const [sw, s, se] = [padded[bottom]!, padded[bottom + 1]!, padded[bottom + 2]!];
      const dx = (nw + w + sw - ne - e - se) / 3;
      const dy = (nw + n + ne - sw - s - se) / 3;
      out[y * width + x] = dx * dx + dy * dy;
    }
  }
  return out;
}

function requireSameSize(a: Rgb8, b: Rgb8): void {
  if (a.width !== b.width || a.height !== b.height) {
    throw new RangeError(`Images of ${a.width}x${a.height} and ${b.width}x${b.height} cannot be compared`);
  }
}

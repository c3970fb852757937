/**
 * What stands still keeps its brightness and colour. [Note: steady]
 *
 * A network that makes its pictures from scratch makes them a little brighter, darker or bluer than the real ones, and film that alternates between the two
 * flickers. So where the blocks of two pictures are alike on average, the block between them is brought to the average of theirs, as far as it is off by what
 * eyes take for flicker; a difference that is larger is something that passes by, and stays. Averages of blocks, because grain differs from frame to frame and its
 * average does not; the correction runs smoothly from block to block and never touches detail.
 */

/** Side of a block, in pixels. */
const BLOCK = 16;
/** In 255ths: blocks are alike up to the first, and not from the second on; an offset is flicker up to the first, and a thing from the second on. */
const ALIKE = [1 / 255, 4 / 255] as const;
const FLICKER = [5 / 255, 12 / 255] as const;

/** 1 up to the first bound, 0 from the second on. */
function fall(value: number, [from, to]: readonly [number, number]): number {
  return Math.min(1, Math.max(0, (to - value) / (to - from)));
}

/**
 * `made`, the picture at `t` between `a` and `b` (each planar [3, height, width]), as a new picture with its flicker taken out ([Note: steady]).
 */
export function steadied(
  made: Float32Array,
  [a, b]: readonly [Float32Array, Float32Array],
  t: number,
  { width, height }: { readonly width: number; readonly height: number },
): Float32Array {
  const [columns, rows] = [Math.ceil(width / BLOCK), Math.ceil(height / BLOCK)];
  const count = width * height;
  const out = Float32Array.from(made);
  for (let channel = 0; channel < 3; channel++) {
    const plane = (picture: Float32Array): Float32Array => picture.subarray(channel * count, (channel + 1) * count);
    const [first, second, own] = [a, b, made].map((one) => blockMeans(plane(one), width, height));
    const offsets = new Float32Array(columns * rows);
    for (let i = 0; i < offsets.length; i++) {
      const offset = first![i]! + t * (second![i]! - first![i]!) - own![i]!;
      const apart = nearby(first!, second!, i, columns, rows);
      offsets[i] = offset * fall(apart, ALIKE) * fall(Math.abs(offset), FLICKER);
    }
    addSmoothly(plane(out), offsets, { width, height, columns, rows });
  }
  return out;
}

/** The mean of every block, row by row. */
function blockMeans(plane: Float32Array, width: number, height: number): Float32Array {
  const columns = Math.ceil(width / BLOCK);
  const sums = new Float32Array(columns * Math.ceil(height / BLOCK));
  for (let y = 0, i = 0; y < height; y++) {
    const row = Math.floor(y / BLOCK) * columns;
    for (let left = 0, c = 0; left < width; left += BLOCK, c++) {
      const right = Math.min(width, left + BLOCK);
      let sum = 0;
      for (; i < y * width + right; i++) sum += plane[i]!;
      sums[row + c]! += sum / (right - left);
    }
  }
  return sums.map((sum, i) => sum / Math.min(BLOCK, height - Math.floor(i / columns) * BLOCK));
}

/** How far the means of a block and of those around it are apart, at most. */
function nearby(a: Float32Array, b: Float32Array, at: number, columns: number, rows: number): number {
  const [x, y] = [at % columns, Math.floor(at / columns)];
  let most = 0;
  for (let j = Math.max(0, y - 1); j <= Math.min(rows - 1, y + 1); j++)
    for (let i = Math.max(0, x - 1); i <= Math.min(columns - 1, x + 1); i++)
      most = Math.max(most, Math.abs(a[j * columns + i]! - b[j * columns + i]!));
  return most;
}

/** Adds to every pixel what lies between the offsets of the nearest four blocks' middles. */
function addSmoothly(
  plane: Float32Array,
  offsets: Float32Array,
  { width, height, columns, rows }: { width: number; height: number; columns: number; rows: number },
): void {
  if (offsets.every((offset) => offset === 0)) return;
  const line = new Float32Array(columns);
  for (let y = 0; y < height; y++) {
    const v = Math.min(rows - 1, Math.max(0, (y + 0.5) / BLOCK - 0.5));
    const [top, down] = [Math.floor(v), v - Math.floor(v)];
    const below = Math.min(rows - 1, top + 1);
    for (let c = 0; c < columns; c++)
      line[c] = offsets[top * columns + c]! * (1 - down) + offsets[below * columns + c]! * down;
    for (let x = 0, i = y * width; x < width; x++, i++) {
      const u = Math.min(columns - 1, Math.max(0, (x + 0.5) / BLOCK - 0.5));
      const left = Math.floor(u);
      const right = Math.min(columns - 1, left + 1);
      plane[i]! += line[left]! + (line[right]! - line[left]!) * (u - left);
    }
  }
}

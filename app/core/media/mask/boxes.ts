/** Sums and greatest values over squares around every pixel of a small picture; squares are cut off at its border. */

/** Sum of `values` over the (2r+1) x (2r+1) pixels around each. Two running sums: the radius costs nothing. */
export function boxSums(values: ArrayLike<number>, width: number, height: number, r: number): Int32Array {
  const across = new Int32Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    let sum = 0;
    for (let x = 0; x < Math.min(r, width); x++) sum += values[row + x]!;
    for (let x = 0; x < width; x++) {
      if (x + r < width) sum += values[row + x + r]!;
      if (x - r > 0) sum -= values[row + x - r - 1]!;
      across[row + x] = sum;
    }
  }
  const out = new Int32Array(width * height);
  const sums = new Int32Array(width);
  for (let y = 0; y < Math.min(r, height); y++) for (let x = 0; x < width; x++) sums[x]! += across[y * width + x]!;
  for (let y = 0; y < height; y++) {
    const row = y * width;
    const enters = y + r < height ? (y + r) * width : -1;
    const leaves = y - r > 0 ? (y - r - 1) * width : -1;
    for (let x = 0; x < width; x++) {
      let sum = sums[x]!;
      if (enters >= 0) sum += across[enters + x]!;
      if (leaves >= 0) sum -= across[leaves + x]!;
      sums[x] = sum;
      out[row + x] = sum;
    }
  }
  return out;
}

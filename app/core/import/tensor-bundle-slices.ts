/** Partitioned variables: one tensor kept as several slices, each under a key of its own. */
import { AppError } from '../../contract/errors.ts';
import { sliceKey, type BundleEntry } from './tensor-bundle-entry.ts';
import { bytesOf, elementCount } from './tensor.ts';

/** Far above what any partitioner makes; the pairs are compared. */
const MAX_SLICES = 1024;

/** A slice of a tensor and where it goes. */
export interface Part {
  readonly entry: BundleEntry;
  readonly start: readonly number[];
  readonly shape: readonly number[];
}

/** The slices of the tensor at `key`, checked to fill it exactly. Throws `checkpoint-damaged`. */
export function partsOf(key: string, whole: BundleEntry, all: ReadonlyMap<string, BundleEntry>): Part[] {
  const damaged = new AppError(
    'checkpoint-damaged',
    `The parts of the tensor ${JSON.stringify(key)} do not make a whole.`,
  );
  if (whole.slices.length > MAX_SLICES) throw damaged;
  const parts = whole.slices.map((slice): Part => {
    const entry = all.get(sliceKey(key, slice));
    if (!entry || entry.slices.length > 0 || entry.dtype !== whole.dtype || slice.length !== whole.shape.length)
      throw damaged;
    const start = slice.map((extent) => extent.start);
    const shape = slice.map(({ length }, axis) => (length === -1 ? whole.shape[axis]! : length));
    const inside = shape.every((size, i) => start[i]! >= 0 && size >= 0 && start[i]! + size <= whole.shape[i]!);
    if (!inside || entry.shape.join() !== shape.join()) throw damaged;
    return { entry, start, shape };
  });
  const filled = parts.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  if (
    filled !== elementCount(whole.shape) ||
    parts.some((part, i) => parts.slice(0, i).some((other) => meet(part, other)))
  ) {
    throw damaged;
  }
  return parts;
}

function meet(a: Part, b: Part): boolean {
  return a.shape.every((size, i) => a.start[i]! < b.start[i]! + b.shape[i]! && b.start[i]! < a.start[i]! + size);
}

/** The whole tensor's bytes, put together from its parts. */
export async function readPartitioned(
  whole: BundleEntry,
  parts: readonly Part[],
  read: (entry: BundleEntry) => Promise<Uint8Array<ArrayBuffer>>,
): Promise<Uint8Array<ArrayBuffer>> {
  const width = bytesOf(whole.dtype!);
  const bytes = new Uint8Array(elementCount(whole.shape) * width);
  for (const part of parts) place(bytes, whole.shape, part, await read(part.entry), width);
  return bytes;
}

/** Copies a part's rows (runs along the last axis) to where they belong. */
function place(out: Uint8Array, shape: readonly number[], part: Part, bytes: Uint8Array, width: number): void {
  const last = shape.length - 1;
  const run = (part.shape[last] ?? 1) * width;
  const rows = run === 0 ? 0 : bytes.length / run;
  for (let row = 0; row < rows; row++) {
    let rest = row;
    let at = part.start[last] ?? 0;
    let stride = shape[last] ?? 1;
    for (let axis = last - 1; axis >= 0; axis--) {
      const size = part.shape[axis]!;
      at += ((rest % size) + part.start[axis]!) * stride;
      rest = Math.floor(rest / size);
      stride *= shape[axis]!;
    }
    out.set(bytes.subarray(row * run, (row + 1) * run), at * width);
  }
}

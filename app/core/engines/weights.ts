/** From the names and layouts of a checkpoint to the values of a graph. Each engine's weights.ts is a table of `Want`s. */
import { AppError } from '../../contract/errors.ts';
import type { Checkpoint } from '../import/checkpoint.ts';
import { toFloat32 } from '../import/tensor.ts';
import type { Tensor } from '../onnx/graph.ts';

/** One value of a graph and where it comes from. */
export interface Want {
  /** The graph's name for it. */
  readonly value: string;
  /** Names it may have in the checkpoint; the first that is there is taken. */
  readonly from: readonly string[];
  /** Its shape in the graph. */
  readonly dims: readonly number[];
  /** Permutation from the stored axes: axis i of the value is stored axis `axes[i]`. HWIO to OIHW is [3, 2, 0, 1]. */
  readonly axes?: readonly number[];
  /** What is done to the numbers last: folding a scale, say. May return another array of the same length. */
  readonly map?: (data: Float32Array) => Float32Array;
}

/** float32 tensors by the graph's names. */
export type Weights = ReadonlyMap<string, Tensor>;

export interface TakeOptions {
  /** Names in the checkpoint that take no part: counters, the optimiser's state. After `strip`. */
  readonly ignore?: readonly RegExp[];
  /** A prefix that wrappers put before every name, such as /^module\./. */
  readonly strip?: RegExp;
}

/** How many names a message lists before it counts the rest. */
const LISTED = 4;

/**
 * Every wanted tensor as float32 in the graph's layout. Throws `weights-mismatch`, naming them, when a wanted tensor is missing or has
 * another shape, or when the checkpoint holds one that nothing wants; what the readers throw.
 */
export async function takeWeights(
  checkpoint: Checkpoint,
  wants: readonly Want[],
  { ignore = [], strip }: TakeOptions = {},
): Promise<Weights> {
  const stored = new Map<string, string>();
  for (const name of checkpoint.names()) stored.set(strip ? name.replace(strip, '') : name, name);
  const leftOver = new Set([...stored.keys()].filter((name) => !ignore.some((pattern) => pattern.test(name))));
  const found = wants.map((want) => ({ want, name: want.from.find((name) => stored.has(name)) }));
  for (const { name } of found) if (name !== undefined) leftOver.delete(name);
  const missing = found.flatMap(({ want, name }) => (name === undefined ? [want.from[0] ?? want.value] : []));
  const misshapen = found.flatMap(({ want, name }) => {
    if (name === undefined) return [];
    const { shape } = checkpoint.info(stored.get(name)!);
    const laid = want.axes ? permuted(shape, want.axes) : shape;
    return laid.join() === want.dims.join()
      ? []
      : [`${name} is [${shape.join(', ')}] and would have to be [${asStored(want)}]`];
  });
  const problems = [listed('lacks', missing), listed('has besides', [...leftOver]), listed('disagrees:', misshapen)];
  const said = problems.filter((problem) => problem !== '');
  if (said.length > 0)
    throw new AppError('weights-mismatch', `The checkpoint does not fit the network: it ${said.join('; it ')}.`);
  const weights = new Map<string, Tensor>();
  for (const { want, name } of found) {
    const tensor = await checkpoint.tensor(stored.get(name!)!);
    const data = want.axes ? permute(toFloat32(tensor), tensor.shape, want.axes) : toFloat32(tensor);
    weights.set(want.value, { dtype: 'float32', dims: want.dims, data: want.map ? want.map(data) : data });
  }
  return weights;
}

function listed(word: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  const rest = names.length > LISTED ? ` and ${names.length - LISTED} more` : '';
  return `${word} ${names.slice(0, LISTED).join(', ')}${rest}`;
}

function permuted(shape: readonly number[], axes: readonly number[]): readonly number[] {
  return axes.length === shape.length ? axes.map((axis) => shape[axis]!) : shape;
}

/** The shape the checkpoint would have had to store. */
function asStored({ dims, axes }: Want): string {
  if (!axes) return dims.join(', ');
  const stored: number[] = [];
  axes.forEach((axis, i) => (stored[axis] = dims[i]!));
  return stored.join(', ');
}

/** `data` of `shape`, row-major, with its axes reordered: axis i of the result is axis `axes[i]` of the input. */
export function permute(data: Float32Array, shape: readonly number[], axes: readonly number[]): Float32Array {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const sizes = axes.map((axis) => shape[axis]!);
  const steps = axes.map((axis) => strides[axis]!);
  const out = new Float32Array(data.length);
  const at = sizes.map(() => 0);
  const last = sizes.length - 1;
  let from = 0;
  for (let i = 0; i < out.length; i++) {
    out[i] = data[from]!;
    for (let axis = last; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++at[axis]! < sizes[axis]!) break;
      from -= steps[axis]! * sizes[axis]!;
      at[axis] = 0;
    }
  }
  return out;
}

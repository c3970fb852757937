/** What is in a checkpoint, for whoever has to map it. */
import type { Family } from '../engines/family.ts';
import { FAMILIES } from '../engines/families.ts';
import { openCheckpoint } from '../import/registry.ts';
import { elementCount, type Dtype } from '../import/tensor.ts';
import { tfGraphOf } from '../import/tf-graph.ts';
import { draftMapping, type Mapping } from './mapping.ts';

export interface Inspection {
  readonly format: string;
  /** Of the families that run here; null for none. */
  readonly family: string | null;
  readonly config: Readonly<Record<string, unknown>> | null;
  readonly tensors: readonly { readonly name: string; readonly dtype: Dtype; readonly shape: readonly number[] }[];
  /** Numbers in all tensors. */
  readonly values: number;
  /** Operators of a TensorFlow 1 graph and how often each occurs; null where there is no graph. */
  readonly operators: Readonly<Record<string, number>> | null;
  /** Its signatures: inputs and outputs with their shapes; -1 is open. */
  readonly signatures: readonly { readonly name: string; readonly inputs: Ends; readonly outputs: Ends }[];
}

type Ends = Readonly<Record<string, readonly number[] | null>>;

export interface InspectOptions {
  readonly families?: readonly Family[];
  readonly signal?: AbortSignal;
}

/** Names, shapes and what else the checkpoint at `path` says. Reads no values. Throws what the readers throw. */
export async function inspectCheckpoint(
  path: string,
  { families = FAMILIES, signal }: InspectOptions = {},
): Promise<Inspection> {
  await using checkpoint = await openCheckpoint(path, { signal });
  const tensors = checkpoint.names().map((name) => {
    const { dtype, shape } = checkpoint.info(name);
    return { name, dtype, shape };
  });
  let found: { family: string; config: Readonly<Record<string, unknown>> } | undefined;
  for (const family of families) {
    signal?.throwIfAborted();
    const config = await family.recognise(checkpoint);
    if (config === null) continue;
    found = { family: family.id, config };
    break;
  }
  const graph = await tfGraphOf(checkpoint);
  const count = new Map<string, number>();
  for (const { op } of graph?.nodes.values() ?? []) count.set(op, (count.get(op) ?? 0) + 1);
  const ends = (all: ReadonlyMap<string, { readonly shape: readonly number[] | undefined }>): Ends =>
    Object.fromEntries([...all].map(([name, { shape }]) => [name, shape ?? null]));
  return {
    format: checkpoint.format,
    family: found?.family ?? null,
    config: found?.config ?? null,
    tensors,
    values: tensors.reduce((sum, { shape }) => sum + elementCount(shape), 0),
    operators: graph ? Object.fromEntries([...count].toSorted(([, a], [, b]) => b - a)) : null,
    signatures: [...(graph?.signatures ?? [])].map(([name, { inputs, outputs }]) => {
      return { name, inputs: ends(inputs), outputs: ends(outputs) };
    }),
  };
}

/** `draftMapping` of the checkpoint at `path`. Throws what the readers throw. */
export async function draftFor(path: string, signal?: AbortSignal): Promise<Mapping> {
  await using checkpoint = await openCheckpoint(path, { signal });
  return draftMapping(checkpoint);
}

/**
 * Checkpoints whose names are nobody's: somebody says which tensor is which.
 *
 * [Note: mapping] A mapping is JSON: `config`, what the file says of its network (docs/cvi.md); `tensors`, our names and theirs, with `axes` where theirs are laid otherwise
 * (axis i of ours is their axis axes[i]) and `shape` where the same numbers have another shape; `ignore`, their names that take no part, where * stands for anything. Every other
 * tensor of theirs is used once. What comes of it is a safetensors file with our names, and goes the way of any other checkpoint from there.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import { isErrno } from '../base/durable.ts';
import { parseJson } from '../base/json.ts';
import { OFFICIAL, storedOf, configJson } from '../engines/cvi/config.ts';
import { permute } from '../engines/weights.ts';
import type { Checkpoint } from '../import/checkpoint.ts';
import { openCheckpoint } from '../import/registry.ts';
import { writeSafetensors, type Written } from '../import/safetensors-write.ts';
import { elementCount, toFloat32 } from '../import/tensor.ts';

const index = z.number().int().nonnegative();
const placeSchema = z.strictObject({
  from: z.string(),
  axes: z.array(index).max(8).optional(),
  shape: z.array(index).max(8).optional(),
});
const mappingSchema = z.strictObject({
  config: z.record(z.string(), z.unknown()).optional(),
  tensors: z.record(z.string(), z.union([z.string(), placeSchema, z.null()])),
  ignore: z.array(z.string()).max(100).default([]),
});

export type Mapping = z.infer<typeof mappingSchema>;

const LISTED = 4;

/** Reads a mapping. Throws `not-found`, `usage` for a file that is none. */
export async function readMapping(path: string): Promise<Mapping> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    if (isErrno(cause, 'ENOENT')) throw new AppError('not-found', `There is no ${path}.`, { cause });
    throw new AppError('unreadable', `${path} cannot be read.`, { cause });
  });
  const mapping = parseJson(mappingSchema, text);
  if (mapping) return mapping;
  throw new AppError('usage', `${path} is no mapping: JSON with "tensors", our names and theirs (docs/models.md).`);
}

/** Reads what somebody says of a recogniser: JSON, an object. Throws `not-found`, `usage` for a file that is none. */
export async function readSaid(path: string): Promise<Readonly<Record<string, unknown>>> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    if (isErrno(cause, 'ENOENT')) throw new AppError('not-found', `There is no ${path}.`, { cause });
    throw new AppError('unreadable', `${path} cannot be read.`, { cause });
  });
  const said = parseJson(z.record(z.string(), z.unknown()), text);
  if (said) return said;
  throw new AppError(
    'usage',
    `${path} says nothing of a model: JSON like {"labels": ["walk", "run"]} (docs/movinet.md).`,
  );
}

/** A checkpoint under our names: a file in a folder of its own, gone when disposed of. */
export interface Mapped extends AsyncDisposable {
  readonly path: string;
}

/**
 * Writes the checkpoint at `path` as the mapping says. Throws `weights-mismatch` where the two do not fit, naming what is open, absent, taken twice or
 * left over; what the readers throw.
 */
export async function mapCheckpoint(path: string, mapping: Mapping, signal?: AbortSignal): Promise<Mapped> {
  await using checkpoint = await openCheckpoint(path, { signal });
  const tensors = writtenOf(checkpoint, mapping);
  const folder = await mkdtemp(join(tmpdir(), 'inbetween-mapped-'));
  const mapped: Mapped = {
    path: join(folder, 'weights.safetensors'),
    [Symbol.asyncDispose]: async () => await rm(folder, { recursive: true, force: true, maxRetries: 3 }),
  };
  try {
    const metadata = { mapped: basename(path), ...(mapping.config && { config: JSON.stringify(mapping.config) }) };
    await writeSafetensors(mapped.path, tensors, metadata);
    signal?.throwIfAborted();
    return mapped;
  } catch (error) {
    await mapped[Symbol.asyncDispose]();
    throw error;
  }
}

interface Place {
  readonly name: string;
  readonly from: string | null;
  readonly axes?: readonly number[] | undefined;
  readonly shape?: readonly number[] | undefined;
}

function writtenOf(checkpoint: Checkpoint, { tensors, ignore }: Mapping): Written[] {
  const names = new Set(checkpoint.names());
  const places = Object.entries(tensors).map(([name, place]): Place => {
    return { name, ...(typeof place === 'string' || place === null ? { from: place } : place) };
  });
  const open = places.filter(({ from }) => from === null).map(({ name }) => name);
  const absent = places.flatMap(({ from }) => (from !== null && !names.has(from) ? [from] : []));
  const uses = Map.groupBy(places, ({ from }) => from);
  const twice = [...uses].flatMap(([from, all]) => (from !== null && all.length > 1 ? [from] : []));
  const left = [...names].filter((name) => !uses.has(name) && !ignore.some((pattern) => fits(name, pattern)));
  const problems = [
    listed('leaves open', open),
    listed('names what is not there:', absent),
    listed('uses twice', twice),
    listed('leaves over', left),
  ].filter((problem) => problem !== '');
  if (problems.length > 0)
    throw new AppError('weights-mismatch', `The mapping does not fit the checkpoint: it ${problems.join('; it ')}.`);
  return places.map(({ name, from, axes, shape: wanted }): Written => {
    const stored = checkpoint.info(from!).shape;
    if (axes && axes.toSorted((a, b) => a - b).join() !== [...stored.keys()].join())
      throw new AppError(
        'weights-mismatch',
        `The mapping gives ${name} axes that are not those of [${stored.join(', ')}].`,
      );
    const laid = axes ? axes.map((axis) => stored[axis]!) : stored;
    const shape = wanted ?? laid;
    if (elementCount(shape) !== elementCount(stored))
      throw new AppError('weights-mismatch', `${from} is [${stored.join(', ')}], which is not [${shape.join(', ')}].`);
    const read = async (): Promise<Float32Array> => {
      const data = toFloat32(await checkpoint.tensor(from!));
      return axes ? permute(data, stored, axes) : data;
    };
    return { name, shape, read };
  });
}

/** Whether a pattern with stars is of that name. No regular expression: a mapping may come from anybody, and some of those never end. */
function fits(name: string, pattern: string): boolean {
  const [head = '', ...parts] = pattern.split('*');
  const tail = parts.pop();
  if (tail === undefined) return name === pattern;
  if (!name.startsWith(head) || !name.endsWith(tail)) return false;
  let at = head.length;
  for (const part of parts) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= name.length - tail.length;
}

function listed(word: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  const rest = names.length > LISTED ? ` and ${names.length - LISTED} more` : '';
  return `${word} ${names.slice(0, LISTED).join(', ')}${rest}`;
}

/** Numbers in names count: conv_2 comes before conv_10. */
const ORDER = new Intl.Collator('en', { numeric: true });

/**
 * A mapping to begin with, for the paper's CVI: tensors of the checkpoint go to ours of the same shape in the order of their names; what has no shape of its own is left
 * open (null). A guess to be read through.
 */
export function draftMapping(checkpoint: Checkpoint): Mapping {
  const shapeOf = (name: string): string => checkpoint.info(name).shape.join();
  const byShape = Map.groupBy(checkpoint.names().toSorted(ORDER.compare), shapeOf);
  const channels = byShape.has('4,4,1,64') ? 1 : 3;
  const config = { ...OFFICIAL, channels, decoder: [...OFFICIAL.decoder.slice(0, 6), channels] } as const;
  const tensors = storedOf(config).map(({ name, dims }) => [name, byShape.get(dims.join())?.shift() ?? null] as const);
  return { config: { ...configJson(config) }, tensors: Object.fromEntries(tensors), ignore: [] };
}

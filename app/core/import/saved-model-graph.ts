/** The objects a SavedModel describes (saved_model.proto, meta_graph.proto, saved_object_graph.proto), for their variables' names. */
import { basename } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { FileReader } from './file-reader.ts';
import { fieldsOf, readVarint, textOf, type Cursor } from './proto-fields.ts';
import { shapeOf } from './tensor-bundle-entry.ts';
import { addChild, checkEdges, partsBudget } from './tensor-bundle-names.ts';
import type { Bundle } from './tensor-bundle.ts';

const MAX_GRAPH_BYTES = 32 * 2 ** 20;
/** A meta graph has seven fields, of which the signatures and collections repeat. */
const MAX_FIELDS = 10_000;

export interface SavedVariable {
  readonly name: string;
  readonly type: number;
  readonly shape: readonly number[];
}

export interface SavedNode {
  readonly children: ReadonlyMap<string, number>;
  readonly variable: SavedVariable | undefined;
}

/**
 * The object graph of the first meta graph; [] when there is none (TensorFlow 1). Of the rest only the field headers are read, so
 * that a graph with constants of gigabytes costs nothing.
 */
export async function savedGraph(file: FileReader): Promise<SavedNode[]> {
  const meta = await findField(file, { from: 0, to: file.size }, 2);
  const graph = meta && (await findField(file, meta, 7));
  if (graph === undefined) return [];
  if (graph.to - graph.from > MAX_GRAPH_BYTES) {
    throw new AppError('checkpoint-refused', `${basename(file.path)} describes more objects than any model has.`);
  }
  return parseGraph(await file.read(graph.from, graph.to - graph.from));
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/** Where the first length-delimited field `wanted` of the message in `range` lies. */
async function findField(file: FileReader, range: Range, wanted: number): Promise<Range | undefined> {
  const damaged = new AppError('checkpoint-damaged', `${basename(file.path)} is damaged or cut off.`);
  let at = range.from;
  for (let count = 0; at < range.to; count++) {
    if (count === MAX_FIELDS) throw damaged;
    const head: Cursor = { bytes: await file.read(at, Math.min(20, range.to - at)), at: 0 };
    const tag = readVarint(head);
    const kind = tag % 8;
    if (kind !== 0 && kind !== 1 && kind !== 2 && kind !== 5) throw damaged;
    const value = kind === 0 || kind === 2 ? readVarint(head) : 0;
    const length = kind === 2 ? value : kind === 1 ? 8 : kind === 5 ? 4 : 0;
    const from = at + head.at;
    at = from + length;
    if (!(length >= 0 && at <= range.to)) throw damaged;
    if (kind === 2 && Math.floor(tag / 8) === wanted) return { from, to: at };
  }
  return undefined;
}

/** SavedObjectGraph: 1 objects; of one 1 its children and 7 the variable: 1 type, 2 shape, 6 name. */
function parseGraph(bytes: Uint8Array): SavedNode[] {
  const nodes: SavedNode[] = [];
  const budget = partsBudget();
  for (const field of fieldsOf(bytes)) {
    if (field.number !== 1) continue;
    budget();
    const children = new Map<string, number>();
    let variable: SavedVariable | undefined;
    for (const part of fieldsOf(field.bytes)) {
      budget();
      if (part.number === 1) addChild(children, part.bytes);
      else if (part.number === 7) variable = variableOf(part.bytes);
    }
    nodes.push({ children, variable });
  }
  checkEdges(nodes);
  return nodes;
}

function variableOf(bytes: Uint8Array): SavedVariable {
  const found = { name: '', type: 0, shape: [] as number[] };
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) found.type = field.value;
    else if (field.number === 2) found.shape = shapeOf(field.bytes);
    else if (field.number === 6) found.name = textOf(field.bytes);
  }
  return found;
}

/**
 * Names for keys that the bundle's own graph leaves without one: those of the variables at the same place in the SavedModel's
 * graph, and then, for what neither graph connects, of the only variable with that type and shape. See [Note: TensorFlow names].
 */
export function savedNames(bundle: Bundle, saved: readonly SavedNode[]): Map<string, string> {
  const named = new Set(bundle.graph.filter(({ name }) => name !== '').map(({ key }) => key));
  const names = new Map<string, string>();
  const used = new Set<SavedVariable>();
  for (const [place, node] of pairs(bundle, saved)) {
    const { key } = bundle.graph[place]!;
    const { variable } = saved[node]!;
    if (variable === undefined) continue;
    used.add(variable);
    if (variable.name !== '' && bundle.entries.has(key) && !named.has(key)) names.set(key, variable.name);
  }
  const open = [...bundle.entries.keys()].filter((key) => !named.has(key) && !names.has(key));
  const left = saved.flatMap(({ variable }) =>
    variable && !used.has(variable) && variable.name !== '' ? [variable] : [],
  );
  const like = (type: number, shape: readonly number[]): string => `${type}:${shape.join()}`;
  const byShape = Map.groupBy(left, ({ type, shape }) => like(type, shape));
  const keysByShape = Map.groupBy(open, (key) => {
    const { type, shape } = bundle.entries.get(key)!;
    return like(type, shape);
  });
  for (const [shape, keys] of keysByShape) {
    const variables = byShape.get(shape) ?? [];
    if (keys.length === 1 && variables.length === 1) names.set(keys[0]!, variables[0]!.name);
  }
  return names;
}

/** Objects of both graphs that the same path leads to, roots first. Each object is visited once, so cycles end. */
function pairs({ graph }: Bundle, saved: readonly SavedNode[]): Map<number, number> {
  const found = new Map<number, number>();
  if (graph.length === 0 || saved.length === 0) return found;
  const queue: [number, number][] = [[0, 0]];
  found.set(0, 0);
  // The queue grows while it is walked: breadth first.
  for (const [place, node] of queue) {
    const { children } = saved[node]!;
    for (const [edge, next] of graph[place]!.children) {
      const other = children.get(edge);
      if (other === undefined || found.has(next)) continue;
      found.set(next, other);
      queue.push([next, other]);
    }
  }
  return found;
}

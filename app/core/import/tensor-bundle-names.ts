/**
 * Names for an object checkpoint's tensors.
 *
 * [Note: TensorFlow names] TensorFlow 2 saves by path through Python objects ('variables/17/.ATTRIBUTES/VARIABLE_VALUE'), and keeps the
 * names that papers and tables use ('fusion/conv2d/kernel') beside them as full_name in the graph of objects. A key gets
 * its full_name when it has one that no other key has; else what a SavedModel's own graph calls the variable at the same place;
 * else its path without the suffix. TensorFlow 1 saves under the names themselves.
 */
import { AppError } from '../../contract/errors.ts';
import { fieldsOf, textOf } from './proto-fields.ts';

export const GRAPH_KEY = '_CHECKPOINTABLE_OBJECT_GRAPH';
const VARIABLE = 'VARIABLE_VALUE';
const SUFFIX = '/.ATTRIBUTES/VARIABLE_VALUE';
/** Objects and edges together; the largest published checkpoint has some ten thousand. */
const MAX_PARTS = 200_000;

export interface GraphNode {
  /** Edge name to node number; the numbers are checked. */
  readonly children: ReadonlyMap<string, number>;
  /** The checkpoint key of the node's value and the variable's name, '' where there is none. */
  readonly key: string;
  readonly name: string;
}

/** Parses a TrackableObjectGraph (trackable_object_graph.proto). Throws `checkpoint-damaged` or `checkpoint-refused`. */
export function objectGraph(bytes: Uint8Array): GraphNode[] {
  const nodes: GraphNode[] = [];
  const budget = partsBudget();
  for (const field of fieldsOf(bytes)) {
    if (field.number !== 1) continue;
    budget();
    const children = new Map<string, number>();
    let value = { attribute: '', key: '', name: '' };
    for (const part of fieldsOf(field.bytes)) {
      budget();
      if (part.number === 1) addChild(children, part.bytes);
      else if (part.number === 2) {
        const found = attributeOf(part.bytes);
        if (found.attribute === VARIABLE || value.key === '') value = found;
      }
    }
    nodes.push({ children, key: value.key, name: value.attribute === VARIABLE ? value.name : '' });
  }
  checkEdges(nodes);
  return nodes;
}

/** Counts what a graph is made of and stops at MAX_PARTS: two bytes of file can become a hundred of memory. */
export function partsBudget(): () => void {
  let left = MAX_PARTS;
  return () => {
    if (--left < 0)
      throw new AppError('checkpoint-refused', 'The checkpoint describes more objects than any model has.');
  };
}

/** An ObjectReference: 1 node number, 2 edge name. */
export function addChild(children: Map<string, number>, bytes: Uint8Array): void {
  let node = 0;
  let name = '';
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) node = field.value;
    else if (field.number === 2) name = textOf(field.bytes);
  }
  children.set(name, node);
}

export function checkEdges(nodes: readonly { readonly children: ReadonlyMap<string, number> }[]): void {
  for (const { children } of nodes) {
    for (const node of children.values()) {
      if (!(Number.isInteger(node) && node >= 0 && node < nodes.length)) {
        throw new AppError('checkpoint-damaged', 'The checkpoint refers to an object that is not there.');
      }
    }
  }
}

function attributeOf(bytes: Uint8Array): { attribute: string; key: string; name: string } {
  const found = { attribute: '', key: '', name: '' };
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) found.attribute = textOf(field.bytes);
    else if (field.number === 2) found.name = textOf(field.bytes);
    else if (field.number === 3) found.key = textOf(field.bytes);
  }
  return found;
}

/**
 * Key to name for each of `keys`, in the order of the graph's objects (the order variables were made in), keys outside it after
 * them. `known` names keys that the graph leaves without one. Names are unique.
 */
export function namesOfKeys(
  keys: readonly string[],
  graph: readonly GraphNode[],
  known: ReadonlyMap<string, string> = new Map(),
): Map<string, string> {
  const present = new Set(keys);
  const wanted = new Map<string, string>();
  for (const { key, name } of graph) {
    if (present.has(key) && !wanted.has(key)) wanted.set(key, name || (known.get(key) ?? ''));
  }
  for (const key of keys) if (!wanted.has(key)) wanted.set(key, known.get(key) ?? '');
  const uses = new Map<string, number>();
  for (const name of wanted.values()) uses.set(name, (uses.get(name) ?? 0) + 1);
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const [key, name] of wanted) {
    // A name that two keys claim names neither: guessing would load one layer's weights into another.
    const choices = [...(name !== '' && uses.get(name) === 1 ? [name] : []), pathOf(key), key];
    const chosen = choices.find((choice) => !taken.has(choice));
    if (chosen === undefined) throw new AppError('checkpoint-damaged', 'Two tensors of the checkpoint have one name.');
    taken.add(chosen);
    names.set(key, chosen);
  }
  return names;
}

/** 'model/a.Sb/.ATTRIBUTES/VARIABLE_VALUE' is 'model/a/b': the key without its suffix, '/' and '.' in edge names unescaped. */
function pathOf(key: string): string {
  if (!key.endsWith(SUFFIX)) return key;
  return key.slice(0, -SUFFIX.length).replaceAll(/\.([.S])/g, (_, escaped) => (escaped === 'S' ? '/' : '.'));
}

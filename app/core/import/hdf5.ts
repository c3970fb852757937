/** Keras weights in HDF5 (`save_weights` and whole models, Keras 1 to 3), and the numbers of any other HDF5 file by path. */
import { checkpointOf, type Entry, type Importer } from './checkpoint.ts';
import type { FileReader } from './file-reader.ts';
import { Hdf5File, SIGNATURE, type Message } from './hdf5-file.ts';
import { attributesOf, datasetOf, stringsOf, type Attribute, type Dataset } from './hdf5-object.ts';
import { bytesOf, elementCount, swap, tensorOf } from './tensor.ts';

const MAX_NAMES = 50_000;
/** Where a whole model keeps its weights, and those that belong to no layer. */
const MODEL = 'model_weights';
const TOP_LEVEL = 'top_level_model_weights';

/**
 * Names are Keras's own, 'conv2d_34/kernel:0', in the order of its layers; a name that two layers have gets the layer before it.
 * Optimiser state is left out. Without Keras's lists of names every dataset is a tensor, under its path.
 */
export const hdf5: Importer = {
  format: 'hdf5',
  match: async (head) => Buffer.from(head.subarray(0, 8)).toString('latin1') === SIGNATURE,
  async open(file) {
    const reader = new Reader(new Hdf5File(file));
    const root = await reader.hdf5.root();
    const weights = (await reader.links(root)).get(MODEL) ?? root;
    const layers = await reader.strings(weights, 'layer_names');
    const found = layers === undefined ? await allDatasets(reader, root) : await kerasWeights(reader, weights, layers);
    checkPlaces(reader.hdf5, found, file.size);
    const unread = [...found].filter(([, { dtype }]) => dtype === undefined).map(([name]) => name);
    const metadata = { keras: layers !== undefined, layers: layers?.length ?? 0, unread };
    return checkpointOf('hdf5', file, entriesOf(file, found), metadata);
  },
};

/** Objects by header address; each header, group and list of attributes is read once, however often names lead there. */
class Reader {
  readonly hdf5: Hdf5File;
  readonly #messages = new Map<number, readonly Message[]>();
  readonly #links = new Map<number, ReadonlyMap<string, number>>();
  readonly #attributes = new Map<number, ReadonlyMap<string, Attribute>>();

  constructor(file: Hdf5File) {
    this.hdf5 = file;
  }

  async messages(at: number): Promise<readonly Message[]> {
    const known = this.#messages.get(at);
    if (known !== undefined) return known;
    const messages = await this.hdf5.messages(at);
    this.#messages.set(at, messages);
    return messages;
  }

  async links(at: number): Promise<ReadonlyMap<string, number>> {
    const known = this.#links.get(at);
    if (known !== undefined) return known;
    const links = await this.hdf5.links(await this.messages(at));
    this.#links.set(at, links);
    return links;
  }

  async #attributesAt(at: number): Promise<ReadonlyMap<string, Attribute>> {
    const known = this.#attributes.get(at);
    if (known !== undefined) return known;
    const attributes = attributesOf(this.hdf5, await this.messages(at));
    this.#attributes.set(at, attributes);
    return attributes;
  }

  /** A list of names. Keras splits one that is too long for an attribute: 'weight_names0', 'weight_names1' and so on. */
  async strings(at: number, name: string): Promise<string[] | undefined> {
    const attributes = await this.#attributesAt(at);
    const whole = attributes.get(name);
    if (whole !== undefined) return stringsOf(this.hdf5, name, whole);
    const parts: string[] = [];
    for (let i = 0; ; i++) {
      const part = attributes.get(`${name}${i}`);
      if (part === undefined) return i === 0 ? undefined : parts;
      for (const one of stringsOf(this.hdf5, `${name}${i}`, part)) parts.push(one);
      if (parts.length > MAX_NAMES) throw this.hdf5.pages.refused('has more names than any model');
    }
  }

  /** Follows `path` from the group at `at`. */
  async resolve(at: number, path: string): Promise<number> {
    let place = at;
    for (const part of path.split('/')) {
      const next = (await this.links(place)).get(part);
      if (next === undefined) throw this.hdf5.pages.damaged(`there is no ${JSON.stringify(path)}, which it lists`);
      place = next;
    }
    return place;
  }
}

async function kerasWeights(reader: Reader, group: number, layers: readonly string[]): Promise<Map<string, Dataset>> {
  const found = new Map<string, Dataset>();
  const own = (await reader.links(group)).has(TOP_LEVEL) && !layers.includes(TOP_LEVEL) ? [TOP_LEVEL] : [];
  for (const layer of [...layers, ...own]) {
    const place = await reader.resolve(group, layer);
    for (const weight of (await reader.strings(place, 'weight_names')) ?? []) {
      const dataset = datasetOf(reader.hdf5, await reader.messages(await reader.resolve(place, weight)));
      if (dataset === undefined) throw reader.hdf5.pages.damaged(`${JSON.stringify(weight)} holds no values`);
      const name = found.has(weight) ? `${layer}/${weight}` : weight;
      if (found.has(name)) throw reader.hdf5.pages.damaged(`it lists ${JSON.stringify(name)} twice`);
      if (found.size >= MAX_NAMES) throw reader.hdf5.pages.refused('has more weights than any model');
      found.set(name, dataset);
    }
  }
  return found;
}

/** Every dataset once, under the first path that leads to it: groups may contain each other. */
async function allDatasets(reader: Reader, root: number): Promise<Map<string, Dataset>> {
  const found = new Map<string, Dataset>();
  const seen = new Set([root]);
  const waiting: [string, number][] = [['', root]];
  for (const [path, place] of waiting) {
    const dataset = path === '' ? undefined : datasetOf(reader.hdf5, await reader.messages(place));
    if (dataset !== undefined) {
      found.set(path, dataset);
      continue;
    }
    for (const [name, next] of await reader.links(place)) {
      if (seen.has(next)) continue;
      seen.add(next);
      const longer = path === '' ? name : `${path}/${name}`;
      if (longer.length > 4096) throw reader.hdf5.pages.refused('has deeper groups than any model');
      waiting.push([longer, next]);
    }
  }
  return found;
}

/** Values have the bytes their shape needs, inside the file, and share them with no others. */
function checkPlaces(file: Hdf5File, found: ReadonlyMap<string, Dataset>, size: number): void {
  const places = [...found].filter(([, { dtype }]) => dtype !== undefined);
  for (const [name, { dtype, shape, at, size: bytes }] of places) {
    const label = JSON.stringify(name);
    if (elementCount(shape, label) * bytesOf(dtype!) !== bytes) {
      throw file.pages.damaged(`${label} of shape [${shape.join(', ')}] has ${bytes} bytes`);
    }
    if (at + bytes > size) throw file.pages.damaged(`${label} lies beyond its end`);
  }
  const sorted = places.filter(([, { size: bytes }]) => bytes > 0).toSorted(([, a], [, b]) => a.at - b.at);
  for (const [i, [name, { at }]] of sorted.entries()) {
    const before = sorted[i - 1]?.[1];
    // The very same place twice is one dataset under two names.
    if (before !== undefined && before.at !== at && before.at + before.size > at) {
      throw file.pages.damaged(`${JSON.stringify(name)} overlaps another`);
    }
  }
}

function entriesOf(file: FileReader, found: ReadonlyMap<string, Dataset>): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const [name, { dtype, shape, at, size, bigEndian }] of found) {
    if (dtype === undefined) continue;
    const info = { dtype, shape };
    const read = async (): Promise<Uint8Array<ArrayBuffer>> => {
      const bytes = await file.read(at, size);
      if (bigEndian) swap(bytes, bytesOf(dtype));
      return bytes;
    };
    entries.set(name, { info, read: async () => tensorOf(info, await read()) });
  }
  return entries;
}

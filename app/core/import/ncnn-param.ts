/** The text form of an ncnn network: a layer a line. https://github.com/Tencent/ncnn/wiki/param-and-model-file-structure */
import { AppError } from '../../contract/errors.ts';
import type { FileReader } from './file-reader.ts';

export interface NcnnLayer {
  readonly type: string;
  readonly name: string;
  /** Names of the blobs that go in and come out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** By id. An array's id is written as -23300 - id and kept as id. */
  readonly params: ReadonlyMap<number, number | readonly number[]>;
}

export interface NcnnGraph {
  readonly layers: readonly NcnnLayer[];
}

/** The first line of the text form, and the first four bytes of the binary one. */
const MAGIC = 7767517;
/** The largest published graph has 60 KB. */
const MAX_TEXT = 2 ** 21;
const MAX_BLOBS = 1000;

/** 'text', 'binary', or undefined when the bytes begin neither way. */
export function paramKind(head: Uint8Array): 'text' | 'binary' | undefined {
  const bytes = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 16));
  if (/^7767517\r?\n/.test(bytes.toString('latin1'))) return 'text';
  return bytes.length >= 4 && bytes.readUInt32LE() === MAGIC ? 'binary' : undefined;
}

/** Parses the text form. Throws `checkpoint-damaged`; `checkpoint-refused` for one that is beyond all reason long. */
export async function readParam(file: FileReader): Promise<NcnnGraph> {
  if (file.size > MAX_TEXT) {
    throw new AppError('checkpoint-refused', `${file.path} is not read: a graph of ${file.size} bytes.`);
  }
  const text = Buffer.from(await file.read(0, file.size)).toString('utf8');
  const [magic, counts, ...lines] = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const [layerCount, blobCount] = (counts ?? '').trim().split(/\s+/).map(Number);
  if (Number(magic) !== MAGIC || !Number.isSafeInteger(layerCount) || !Number.isSafeInteger(blobCount)) {
    throw damaged(file, 'its first two lines are not those of a graph');
  }
  if (lines.length !== layerCount) throw damaged(file, `it has ${lines.length} layers and announces ${layerCount}`);
  const layers = lines.map((line, i) => parseLayer(file, line, i + 3));
  refuseRepeats(file, layers);
  return { layers };
}

/** A blob comes out of one layer, a name belongs to one layer. */
function refuseRepeats(file: FileReader, layers: readonly NcnnLayer[]): void {
  const names = new Set<string>();
  const blobs = new Set<string>();
  for (const { name, inputs, outputs } of layers) {
    if (names.has(name)) throw damaged(file, `two layers have the name ${JSON.stringify(name)}`);
    names.add(name);
    const missing = inputs.find((input) => !blobs.has(input));
    if (missing !== undefined)
      throw damaged(file, `the layer ${name} takes ${JSON.stringify(missing)}, which nothing gave`);
    for (const output of outputs) {
      if (blobs.has(output)) throw damaged(file, `two layers give ${JSON.stringify(output)}`);
      blobs.add(output);
    }
  }
}

/** TYPE NAME INPUTS OUTPUTS input... output... id=value... */
function parseLayer(file: FileReader, line: string, row: number): NcnnLayer {
  const words = line.trim().split(/\s+/);
  const [type, name, ins, outs] = words;
  const [inputs, outputs] = [Number(ins), Number(outs)];
  const areCounts = [inputs, outputs].every((count) => Number.isSafeInteger(count) && count >= 0 && count <= MAX_BLOBS);
  if (type === undefined || name === undefined || !areCounts || words.length < 4 + inputs + outputs) {
    throw damaged(file, `line ${row} is no layer`);
  }
  const params = new Map<number, number | readonly number[]>();
  for (const word of words.slice(4 + inputs + outputs)) {
    const [id, value] = parseParam(word) ?? [];
    if (id === undefined || value === undefined)
      throw damaged(file, `line ${row} has the setting ${JSON.stringify(word)}`);
    params.set(id, value);
  }
  return {
    type,
    name,
    inputs: words.slice(4, 4 + inputs),
    outputs: words.slice(4 + inputs, 4 + inputs + outputs),
    params,
  };
}

function parseParam(word: string): [number, number | number[]] | undefined {
  const [, key, text] = /^(-?\d{1,6})=(\S+)$/.exec(word) ?? [];
  if (key === undefined || text === undefined) return undefined;
  const id = Number(key);
  if (id >= 0) {
    const value = Number(text);
    return Number.isNaN(value) ? undefined : [id, value];
  }
  // An array is preceded by its length.
  const [length, ...values] = text.split(',').map(Number);
  const isWhole = id <= -23300 && length === values.length && values.every((value) => !Number.isNaN(value));
  return isWhole ? [-23300 - id, values] : undefined;
}

function damaged(file: FileReader, why: string): AppError {
  return new AppError('checkpoint-damaged', `${file.path} is a damaged ncnn graph: ${why}.`);
}

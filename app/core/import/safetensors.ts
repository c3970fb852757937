/** Safetensors: eight bytes of length, a JSON header, the values. https://huggingface.co/docs/safetensors */
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import { parseJson } from '../base/json.ts';
import { checkpointOf, type Checkpoint, type Entry, type Importer } from './checkpoint.ts';
import type { FileReader } from './file-reader.ts';
import { bytesOf, elementCount, tensorOf, type Dtype, type TensorInfo } from './tensor.ts';

/** Enough for more than 100,000 tensors, and still parsed in a fraction of a second. */
const MAX_HEADER = 16 * 2 ** 20;

const DTYPES: ReadonlyMap<string, Dtype> = new Map([
  ['F64', 'f64'],
  ['F32', 'f32'],
  ['F16', 'f16'],
  ['BF16', 'bf16'],
  ['I64', 'i64'],
  ['I32', 'i32'],
  ['I16', 'i16'],
  ['I8', 'i8'],
  ['U64', 'u64'],
  ['U32', 'u32'],
  ['U16', 'u16'],
  ['U8', 'u8'],
  ['BOOL', 'bool'],
]);

const headerSchema = z.record(z.string(), z.unknown());
const metadataSchema = z.record(z.string(), z.string());
const tensorSchema = z.object({
  dtype: z.string(),
  shape: z.array(z.number()).max(16),
  data_offsets: z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]),
});

export const safetensors: Importer = {
  format: 'safetensors',
  async match(head, file) {
    if (file.isFolder || head.length < 10) return false;
    const opens = /^\s*["}]/.test(Buffer.from(head.subarray(9, 64)).toString('latin1'));
    return headerLength(head) < 2 ** 40 && head[8] === 0x7b && opens;
  },
  open: openSafetensors,
};

function headerLength(head: Uint8Array): number {
  return Number(Buffer.from(head.buffer, head.byteOffset, 8).readBigUInt64LE());
}

/** One tensor of the header with the bytes it claims, counted from the end of the header. */
interface Claim {
  readonly name: string;
  readonly info: TensorInfo;
  readonly from: number;
  readonly to: number;
}

async function openSafetensors(file: FileReader): Promise<Checkpoint> {
  const length = headerLength(await file.read(0, 8));
  if (length > MAX_HEADER) {
    throw damaged(file, `its header claims ${length} bytes, more than the ${MAX_HEADER} that are read`);
  }
  const text = Buffer.from(await file.read(8, length)).toString('utf8');
  const header = parseJson(headerSchema, text);
  if (!header) throw damaged(file, 'its header is not JSON');
  if (countKeys(text) !== Object.keys(header).length) throw damaged(file, 'its header names a tensor twice');

  const { __metadata__: said, ...tensors } = header;
  const metadata = said === undefined ? {} : metadataSchema.safeParse(said).data;
  if (!metadata) throw damaged(file, 'its metadata are not texts');
  const claims = Object.entries(tensors).map(([name, value]) => claimOf(file, name, value));
  const start = 8 + length;
  refuseOverlaps(file, claims, file.size - start);

  const entries = new Map<string, Entry>();
  for (const { name, info, from, to } of claims) {
    entries.set(name, { info, read: async () => tensorOf(info, await file.read(start + from, to - from)) });
  }
  return checkpointOf('safetensors', file, entries, metadata);
}

function claimOf(file: FileReader, name: string, value: unknown): Claim {
  const parsed = tensorSchema.safeParse(value);
  if (!parsed.success) throw damaged(file, `its header says nothing sensible about ${JSON.stringify(name)}`);
  const { dtype: word, shape, data_offsets: offsets } = parsed.data;
  const dtype = DTYPES.get(word);
  if (dtype === undefined) {
    const sentence = `${file.path}: the tensor ${JSON.stringify(name)} has the type ${JSON.stringify(word)}, which is not read.`;
    throw new AppError('checkpoint-refused', sentence);
  }
  const [from, to] = offsets;
  if (to - from !== elementCount(shape, `The tensor ${JSON.stringify(name)}`) * bytesOf(dtype)) {
    throw damaged(file, `${JSON.stringify(name)} claims ${to - from} bytes, which its shape does not fill`);
  }
  return { name, info: { dtype, shape }, from, to };
}

/** The format's own rule: the tensors' bytes follow one another without overlap or hole and fill the file. */
function refuseOverlaps(file: FileReader, claims: readonly Claim[], size: number): void {
  let end = 0;
  for (const { name, from, to } of claims.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    if (from !== end) throw damaged(file, `the bytes of ${JSON.stringify(name)} overlap others or leave a hole`);
    end = to;
  }
  if (end !== size) throw damaged(file, `its tensors need ${end} bytes and it has ${size}`);
}

/** Keys of the outermost object of valid JSON, repeated ones counted again: JSON.parse keeps the last and tells nobody. */
function countKeys(json: string): number {
  let depth = 0;
  let keys = 0;
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/g)) {
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (token === ':' && depth === 1) keys++;
  }
  return keys;
}

function damaged(file: FileReader, why: string): AppError {
  return new AppError('checkpoint-damaged', `${file.path} is a damaged safetensors file: ${why}.`);
}

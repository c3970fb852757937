/** What the messages of an HDF5 object say: a dataset's type, shape and place, an attribute's strings. */
import { MESSAGE, textIn, type Hdf5File, type Message } from './hdf5-file.ts';
import type { Dtype } from './tensor.ts';

export interface Dataset {
  /** Undefined for strings and whatever else is no number. */
  readonly dtype: Dtype | undefined;
  readonly bigEndian: boolean;
  readonly shape: readonly number[];
  readonly at: number;
  readonly size: number;
}

type View = DataView<ArrayBufferLike>;

const FLOATS: Readonly<Record<number, Dtype>> = { 2: 'f16', 4: 'f32', 8: 'f64' };
const SIGNED: Readonly<Record<number, Dtype>> = { 1: 'i8', 2: 'i16', 4: 'i32', 8: 'i64' };
const UNSIGNED: Readonly<Record<number, Dtype>> = { 1: 'u8', 2: 'u16', 4: 'u32', 8: 'u64' };
const TEXT_CLASS = 3;

/** The dataset these messages describe; undefined when they are a group's. Throws `checkpoint-refused` for chunked or external values. */
export function datasetOf(file: Hdf5File, messages: readonly Message[]): Dataset | undefined {
  const body = (type: number): View | undefined => messages.find((message) => message.type === type)?.body;
  const layout = messages.find((message) => message.type === MESSAGE.layout);
  const type = body(MESSAGE.datatype);
  const space = body(MESSAGE.dataspace);
  if (!layout || !type || !space) return undefined;
  if (body(MESSAGE.external)) throw file.pages.refused('keeps values in other files');
  const { dtype, bigEndian } = typeOf(file, type);
  return { dtype, bigEndian, shape: shapeOf(file, space), ...placeOf(file, layout) };
}

/** An attribute before anything of it is read. */
export interface Attribute {
  readonly type: View;
  readonly space: View;
  readonly data: View;
}

/** An object's attributes by name; the first of a name counts. Throws `checkpoint-refused` when they are in an index. */
export function attributesOf(file: Hdf5File, messages: readonly Message[]): ReadonlyMap<string, Attribute> {
  const attributes = new Map<string, Attribute>();
  for (const { type, body } of messages) {
    if (type === MESSAGE.attributeInfo && isDense(body))
      throw file.pages.refused('keeps its attributes in an index that is not read');
    if (type !== MESSAGE.attribute) continue;
    const { name, ...attribute } = attributeParts(file, body);
    if (!attributes.has(name)) attributes.set(name, attribute);
  }
  return attributes;
}

/** The strings of the attribute called `name`. Fixed-length strings only. */
export function stringsOf(file: Hdf5File, name: string, { type, space, data }: Attribute): string[] {
  const { width, kind } = typeOf(file, type);
  const count = shapeOf(file, space).reduce((product, size) => product * size, 1);
  // A layer without weights has an empty list, which numpy takes for numbers.
  if (count === 0) return [];
  if (kind !== TEXT_CLASS || width === 0) throw file.pages.refused(`has ${name} as something else than plain text`);
  if (count * width > data.byteLength) throw file.pages.damaged(`${name} ends early`);
  return Array.from({ length: count }, (_, i) => textIn(slice(file, data, i * width, width)));
}

function attributeParts(file: Hdf5File, body: View): Attribute & { readonly name: string } {
  const head = slice(file, body, 0, 8);
  const version = head.getUint8(0);
  if (version < 1 || version > 3) throw file.pages.damaged('an attribute is of no known version');
  // Version 1 pads every part to eight bytes; version 3 has the name's character set before it.
  const padded = (size: number): number => (version === 1 ? Math.ceil(size / 8) * 8 : size);
  const sizes = [2, 4, 6].map((at) => head.getUint16(at, true));
  let at = version === 3 ? 9 : 8;
  const [name, type, space] = sizes.map((size) => {
    const part = slice(file, body, at, size);
    at += padded(size);
    return part;
  });
  return { name: textIn(name!), type: type!, space: space!, data: slice(file, body, at, body.byteLength - at) };
}

interface TypeFacts {
  readonly dtype: Dtype | undefined;
  readonly bigEndian: boolean;
  /** Class of the type, and bytes of an element. */
  readonly kind: number;
  readonly width: number;
}

function typeOf(file: Hdf5File, body: View): TypeFacts {
  const view = slice(file, body, 0, 8);
  const kind = view.getUint8(0) & 15;
  const bits = view.getUint8(1);
  const width = view.getUint32(4, true);
  const bigEndian = (bits & 1) === 1;
  if (kind === 0) return { kind, width, bigEndian, dtype: (bits & 8 ? SIGNED : UNSIGNED)[width] };
  if (kind !== 1) return { kind, width, bigEndian, dtype: undefined };
  const properties = slice(file, body, 8, 12);
  // Ten fraction bits are IEEE's half, seven are bfloat16.
  const short = width === 2 && properties.getUint8(7) === 7;
  return { kind, width, bigEndian, dtype: short ? 'bf16' : FLOATS[width] };
}

function shapeOf(file: Hdf5File, body: View): number[] {
  const head = slice(file, body, 0, 4);
  const version = head.getUint8(0);
  const rank = head.getUint8(1);
  if (version !== 1 && version !== 2) throw file.pages.damaged('a shape is of no known version');
  if (version === 2 && head.getUint8(3) === 2) return [0];
  const start = version === 1 ? 8 : 4;
  return Array.from({ length: rank }, (_, i) => file.address(body, start + 8 * i));
}

/** Version 3 and 4 of the layout message, which may hold the values itself. */
function placeOf(file: Hdf5File, { at: start, body }: Message): { at: number; size: number } {
  const head = slice(file, body, 0, 4);
  const [version, kind] = [head.getUint8(0), head.getUint8(1)];
  if (version < 3 || version > 4) throw file.pages.refused('has values laid out in an old way');
  if (kind === 0) return { at: start + 4, size: head.getUint16(2, true) };
  if (kind !== 1)
    throw file.pages.refused('has values in packed chunks, which is not read; save it again without compression');
  const size = file.address(body, 10);
  // Nothing was ever written: HDF5 leaves the address undefined, and there is no value to import.
  return { at: size === 0 ? 0 : file.address(body, 2), size };
}

function isDense(body: View): boolean {
  const at = 2 + (body.byteLength > 1 && body.getUint8(1) & 1 ? 2 : 0);
  return at + 8 <= body.byteLength && body.getBigUint64(at, true) !== 0xffffffffffffffffn;
}

function slice(file: Hdf5File, view: View, at: number, length: number): View {
  if (length < 0 || at + length > view.byteLength) throw file.pages.damaged('a description ends early');
  return new DataView(view.buffer, view.byteOffset + at, length);
}

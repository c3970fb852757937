/**
 * tf.train.Example (tensorflow/core/example/{example,feature}.proto): named lists of bytes, floats or whole numbers, over the wire module
 * of @bufbuild/protobuf ([Note: protobuf by its wire module]).
 */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { AppError } from '../../contract/errors.ts';

export type Feature =
  | { readonly kind: 'bytes'; readonly values: readonly Uint8Array[] }
  | { readonly kind: 'floats'; readonly values: readonly number[] }
  | { readonly kind: 'ints'; readonly values: readonly number[] };

export type Example = Readonly<Record<string, Feature>>;

/** Example.features, Features.feature, MapEntry.{key,value}, and the one field of each list, are numbered so. */
const ONLY = 1;
const KEY = 1;
const VALUE = 2;
/** Fields of Feature by kind. */
const KINDS = { bytes: 1, floats: 2, ints: 3 } as const;
/** Empty values take two bytes each: without a bound a record of 64 MiB would become 32 million objects. */
const MAX_VALUES = 100_000;

export function encodeExample(example: Example): Uint8Array {
  const writer = new BinaryWriter();
  nested(writer, ONLY, () => {
    for (const [name, feature] of Object.entries(example))
      nested(writer, ONLY, () => {
        writer.tag(KEY, WireType.LengthDelimited).string(name);
        nested(writer, VALUE, () => nested(writer, KINDS[feature.kind], () => writeList(writer, feature)));
      });
  });
  return writer.finish();
}

function nested(writer: BinaryWriter, field: number, body: () => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  body();
  writer.join();
}

function writeList(writer: BinaryWriter, feature: Feature): void {
  if (feature.kind === 'bytes') {
    for (const value of feature.values) writer.tag(ONLY, WireType.LengthDelimited).bytes(value);
    return;
  }
  nested(writer, ONLY, () => {
    for (const value of feature.values) {
      if (feature.kind === 'floats') writer.float(value);
      else writer.int64(value);
    }
  });
}

/**
 * The features of a record; bytes are views of it. Throws `bad-records` for what is no Example, holds whole numbers beyond 2^53 or more
 * than 100,000 values.
 */
export function decodeExample(record: Uint8Array): Example {
  const features = new Map<string, Feature>();
  const count = { left: MAX_VALUES };
  try {
    eachPart(record, ONLY, (all) =>
      eachPart(all, ONLY, (entry) => {
        let name = '';
        let feature: Feature | undefined;
        const reader = new BinaryReader(entry);
        while (reader.pos < reader.len) {
          const [field, wire] = reader.tag();
          if (field === KEY && wire === WireType.LengthDelimited) name = reader.string();
          else if (field === VALUE && wire === WireType.LengthDelimited) feature = readFeature(reader.bytes(), count);
          else reader.skip(wire, field);
        }
        if (--count.left < 0) throw new RangeError('it has too many features');
        if (feature) features.set(name, feature);
      }),
    );
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('bad-records', `A record is no tf.train.Example: ${why}.`, { cause });
  }
  return Object.fromEntries(features);
}

/** Calls `visit` with the bytes of every field `wanted`. */
function eachPart(message: Uint8Array, wanted: number, visit: (part: Uint8Array) => void): void {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (field === wanted && wire === WireType.LengthDelimited) visit(reader.bytes());
    else reader.skip(wire, field);
  }
}

interface Budget {
  left: number;
}

function readFeature(message: Uint8Array, budget: Budget): Feature | undefined {
  let feature: Feature | undefined;
  eachPart(message, KINDS.bytes, (list) => {
    const values: Uint8Array[] = [];
    eachPart(list, ONLY, (value) => push(values, value, budget));
    feature = { kind: 'bytes', values };
  });
  eachPart(message, KINDS.floats, (list) => {
    feature = { kind: 'floats', values: numbers(list, WireType.Bit32, budget, (reader) => reader.float()) };
  });
  eachPart(message, KINDS.ints, (list) => {
    feature = { kind: 'ints', values: numbers(list, WireType.Varint, budget, whole) };
  });
  return feature;
}

/** Numbers, packed or one by one. */
function numbers(list: Uint8Array, single: WireType, budget: Budget, read: (r: BinaryReader) => number): number[] {
  const values: number[] = [];
  const reader = new BinaryReader(list);
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (field === ONLY && wire === WireType.LengthDelimited) {
      const packed = new BinaryReader(reader.bytes());
      while (packed.pos < packed.len) push(values, read(packed), budget);
    } else if (field === ONLY && wire === single) push(values, read(reader), budget);
    else reader.skip(wire, field);
  }
  return values;
}

function push<T>(values: T[], value: T, budget: Budget): void {
  if (--budget.left < 0) throw new RangeError('it has too many values');
  values.push(value);
}

function whole(reader: BinaryReader): number {
  const value = Number(reader.int64());
  if (!Number.isSafeInteger(value)) throw new RangeError(`the number ${value} is too large`);
  return value;
}

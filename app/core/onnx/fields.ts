/** The fields of a protobuf message, one after the other, each read with its wire type checked. */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { AppError } from '../../contract/errors.ts';

const WIRE_NAMES = ['a varint', '8 bytes', 'a length', 'a group', 'the end of a group', '4 bytes'];

/** Ends in AppError bad-model. */
export function malformed(what: string, cause?: unknown): never {
  throw new AppError('bad-model', `This is not a sound ONNX file: ${what}.`, { cause });
}

/** The field a message is at. */
export class Field {
  readonly number: number;
  private readonly wire: WireType;
  private readonly reader: BinaryReader;

  constructor(reader: BinaryReader, number: number, wire: WireType) {
    this.reader = reader;
    this.number = number;
    this.wire = wire;
  }

  private expect(wire: WireType): BinaryReader {
    if (this.wire !== wire) malformed(`field ${this.number} holds ${WIRE_NAMES[this.wire]}, not ${WIRE_NAMES[wire]}`);
    return this.reader;
  }

  /** Bytes as a view of the file. */
  bytes(): Uint8Array {
    return this.expect(WireType.LengthDelimited).bytes();
  }

  text(): string {
    return this.expect(WireType.LengthDelimited).string();
  }

  /** A whole number that a double holds exactly. */
  int(): number {
    return whole(this.expect(WireType.Varint));
  }

  float(): number {
    return this.expect(WireType.Bit32).float();
  }

  /** Adds whole numbers to `list`: one, or as many as are packed here. Never more than `limit` in all. */
  ints(list: number[], limit: number): void {
    this.repeated(list, limit, WireType.Varint, whole);
  }

  /** As `ints`, of float32. */
  floats(list: number[], limit: number): void {
    this.repeated(list, limit, WireType.Bit32, (reader) => reader.float());
  }

  private repeated(list: number[], limit: number, single: WireType, read: (reader: BinaryReader) => number): void {
    const add = (reader: BinaryReader) => {
      if (list.length >= limit) malformed(`field ${this.number} holds more than ${limit} numbers`);
      list.push(read(reader));
    };
    if (this.wire !== WireType.LengthDelimited) return add(this.expect(single));
    const packed = new BinaryReader(this.bytes());
    while (packed.pos < packed.len) add(packed);
    if (packed.pos !== packed.len) malformed(`field ${this.number} is cut off`);
  }

  skip(): void {
    this.reader.skip(this.wire, this.number);
  }
}

function whole(reader: BinaryReader): number {
  const value = Number(reader.int64());
  return Number.isSafeInteger(value) ? value : malformed(`the number ${value} is too large`);
}

/** Calls `visit` for each field of `message`, which reads the field or skips it. Throws bad-model for what is no message. */
export function eachField(message: Uint8Array, visit: (field: Field) => void): void {
  const reader = new BinaryReader(message);
  try {
    while (reader.pos < reader.len) {
      const [number, wire] = reader.tag();
      visit(new Field(reader, number, wire));
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    malformed(error instanceof Error ? error.message : String(error), error);
  }
  if (reader.pos !== reader.len) malformed('it is cut off');
}

/** Walks the fields of a protobuf message that stays on the disk: of a long field only its place is read. */
import type { PagedFile } from './paged-file.ts';
import { readVarint } from './proto-fields.ts';

export interface PlacedField {
  readonly number: number;
  /** 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes. */
  readonly wire: number;
  /** Of a varint, signed; 0 of the other kinds. */
  readonly value: number;
  /** Where its bytes are (the varint itself, or what a length precedes) and how many. */
  readonly at: number;
  readonly length: number;
}

/** Two varints of at most ten bytes. */
const HEAD = 20;

/** The fields of the message from `from` to `to`, in order. Throws `checkpoint-damaged` when it is no message. */
export async function* placedFields(file: PagedFile, from: number, to: number): AsyncGenerator<PlacedField> {
  for (let at = from; at < to;) {
    const view = await file.view(at, Math.min(HEAD, to - at));
    const cursor = { bytes: new Uint8Array(view.buffer, view.byteOffset, view.byteLength), at: 0 };
    const tag = readVarint(cursor);
    const number = Math.floor(tag / 8);
    const wire = tag % 8;
    if (number < 1 || tag > 0xffffffff) throw file.damaged('a field has no number');
    const start = at + cursor.at;
    const value = wire === 0 || wire === 2 ? readVarint(cursor) : 0;
    const length = wire === 2 ? value : wire === 1 ? 8 : wire === 5 ? 4 : at + cursor.at - start;
    const place = wire === 2 ? at + cursor.at : start;
    if (wire === 3 || wire === 4 || wire > 5) throw file.damaged('a field is of no known kind');
    if (!(length >= 0 && place + length <= to)) throw file.damaged('a field leads out of its message');
    yield { number, wire, value: wire === 0 ? value : 0, at: place, length };
    at = place + length;
  }
}

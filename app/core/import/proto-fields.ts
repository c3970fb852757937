/**
 * [Note: protobuf by hand] TensorFlow's checkpoints need some thirty fields of nine messages, out of schemas of a hundred files. A
 * generated decoder builds every object a message declares, so a few megabytes of empty sub-messages fill the memory; here
 * the caller walks fields, skips what it does not know and counts what it keeps.
 */
import { AppError } from '../../contract/errors.ts';

/** One field as it stands in the bytes. `bytes` shares their memory and is empty unless length-delimited. */
export interface Field {
  readonly number: number;
  /** The integer of a varint (signed 64 bit; beyond 2^53 only near) or of a fixed32; 0 for the other kinds. */
  readonly value: number;
  readonly bytes: Uint8Array;
}

const NONE = new Uint8Array();
const UTF8 = new TextDecoder();

/** The fields of the message in `bytes`, in order. Throws `checkpoint-damaged` when it is no message. */
export function* fieldsOf(bytes: Uint8Array): Generator<Field, void, undefined> {
  const cursor = { bytes, at: 0 };
  while (cursor.at < bytes.length) {
    const tag = readVarint(cursor);
    const number = Math.floor(tag / 8);
    if (number < 1 || tag > 0xffffffff) throw damaged('a field has no number');
    switch (tag % 8) {
      case 0:
        yield { number, value: readVarint(cursor), bytes: NONE };
        break;
      case 1:
        take(cursor, 8);
        yield { number, value: 0, bytes: NONE };
        break;
      case 2:
        yield { number, value: 0, bytes: take(cursor, readVarint(cursor)) };
        break;
      case 5: {
        const [a, b, c, d] = take(cursor, 4);
        yield { number, value: a! + b! * 2 ** 8 + c! * 2 ** 16 + d! * 2 ** 24, bytes: NONE };
        break;
      }
      default:
        throw damaged('a field is of no known kind');
    }
  }
}

export function textOf(bytes: Uint8Array): string {
  return UTF8.decode(bytes);
}

/** Where reading stands in some bytes. */
export interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

/** A varint of up to 64 bits, read as signed; beyond 2^53 only near, so callers check for safe integers. */
export function readVarint(cursor: Cursor): number {
  let value = 0;
  for (let i = 0; i < 10; i++) {
    const byte = cursor.bytes[cursor.at++];
    if (byte === undefined) throw damaged('it ends early');
    value += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) return value < 2 ** 63 ? value : negative(cursor.bytes.subarray(cursor.at - i - 1, cursor.at));
  }
  throw damaged('a number does not end');
}

/** The next `length` bytes, without a copy. */
export function take(cursor: Cursor, length: number): Uint8Array {
  const from = cursor.at;
  if (!(length >= 0 && length <= cursor.bytes.length - from)) throw damaged('it ends early');
  cursor.at += length;
  return cursor.bytes.subarray(from, cursor.at);
}

/** A double cannot hold a small negative number as 2^64 minus it, so those are put together exactly. */
function negative(bytes: Uint8Array): number {
  let value = 0n;
  for (const [i, byte] of bytes.entries()) value |= BigInt(byte & 127) << BigInt(7 * i);
  return Number(BigInt.asIntN(64, value));
}

function damaged(why: string): AppError {
  return new AppError('checkpoint-damaged', `The checkpoint's description is damaged: ${why}.`);
}

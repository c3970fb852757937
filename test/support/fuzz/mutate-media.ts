/** Media files spoilt in ways that depend on a number alone. */
import { crc32 } from 'node:zlib';
import { random } from '../random.ts';
import { partsOf, type Part } from './containers.ts';

/** What is done to a copy of the file; each takes numbers in [0, 1). */
type Spoiler = (bytes: Buffer, parts: readonly Part[], dice: Dice, other: Buffer) => Buffer;

interface Dice {
  /** A whole number in [0, limit). */
  below(limit: number): number;
  pick<T>(list: readonly T[]): T;
  /** A place, mostly near the beginning of a part, where what is written means something. */
  place(bytes: Buffer, parts: readonly Part[]): number;
}

const EXTREMES = [
  ...[0n, 1n, 2n, 7n, 8n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0x8000n, 0xffffn, 0x10000n, 0x40000n, 0xffffffn],
  ...[0x7fffffffn, 0x80000000n, 0xfffffffen, 0xffffffffn, 1n << 40n, (1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n],
];

function diceOf(seed: number): Dice {
  const next = random(seed);
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    below,
    pick: (list) => list[below(list.length)]!,
    place: (bytes, parts) => {
      const part = parts.length > 0 && next() < 0.8 ? parts[below(parts.length)]! : undefined;
      const at = part ? part.start + below(Math.min(part.end - part.start, 120)) : below(bytes.length);
      return Math.min(bytes.length - 1, at);
    },
  };
}

/** Writes the low bytes of `value`. */
function put(bytes: Buffer, at: number, width: number, value: bigint, little: boolean): void {
  for (let i = 0; i < width; i++) {
    const to = little ? at + i : at + width - 1 - i;
    if (to < bytes.length) bytes[to] = Number((value >> BigInt(8 * i)) & 0xffn);
  }
}

function sealed(bytes: Buffer, part: Part): void {
  if (part.seal !== 'png' || part.end > bytes.length) return;
  bytes.writeUInt32BE(crc32(bytes.subarray(part.start + 4, part.end - 4)), part.end - 4);
}

const flip: Spoiler = (bytes, parts, dice) => {
  for (let n = dice.below(12); n >= 0; n--) bytes[dice.place(bytes, parts)]! ^= 1 << dice.below(8);
  return bytes;
};

const extreme: Spoiler = (bytes, parts, dice) => {
  for (let n = dice.below(2); n >= 0; n--) {
    const width = dice.pick([1, 2, 4, 4, 8]);
    const part = parts.length > 0 ? dice.pick(parts) : undefined;
    const room = part ? Math.min(part.end - part.body, 160) : 0;
    // Fields of headers and tables are aligned to their width, more often than not.
    const at = part && room > 0 ? part.body + dice.below(Math.ceil(room / 2)) * 2 : dice.place(bytes, parts);
    put(bytes, at, width, dice.pick(EXTREMES), part?.size.kind === 'le' || (!part && dice.below(2) === 0));
    if (part) sealed(bytes, part);
  }
  return bytes;
};

const length: Spoiler = (bytes, parts, dice, other) => {
  if (parts.length === 0) return extreme(bytes, parts, dice, other);
  const { size, start, end } = dice.pick(parts);
  const near = [BigInt(end - start + 1), BigInt(Math.max(0, end - start - 1)), BigInt(bytes.length * 2)];
  const value = dice.pick([...EXTREMES, ...near]);
  if (size.kind === 'ebml') {
    // The marker of the width stays, so that the size alone is wrong; all ones is 'not known'.
    const bits = BigInt(7 * size.bytes);
    put(bytes, size.at, size.bytes, (1n << bits) | (value & ((1n << bits) - 1n)), false);
  } else put(bytes, size.at, size.bytes, value, size.kind === 'le');
  return bytes;
};

const repeat: Spoiler = (bytes, parts, dice) => {
  const from = parts.length > 0 ? dice.pick(parts) : { start: dice.below(bytes.length), end: bytes.length };
  const copy = bytes.subarray(from.start, Math.min(from.end, from.start + 65_536));
  const at = parts.length > 0 ? dice.pick(parts).start : dice.below(bytes.length);
  const times = dice.pick([1, 1, 2, 40]);
  return Buffer.concat([bytes.subarray(0, at), ...Array.from({ length: times }, () => copy), bytes.subarray(at)]);
};

const remove: Spoiler = (bytes, parts, dice) => {
  const from = parts.length > 0 ? dice.pick(parts) : { start: dice.below(bytes.length), end: 0 };
  const end = parts.length > 0 ? from.end : from.start + 1 + dice.below(2000);
  return Buffer.concat([bytes.subarray(0, from.start), bytes.subarray(end)]);
};

const truncate: Spoiler = (bytes, parts, dice) =>
  bytes.subarray(0, dice.below(3) === 0 ? dice.below(bytes.length) : dice.place(bytes, parts));

const swap: Spoiler = (bytes, _parts, dice) => {
  const size = dice.pick([4, 188, 512, 4096]);
  const [a, b] = [dice.below(bytes.length), dice.below(bytes.length)];
  const kept = Buffer.from(bytes.subarray(a, a + size));
  bytes.copy(bytes, a, b, Math.min(bytes.length, b + size));
  kept.copy(bytes, b);
  return bytes;
};

const wipe: Spoiler = (bytes, parts, dice) => {
  const at = dice.place(bytes, parts);
  return bytes.fill(dice.pick([0, 0, 0xff, 0x20]), at, Math.min(bytes.length, at + 1 + dice.below(3000)));
};

const splice: Spoiler = (bytes, parts, dice, other) => {
  const otherParts = partsOf(other);
  const [at, from] = [dice.place(bytes, parts), dice.place(other, otherParts)];
  return Buffer.concat([bytes.subarray(0, at), other.subarray(from)]);
};

const SPOILERS: readonly (readonly [name: string, spoil: Spoiler, share: number])[] = [
  ['flip', flip, 3],
  ['extreme', extreme, 6],
  ['length', length, 3],
  ['repeat', repeat, 1],
  ['remove', remove, 2],
  ['truncate', truncate, 2],
  ['swap', swap, 1],
  ['wipe', wipe, 1],
  ['splice', splice, 1],
];
const SHARES = SPOILERS.flatMap(([name, way, share]) => Array.from({ length: share }, () => ({ name, way })));

/** `original` spoilt by the ways that `seed` says, one to three; `other` is what it is spliced with. */
export function spoil(original: Buffer, seed: number, other: Buffer): { bytes: Buffer; ways: string[] } {
  const dice = diceOf(seed);
  const ways: string[] = [];
  let bytes = Buffer.from(original);
  for (let n = dice.pick([1, 1, 2, 3]); n > 0; n--) {
    const { name, way } = dice.pick(SHARES);
    ways.push(name);
    if (bytes.length > 16) bytes = Buffer.from(way(bytes, partsOf(bytes), dice, other));
  }
  return { bytes, ways };
}

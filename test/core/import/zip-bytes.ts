/** Writes zip archives, wrong ones too. */
import { deflateRawSync } from 'node:zlib';

export interface Part {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly deflate?: boolean;
  /** Sizes and offset in the zip64 field. */
  readonly wide?: boolean;
  readonly flags?: number;
  readonly method?: number;
  /** The size the directory claims. */
  readonly claims?: number;
  /** Where the directory says it is. */
  readonly at?: number;
}

const ONES = 0xffffffff;

export function zipBytes(parts: readonly Part[], { wideEnd = false, count = parts.length } = {}): Buffer {
  const pieces: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const part of parts) {
    const name = Buffer.from(part.name);
    const packed = part.deflate ? deflateRawSync(part.bytes) : Buffer.from(part.bytes);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50);
    local.writeUInt16LE(name.length, 26);
    directory.push(central(part, name, packed.length, part.at ?? at));
    pieces.push(local, name, packed);
    at += 30 + name.length + packed.length;
  }
  const size = directory.reduce((sum, bytes) => sum + bytes.length, 0);
  return Buffer.concat([
    ...pieces,
    ...directory,
    ...(wideEnd ? [end64(count, size, at)] : []),
    end(count, size, at, wideEnd),
  ]);
}

function central(part: Part, name: Buffer, packed: number, at: number): Buffer {
  const size = part.claims ?? part.bytes.length;
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x02014b50);
  header.writeUInt16LE(part.flags ?? 0, 8);
  header.writeUInt16LE(part.method ?? (part.deflate ? 8 : 0), 10);
  header.writeUInt32LE(part.wide ? ONES : packed, 20);
  header.writeUInt32LE(part.wide ? ONES : size, 24);
  header.writeUInt32LE(part.wide ? ONES : at, 42);
  header.writeUInt16LE(name.length, 28);
  header.writeUInt16LE(part.wide ? 28 : 0, 30);
  if (!part.wide) return Buffer.concat([header, name]);
  const extra = Buffer.alloc(28);
  extra.writeUInt16LE(1);
  extra.writeUInt16LE(24, 2);
  for (const [i, value] of [size, packed, at].entries()) extra.writeBigUInt64LE(BigInt(value), 4 + 8 * i);
  return Buffer.concat([header, name, extra]);
}

function end64(count: number, size: number, at: number): Buffer {
  const bytes = Buffer.alloc(76);
  bytes.writeUInt32LE(0x06064b50);
  for (const [i, value] of [count, count, size, at].entries()) bytes.writeBigUInt64LE(BigInt(value), 24 + 8 * i);
  bytes.writeUInt32LE(0x07064b50, 56);
  bytes.writeBigUInt64LE(BigInt(at + size), 64);
  return bytes;
}

function end(count: number, size: number, at: number, isWide: boolean): Buffer {
  const bytes = Buffer.alloc(22);
  bytes.writeUInt32LE(0x06054b50);
  bytes.writeUInt16LE(isWide ? 0xffff : count, 10);
  bytes.writeUInt32LE(isWide ? ONES : size, 12);
  bytes.writeUInt32LE(isWide ? ONES : at, 16);
  return bytes;
}

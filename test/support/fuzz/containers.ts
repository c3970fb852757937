/** Where the structure of media files lies: their boxes, elements and chunks, found without believing them. */

/** A part of a file that says its own length. */
export interface Part {
  readonly start: number;
  /** Where what it holds begins. */
  readonly body: number;
  readonly end: number;
  /** Place, width in bytes and kind of its length. */
  readonly size: { readonly at: number; readonly bytes: number; readonly kind: 'be' | 'le' | 'ebml' };
  /** Seals the part after its body changed (CRC). */
  readonly seal?: 'png';
}

const MOST_PARTS = 4000;

/** The parts of a file, outer ones before inner ones; none where the format is not known. */
export function partsOf(bytes: Buffer): Part[] {
  const head = bytes.toString('latin1', 0, 16);
  if (/^.{4}(ftyp|moov|mdat|wide|free|skip)/s.test(head)) return boxes(bytes);
  if (head.startsWith('\x1aE\xdf\xa3')) return elements(bytes);
  if (head.startsWith('RIFF')) return riff(bytes, 0, bytes.length);
  if (head.startsWith('\x89PNG')) return png(bytes);
  if (head.startsWith('\xff\xd8')) return jpeg(bytes);
  if (head.startsWith('FLV')) return flv(bytes);
  return [];
}

const HOLDS = /^(moov|trak|mdia|minf|stbl|edts|udta|mvex|moof|traf|dinf|meta|tapt|gmhd)$/;

function boxes(bytes: Buffer, from = 0, to = bytes.length, found: Part[] = []): Part[] {
  for (let at = from; at + 8 <= to && found.length < MOST_PARTS;) {
    const short = bytes.readUInt32BE(at);
    const long = short === 1 && at + 16 <= to;
    const size = long ? Number(bytes.readBigUInt64BE(at + 8)) : short === 0 ? to - at : short;
    if (size < 8 || at + size > to) break;
    const place = long ? { at: at + 8, bytes: 8 } : { at, bytes: 4 };
    const type = bytes.toString('latin1', at + 4, at + 8);
    const body = at + (long ? 16 : 8);
    found.push({ start: at, body, end: at + size, size: { ...place, kind: 'be' } });
    if (HOLDS.test(type)) boxes(bytes, body, at + size, found);
    else if (type === 'stsd') boxes(bytes, body + 8, at + size, found);
    at += size;
  }
  return found;
}

/** Segment, Tracks, TrackEntry, Video, Audio, Cluster, BlockGroup, Cues, CuePoint, Info, SeekHead, Seek, Tags, Chapters and what is in these. */
const MASTERS = new Set([
  ...[
    0x18538067, 0x1654ae6b, 0xae, 0xe0, 0xe1, 0x1f43b675, 0xa0, 0x1c53bb6b, 0xbb, 0xb7, 0x1549a966, 0x114d9b74, 0x4dbb,
  ],
  ...[0x1254c367, 0x7373, 0x1043a770, 0x45b9, 0xb6, 0x1941a469, 0x61a7, 0x1a45dfa3, 0x6d80, 0x6240, 0x55b0],
]);

function elements(bytes: Buffer, from = 0, to = bytes.length, found: Part[] = []): Part[] {
  for (let at = from; at + 2 <= to && found.length < MOST_PARTS;) {
    const idBytes = Math.clz32(bytes[at]! << 24) + 1;
    const sizeAt = at + idBytes;
    if (idBytes > 4 || sizeAt >= to) break;
    const sizeBytes = Math.clz32(bytes[sizeAt]! << 24) + 1;
    const body = sizeAt + sizeBytes;
    if (sizeBytes > 8 || body > to) break;
    let size = bytes[sizeAt]! & (0xff >> sizeBytes);
    for (let i = 1; i < sizeBytes; i++) size = size * 256 + bytes[sizeAt + i]!;
    const end = Math.min(to, body + size);
    found.push({ start: at, body, end, size: { at: sizeAt, bytes: sizeBytes, kind: 'ebml' } });
    if (MASTERS.has(bytes.readUIntBE(at, idBytes))) elements(bytes, body, end, found);
    at = end;
  }
  return found;
}

function riff(bytes: Buffer, from: number, to: number, found: Part[] = []): Part[] {
  for (let at = from; at + 8 <= to && found.length < MOST_PARTS;) {
    const size = bytes.readUInt32LE(at + 4);
    const holds = /^(RIFF|LIST)$/.test(bytes.toString('latin1', at, at + 4));
    const end = Math.min(to, at + 8 + size + (size % 2));
    const body = at + (holds ? 12 : 8);
    found.push({ start: at, body: Math.min(body, end), end, size: { at: at + 4, bytes: 4, kind: 'le' } });
    if (holds) riff(bytes, body, end, found);
    at = end;
  }
  return found;
}

function png(bytes: Buffer): Part[] {
  const found: Part[] = [];
  for (let at = 8; at + 12 <= bytes.length;) {
    const end = at + 12 + bytes.readUInt32BE(at);
    if (end > bytes.length) break;
    found.push({ start: at, body: at + 8, end, size: { at, bytes: 4, kind: 'be' }, seal: 'png' });
    at = end;
  }
  return found;
}

function jpeg(bytes: Buffer): Part[] {
  const found: Part[] = [];
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== 0xda;) {
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    if (end > bytes.length) break;
    found.push({ start: at, body: at + 4, end, size: { at: at + 2, bytes: 2, kind: 'be' } });
    at = end;
  }
  return found;
}

function flv(bytes: Buffer): Part[] {
  const found: Part[] = [];
  for (let at = 13; at + 11 <= bytes.length;) {
    const end = at + 15 + bytes.readUIntBE(at + 1, 3);
    if (end > bytes.length) break;
    found.push({ start: at, body: at + 11, end, size: { at: at + 1, bytes: 3, kind: 'be' } });
    at = end;
  }
  return found;
}

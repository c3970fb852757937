/** Footage as phones write it: what ffmpeg wrote, with the boxes, edits and trailers that it does not write. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';

function boxed(type: string, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length + 8, 0);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body]);
}

function numbers(...values: readonly number[]): Buffer {
  return words(values);
}

function words(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeInt32BE(value | 0, 4 * i);
  return bytes;
}

interface Part {
  readonly type: string;
  readonly whole: Buffer;
  readonly body: Buffer;
}

function partsOf(bytes: Buffer): Part[] {
  const parts: Part[] = [];
  for (let at = 0; at + 8 <= bytes.length;) {
    const size = bytes.readUInt32BE(at) || bytes.length - at;
    const whole = bytes.subarray(at, at + size);
    parts.push({ type: whole.toString('latin1', 4, 8), whole, body: whole.subarray(8) });
    at += size;
  }
  return parts;
}

/** Rewrites the moov box of a file in which it comes last, as ffmpeg writes it without faststart. */
function rewriteMoov(path: string, rewrite: (body: Buffer) => Buffer): void {
  const parts = partsOf(readFileSync(path));
  const last = parts.at(-1)!;
  if (last.type !== 'moov') throw new Error(`${path} does not end with its header`);
  const before = parts.slice(0, -1).map(({ whole }) => whole);
  writeFileSync(path, Buffer.concat([...before, boxed('moov', rewrite(last.body))]));
}

export interface Edit {
  /** Seconds of the film, seconds of the media (-1: a gap), and how fast the media runs. */
  readonly duration: number;
  readonly media: number;
  readonly rate: number;
}

/** Gives every track these edits, media counted from where the track's own first edit began (sound begins after what its codec padded). */
export function putEdits(path: string, edits: readonly Edit[]): void {
  rewriteMoov(path, (body) => {
    const parts = partsOf(body);
    const scale = parts.find(({ type }) => type === 'mvhd')!.body.readUInt32BE(12);
    return Buffer.concat(
      parts.map(({ type, whole, body: trak }) => (type === 'trak' ? withEdits(trak, edits, scale) : whole)),
    );
  });
}

function withEdits(trak: Buffer, edits: readonly Edit[], movieScale: number): Buffer {
  const parts = partsOf(trak);
  const mdia = parts.find(({ type }) => type === 'mdia')!;
  const scale = partsOf(mdia.body)
    .find(({ type }) => type === 'mdhd')!
    .body.readUInt32BE(12);
  const old = parts.find(({ type }) => type === 'edts');
  const start = old ? old.body.readInt32BE(8 + 8 + 4) : 0;
  const entries = edits.map(({ duration, media, rate }) =>
    numbers(
      Math.round(duration * movieScale),
      media < 0 ? -1 : start + Math.round(media * scale),
      Math.round(rate * 65_536),
    ),
  );
  const edts = boxed('edts', boxed('elst', numbers(0, edits.length), ...entries));
  return boxed(
    'trak',
    ...parts.flatMap(({ type, whole }) => (type === 'edts' ? [] : type === 'mdia' ? [edts, whole] : [whole])),
  );
}

/** Gives the frames of the video track these lengths, in its own units; its frames are stored in the order they are shown. Edits are left out. */
export function putSteps(path: string, steps: readonly number[]): void {
  const total = steps.reduce((sum, step) => sum + step, 0);
  const entries = steps.flatMap((step) => [1, step]);
  const changed = (type: string, whole: Buffer, body: Buffer): Buffer => {
    if (/^(mdia|minf|stbl)$/.test(type))
      return boxed(type, ...partsOf(body).map((part) => changed(part.type, part.whole, part.body)));
    if (type === 'stts') return boxed('stts', words([0, steps.length].concat(entries)));
    if (type !== 'mdhd') return whole;
    const head = Buffer.from(whole);
    head.writeUInt32BE(total, 8 + 16);
    return head;
  };
  rewriteMoov(path, (body) =>
    Buffer.concat(
      partsOf(body).map(({ type, whole, body: trak }) => {
        if (type !== 'trak' || !trak.includes('vide', 0, 'latin1')) return whole;
        const kept = partsOf(trak).filter((part) => part.type !== 'edts');
        return boxed('trak', ...kept.map((part) => changed(part.type, part.whole, part.body)));
      }),
    ),
  );
}

/** Samsung's box of the camera's mode, and the rate it says where the mode asks for it. */
export function putSamsungMode(path: string, mode: number, rate = 30): void {
  const saut = boxed('saut', numbers(0), Buffer.from([0, mode, 1, 4]));
  const smta = boxed('smta', numbers(0), saut, boxed('srfr', numbers(rate << 16)));
  rewriteMoov(path, (body) => Buffer.concat([body, boxed('udta', smta)]));
}

/** Samsung's trailer with these texts. */
export function appendTrailer(path: string, texts: Readonly<Record<string, string>>): void {
  appendFileSync(path, trailer(texts));
}

export function trailer(texts: Readonly<Record<string, string>>): Buffer {
  const blocks = Object.entries(texts).map(([name, text]) => {
    const head = Buffer.alloc(8);
    head.writeUInt16LE(0x890, 2);
    head.writeUInt32LE(name.length, 4);
    return Buffer.concat([head, Buffer.from(name + text, 'latin1')]);
  });
  const table = Buffer.alloc(12 + 12 * blocks.length);
  table.write('SEFH', 0, 'latin1');
  table.writeUInt32LE(106, 4);
  table.writeUInt32LE(blocks.length, 8);
  let before = 0;
  for (let i = blocks.length - 1; i >= 0; i--) {
    before += blocks[i]!.length;
    table.writeUInt16LE(0x890, 12 + 12 * i + 2);
    table.writeUInt32LE(before, 12 + 12 * i + 4);
    table.writeUInt32LE(blocks[i]!.length, 12 + 12 * i + 8);
  }
  const foot = Buffer.alloc(8);
  foot.writeUInt32LE(table.length, 0);
  foot.write('SEFT', 4, 'latin1');
  return Buffer.concat([...blocks, table, foot]);
}

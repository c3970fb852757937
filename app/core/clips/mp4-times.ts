/**
 * Exact frame times in an MP4 that was written at a constant rate.
 *
 * [Note: times put in afterwards] A proxy has one frame for each of the source's, at the source frame's own time. Those times are known for certain only when all
 * of it was decoded (a clock reset, frames without timestamps, a container that rounds), and not every ffmpeg hands uneven times on unharmed. So the proxy is
 * encoded as frame 0, 1, 2, ..., and then the table of times (stts) is replaced. Its encoder stores frames in the order they are shown, and ffmpeg
 * writes `moov` behind the pictures: nothing else moves. (ISO/IEC 14496-12, 8.6.1.2.)
 */
import { open, type FileHandle } from 'node:fs/promises';
import { AppError } from '../../contract/errors.ts';
import { TICKS } from '../../contract/time.ts';

/** More than the tables of a day of video. */
const MOST_MOOV = 256 << 20;
const MAX_32 = 0xffff_ffff;

/** A track's matrix that turns nothing. */
const UPRIGHT = '000100000000000000000000000000000001000000000000000000000000000040000000';

interface Box {
  readonly type: string;
  readonly start: number;
  /** Of what follows its size and type. */
  readonly body: number;
  readonly end: number;
}

/** Boxes that only hold boxes, on the way to the tables. */
const HOLDERS = new Set(['moov', 'trak', 'mdia', 'minf', 'stbl']);

/**
 * Gives the frames of the file's one video track their times. `times` in ticks, the first 0, strictly ascending; `end` in ticks. Throws `internal` when the
 * file is not of the kind that ffmpeg writes here, or has another number of frames.
 */
export async function putTimes(path: string, times: readonly number[], end: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const moov = await findMoov(file);
    const bytes = Buffer.alloc(moov.size);
    await file.read(bytes, 0, moov.size, moov.at);
    const retimed = retimedMoov(bytes, times, end);
    await file.truncate(moov.at);
    await file.write(retimed, 0, retimed.length, moov.at);
  } finally {
    await file.close();
  }
}

async function findMoov(file: FileHandle): Promise<{ at: number; size: number }> {
  const { size: total } = await file.stat();
  const head = Buffer.alloc(16);
  for (let at = 0; at + 8 <= total;) {
    await file.read(head, 0, 16, at);
    const short = head.readUInt32BE(0);
    const size = short === 1 ? Number(head.readBigUInt64BE(8)) : short;
    if (size < 8) break;
    if (head.toString('latin1', 4, 8) === 'moov') {
      // Only at the very end it can become longer.
      if (at + size !== total || size > MOST_MOOV) break;
      return { at, size };
    }
    at += size;
  }
  throw new AppError('internal', 'The proxy was not written as expected: its tables are not at its end.');
}

/** `moov`, a whole box, with other times for its video track. */
export function retimedMoov(moov: Buffer, times: readonly number[], end: number): Buffer {
  const scale = scaleFor(times, end);
  const timing: Timing = { times, end, scale, stored: times.map((time) => Math.round((time * scale) / TICKS)) };
  return rebuilt(moov, boxAt(moov, 0), timing, false);
}

interface Timing {
  readonly times: readonly number[];
  readonly end: number;
  /** Units a second. */
  readonly scale: number;
  /** Times in those units. */
  readonly stored: readonly number[];
}

/** Ticks, or as near to them as the longest frame fits 32 bits. */
function scaleFor(times: readonly number[], end: number): number {
  let longest = 1;
  for (let k = 0; k < times.length; k++) longest = Math.max(longest, (times[k + 1] ?? end) - times[k]!);
  let scale = TICKS;
  while ((longest * scale) / TICKS > MAX_32 / 2) scale /= 2;
  return Math.max(1, Math.floor(scale));
}

function boxAt(bytes: Buffer, start: number): Box {
  const size = bytes.readUInt32BE(start);
  const end = start + size;
  if (size < 8 || end > bytes.length)
    throw new AppError('internal', 'The proxy was not written as expected: a box is damaged.');
  return { type: bytes.toString('latin1', start + 4, start + 8), start, body: start + 8, end };
}

function boxesIn(bytes: Buffer, { body, end }: Box): Box[] {
  const boxes: Box[] = [];
  for (let at = body; at + 8 <= end;) {
    const box = boxAt(bytes, at);
    boxes.push(box);
    at = box.end;
  }
  return boxes;
}

function rebuilt(bytes: Buffer, box: Box, timing: Timing, video: boolean): Buffer {
  if (HOLDERS.has(box.type)) {
    const inside = boxesIn(bytes, box);
    const isVideo = video || (box.type === 'trak' && isVideoTrack(bytes, box));
    const movie = box.type === 'moov' ? movieScale(bytes, inside) : 0;
    if (movie > 0) extendMovie(bytes, inside, timing, movie);
    // Without its edit list the track is shown from time 0 to its end, which is what is wanted.
    const kept = inside.filter(({ type }) => !(isVideo && type === 'edts'));
    return boxed(box.type, ...kept.map((one) => rebuilt(bytes, one, timing, isVideo)));
  }
  if (video && box.type === 'stts') return boxed('stts', sttsBody(bytes, box, timing));
  if (video && box.type === 'mdhd') return boxed('mdhd', mdhdBody(bytes, box, timing));
  return bytes.subarray(box.start, box.end);
}

function isVideoTrack(bytes: Buffer, trak: Box): boolean {
  const mdia = boxesIn(bytes, trak).find(({ type }) => type === 'mdia');
  const hdlr = mdia && boxesIn(bytes, mdia).find(({ type }) => type === 'hdlr');
  return hdlr !== undefined && bytes.toString('latin1', hdlr.body + 8, hdlr.body + 12) === 'vide';
}

function movieScale(bytes: Buffer, inside: readonly Box[]): number {
  const mvhd = inside.find(({ type }) => type === 'mvhd');
  return mvhd && bytes[mvhd.body] === 0 ? bytes.readUInt32BE(mvhd.body + 12) : 0;
}

/** The film and its video track last until the last frame's end, and are shown as they are stored: in place, in the film's own units. */
function extendMovie(bytes: Buffer, inside: readonly Box[], { end }: Timing, scale: number): void {
  const length = Math.min(MAX_32, Math.ceil((end * scale) / TICKS));
  const mvhd = inside.find(({ type }) => type === 'mvhd')!;
  let longest = length;
  for (const trak of inside.filter(({ type }) => type === 'trak')) {
    const tkhd = boxesIn(bytes, trak).find(({ type }) => type === 'tkhd');
    if (!tkhd || bytes[tkhd.body] !== 0) continue;
    if (isVideoTrack(bytes, trak)) {
      bytes.writeUInt32BE(length, tkhd.body + 20);
      // ffmpeg copies the source's turn, which has been done.
      Buffer.from(UPRIGHT, 'hex').copy(bytes, tkhd.body + 40);
    } else longest = Math.max(longest, bytes.readUInt32BE(tkhd.body + 20));
  }
  bytes.writeUInt32BE(longest, mvhd.body + 16);
}

/** Runs of equal durations. */
function sttsBody(bytes: Buffer, box: Box, { stored, end, scale }: Timing): Buffer {
  const before = bytes.readUInt32BE(box.body + 4);
  let frames = 0;
  for (let i = 0; i < before; i++) frames += bytes.readUInt32BE(box.body + 8 + 8 * i);
  if (frames !== stored.length) {
    throw new AppError('internal', `The proxy has ${frames} frames where the source has ${stored.length}.`);
  }
  const runs: { count: number; duration: number }[] = [];
  const last = Math.round((end * scale) / TICKS);
  for (let k = 0; k < stored.length; k++) {
    const duration = Math.max(1, (stored[k + 1] ?? last) - stored[k]!);
    const run = runs.at(-1);
    if (run?.duration === duration) run.count++;
    else runs.push({ count: 1, duration });
  }
  const body = Buffer.alloc(8 + 8 * runs.length);
  body.writeUInt32BE(runs.length, 4);
  for (const [i, { count, duration }] of runs.entries()) {
    body.writeUInt32BE(count, 8 + 8 * i);
    body.writeUInt32BE(duration, 12 + 8 * i);
  }
  return body;
}

/** Version 1, whose length has 64 bits. */
function mdhdBody(bytes: Buffer, box: Box, { end, scale }: Timing): Buffer {
  const language = bytes[box.body] === 1 ? box.body + 32 : box.body + 20;
  const body = Buffer.alloc(36);
  body.writeUInt8(1, 0);
  body.writeUInt32BE(scale, 20);
  body.writeBigUInt64BE(BigInt(Math.round((end * scale) / TICKS)), 24);
  bytes.copy(body, 32, language, language + 4);
  return body;
}

function boxed(type: string, ...parts: readonly Buffer[]): Buffer {
  const size = parts.reduce((sum, part) => sum + part.length, 8);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(size, 0);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, ...parts]);
}

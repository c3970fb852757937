/** Of an MP4 or QuickTime header, what tells how a phone recorded: the tracks' rates and edits. Sizes are believed only as far as their boxes reach. */
import { median } from '../time/regular.ts';
import { boxesBetween, boxWithin, type MovieBox } from './movie-boxes.ts';

/** An edit (8.6.6): `duration` seconds of the film show the media from `media` seconds on, at `rate`; media -1 is a gap. */
export interface MovieEdit {
  readonly duration: number;
  readonly media: number;
  /** 16.16, as stored. */
  readonly rate: number;
}

export interface MovieTrack {
  readonly kind: string;
  /** Units a second of the media's times. */
  readonly scale: number;
  /** When the first frame is shown on the media's own clock, in seconds. */
  readonly first: number;
  /** Seconds of media as its table of times adds up. */
  readonly length: number;
  /** The median frame's, in seconds; 0 where there is none. */
  readonly interval: number;
  readonly edits: readonly MovieEdit[];
}

/** A table of more entries is looked at as far as this. */
const MOST_ENTRIES = 1 << 22;
/** The rate is that of so many frames. */
const MOST_FRAMES = 1 << 16;
const MOST_EDITS = 10_000;

/** The tracks of a 'moov' box (with its head), in order. */
export function movieTracks(moov: Buffer): MovieTrack[] {
  const whole: MovieBox = { type: 'moov', body: 8, end: moov.length };
  const mvhd = boxWithin(moov, whole, 'mvhd');
  const scale = mvhd ? scaleOf(moov, mvhd) : 0;
  const traks = boxesBetween(moov, whole.body, whole.end).filter(({ type }) => type === 'trak');
  return traks.flatMap((trak) => trackOf(moov, trak, scale) ?? []);
}

/** Units a second, of an mvhd or mdhd. */
function scaleOf(bytes: Buffer, box: MovieBox): number {
  const at = box.body + (bytes[box.body] === 1 ? 20 : 12);
  return at + 4 <= box.end ? bytes.readUInt32BE(at) : 0;
}

function trackOf(bytes: Buffer, trak: MovieBox, movieScale: number): MovieTrack | undefined {
  const mdhd = boxWithin(bytes, trak, 'mdia', 'mdhd');
  const hdlr = boxWithin(bytes, trak, 'mdia', 'hdlr');
  const scale = mdhd ? scaleOf(bytes, mdhd) : 0;
  if (scale === 0 || !hdlr || hdlr.body + 12 > hdlr.end) return undefined;
  const table = boxWithin(bytes, trak, 'mdia', 'minf', 'stbl');
  const stts = table && boxWithin(bytes, table, 'stts');
  const ctts = table && boxWithin(bytes, table, 'ctts');
  const elst = boxWithin(bytes, trak, 'edts', 'elst');
  const { length, interval } = stts ? durationsOf(bytes, stts, ctts) : { length: 0, interval: 0 };
  const shift = ctts && ctts.body + 16 <= ctts.end ? bytes.readInt32BE(ctts.body + 12) : 0;
  return {
    kind: bytes.toString('latin1', hdlr.body + 8, hdlr.body + 12),
    scale,
    first: shift / scale,
    length: length / scale,
    interval: interval / scale,
    edits: elst && movieScale > 0 ? editsOf(bytes, elst, movieScale, scale) : [],
  };
}

/** Sum of all frames' durations, and the median step between the first frames as they are shown (decoding times may bunch). */
function durationsOf(bytes: Buffer, stts: MovieBox, ctts: MovieBox | undefined): { length: number; interval: number } {
  const shown: number[] = [];
  let length = 0;
  for (const [count, duration] of runsIn(bytes, stts)) {
    for (let i = 0; i < count && shown.length < MOST_FRAMES; i++) shown.push(length + i * duration);
    length += count * duration;
  }
  if (shown.length < 2) return { length, interval: length };
  let frame = 0;
  for (const [count, shift] of ctts ? runsIn(bytes, ctts) : []) {
    for (let i = 0; i < count && frame < shown.length; i++) shown[frame++]! += shift | 0;
    if (frame === shown.length) break;
  }
  shown.sort((x, y) => x - y);
  const steps = shown.slice(1).map((time, i) => time - shown[i]!);
  return { length, interval: median(steps) };
}

/** The pairs of a table of runs; a shift is read as unsigned, too. */
function* runsIn(bytes: Buffer, { body, end }: MovieBox): Generator<[count: number, value: number]> {
  const last = Math.min(end, body + 8 + 8 * MOST_ENTRIES);
  for (let at = body + 8; at + 8 <= last; at += 8) yield [bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4)];
}

function editsOf(bytes: Buffer, elst: MovieBox, movieScale: number, scale: number): MovieEdit[] {
  const long = bytes[elst.body] === 1;
  const size = long ? 20 : 12;
  const edits: MovieEdit[] = [];
  for (let at = elst.body + 8; at + size <= elst.end && edits.length < MOST_EDITS; at += size) {
    const duration = long ? Number(bytes.readBigUInt64BE(at)) : bytes.readUInt32BE(at);
    const media = long ? Number(bytes.readBigInt64BE(at + 8)) : bytes.readInt32BE(at + 4);
    edits.push({
      duration: duration / movieScale,
      media: media < 0 ? -1 : media / scale,
      rate: bytes.readInt32BE(at + size - 4),
    });
  }
  return edits;
}

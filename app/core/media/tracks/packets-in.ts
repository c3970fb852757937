/**
 * The packets of subtitle tracks, with their bytes. [Note: bytes and times]
 *
 * ffmpeg writes a track's packets one after the other without anything between them (`data`), and beside that a list of their times and sizes
 * (`framecrc`): together these are the packets, whatever the container, and nothing of a container is read here. What belongs before them (ASS styles, a
 * VobSub palette) is put before the first by `dump_extra`; the list says how long it is.
 */
import { createReadStream } from 'node:fs';
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { AppError } from '../../../contract/errors.ts';
import { fileUrl, runFfmpeg } from '../ffmpeg.ts';
import { inputArgs } from '../input.ts';

export interface SubtitlePacket {
  /** Seconds on the file's clock. */
  readonly start: number;
  /** Seconds; 0 where nobody says. */
  readonly duration: number;
  readonly data: Buffer;
}

export interface SubtitlePackets {
  readonly header: Buffer;
  readonly packets: readonly SubtitlePacket[];
}

/** A track that holds more is not subtitles. */
const MOST_BYTES = 256 << 20;
/** Seconds; ffmpeg writes 2^32 ms for 'until something else comes'. */
const UNKNOWN = 4e6;
const MOST_PACKETS = 500_000;

export interface ReadPackets {
  readonly path: string;
  readonly index: number;
  /** 'copy', or the codec that the packets are turned into. */
  readonly codec: 'copy' | 'ass';
  /** An existing folder. */
  readonly scratch: string;
  readonly signal?: AbortSignal | undefined;
}

/** Reads a track. Throws ffmpeg-failed where ffmpeg cannot, unreadable where it is absurd, and the signal's reason. */
export async function readSubtitlePackets(options: ReadPackets): Promise<SubtitlePackets> {
  const { path, index, codec, scratch, signal } = options;
  const [bytes, list] = [join(scratch, `track-${index}.bytes`), join(scratch, `track-${index}.list`)];
  const track = ['-map', `0:${index}`, '-c', codec, '-copyinkf', '-avoid_negative_ts', 'disabled'];
  try {
    await runFfmpeg(
      [
        ...['-y', '-copyts', ...(await inputArgs(path))],
        ...[...track, '-fs', String(MOST_BYTES), '-bsf:s', 'dump_extra', '-f', 'data', fileUrl(bytes)],
        ...[...track, '-f', 'framecrc', fileUrl(list)],
      ],
      { logLevel: 'error', ...(signal && { signal }) },
    );
    return await put(bytes, list);
  } finally {
    await Promise.all([bytes, list].map((file) => rm(file, { force: true })));
  }
}

async function put(file: string, list: string): Promise<SubtitlePackets> {
  if ((await stat(file)).size >= MOST_BYTES) throw tooMuch();
  const bytes = await readFile(file);
  let [num, den] = [1, 1000];
  let extra = 0;
  let at = 0;
  let header = Buffer.alloc(0);
  const packets: SubtitlePacket[] = [];
  for await (const line of createInterface({ input: createReadStream(list) })) {
    const base = /^#tb \d+: (\d+)\/(\d+)/.exec(line);
    if (base) [num, den] = [Number(base[1]), Number(base[2])];
    extra = Number(/^#extradata \d+: +(\d+)/.exec(line)?.[1] ?? extra);
    if (line.startsWith('#')) continue;
    const [, , pts, duration, size] = line.split(',').map(Number);
    if (pts === undefined || size === undefined || !Number.isFinite(pts)) continue;
    if (packets.length >= MOST_PACKETS) throw tooMuch();
    // Every packet has what belongs before it in front, unless it begins with just that already.
    const whole =
      bytes.length - at >= extra + size && extra > 0 && (at === 0 || bytes.subarray(at, at + extra).equals(header));
    if (whole) {
      header = bytes.subarray(at, at + extra);
      at += extra;
    }
    const lasts = ((duration ?? 0) * num) / den;
    const data = bytes.subarray(at, at + size);
    packets.push({ start: (pts * num) / den, duration: lasts < UNKNOWN ? lasts : 0, data });
    at += size;
  }
  if (at !== bytes.length) throw new AppError('unreadable', 'its packets are not as long as they are said to be.');
  return { header, packets };
}

function tooMuch(): AppError {
  return new AppError('unreadable', 'it holds more than subtitles can.');
}

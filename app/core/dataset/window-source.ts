/** Windows of one video, or of one file of BAIR's records. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { AppError } from '../../contract/errors.ts';
import { identify } from '../library/file-identity.ts';
import { centreSquare, resized } from '../media/area.ts';
import { decodeFrames } from '../media/decode.ts';
import { floatRgb } from '../media/float-rgb.ts';
import { probe } from '../media/probe.ts';
import { decodeExample } from './example.ts';
import { findShots } from './shots.ts';
import { readTfRecords } from './tfrecord.ts';
import { bytesOf, type Window } from './window.ts';

/** The two cameras of BAIR's robot: the one to its side, which is what is learned from, and the one above. */
export const VIEWS = ['image_aux1', 'image_main'] as const;

export interface WindowOptions {
  /** Frames of a window. */
  readonly count: number;
  /** Frames of the source from one to the next. */
  readonly stride: number;
  /** Frames from the start of one window to the start of the next. */
  readonly step: number;
  /** Side of the pictures: the square in the middle, brought to it. */
  readonly size: number;
  readonly channels: 1 | 3;
  readonly view: (typeof VIEWS)[number];
  readonly signal?: AbortSignal;
  /** Share of the source that is done. */
  readonly onProgress?: (share: number) => void;
}

export interface WindowSource {
  readonly path: string;
  readonly name: string;
  /** Of a video: first and last frame of each range to be cut, its fields treated (media/fields/treat.ts); none is all. */
  readonly ranges: readonly (readonly [first: number, last: number])[];
}

/** Finding cuts takes so much of the time. */
const INDEX_SHARE = 0.5;
/** Frames of one of BAIR's sequences at most: there are 30. */
const MOST_FRAMES = 1024;

/** Windows in the order of their frames; none lies across a cut. Throws what probing, decoding and reading records throw. */
export function windowsOf(source: WindowSource, options: WindowOptions): AsyncGenerator<Window, void, undefined> {
  return isRecords(source.path) ? recordWindows(source, options) : videoWindows(source, options);
}

export function isRecords(path: string): boolean {
  return /\.tfrecords?$/i.test(path);
}

/** By which a source is known to a later run: its name, its content and its ranges. One that cannot be read has a key as well. */
export async function sourceKey({ path, name, ranges }: WindowSource): Promise<string> {
  const found = await identify(path).catch(() => undefined);
  return createHash('sha256')
    .update(JSON.stringify([name, found?.fingerprint, ranges]))
    .digest('hex')
    .slice(0, 16);
}

/** Where in the whole work each source begins, 0 to 1, and 1: by the bytes of their files. */
export async function startsBySize(sources: readonly WindowSource[]): Promise<number[]> {
  const sizes = await Promise.all(
    sources.map(async ({ path }) => (await stat(path).catch(() => undefined))?.size ?? 0),
  );
  // What has no size (numbered images, what is not there) counts as a small file.
  const weights = sizes.map((size) => Math.max(size, 4096));
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  let before = 0;
  return [...weights.map((weight) => (before += weight) - weight), all].map((at) => at / all);
}

/** First frames of the windows that fit into [first, last]. */
export function windowStarts(
  first: number,
  last: number,
  { count, stride, step }: Pick<WindowOptions, 'count' | 'stride' | 'step'>,
): number[] {
  const fit = last - first - stride * (count - 1);
  return fit < 0 ? [] : Array.from({ length: Math.floor(fit / step) + 1 }, (_, k) => first + k * step);
}

async function* videoWindows(
  { path, name, ranges }: WindowSource,
  options: WindowOptions,
): AsyncGenerator<Window, void, undefined> {
  const { count, stride, size, channels, signal, onProgress } = options;
  const abort = signal ? { signal } : {};
  const info = await probe(path, abort);
  const shots = await findShots(info, { ...abort, onProgress: (share) => onProgress?.(INDEX_SHARE * share) });
  const { index, cuts } = shots;
  const edges = [0, ...cuts.map(({ frame }) => frame), index.times.length];
  const spans = edges.slice(1).flatMap((end, shot) => {
    const inside = ranges.length > 0 ? ranges : [[0, index.times.length - 1] as const];
    return inside.map(([first, last]) => [Math.max(first, edges[shot]!), Math.min(last, end - 1)] as const);
  });
  const starts = spans.flatMap(([first, last]) => windowStarts(first, last, options)).toSorted((a, b) => a - b);
  if (starts.length === 0) return;
  const span = stride * (count - 1);
  /** Small pictures, until the last window that shows them. */
  const kept = new Map<number, Uint8Array>();
  const range = { first: starts[0]!, last: starts.at(-1)! + span };
  let next = 0;
  for await (const frame of decodeFrames(path, info, { index, ...range, ...abort })) {
    signal?.throwIfAborted();
    const at = frame.index;
    if (isShown(starts, next, at, stride)) {
      const planes = floatRgb(frame, info.video.colour);
      kept.set(at, square(planes, frame.width, frame.height, size, channels));
    }
    while (next < starts.length && starts[next]! + span <= at) {
      const start = starts[next++]!;
      const pictures = Array.from({ length: count }, (_, k) => kept.get(start + k * stride));
      if (pictures.every((picture) => picture !== undefined)) yield windowOf(pictures, name, start, options);
    }
    for (const held of kept.keys()) if (held < (starts[next] ?? Infinity)) kept.delete(held);
    onProgress?.(INDEX_SHARE + (1 - INDEX_SHARE) * ((at - range.first) / (range.last - range.first + 1)));
  }
}

/** Whether frame `at` is in one of the windows from `starts[next]` on, none of which ended before it. `starts` ascend. */
function isShown(starts: readonly number[], next: number, at: number, stride: number): boolean {
  for (let n = next; n < starts.length && starts[n]! <= at; n++) if ((at - starts[n]!) % stride === 0) return true;
  return false;
}

/**
 * BAIR's robot pushing data (softmotion30_44k): a record a sequence, with the bytes of frame n, square and R'G'B', under 'n/image_aux1/encoded' and
 * 'n/image_main/encoded'.
 */
async function* recordWindows(
  { path, name }: WindowSource,
  options: WindowOptions,
): AsyncGenerator<Window, void, undefined> {
  const { count, stride, size, channels, view, signal } = options;
  let record = 0;
  for await (const bytes of readTfRecords(path, signal ? { signal } : {})) {
    const example = decodeExample(bytes);
    const frames: Uint8Array[] = [];
    for (let n = 0; n < MOST_FRAMES; n++) {
      const frame = bytesOf(example, `${n}/${view}/encoded`);
      if (!frame) break;
      frames.push(frame);
    }
    if (frames.length === 0)
      throw new AppError(
        'bad-records',
        `Record ${record} of ${name} has no '0/${view}/encoded': it is none of BAIR's.`,
      );
    for (const start of windowStarts(0, frames.length - 1, options)) {
      const pictures = Array.from({ length: count }, (_, k) => {
        const frame = frames[start + k * stride]!;
        const side = Math.round(Math.sqrt(frame.length / 3));
        if (frame.length !== 3 * side * side || side === 0)
          throw new AppError(
            'bad-records',
            `Record ${record} of ${name} has a frame of ${frame.length} bytes, no square.`,
          );
        return square(planar(frame, side * side), side, side, size, channels);
      });
      yield { ...windowOf(pictures, name, start, options), index: record };
    }
    record++;
  }
}

function windowOf(pictures: readonly Uint8Array[], source: string, index: number, options: WindowOptions): Window {
  const { count, size, channels, stride } = options;
  const data = new Uint8Array(Buffer.concat(pictures));
  return { frames: count, height: size, width: size, channels, data, source, index, stride };
}

/** Pixels one after the other as planes of 0..1. */
function planar(bytes: Uint8Array, count: number): Float32Array {
  const planes = new Float32Array(3 * count);
  for (let i = 0; i < count; i++)
    for (let channel = 0; channel < 3; channel++) planes[channel * count + i] = bytes[3 * i + channel]! / 255;
  return planes;
}

/** The square in the middle at `size`, pixel by pixel in 8 bits; grey is the luma of Rec. 601, as the published preparations have it. */
function square(planes: Float32Array, width: number, height: number, size: number, channels: 1 | 3): Uint8Array {
  const small = resized(planes, { width, height, channels: 3 }, centreSquare(width, height), {
    width: size,
    height: size,
  });
  const count = size * size;
  const out = new Uint8ClampedArray(count * channels);
  for (let i = 0; i < count; i++) {
    const [r, g, b] = [small[i]!, small[count + i]!, small[2 * count + i]!];
    if (channels === 1) out[i] = 255 * (0.299 * r + 0.587 * g + 0.114 * b);
    else [out[3 * i], out[3 * i + 1], out[3 * i + 2]] = [255 * r, 255 * g, 255 * b];
  }
  return new Uint8Array(out.buffer);
}

/**
 * What the mask of still parts is worth. [Note: overlay score]
 *
 * Frames of a clip, scaled, seen through a window that also pans, with an overlay drawn over them. Every second one is kept and encoded; those between are
 * made from the decoded ones, without and with the mask, and compared with the frames that were left out, as they were before encoding: over
 * the overlay, and over the rest. How far coding alone takes the real frames from what was drawn is what no mask can better.
 */
import { join } from 'node:path';
import type { Interpolator } from '../engines/engine.ts';
import { findEngine } from '../engines/registry.ts';
import { decodeFrames } from '../media/decode.ts';
import { fileUrl, spawnFfmpeg } from '../media/ffmpeg.ts';
import type { Frame } from '../media/frame.ts';
import { indexSource } from '../media/index-source.ts';
import { inputArgs } from '../media/input.ts';
import { boxSums } from '../media/mask/boxes.ts';
import { stillOf } from '../media/mask/source.ts';
import { layReal } from '../media/mask/weights.ts';
import { probe } from '../media/probe.ts';
import { framesOf, type ReelClip } from '../media/shot-reel.ts';
import { PSNR_CAP } from './metrics.ts';
import { composed, drawOverlay, OVERLAYS, type OverlayKind } from './overlay-kinds.ts';
import { mean } from './report.ts';

/** Pixels that the window moves by from frame to frame. */
export const SPEEDS = [0, 2, 6, 12] as const;
const WINDOW = { width: 480, height: 270 };
const CANVAS = { width: 640, height: 360 };
const LENGTH = 33;
const CRF = 20;

/** Means over frames; PSNR in dB. */
export interface Region {
  readonly psnr: number;
  readonly ssim: number;
}

export interface OverlayRow {
  readonly engine: string;
  readonly overlay: OverlayKind | 'none';
  readonly speed: number;
  readonly frames: number;
  /** Real frames as they are decoded, over the overlay. */
  readonly coded: Region;
  /** Over the overlay, and over all else. */
  readonly without: { readonly over: Region; readonly rest: Region };
  readonly with: { readonly over: Region; readonly rest: Region };
}

interface Options {
  readonly clips: readonly ReelClip[];
  readonly engines: readonly string[];
  readonly overlays?: readonly (OverlayKind | 'none')[];
  readonly speeds?: readonly number[];
  /** A folder for what is encoded. */
  readonly scratch: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Rows by engine, overlay and speed, over all clips. Throws engine-unknown, and what ffmpeg throws. */
export async function scoreOverlays(options: Options): Promise<OverlayRow[]> {
  const { clips, scratch, signal, overlays = ['none', ...OVERLAYS], speeds = SPEEDS } = options;
  const sums = new Map<
    string,
    { readonly row: Pick<OverlayRow, 'engine' | 'overlay' | 'speed'>; readonly all: Found[] }
  >();
  const opened = new Map<string, Interpolator>();
  for (const id of options.engines) opened.set(id, await (await findEngine(id)).open({ ...WINDOW, threads: 1 }));
  let done = 0;
  try {
    for (const clip of clips) {
      const pictures = await readGrey(clip, signal);
      for (const speed of speeds) {
        for (const overlay of overlays) {
          const path = join(scratch, 'overlay.mp4');
          const shown = shots(pictures, speed, overlay);
          await write(path, shown, signal);
          for (const [engine, interpolator] of opened) {
            const key = `${engine}\0${overlay}\0${speed}`;
            const sum = sums.get(key) ?? { row: { engine, overlay, speed }, all: [] };
            sum.all.push(...(await measure(path, shown, interpolator, signal)));
            sums.set(key, sum);
          }
          options.onProgress?.(++done, clips.length * speeds.length * overlays.length);
        }
      }
    }
  } finally {
    for (const interpolator of opened.values()) await interpolator[Symbol.asyncDispose]();
  }
  return [...sums.values()].map(({ row, all }) => {
    const of = (pick: (found: Found) => Region | undefined): Region => {
      const some = all.flatMap((found) => pick(found) ?? []);
      return { psnr: mean(some.map(({ psnr }) => psnr)), ssim: mean(some.map(({ ssim }) => ssim)) };
    };
    const side = (which: 'without' | 'with') => ({ over: of((f) => f[which].over), rest: of((f) => f[which].rest) });
    return { ...row, frames: all.length, coded: of((f) => f.coded.over), without: side('without'), with: side('with') };
  });
}

interface Shown {
  readonly picture: Uint8Array;
  /** 1 on the overlay; undefined where there is none. */
  readonly region: Uint8Array | undefined;
}

/** The first LENGTH frames of a clip's longest shot. */
async function readGrey({ path, cuts }: ReelClip, signal?: AbortSignal): Promise<Uint8Array[]> {
  const borders = [0, ...cuts, Infinity];
  const first = borders.slice(0, -1).toSorted((p, q) => lengthFrom(q) - lengthFrom(p))[0]!;
  function lengthFrom(at: number): number {
    return borders[borders.indexOf(at) + 1]! - at;
  }
  const { width, height } = CANVAS;
  const fit = `scale=${width}:${height}:force_original_aspect_ratio=increase:flags=bicubic,crop=${width}:${height},format=gray`;
  const only = ['-map', '0:v:0', '-vf', fit, '-vsync', 'passthrough', '-frames:v', String(first + LENGTH)];
  const ffmpeg = await spawnFfmpeg(
    [...(await inputArgs(path)), ...only, '-f', 'rawvideo', 'pipe:1'],
    signal ? { signal } : {},
  );
  const frames: Uint8Array[] = [];
  for await (const frame of framesOf(ffmpeg.stdout as AsyncIterable<Buffer>, width * height)) frames.push(frame);
  await ffmpeg.done;
  return frames.slice(first);
}

/** The window goes to and fro, so that it always moves. */
function shots(pictures: readonly Uint8Array[], speed: number, kind: OverlayKind | 'none'): Shown[] {
  const travel = CANVAS.width - WINDOW.width;
  return pictures.map((picture, i) => {
    const way = (speed * i) % (2 * travel);
    const x = way < travel ? way : 2 * travel - way;
    const y = Math.round(x / 4);
    const seen = new Uint8Array(WINDOW.width * WINDOW.height);
    for (let j = 0; j < WINDOW.height; j++) {
      const from = (j + y) * CANVAS.width + x;
      seen.set(picture.subarray(from, from + WINDOW.width), j * WINDOW.width);
    }
    const overlay = kind === 'none' ? undefined : drawOverlay(kind, WINDOW, i, pictures.length);
    if (!overlay) return { picture: seen, region: undefined };
    return { picture: composed(seen, overlay), region: Uint8Array.from(overlay.alpha, (alpha) => (alpha > 0 ? 1 : 0)) };
  });
}

async function write(path: string, shown: readonly Shown[], signal?: AbortSignal): Promise<void> {
  const { width, height } = WINDOW;
  const input = ['-y', '-f', 'rawvideo', '-pix_fmt', 'gray', '-s', `${width}x${height}`, '-r', '24', '-i', 'pipe:0'];
  const output = [
    '-pix_fmt',
    'yuv420p',
    '-c:v',
    'libx264',
    '-preset',
    'veryfast',
    '-crf',
    String(CRF),
    '-threads',
    '1',
  ];
  const also = signal ? { signal } : {};
  const encoder = await spawnFfmpeg([...input, ...output, fileUrl(path)], { stdin: 'pipe', ...also });
  for (let i = 0; i < shown.length; i += 2) await encoder.write(shown[i]!.picture);
  await encoder.end();
}

interface Measured {
  readonly over: Region | undefined;
  readonly rest: Region;
}
interface Found {
  readonly coded: Measured;
  readonly without: Measured;
  readonly with: Measured;
}

async function measure(
  path: string,
  shown: readonly Shown[],
  engine: Interpolator,
  signal?: AbortSignal,
): Promise<Found[]> {
  const also = signal ? { signal } : {};
  const info = await probe(path, also);
  const index = await indexSource(path, info, also);
  const frames: Frame[] = [];
  for await (const frame of decodeFrames(path, info, { first: 0, last: index.times.length - 1, index, ...also }))
    frames.push(frame);
  const found: Found[] = [];
  for (let k = 0; k + 1 < frames.length; k++) {
    const truth = shown[2 * k + 1]!;
    // Where it appears or goes just now there is no truth about it.
    const steady = [2 * k, 2 * k + 2].every((i) => (shown[i]?.region === undefined) === (truth.region === undefined));
    if (!steady) continue;
    const [a, b] = [frames[k]!, frames[k + 1]!];
    const coded = compare(a, shown[2 * k]!);
    const still = await stillOf({ a: k, b: k + 1 }, frames.length, async (i) => frames[i]!);
    for await (const { frame } of engine.between(a, b, [0.5], also)) {
      const without = compare(frame, truth);
      found.push({ coded, without, with: still ? compare(layReal(frame, a, b, 0.5, [still]), truth) : without });
    }
  }
  return found;
}

function compare(frame: Frame, { picture, region }: Shown): Measured {
  // The reel's grey is full range and its luma limited.
  const luma = Uint8Array.from(frame.planes[0]!.data, (v) =>
    Math.min(255, Math.max(0, Math.round((v - 16) * (255 / 219)))),
  );
  const rest = region ? region.map((value) => 1 - value) : new Uint8Array(picture.length).fill(1);
  const similar = similarity(luma, picture);
  const part = (mask: Uint8Array): Region => ({
    psnr: psnrOfPart(luma, picture, mask),
    ssim: meanOfPart(similar, mask),
  });
  return { over: region && part(region), rest: part(rest) };
}

function psnrOfPart(a: Uint8Array, b: Uint8Array, mask: Uint8Array): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    if (mask[i] === 0) continue;
    sum += (a[i]! - b[i]!) ** 2;
    count++;
  }
  return sum === 0 ? PSNR_CAP : Math.min(PSNR_CAP, 10 * Math.log10((255 * 255 * count) / sum));
}

const SQUARE = 3;
const C1 = (0.01 * 255) ** 2;
const C2 = (0.03 * 255) ** 2;

/** Structural similarity of the squares of seven pixels around each pixel; NaN at the border. */
function similarity(a: Uint8Array, b: Uint8Array): Float32Array {
  const { width, height } = WINDOW;
  const n = (2 * SQUARE + 1) ** 2;
  const products = new Int32Array(a.length);
  const squares = new Int32Array(a.length);
  for (let i = 0; i < a.length; i++) {
    products[i] = a[i]! * b[i]!;
    squares[i] = a[i]! ** 2 + b[i]! ** 2;
  }
  const [sa, sb, ab, aabb] = [a, b, products, squares].map((of) => boxSums(of, width, height, SQUARE)) as [
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  const map = new Float32Array(a.length).fill(NaN);
  for (let y = SQUARE; y < height - SQUARE; y++) {
    for (let i = y * width + SQUARE; i < (y + 1) * width - SQUARE; i++) {
      const [ma, mb] = [sa[i]! / n, sb[i]! / n];
      const covariance = ab[i]! / n - ma * mb;
      const variances = aabb[i]! / n - ma * ma - mb * mb;
      map[i] = ((2 * ma * mb + C1) * (2 * covariance + C2)) / ((ma * ma + mb * mb + C1) * (variances + C2));
    }
  }
  return map;
}

function meanOfPart(map: Float32Array, mask: Uint8Array): number {
  let [total, count] = [0, 0];
  for (let i = 0; i < map.length; i++) {
    if (mask[i] === 0 || Number.isNaN(map[i])) continue;
    total += map[i]!;
    count++;
  }
  return count === 0 ? 1 : total / count;
}

/**
 * How well cadences are found, and what interpolating across repeats is worth. [Note: cadence score]
 *
 * A moving stretch of each clip, on ones, 320x180, luma, is shown on twos, threes, fours, twos and threes in turn, and with every fifth frame
 * dropped, and encoded; also on ones with all but the middle of the picture standing still, as drawings move. Its cadence is looked for; then each of its frames is made anew from the encoded file and compared with the frame of the
 * clip that belongs there: (left) repeats stay as they are, (across) frames are made in place of the repeats that were found, (deleted) frames
 * are made in place of those that ffmpeg's mpdecimate with its defaults deletes, which is how others deduplicate.
 */
import { join } from 'node:path';
import type { Cadence } from '../../contract/library.ts';
import type { Frame } from '../media/frame.ts';
import { findEngine } from '../engines/registry.ts';
import type { Interpolator } from '../engines/engine.ts';
import { cadences } from '../media/cadence.ts';
import { decodeFrames } from '../media/decode.ts';
import { fileUrl, runFfmpeg } from '../media/ffmpeg.ts';
import { findFrameFacts, type FrameFacts } from '../media/frame-facts.ts';
import { changeBetween, type Hold } from '../media/holds.ts';
import { probe } from '../media/probe.ts';
import { openReel, readLuma, REEL, type ReelClip } from '../media/shot-reel.ts';
import { PictureFinder } from '../time/plan.ts';
import { PSNR_CAP } from './metrics.ts';
import { mean } from './report.ts';

export const SHOWN = [
  'ones',
  'small part on ones',
  'twos',
  'threes',
  'fours',
  'twos and threes',
  'every fifth dropped',
] as const;
export type Shown = (typeof SHOWN)[number];

/** Which frame of the clip is shown at each place, and what that is to be called. */
const WAYS: Record<Shown, { readonly at: (i: number) => number; readonly cadence: Cadence }> = {
  ones: { at: (i) => i, cadence: 'ones' },
  'small part on ones': { at: (i) => i, cadence: 'ones' },
  twos: { at: (i) => i - (i % 2), cadence: 'twos' },
  threes: { at: (i) => i - (i % 3), cadence: 'threes' },
  fours: { at: (i) => i - (i % 4), cadence: 'fours' },
  'twos and threes': { at: (i) => i - (i % 5 < 2 ? i % 5 : (i % 5) - 2), cadence: 'mixed' },
  'every fifth dropped': { at: (i) => (i % 5 === 4 ? i - 1 : i), cadence: 'mixed' },
};

export const CRFS = [18, 23, 30] as const;
const LENGTH = 48;
/** At the end there is nothing to interpolate to. */
const TAIL = 4;
/** Mean of the greatest half per cent of differences below which a frame may itself be a repeat of the clip. */
const CLEARLY_NEW = 6;

export interface CadenceRow {
  readonly shown: Shown;
  readonly crf: number;
  /** Clips, and how many were said to have the right cadence; what the others were said to have. */
  readonly clips: number;
  readonly right: number;
  readonly wrong: Readonly<Record<string, number>>;
  /** Means over the clips of the mean luma PSNR of every frame, dB. */
  readonly left: number;
  readonly across: number;
  readonly deleted: number;
}

export interface CadenceScore {
  readonly engine: string;
  readonly clips: number;
  /** Clips without 48 frames in motion in one shot. */
  readonly leftOut: readonly string[];
  readonly rows: readonly CadenceRow[];
}

interface Options {
  readonly clips: readonly ReelClip[];
  readonly engine: string;
  /** A folder for what is encoded. */
  readonly scratch: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Throws engine-unknown, and what ffmpeg throws. */
export async function scoreCadence(options: Options): Promise<CadenceScore> {
  const { clips, signal } = options;
  const entry = await findEngine(options.engine);
  await using engine = await entry.open({ width: REEL.width, height: REEL.height, threads: 1 });
  const leftOut: string[] = [];
  const found = new Map<string, { said: Cadence; right: boolean; psnr: readonly number[] }[]>();
  for (const [i, clip] of clips.entries()) {
    const frames = movingStretch(await readLuma(clip.path, signal), clip.cuts);
    if (!frames) leftOut.push(clip.path.replace(/.*[\\/]/, ''));
    for (const shown of frames ? SHOWN : []) {
      for (const crf of CRFS) {
        const path = join(options.scratch, 'cadence.mp4');
        const drawings = shown === 'small part on ones' ? smallPart(frames!) : frames!;
        await write(path, drawings, shown, crf, signal);
        const one = await measure(path, drawings, engine, signal);
        const right = one.said === WAYS[shown].cadence;
        const key = `${shown}\0${crf}`;
        found.set(key, [...(found.get(key) ?? []), { ...one, right }]);
      }
    }
    options.onProgress?.(i + 1, clips.length);
  }
  const rows = [...found].map(([key, all]): CadenceRow => {
    const [shown, crf] = key.split('\0') as [Shown, string];
    const wrong: Record<string, number> = {};
    for (const { said, right } of all) if (!right) wrong[said] = (wrong[said] ?? 0) + 1;
    const [left, across, deleted] = [0, 1, 2].map((at) => mean(all.map(({ psnr }) => psnr[at]!))) as [
      number,
      number,
      number,
    ];
    const right = all.filter((one) => one.right).length;
    return { shown, crf: Number(crf), clips: all.length, right, wrong, left, across, deleted };
  });
  return { engine: entry.id, clips: clips.length - leftOut.length, leftOut, rows };
}

/** The first LENGTH frames of a shot of which every frame is clearly another than the one before. */
function movingStretch(frames: readonly Uint8Array[], cuts: readonly number[]): Uint8Array[] | undefined {
  let first = 0;
  for (let i = 1; i < frames.length; i++) {
    if (cuts.includes(i) || changeBetween(frames[i - 1]!, frames[i]!).most <= 2 * CLEARLY_NEW) first = i;
    if (i - first + 1 === LENGTH) return frames.slice(first, i + 1);
  }
  return undefined;
}

/** The middle of the picture over the first frame's rest. */
function smallPart(frames: readonly Uint8Array[]): Uint8Array[] {
  const { width, height } = REEL;
  return frames.map((frame) => {
    const out = frames[0]!.slice();
    for (let y = Math.round(height * 0.35); y < height * 0.65; y++) {
      const [from, to] = [y * width + Math.round(width * 0.4), y * width + Math.round(width * 0.6)];
      out.set(frame.subarray(from, to), from);
    }
    return out;
  });
}

async function write(path: string, frames: readonly Uint8Array[], shown: Shown, crf: number, signal?: AbortSignal) {
  const encoder = await openReel(path, signal, crf);
  for (let i = 0; i < frames.length; i++) await encoder.write(frames[WAYS[shown].at(i)]!);
  await encoder.end();
}

async function measure(path: string, truth: readonly Uint8Array[], engine: Interpolator, signal?: AbortSignal) {
  const also = signal ? { signal } : {};
  const info = await probe(path, also);
  const facts = await findFrameFacts(path, info, also);
  const drawn = cadences(truth.length, facts.cuts, facts.holds).toSorted((a, b) => b.frames - a.frames);
  const frames: Frame[] = [];
  const range = { first: 0, last: facts.index.times.length - 1, index: facts.index, ...also };
  for await (const frame of decodeFrames(path, info, range)) frames.push(frame);
  const ways = [[], facts.holds, await deletedBy(path, frames.length, signal)];
  const psnr: number[] = [];
  const known = new Map<string, number>();
  for (const holds of ways) psnr.push(await rebuilt({ frames, facts, truth, known }, holds, engine));
  return { said: drawn[0]!.cadence, psnr };
}

/** What mpdecimate with its defaults takes for repeats. */
async function deletedBy(path: string, frames: number, signal?: AbortSignal): Promise<Hold[]> {
  const args = [
    '-i',
    fileUrl(path),
    '-vf',
    'mpdecimate,scale=16:16',
    '-vsync',
    'passthrough',
    '-f',
    'framecrc',
    'pipe:1',
  ];
  const { stdout } = await runFfmpeg(args, signal ? { signal } : {});
  const kept = [...stdout.toString().matchAll(/^0,\s*-?\d+,\s*(\d+),/gm)].map(([, pts]) => Number(pts));
  return kept.flatMap((first, i) => {
    const last = (kept[i + 1] ?? frames) - 1;
    return last > first ? [{ first, last }] : [];
  });
}

/** What was written and read again; `known` are the PSNRs of frames that were made already. */
interface Encoded {
  readonly frames: readonly Frame[];
  readonly facts: FrameFacts;
  readonly truth: readonly Uint8Array[];
  readonly known: Map<string, number>;
}

/** Mean luma PSNR of the frames that a retime at the clip's own speed and rate shows. */
async function rebuilt(
  { frames, facts, truth, known }: Encoded,
  holds: readonly Hold[],
  engine: Interpolator,
): Promise<number> {
  const { index, cuts } = facts;
  const finder = new PictureFinder({ times: index.times, end: index.end, cuts, holds });
  const all: number[] = [];
  for (let k = 0; k < frames.length - TAIL; k++) {
    const plan = finder.at(index.times[k]!);
    if (plan.kind === 'source') {
      all.push(lumaPsnr(frames[plan.index]!, truth[k]!));
      continue;
    }
    const key = JSON.stringify([k, plan]);
    let psnr = known.get(key);
    if (psnr === undefined) {
      for await (const { frame } of engine.between(frames[plan.a]!, frames[plan.b]!, [plan.num / plan.den])) {
        psnr = lumaPsnr(frame, truth[k]!);
      }
      known.set(key, psnr!);
    }
    all.push(psnr!);
  }
  return mean(all);
}

function lumaPsnr({ planes }: Frame, truth: Uint8Array): number {
  const { data } = planes[0]!;
  let sum = 0;
  // The reel's grey is full range and its luma limited.
  for (let i = 0; i < truth.length; i++) sum += ((data[i]! - 16) * (255 / 219) - truth[i]!) ** 2;
  return sum === 0 ? PSNR_CAP : Math.min(PSNR_CAP, 10 * Math.log10((255 * 255 * truth.length) / sum));
}

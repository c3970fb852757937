/**
 * Scores engines on windows: the ends are given, the pictures between them are made and measured.
 *
 * [Note: flow error] Single pictures say nothing of motion: a crossfade has the right place of everything that stands still, and moves nothing. So the flow from
 * each picture to the next (all that were made, and the two ends) is found in what was made and in the truth, and the mean length of the difference of the two is
 * the error, in pixels. The estimator is the same for every engine and its settings are glide's (`SmallFlow`: patch search and variational refinement on
 * luma); engines do not see it, except that glide and the guidance of networks that give pictures only use it on other pairs.
 *
 * [Note: diversity] An engine whose pictures depend on a seed (of fomm's motions the adversarial one) makes two takes of each window, seeds 1 and 2. Scores
 * are means over both. Diversity is the mean GMSD between the same picture of both takes, and the mean difference of their 8-bit values.
 */
import { availableParallelism } from 'node:os';
import { AppError } from '../../contract/errors.ts';
import type { DeviceChoice } from '../../contract/jobs.ts';
import { heedsSeed } from '../../contract/morph.ts';
import { createEta } from '../base/eta.ts';
import { SmallFlow } from '../engines/guide/flow.ts';
import type { FillOptions } from '../engines/inbetween.ts';
import { gmsd, psnr, ssim } from './metrics.ts';
import type { WindowItem } from './protocol.ts';
import { frameOfRgb, toRgb8, type Rgb8 } from './rgb.ts';
import { Videos } from './samples.ts';
import type { ScoreProgress } from './run.ts';
import { OpenInbetweeners, windowEngine, type WindowEngine } from './window-engines.ts';
import type { WindowMeans, WindowScore } from './window-report.ts';
import { pictureOf, windowsOf, type Window } from './windows.ts';

export const SEEDS = [1, 2] as const;

export interface WindowOptions {
  /** Names as window-engines.ts says. */
  readonly engines: readonly string[];
  readonly device?: DeviceChoice;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ScoreProgress) => void;
}

/**
 * Fills every window by every engine. Sets keep the order in which they first appear. Throws 'engine-unknown' before anything is decoded,
 * 'bad-protocol', and what decoding and engines throw; the signal's reason.
 */
export async function scoreWindows(items: readonly WindowItem[], options: WindowOptions): Promise<WindowScore> {
  const { threads = availableParallelism(), device, signal, onProgress } = options;
  const engines: WindowEngine[] = [];
  for (const name of options.engines) engines.push(await windowEngine(name));
  await using open = new OpenInbetweeners(threads, device);
  const eta = createEta();
  const values = new Map<string, Map<string, WindowMeans[]>>();
  for (const { set } of items) values.set(set, new Map(engines.map(({ name }) => [name, []])));
  let done = 0;
  for await (const window of windowsOf(items, new Videos(), signal)) {
    const truth = new Truth(window);
    for (const engine of engines) {
      signal?.throwIfAborted();
      values
        .get(window.set)!
        .get(engine.name)!
        .push(await fill(engine, open, truth, signal));
    }
    done++;
    const etaSeconds = eta.update(done / items.length, performance.now() / 1000);
    onProgress?.({ done, total: items.length, set: window.set, ...(etaSeconds !== undefined && { etaSeconds }) });
  }
  return {
    sets: [...values].map(([name, ofSet]) => ({ name, windows: [...ofSet.values()][0]!.length, engines: ofSet })),
  };
}

/** A window and the flow in it. */
class Truth {
  readonly window: Window;
  readonly size: number;
  readonly #flow: SmallFlow;
  readonly #flows: readonly Float32Array[];

  constructor(window: Window) {
    this.window = window;
    this.size = window.frames[0]!.width;
    this.#flow = flowOf(this.size);
    this.#flows = this.#consecutive(window.frames);
  }

  /** [Note: flow error]: `made` are the pictures between the ends. */
  flowError(made: readonly Rgb8[]): number {
    const { frames } = this.window;
    const flows = this.#consecutive([frames[0]!, ...made, frames.at(-1)!]);
    const errors = flows.map((flow, n) => endPointError(flow, this.#flows[n]!));
    return mean(errors);
  }

  #consecutive(frames: readonly Rgb8[]): Float32Array[] {
    const pictures = frames.map(pictureOf);
    return pictures.slice(1).map((next, n) => this.#flow.between(pictures[n]!, next).there);
  }
}

/** Each holds memory: one of the size used last. */
let flow: SmallFlow | undefined;

function flowOf(size: number): SmallFlow {
  if (flow?.width !== size) flow = new SmallFlow(size, size);
  return flow;
}

function endPointError(a: Float32Array, b: Float32Array): number {
  const count = a.length / 2;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += Math.hypot(a[i]! - b[i]!, a[count + i]! - b[count + i]!);
  return sum / count;
}

async function fill(
  { name, entry, motion, guided }: WindowEngine,
  open: OpenInbetweeners,
  truth: Truth,
  signal: AbortSignal | undefined,
): Promise<WindowMeans> {
  const { frames, id } = truth.window;
  const [first, last] = [frameOfRgb(frames[0]!), frameOfRgb(frames.at(-1)!)];
  const gap = { first: { frame: first }, last: { frame: last } };
  const times = frames.slice(1, -1).map((_, i) => (i + 1) / (frames.length - 1));
  const engine = await open.get(entry, truth.size);
  const takes: Rgb8[][] = [];
  let seconds = 0;
  for (const seed of heedsSeed(entry.uses, motion) ? SEEDS : SEEDS.slice(0, 1)) {
    const clock = performance.now();
    const made: Rgb8[] = [];
    const how: FillOptions = { seed, motion, guided, signal };
    // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- it is no array
    for await (const { frame } of engine.fill(gap, times, how)) made.push(toRgb8(frame, {}, 'linear-centre'));
    if (made.length !== times.length)
      throw new AppError('engine-failed', `${name} made ${made.length} of ${times.length} pictures of '${id}'.`);
    takes.push(made);
    seconds += (performance.now() - clock) / 1000;
  }
  const each = (measure: (made: Rgb8, real: Rgb8) => number): number =>
    mean(takes.flatMap((made) => made.map((picture, n) => measure(picture, frames[n + 1]!))));
  const [one, two] = takes;
  const between = (measure: (a: Rgb8, b: Rgb8) => number): number | null =>
    one && two ? mean(one.map((picture, n) => measure(picture, two[n]!))) : null;
  return {
    psnr: each(psnr),
    ssim: each(ssim),
    gmsd: each(gmsd),
    flow: mean(takes.map((made) => truth.flowError(made))),
    diversity: between(gmsd),
    difference: between(meanDifference),
    seconds: seconds / takes.length,
  };
}

function meanDifference(a: Rgb8, b: Rgb8): number {
  const sum = (p: Uint8Array, q: Uint8Array): number =>
    p.reduce((total, value, i) => total + Math.abs(value - q[i]!), 0);
  return (sum(a.r, b.r) + sum(a.g, b.g) + sum(a.b, b.b)) / (3 * a.r.length);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

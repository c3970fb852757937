/** Scores engines: every sample of a protocol is rebuilt by each and measured against the truth. */
import { availableParallelism } from 'node:os';
import { AppError } from '../../contract/errors.ts';
import type { DeviceChoice } from '../../contract/jobs.ts';
import { createEta } from '../base/eta.ts';
import { prefetch } from '../base/prefetch.ts';
import { engineDevice } from '../engines/engine-device.ts';
import type { EngineEntry, Interpolator } from '../engines/engine.ts';
import { findEngine } from '../engines/registry.ts';
import { layReal, type Weights } from '../media/mask/weights.ts';
import { gmsd, psnr, PSNR_CAP, ssim } from './metrics.ts';
import type { FrameItem } from './protocol.ts';
import type { Means, Score, SetScore } from './report.ts';
import { countSamples, samplesOf, Videos, type Sample } from './samples.ts';

export interface ScoreProgress {
  readonly done: number;
  /** An estimate where a video does not say how many frames it has. */
  readonly total: number;
  readonly set: string;
  readonly etaSeconds?: number;
}

export interface ScoreOptions {
  /** Engine ids; each sample goes through them one after the other. */
  readonly engines: readonly string[];
  readonly device?: DeviceChoice;
  readonly threads?: number;
  /** Lay over what engines make what stands still ([Note: still parts]); of videos, which have frames to tell it from. */
  readonly mask?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ScoreProgress) => void;
}

/**
 * Rebuilds and measures every sample of `items`. Sets keep the order in which they first appear. Throws
 * 'engine-unknown', 'size-mismatch' and 'bad-protocol' (a frame number past the end of its video) naming the entry,
 * and what decoding throws.
 */
export async function runScore(items: readonly FrameItem[], options: ScoreOptions): Promise<Score> {
  const { engines, threads = availableParallelism(), signal, onProgress } = options;
  const tallies = new Map<string, Tally>();
  for (const { set } of items) if (!tallies.has(set)) tallies.set(set, new Tally(engines));
  // An unknown engine is told before anything is decoded.
  const entries = new Map<string, EngineEntry>();
  for (const id of engines) entries.set(id, await findEngine(id));
  await using open = new OpenEngines(entries, threads, options.device, signal);
  await using videos = new Videos();
  const total = await countSamples(items, videos, signal);
  const eta = createEta();
  let done = 0;
  for await (const sample of prefetch(samplesOf(items, videos, signal), 2)) {
    const still = options.mask ? await sample.still?.() : undefined;
    for (const id of engines) {
      signal?.throwIfAborted();
      tallies.get(sample.set)!.add(id, await measure(await open.get(id, sample), sample, still, signal));
    }
    done++;
    const etaSeconds = eta.update(Math.min(1, done / total), performance.now() / 1000);
    onProgress?.({
      done,
      total: Math.max(done, total),
      set: sample.set,
      ...(etaSeconds === undefined ? {} : { etaSeconds }),
    });
  }
  if (done === 0) throw new AppError('no-frames', 'There is nothing to rebuild: a video needs at least three frames.');
  const sets = [...tallies].flatMap(([name, tally]) => tally.score(name) ?? []);
  const identical = engines.map(
    (id) => [id, [...tallies.values()].reduce((n, tally) => n + tally.identical(id), 0)] as const,
  );
  return { sets, identical: new Map(identical) };
}

async function measure(
  engine: Interpolator,
  sample: Sample,
  still: Weights | undefined,
  signal?: AbortSignal,
): Promise<Means> {
  for await (const { frame } of engine.between(sample.a, sample.b, [sample.t], signal ? { signal } : {})) {
    const made = sample.toRgb(still ? layReal(frame, sample.a, sample.b, sample.t, [still]) : frame);
    return { psnr: psnr(made, sample.truth), ssim: ssim(made, sample.truth), gmsd: gmsd(made, sample.truth) };
  }
  throw new AppError('engine-failed', `The engine gave no frame for '${sample.id}'.`);
}

/** One set's sums, by engine. */
class Tally {
  readonly #values: ReadonlyMap<string, Means[]>;

  constructor(engines: readonly string[]) {
    this.#values = new Map(engines.map((id) => [id, []]));
  }

  add(engine: string, means: Means): void {
    this.#values.get(engine)!.push(means);
  }

  identical(engine: string): number {
    return this.#values.get(engine)!.filter(({ psnr: value }) => value === PSNR_CAP).length;
  }

  /** Undefined for a set of which nothing could be rebuilt (a video of fewer than three frames). */
  score(name: string): SetScore | undefined {
    const n = [...this.#values.values()][0]?.length ?? 0;
    if (n === 0) return undefined;
    const of = (values: readonly Means[], key: keyof Means) => values.reduce((sum, means) => sum + means[key], 0) / n;
    const engines = [...this.#values].map(
      ([id, v]) => [id, { psnr: of(v, 'psnr'), ssim: of(v, 'ssim'), gmsd: of(v, 'gmsd') }] as const,
    );
    return { name, n, engines: new Map(engines) };
  }
}

/** One interpolator an engine, opened again when size or colour change. */
class OpenEngines implements AsyncDisposable {
  readonly #open = new Map<string, { interpolator: Interpolator; setup: string }>();
  readonly #entries: ReadonlyMap<string, EngineEntry>;
  readonly #threads: number;
  readonly #device: DeviceChoice | undefined;
  readonly #signal: AbortSignal | undefined;

  constructor(
    entries: ReadonlyMap<string, EngineEntry>,
    threads: number,
    device: DeviceChoice | undefined,
    signal: AbortSignal | undefined,
  ) {
    this.#entries = entries;
    this.#threads = threads;
    this.#device = device;
    this.#signal = signal;
  }

  async get(id: string, { a: { width, height }, colour }: Sample): Promise<Interpolator> {
    const known = this.#open.get(id);
    const setup = JSON.stringify([width, height, colour]);
    if (known?.setup === setup) return known.interpolator;
    this.#open.delete(id);
    await known?.interpolator[Symbol.asyncDispose]();
    const [entry, threads] = [this.#entries.get(id)!, this.#threads];
    const { device } = await engineDevice(entry, this.#device, { threads, signal: this.#signal });
    const interpolator = await entry.open({ width, height, colour, threads, device });
    this.#open.set(id, { interpolator, setup });
    return interpolator;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { interpolator } of this.#open.values()) await interpolator[Symbol.asyncDispose]();
    this.#open.clear();
  }
}

/** What the boards' processes make: keyframes' pictures, takes, key points. */
import { AppError } from '../../contract/errors.ts';
import type { DeviceChoice } from '../../contract/jobs.ts';
import type { KeyPoint } from '../../contract/morph.ts';
import { createEta } from '../base/eta.ts';
import type { Between, EngineSetup } from '../engines/engine.ts';
import type { Gap, Inbetweener, InbetweenEntry, Keyframe } from '../engines/inbetween.ts';
import { inbetweenDevice } from '../engines/engine-device.ts';
import { findInbetweener } from '../engines/registry.ts';
import type { Frame, PixelFormat } from '../media/frame.ts';
import { encodePictures, pictureEnding } from '../media/picture-stream.ts';
import { hasAlpha } from '../morph/alpha.ts';
import { fillGap, openGap } from '../morph/fill.ts';
import type { CornerOrder, FrameOrder, StillOrder, TakeOrder } from './messages.ts';
import type { StillShelf } from './still-shelf.ts';
import type { TakeStore } from './take-store.ts';

export interface TakeHost {
  readonly store: TakeStore;
  readonly shelf: StillShelf;
  /** Kept from one take to the next. */
  readonly engines: EngineShelf;
  readonly signal: AbortSignal;
}

/** Stills are RGB of full range once they are fitted. */
const COLOUR = { range: 'full', matrix: 'gbr' } as const;

/** One engine, kept open as long as the same is asked for. */
export class EngineShelf implements AsyncDisposable {
  readonly #threads: number;
  #open: { readonly key: string; readonly engine: Inbetweener } | undefined;

  constructor(threads: number) {
    this.#threads = threads;
  }

  /** Throws what finding and opening the engine throws. */
  async get(
    id: string,
    { frame, format, device }: { frame: FrameOrder; format: PixelFormat; device: DeviceChoice },
    signal: AbortSignal,
  ): Promise<{ entry: InbetweenEntry; engine: Inbetweener; setup: EngineSetup }> {
    const entry = await findInbetweener(id);
    const { width, height } = frame;
    const place = await inbetweenDevice(entry, device, { threads: this.#threads, signal });
    const setup = { width, height, threads: this.#threads, colour: COLOUR, ...place };
    const key = [entry.id, entry.version, width, height, format.name, place.device].join(' ');
    if (this.#open?.key !== key) {
      await this[Symbol.asyncDispose]();
      this.#open = { key, engine: await openGap(entry, setup, format) };
    }
    return { entry, engine: this.#open.engine, setup };
  }

  /** Closes what is open: it may be what failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.engine[Symbol.asyncDispose]();
  }
}

/** Makes and keeps the picture of a keyframe, unless it is there. Throws what reading it throws. */
export async function renderStill(
  still: StillOrder,
  frame: FrameOrder,
  { store, shelf, signal }: Omit<TakeHost, 'engines'>,
): Promise<void> {
  if (await store.still(still.key)) return;
  const picture = await shelf.get(still, frame, undefined, signal);
  for await (const file of encodePictures(alone(picture), { ...looks(picture), signal })) {
    await store.writeStill(still.key, file, pictureEnding(picture.format));
  }
}

/** Makes a take; the least confidence of its pictures. Throws what reading, the engine and encoding throw; the signal's reason. */
export async function renderTake(
  take: TakeOrder,
  { store, shelf, engines, signal }: TakeHost,
  onProgress: (done: number, etaSeconds: number | null) => void,
): Promise<number> {
  const stored = await store.take(take.key, take.times.length);
  if (stored.whole) return stored.confidence ?? 1;
  const corners = [take.first, take.last, take.before, take.after];
  const frames = await readCorners(corners, take.frame, shelf, signal);
  const keyframe = (corner: CornerOrder | null, i: number): Keyframe | undefined =>
    corner && frames[i] ? { frame: frames[i], ...(corner.points && { points: corner.points }) } : undefined;
  const gap: Gap = {
    first: keyframe(take.first, 0)!,
    last: keyframe(take.last, 1)!,
    before: keyframe(take.before, 2),
    after: keyframe(take.after, 3),
  };
  const { format } = gap.first.frame;
  const opened = await engines.get(take.engine, { frame: take.frame, format, device: take.device }, signal);
  const { times, motion, seed } = take;
  const eta = createEta();
  eta.update(0, performance.now() / 1000);
  const writer = await store.open(take.key);
  let confidence = 1;
  const between = fillGap({ gap, times, motion, seed, signal, ...opened });
  const pictures = framesOf(between, (one) => (confidence = Math.min(confidence, one.confidence)));
  let done = 0;
  for await (const file of encodePictures(pictures, { ...looks(gap.first.frame), signal })) {
    signal.throwIfAborted();
    await writer.write(file, pictureEnding(format));
    done++;
    onProgress(done, eta.update(done / times.length, performance.now() / 1000) ?? null);
  }
  if (done !== times.length) {
    throw new AppError('engine-failed', `${done} of ${times.length} pictures were written.`);
  }
  await writer.finish(confidence);
  return confidence;
}

/** Key points of a keyframe by an engine. Throws 'engine-kind' for one that has none. */
export async function findPoints(
  { still, frame, engine: id, device }: { still: StillOrder; frame: FrameOrder; engine: string; device: DeviceChoice },
  { shelf, engines, signal }: Omit<TakeHost, 'store'>,
): Promise<KeyPoint[]> {
  const entry = await findInbetweener(id);
  if (!entry.uses.points) throw withoutPoints(entry);
  const picture = await shelf.get(still, frame, undefined, signal);
  const { engine } = await engines.get(id, { frame, format: picture.format, device }, signal);
  if (!engine.points) throw withoutPoints(entry);
  return await engine.points(picture, signal);
}

function withoutPoints({ name }: InbetweenEntry): AppError {
  return new AppError('engine-kind', `${name} does not work with key points; choose an engine that does, as fomm.`);
}

/** The pictures of all corners in one format: transparent where one of them is. */
async function readCorners(
  corners: readonly (CornerOrder | null)[],
  frame: FrameOrder,
  shelf: StillShelf,
  signal: AbortSignal,
): Promise<(Frame | undefined)[]> {
  const read = async (alpha: boolean | undefined): Promise<(Frame | undefined)[]> => {
    const frames: (Frame | undefined)[] = [];
    for (const [i, corner] of corners.entries()) {
      // Beyond the gap a still that cannot be read is none.
      const reading = corner ? shelf.get(corner, frame, alpha, signal) : undefined;
      frames.push(i < 2 ? await reading : await reading?.catch(() => undefined));
    }
    return frames;
  };
  const frames = await read(undefined);
  const alphas = new Set(frames.flatMap((one) => (one ? [hasAlpha(one.format)] : [])));
  return alphas.size > 1 ? await read(true) : frames;
}

function looks({ format, width, height }: Frame): {
  format: PixelFormat;
  width: number;
  height: number;
  colour: typeof COLOUR;
} {
  return { format, width, height, colour: COLOUR };
}

async function* alone(frame: Frame): AsyncGenerator<Frame> {
  yield frame;
}

async function* framesOf(betweens: AsyncIterable<Between>, look: (between: Between) => void): AsyncGenerator<Frame> {
  for await (const between of betweens) {
    look(between);
    yield between.frame;
  }
}

/** From protocol entries to pictures: each sample is two frames for an engine and the truth between them. */
import { AppError } from '../../contract/errors.ts';
import type { ColourInfo } from '../../contract/media.ts';
import type { Frame } from '../media/frame.ts';
import type { Weights } from '../media/mask/weights.ts';
import { frameOfRgb, toRgb8, type Rgb8 } from './rgb.ts';
import type { DropOddItem, FrameItem, ImageItem, TripletItem } from './protocol.ts';
import { openImage, openVideo, type VideoSource } from './sources.ts';

/**
 * `a` and `b` go to the engine, which is asked for `t`; what it returns becomes RGB by `toRgb` and is measured
 * against `truth`.
 */
export interface Sample {
  readonly set: string;
  readonly id: string;
  readonly t: number;
  readonly a: Frame;
  readonly b: Frame;
  readonly truth: Rgb8;
  /** Of `a` and `b`. */
  readonly colour: ColourInfo;
  toRgb(frame: Frame): Rgb8;
  /** What stands still between the two; absent of images, which have no frames beside them. */
  readonly still?: () => Promise<Weights | undefined>;
}

/** Images kept decoded: an entry's second image is often the next one's first. */
const KEPT_IMAGES = 4;

/** The videos that have been opened, so that each is indexed once. */
export class Videos implements AsyncDisposable {
  readonly #open = new Map<string, VideoSource>();

  async get(path: string, signal?: AbortSignal): Promise<VideoSource> {
    const known = this.#open.get(path) ?? (await openVideo(path, signal));
    this.#open.set(path, known);
    return known;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const video of this.#open.values()) await video.close();
  }
}

/** How many samples there will be. Throws what probing and indexing throw. */
export async function countSamples(items: readonly FrameItem[], videos: Videos, signal?: AbortSignal): Promise<number> {
  let count = 0;
  for (const item of items) {
    if (item.kind !== 'drop-odd') count++;
    else count += Math.max(0, Math.floor(((await videos.get(item.video, signal)).frameCount - 1) / 2));
  }
  return count;
}

/**
 * The samples of `items`: images in their order, triplets together by video, so that each is decoded once. Throws
 * 'size-mismatch' and 'bad-protocol'.
 */
export async function* samplesOf(
  items: readonly FrameItem[],
  videos: Videos,
  signal?: AbortSignal,
): AsyncGenerator<Sample> {
  const images = new ImageCache(signal);
  const triplets = Map.groupBy(
    items.filter((item) => item.kind === 'triplet'),
    ({ video }) => video,
  );
  for (const item of items) {
    if (item.kind === 'images') yield await imageSample(item, images);
    else if (item.kind === 'drop-odd') yield* dropOdd(item, await videos.get(item.video, signal));
    else {
      const ofVideo = triplets.get(item.video);
      triplets.delete(item.video);
      if (ofVideo) yield* tripletSamples(ofVideo, await videos.get(item.video, signal));
    }
  }
}

async function imageSample(item: ImageItem, images: ImageCache): Promise<Sample> {
  const [a, truth, b] = [await images.get(item.f0), await images.get(item.gt), await images.get(item.f1)];
  for (const [name, image] of [
    ['f1', b],
    ['gt', truth],
  ] as const) {
    if (image.width === a.width && image.height === a.height) continue;
    throw new AppError(
      'size-mismatch',
      `Entry '${item.id}' of set '${item.set}': f0 is ${a.width}x${a.height} and ${name} is ${image.width}x${image.height}.`,
    );
  }
  const toRgb = (frame: Frame) => toRgb8(frame, {}, 'linear-centre');
  return { set: item.set, id: item.id, t: item.t, a, b, truth: toRgb(truth), colour: {}, toRgb };
}

async function* dropOdd(
  { set, id, t }: DropOddItem,
  { colour, frames, still: stillOf }: VideoSource,
): AsyncGenerator<Sample> {
  const toRgb = (frame: Frame) => toRgb8(frame, colour, 'replicate');
  let a: Frame | undefined;
  let dropped: Frame | undefined;
  for await (const frame of frames()) {
    if (frame.index % 2 === 1) {
      dropped = frame;
      continue;
    }
    if (a && dropped) {
      const [first, second] = [a.index, frame.index];
      const still = () => stillOf(first, second, 2);
      yield { set, id: `${id}#${dropped.index}`, t, a, b: frame, truth: toRgb(dropped), colour, toRgb, still };
    }
    a = frame;
  }
}

async function* tripletSamples(
  items: readonly TripletItem[],
  { colour, frameCount, frames, still: stillOf }: VideoSource,
): AsyncGenerator<Sample> {
  const toRgb = (frame: Frame) => toRgb8(frame, colour, 'replicate');
  const waiting = items.toSorted((p, q) => p.frames[2] - q.frames[2]);
  const past = waiting.find(({ frames: numbers }) => numbers[2] >= frameCount);
  if (past) {
    throw new AppError(
      'bad-protocol',
      `Entry '${past.id}' of set '${past.set}' asks for frame ${past.frames[2]} of '${past.video}', which has ${frameCount} frames.`,
    );
  }
  // A frame is kept until the last triplet that has it is complete.
  const lastUse = new Map<number, number>();
  for (const { frames: numbers } of waiting) for (const number of numbers) lastUse.set(number, numbers[2]);
  const kept = new Map<number, Frame>();
  for await (const frame of frames(waiting.at(-1)!.frames[2])) {
    if (lastUse.has(frame.index)) kept.set(frame.index, frame);
    while (waiting[0]?.frames[2] === frame.index) {
      const { set, id, t, frames: numbers } = waiting.shift()!;
      const [a, truth, b] = numbers.map((number) => kept.get(number)!) as [Frame, Frame, Frame];
      const still = () => stillOf(a.index, b.index, 1);
      yield { set, id, t, a, b, truth: toRgb(truth), colour, toRgb, still };
    }
    for (const index of kept.keys()) if (lastUse.get(index)! <= frame.index) kept.delete(index);
  }
}

/** Images as 8-bit planar RGB, the last few kept. */
class ImageCache {
  readonly #kept = new Map<string, Frame>();
  readonly #signal: AbortSignal | undefined;

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  async get(path: string): Promise<Frame> {
    const known = this.#kept.get(path);
    const image = known ?? frameOfRgb(await openImage(path, this.#signal));
    // Set anew, it is the youngest.
    this.#kept.delete(path);
    this.#kept.set(path, image);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= KEPT_IMAGES) break;
      this.#kept.delete(oldest);
    }
    return image;
  }
}

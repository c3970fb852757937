/** Triplets of one video. */
import { AppError } from '../../contract/errors.ts';
import type { VideoInfo } from '../../contract/media.ts';
import { probe } from '../media/probe.ts';
import { choosePlaces, FLAWS, lotOf, randomOf, type Bounds, type Choice, type Place } from './choose.ts';
import { rgbPatch } from './patch.ts';
import { findShots } from './shots.ts';
import { emptyTally, type Tally } from './tally.ts';
import { chooseTriples, lookedAt, type Three, type Triple } from './triples.ts';
import { PATCH, type Triplet } from './triplet.ts';

export interface ClipOptions extends Bounds {
  /** Frames from the middle to the other two. */
  readonly gaps: readonly number[];
  /** Triplets at most. */
  readonly most: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
  /** Share of the clip that is done. */
  readonly onProgress?: (fraction: number) => void;
}

/** Share of the work that is finding times, cuts and holds. */
const INDEX_SHARE = 0.3;
/** Patches of three frames at most: more would look alike. */
const PER_TRIPLE = 2;
/**
 * Triplets of a video, in the order of its frames. The same for the same seed, name and options. Frames that a cut lies between, that
 * repeat others or that are not evenly spaced in time are left out. Throws 'size-mismatch' for a picture smaller than a patch, what probing and
 * decoding throw.
 */
export async function mineClip(
  clip: { readonly path: string; readonly name: string },
  options: ClipOptions,
): Promise<{ triplets: Triplet[]; tally: Tally }> {
  const { signal, onProgress } = options;
  const tally = emptyTally();
  const info = await probe(clip.path, signal ? { signal } : {});
  const { width, height } = info.video;
  if (width < PATCH || height < PATCH)
    throw new AppError(
      'size-mismatch',
      `${clip.name} is ${width}x${height}: too small for patches of ${PATCH}x${PATCH}.`,
    );
  if (options.most < 1) return { triplets: [], tally };
  const random = randomOf(`${options.seed}/${clip.name}`);
  const { index, ...shots } = await findShots(info, {
    ...(signal ? { signal } : {}),
    onProgress: (share) => onProgress?.(INDEX_SHARE * share),
  });
  const triples = chooseTriples(index, shots, options, random, tally.triples);
  const kept = new Lottery<Triplet>(options.most);
  let done = 0;
  for await (const [triple, looked] of lookedAt(clip.path, info, index, triples, signal)) {
    const { facts, frames } = looked;
    const choice = choosePlaces(facts, { width, height }, options, random, PER_TRIPLE);
    addChoice(tally.patches, choice);
    for (const place of choice.places) {
      kept.offer(lotOf(place.motion, random), () => cutTriplet(frames, place, info, { ...triple, source: clip.name }));
    }
    onProgress?.(INDEX_SHARE + ((1 - INDEX_SHARE) * ++done) / triples.length);
  }
  const triplets = kept.winners().toSorted((a, b) => a.index - b.index || a.gap - b.gap || a.y - b.y || a.x - b.x);
  tally.patches.taken = triplets.length;
  return { triplets, tally };
}

function addChoice(patches: Tally['patches'], { tried, sound, flaws }: Choice): void {
  patches.tried += tried;
  patches.sound += sound;
  for (const flaw of FLAWS) patches[flaw] += flaws[flaw];
}

/** Keeps the `most` that drew the highest lots; what cannot win is not even made. */
class Lottery<T> {
  readonly #most: number;
  #held: { lot: number; value: T }[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  offer(lot: number, make: () => T): void {
    const full = this.#held.length >= this.#most;
    const least = full ? this.#held.reduce((a, b) => (b.lot < a.lot ? b : a)) : undefined;
    if (least && lot <= least.lot) return;
    if (least) this.#held.splice(this.#held.indexOf(least), 1);
    this.#held.push({ lot, value: make() });
  }

  winners(): T[] {
    return this.#held.map(({ value }) => value);
  }
}

function cutTriplet(
  frames: Three,
  { x, y, motion }: Place,
  info: VideoInfo,
  { middle, gap, source }: Triple & { source: string },
): Triplet {
  const [a, b, c] = frames.map((frame) => rgbPatch(frame, x, y, info.video.colour));
  return { width: PATCH, height: PATCH, frames: [a!, b!, c!], source, index: middle, gap, x, y, motion };
}

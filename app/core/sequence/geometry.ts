/** Where things are in a sequence, and which moment of its source a clip shows. Positions are whole frames of the sequence, source times ticks. */
import type { CurveKey } from '../../contract/jobs.ts';
import type { Marker, ProjectState, TimelineClip } from '../../contract/project.ts';
import { TICKS, type Rational } from '../../contract/time.ts';
import { curvePieces, type Piece } from '../time/curve.ts';
import { toNumber } from '../time/rational.ts';

/** What of a clip decides which moments it shows. */
export type Window = Pick<TimelineClip, 'keys' | 'first' | 'frames'>;

interface Retime {
  readonly rate: Rational;
  readonly pieces: readonly Piece[];
  /** First frame of each piece. */
  readonly starts: readonly number[];
  readonly frames: number;
}

/** Keys are never changed in place, so what follows from them is kept for as long as they are. */
const retimes = new WeakMap<readonly CurveKey[], Retime>();

function retimeOf(keys: readonly CurveKey[], rate: Rational): Retime {
  const known = retimes.get(keys);
  if (known && known.rate.num === rate.num && known.rate.den === rate.den) return known;
  const pieces = curvePieces(keys, rate);
  const starts: number[] = [];
  let frames = 0;
  for (const piece of pieces) {
    starts.push(frames);
    frames += piece.frames;
  }
  const retime = { rate, pieces, starts, frames };
  retimes.set(keys, retime);
  return retime;
}

/** Whole frames of each piece of a retime. */
export function pieceFrames(keys: readonly CurveKey[], rate: Rational): number[] {
  return retimeOf(keys, rate).pieces.map((piece) => piece.frames);
}

/** Whole frames of all of a retime. */
export function retimeFrames(keys: readonly CurveKey[], rate: Rational): number {
  return retimeOf(keys, rate).frames;
}

/** The piece that holds frame `k` of a retime (the last one for its end), and `k` counted from that piece's first frame. */
function locate({ pieces, starts, frames }: Retime, k: number): { piece: Piece; j: number; index: number } {
  const within = Math.min(Math.max(k, 0), frames);
  let [low, high] = [0, pieces.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= within) low = middle;
    else high = middle - 1;
  }
  return { piece: pieces[low]!, j: within - starts[low]!, index: low };
}

/** Source time in ticks of frame `k` of all of a retime, 0 <= k <= its frames; `k` may be fractional. */
export function retimeSourceAt(keys: readonly CurveKey[], rate: Rational, k: number): number {
  const { piece, j } = locate(retimeOf(keys, rate), k);
  return piece.sourceAt(j);
}

/** Source time in ticks of a frame counted from the clip's start; may be fractional. Before and after the retime its ends hold. */
export function sourceAt(clip: Window, rate: Rational, frame: number): number {
  return retimeSourceAt(clip.keys, rate, clip.first + frame);
}

/** Speed of playback at a frame counted from the clip's start: 1 is the source's own, 0 a freeze, negative backwards. */
export function speedAt(clip: Window, rate: Rational, frame: number): number {
  const { piece, j } = locate(retimeOf(clip.keys, rate), clip.first + frame);
  // Long enough that the rounding to ticks does not show, short enough to be the speed at this frame.
  const step = 1 / 16;
  const from = Math.max(0, Math.min(j - step / 2, piece.frames - step));
  return ((piece.sourceAt(from + step) - piece.sourceAt(from)) / step) * (toNumber(rate) / TICKS);
}

/**
 * The whole frame of a retime (0 to its frames) that shows the source time nearest to `ticks`; of several equally near, the one nearest to
 * frame `near`.
 */
export function frameShowing(keys: readonly CurveKey[], rate: Rational, ticks: number, near: number): number {
  const { pieces, starts } = retimeOf(keys, rate);
  let best = 0;
  let bestError = Infinity;
  const offer = (k: number, source: number) => {
    const error = Math.abs(source - ticks);
    const closer = Math.abs(k - near) < Math.abs(best - near);
    if (error < bestError - 1 || (error <= bestError + 1 && closer)) [best, bestError] = [k, error];
  };
  pieces.forEach((piece, i) => {
    const start = starts[i]!;
    for (const j of candidates(keys[i]!, piece, ticks, near - start)) offer(start + j, piece.sourceAt(j));
  });
  return best;
}

/** Frames of a piece among which the one nearest to `ticks` is. */
function candidates(key: CurveKey, piece: Piece, ticks: number, near: number): number[] {
  const { frames } = piece;
  const overshoots = key.ease === 'bezier' && key.handles !== undefined && outside(key.handles[1], key.handles[3]);
  if (overshoots) return Array.from({ length: frames + 1 }, (_, j) => j);
  const beside = Math.min(Math.max(Math.round(near), 0), frames);
  const rising = piece.sourceAt(frames) >= piece.sourceAt(0);
  let [low, high] = [0, frames];
  // A piece that does not overshoot runs one way, so the first frame at or past the time is found by halving.
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rising ? piece.sourceAt(middle) < ticks : piece.sourceAt(middle) > ticks) low = middle + 1;
    else high = middle;
  }
  return [0, Math.max(0, low - 1), low, beside, frames];
}

function outside(...heights: readonly number[]): boolean {
  return heights.some((height) => height < 0 || height > 1);
}

/** The first frame that is not the clip's any more. */
export function clipEnd(clip: Pick<TimelineClip, 'start' | 'frames'>): number {
  return clip.start + clip.frames;
}

/** First to last. */
export function clipsInOrder(state: Pick<ProjectState, 'clips'>): TimelineClip[] {
  return Object.values(state.clips).toSorted((a, b) => a.start - b.start);
}

/** First to last. */
export function markersInOrder(state: Pick<ProjectState, 'markers'>): Marker[] {
  return Object.values(state.markers).toSorted((a, b) => a.frame - b.frame);
}

/** Frames from 0 to the end of the last clip. */
export function sequenceLength(state: Pick<ProjectState, 'clips'>): number {
  return Object.values(state.clips).reduce((length, clip) => Math.max(length, clipEnd(clip)), 0);
}

/** The clip that shows a frame of the sequence, if any. */
export function clipAt(state: Pick<ProjectState, 'clips'>, frame: number): TimelineClip | undefined {
  return Object.values(state.clips).find((clip) => clip.start <= frame && frame < clipEnd(clip));
}

/** The clip with an id, whatever the id is ('toString' is no clip). */
export function clipOf(state: Pick<ProjectState, 'clips'>, id: string): TimelineClip | undefined {
  return Object.hasOwn(state.clips, id) ? state.clips[id] : undefined;
}

export function markerOf(state: Pick<ProjectState, 'markers'>, id: string): Marker | undefined {
  return Object.hasOwn(state.markers, id) ? state.markers[id] : undefined;
}

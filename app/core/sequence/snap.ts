/** Frames that what is dragged sticks to. */
import type { ProjectState, TimelineClip } from '../../contract/project.ts';
import type { Rational } from '../../contract/time.ts';
import { secondsToTicks } from '../time/rational.ts';
import { clipEnd, frameShowing, sourceAt } from './geometry.ts';

export interface SnapOptions {
  /** Frame of the playhead, which is snapped to as well. */
  playhead?: number | undefined;
  /** Ids of clips and markers that are being dragged. */
  exclude?: ReadonlySet<string> | readonly string[] | undefined;
  /** Further frames: cuts that were detected, a selected range's ends. */
  more?: readonly number[] | undefined;
}

/** Start of the sequence, ends of clips, their cuts, markers, playhead: ascending, each once. */
export function snapPoints(state: ProjectState, { playhead, exclude = [], more = [] }: SnapOptions = {}): number[] {
  const left = new Set(exclude);
  const points = new Set([0, ...more]);
  if (playhead !== undefined) points.add(playhead);
  for (const clip of Object.values(state.clips)) {
    if (left.has(clip.id)) continue;
    points.add(clip.start).add(clipEnd(clip));
    for (const frame of cutFrames(clip, state.settings.rate)) points.add(frame);
  }
  for (const marker of Object.values(state.markers)) {
    if (left.has(marker.id)) continue;
    points.add(marker.frame);
    if (marker.frames > 1) points.add(marker.frame + marker.frames);
  }
  return [...points].toSorted((a, b) => a - b);
}

/**
 * Frames of the sequence at which a clip's believed cuts (seconds of its source; those the clip names, unless given) are shown. Those outside what is
 * shown are left out.
 */
export function cutFrames(
  clip: TimelineClip,
  rate: Rational,
  cuts: readonly number[] = [...clip.cuts.added, ...clip.cuts.accepted],
): number[] {
  const frames: number[] = [];
  for (const seconds of cuts) {
    const ticks = secondsToTicks(seconds);
    const k = frameShowing(clip.keys, rate, ticks, clip.first + clip.frames / 2) - clip.first;
    if (k <= 0 || k >= clip.frames) continue;
    // The first frame of the new shot: one that still begins before the cut shows the old one.
    const forwards = sourceAt(clip, rate, k) >= sourceAt(clip, rate, k - 1);
    const frame = forwards && sourceAt(clip, rate, k) < ticks - 1 ? k + 1 : k;
    if (frame < clip.frames) frames.push(clip.start + frame);
  }
  return frames;
}

/** The point nearest to `frame` within `tolerance` frames; null where none is. `points` ascending. */
export function snap(frame: number, points: readonly number[], tolerance: number): number | null {
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle]! < frame) low = middle + 1;
    else high = middle;
  }
  let best: number | null = null;
  for (const point of [points[low - 1], points[low]]) {
    if (point === undefined || Math.abs(point - frame) > tolerance) continue;
    if (best === null || Math.abs(point - frame) < Math.abs(best - frame)) best = point;
  }
  return best;
}

/** `delta` so adjusted that one of the dragged `edges` lands on a point, and which point; null where none is within `tolerance`. */
export function snapDelta(
  edges: readonly number[],
  delta: number,
  points: readonly number[],
  tolerance: number,
): { delta: number; point: number } | null {
  let best: { delta: number; point: number } | null = null;
  for (const edge of edges) {
    const point = snap(edge + delta, points, tolerance);
    if (point === null) continue;
    if (best === null || Math.abs(point - edge - delta) < Math.abs(best.delta - delta))
      best = { delta: point - edge, point };
  }
  return best;
}

/** A board of a place on a timeline. */
import { AppError } from '../../contract/errors.ts';
import type { Board, BoardKeyframe } from '../../contract/morph.ts';
import type { ProjectState, TimelineClip } from '../../contract/project.ts';
import { MOST_GAP_FRAMES } from '../../contract/morph.ts';
import { TICKS, type Rational } from '../../contract/time.ts';
import { analyseClip } from '../clips/facts.ts';
import { treatFields, type TreatedSource } from '../media/fields/treat.ts';
import type { Library } from '../library/db.ts';
import { projectState } from '../projects/edit.ts';
import { newId } from '../sequence/edits.ts';
import { clipAt, clipEnd, clipsInOrder, sourceAt } from '../sequence/geometry.ts';
import { sourceTiming } from '../time/regular.ts';
import { toNumber } from '../time/rational.ts';
import { EMPTY_BOARD } from './edit.ts';

/** Frames [at, at + frames) of a sequence that a morph is to fill; the frames before and after it are its keyframes. */
export interface Hole {
  readonly at: number;
  readonly frames: number;
}

/**
 * What is to be filled at a frame of a sequence: the gap around it, or, of a range [at, at + frames), what is between its first and its last frame. Throws
 * 'empty-range' where there is no frame on one side, or nothing between, 'too-large' for more than MOST_GAP_FRAMES.
 */
export function holeAt(state: Pick<ProjectState, 'clips'>, at: number, frames?: number): Hole {
  const hole = frames === undefined ? gapAround(state, at) : { at: at + 1, frames: frames - 2 };
  if (hole.frames < 1) {
    throw new AppError('empty-range', 'A range has a frame at each end that stays, and one between them at least.');
  }
  if (hole.frames > MOST_GAP_FRAMES) {
    throw new AppError('too-large', `A gap takes at most ${MOST_GAP_FRAMES} frames, not ${hole.frames}.`);
  }
  if (!clipAt(state, hole.at - 1)) {
    throw new AppError('empty-range', 'There is no picture before it: a morph leads from one to another.');
  }
  if (!clipAt(state, hole.at + hole.frames)) {
    throw new AppError('empty-range', 'There is no picture after it: a morph leads from one to another.');
  }
  return hole;
}

function gapAround(state: Pick<ProjectState, 'clips'>, at: number): Hole {
  if (clipAt(state, at)) {
    throw new AppError('empty-range', 'There is a clip at that frame: choose a gap between two clips, or a range.');
  }
  const clips = clipsInOrder(state);
  const next = clips.find(({ start }) => start > at);
  if (!next) throw new AppError('empty-range', 'There is no picture after it: a morph leads from one to another.');
  const from = clips.reduce((end, clip) => (clip.start < at ? Math.max(end, clipEnd(clip)) : end), 0);
  return { at: from, frames: next.start - from };
}

/** What a sequence shows at a frame: a moment of a clip of the library. */
export interface Shown {
  readonly media: string;
  /** Source time, to be compared. */
  readonly ticks: number;
}

/** Undefined where the sequence is black. */
export function shownAt({ clips, settings }: ProjectState, frame: number): Shown | undefined {
  const clip = clipAt({ clips }, frame);
  return clip && { media: clip.media, ticks: Math.round(momentOf(clip, settings.rate, frame)) };
}

function momentOf(clip: TimelineClip, rate: Rational, frame: number): number {
  return sourceAt(clip, rate, frame - clip.start);
}

export interface FromTimelineOptions {
  readonly at: number;
  readonly frames?: number | undefined;
  readonly engine: string;
  /** Throws path-refused. */
  readonly check: (path: string) => Promise<string>;
  readonly signal: AbortSignal;
}

/**
 * The board that fills a gap of a project's sequence, or a range of it. Its keyframes are the frames of the clips' files nearest to what the sequence
 * shows. Throws project-unknown, as holeAt, path-refused, and what analysing the clips throws.
 */
export async function boardFromTimeline(db: Library, project: string, options: FromTimelineOptions): Promise<Board> {
  const { name, state } = projectState(db, project);
  const { settings } = state;
  const hole = holeAt(state, options.at, options.frames);
  const keyframes: BoardKeyframe[] = [];
  for (const frame of [hole.at - 1, hole.at + hole.frames]) {
    keyframes.push(await keyframeAt(db, state, frame, options));
  }
  const gap = { engine: options.engine, motion: 'linear', ease: 'linear', takes: [1], take: 0 } as const;
  const gaps = [hole.frames, 14].map((frames) => ({ ...gap, takes: [...gap.takes], frames }));
  const seconds = (hole.at / toNumber(settings.rate)).toFixed(1);
  return {
    ...EMPTY_BOARD,
    name: `${name} at ${seconds} s`.slice(0, 1000),
    ...{ keyframes, gaps, fps: settings.rate },
    // As the sequence shows what is of another shape.
    fit: 'pad',
    size: { width: settings.width, height: settings.height },
    origin: { project, ...hole },
  };
}

async function keyframeAt(
  db: Library,
  { clips, settings }: ProjectState,
  frame: number,
  { check, signal }: FromTimelineOptions,
): Promise<BoardKeyframe> {
  const clip = clipAt({ clips }, frame)!;
  const { file, info, facts, clip: row } = await analyseClip(db, clip.media, { signal });
  const path = await check(file.path);
  const { fields } = clip;
  const at = nearest(timesOf(treatFields(info, facts, fields)), momentOf(clip, settings.rate, frame)) / TICKS;
  const name = `${row.name} at ${at.toFixed(2)} s`.slice(0, 1000);
  return { id: newId(), name, path, at, points: null, ...(fields && { fields }) };
}

/** Of the pictures, as keyframes are read. */
function timesOf({ info: { video }, facts: { index } }: TreatedSource): readonly number[] {
  const claimed = [video.nominalRate, video.averageRate];
  return sourceTiming(index.times, index.end, index.stamps.timeBase, claimed).times;
}

/** Of ascending times the one nearest to `time`. */
function nearest(times: readonly number[], time: number): number {
  return times.reduce((best, one) => (Math.abs(one - time) < Math.abs(best - time) ? one : best), times[0] ?? 0);
}

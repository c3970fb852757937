/**
 * Morphs: two to many stills, and the motion from each to the next. Plain data.
 *
 * [Note: morph counts] A gap with `frames` n has n new pictures between its two keyframes, so K keyframes and gaps of n1, n2, ... make a film of
 * K + n1 + n2 + ... frames; of a loop the last gap leads back to the first keyframe, which is not shown again. Two stills and 14 frames are 16 frames.
 */
import type { Codec, DeviceChoice, FieldsChoice } from './choices.ts';
import type { WireError } from './errors.ts';
import type { Rational } from './time.ts';

/** How key points go from one keyframe to the next (engine fomm). */
export const MORPH_MOTIONS = ['linear', 'adversarial', 'autoregressive'] as const;
export type MorphMotion = (typeof MORPH_MOTIONS)[number];

/** What of a gap's settings an engine heeds. */
export interface MorphUses {
  readonly seed: boolean;
  readonly motion: boolean;
  readonly points: boolean;
}

/** Whether another seed gives other pictures. Of the motions only the adversarial one draws noise. */
export function heedsSeed({ seed, motion: moves }: MorphUses, motion: MorphMotion): boolean {
  return seed && (!moves || motion === 'adversarial');
}

/**
 * How the way is divided over a gap's frames. 'linear' is even; 'in' starts slowly, 'out' ends slowly, 'in-out' both; 'through' starts and ends at the speed
 * of the neighbouring gaps, so that a middle keyframe is passed without a stop or a jump of speed (even where there is no neighbour).
 */
export const MORPH_EASES = ['through', 'linear', 'in', 'out', 'in-out'] as const;
export type MorphEase = (typeof MORPH_EASES)[number];

/** What becomes of stills whose aspect is not the film's: cut, framed in black (transparent where stills are), or distorted. */
export const MORPH_FITS = ['crop', 'pad', 'stretch'] as const;
export type MorphFit = (typeof MORPH_FITS)[number];

export const MOST_KEYFRAMES = 1000;
/** New pictures in one gap, and in a whole film. */
export const MOST_GAP_FRAMES = 10_000;
export const MOST_MORPH_FRAMES = 50_000;
export const MOST_TAKES = 16;

/**
 * A key point with the motion around it: x and y from -1 (left, top) to 1 (right, bottom) of the fitted picture; the jacobian, row-major, is the local
 * deformation against the network's own reference frame.
 */
export interface KeyPoint {
  x: number;
  y: number;
  jacobian: [number, number, number, number];
}

export interface MorphKeyframe {
  /** Absolute path of a still, or of a video where `at` is given. */
  path: string;
  /** Seconds from the video's first frame; null for a still. */
  at: number | null;
  /** Key points set by hand for engines that use them; null where they are detected. */
  points: KeyPoint[] | null;
  /** Of a video: how pictures of two fields are read, what is found in it unless given. `at` is a time of the pictures that come of it. */
  fields?: FieldsChoice | undefined;
}

export interface MorphGap {
  /** New pictures, 0 to MOST_GAP_FRAMES. */
  frames: number;
  /** Id of an interpolating or in-betweening engine. */
  engine: string;
  motion: MorphMotion;
  ease: MorphEase;
  /** Of the noise of engines that use any: the same seed gives the same pictures. 0 to 2^32 - 1. */
  seed: number;
}

/** Everything that determines a morph's film. */
export interface MorphSpec {
  kind: 'morph';
  /** For people. */
  title: string;
  /** 2 to MOST_KEYFRAMES. */
  keyframes: MorphKeyframe[];
  /** One for each keyframe but the last, and one more for a loop. */
  gaps: MorphGap[];
  loop: boolean;
  fps: Rational;
  fit: MorphFit;
  /** Of the film; the first keyframe's unless given. */
  size?: { width: number; height: number } | undefined;
  /**
   * What is written, by its ending: a video, '.gif', '.png' (one strip of all frames side by side), or, with a '/' at the end, a folder of numbered PNG frames.
   */
  output: string;
  codec?: Codec | undefined;
  quality?: number | undefined;
  device?: DeviceChoice | undefined;
  force: boolean;
}

/** What a morph will be, before it starts. */
export interface MorphPlan {
  width: number;
  height: number;
  /** All of the film, and those that are made. */
  frames: number;
  made: number;
  /** Seconds. */
  duration: number;
  /** By gap: a sentence each on how it is filled ('cvi makes 14 pictures; the 30 asked for are found between them with glide'). */
  gaps: { notes: string[] }[];
  notes: string[];
  refused: { what: string; code: string; reason: string }[];
}

/** A keyframe on the board: what a morph needs of it, and its name. */
export interface BoardKeyframe extends MorphKeyframe {
  id: string;
  name: string;
}

/** A gap on the board. It follows the keyframe of the same index; the last one is used by a loop only. */
export interface BoardGap extends Omit<MorphGap, 'seed'> {
  /** Seeds of its takes, one at least; and which of them is in the film. */
  takes: number[];
  take: number;
}

/** What is edited on the board. `gaps` has as many entries as `keyframes`: they belong to the keyframe before them. */
export interface Board {
  name: string;
  keyframes: BoardKeyframe[];
  gaps: BoardGap[];
  loop: boolean;
  fps: Rational;
  fit: MorphFit;
  size: { width: number; height: number } | null;
  /** The place on a timeline it was opened from, and whose gap it fills: frame `at` of the project's sequence, `frames` long. */
  origin: { project: string; at: number; frames: number } | null;
}

export interface BoardSummary {
  id: string;
  name: string;
  keyframes: number;
  /** Of the film. */
  frames: number;
  /** ISO 8601. */
  changedAt: string;
  /** Media path of the first keyframe's picture. */
  thumb: string | null;
}

export interface BoardDocument {
  id: string;
  /** Ascends with each edit, undo and redo. */
  version: number;
  board: Board;
  /** What undo and redo would do, in the words of the edit; null where there is nothing. */
  undo: string | null;
  redo: string | null;
}

/** What is there of one take of a gap. Pictures are at media path `${pictures}${n}`, n = 0 .. frames - 1, in the film's size or smaller. */
export interface TakeState {
  gap: number;
  seed: number;
  frames: number;
  /** How many of the first are there. */
  done: number;
  /** Media path prefix; it changes whenever the pictures do. */
  pictures: string;
  state: 'absent' | 'waiting' | 'running' | 'done' | 'failed';
  etaSeconds: number | null;
  confidence: number | null;
  error: WireError | null;
}

export interface BoardPictures {
  /** Media path of each keyframe fitted to the film; null where it cannot be read, and why in `problem`. Both are null while it is being made. */
  keyframes: { picture: string | null; problem: WireError | null }[];
  takes: TakeState[];
}

/** An engine as the board's menus show it. */
export interface MorphEngine {
  id: string;
  name: string;
  summary: string;
  network: boolean;
  uses: MorphUses;
}

type None = Record<string, never>;

/** Rows of the Api on boards. */
export interface MorphApi {
  /** Those made for stills far apart first. */
  'board.engines': { params: None; result: { engines: MorphEngine[]; motions: MorphMotion[] } };
  'board.list': { params: None; result: BoardSummary[] };
  'board.create': { params: { name: string }; result: BoardDocument };
  'board.open': { params: { id: string }; result: BoardDocument };
  'board.remove': { params: { id: string }; result: None };
  /** Durable before it answers. Throws 'board-changed' when `version` is not the newest, 'bad-edit' for a board that is none. */
  'board.edit': { params: { id: string; version: number; label: string; board: Board }; result: BoardDocument };
  'board.undo': { params: { id: string; version: number }; result: BoardDocument };
  'board.redo': { params: { id: string; version: number }; result: BoardDocument };
  'board.plan': { params: { id: string }; result: MorphPlan };
  /** What is there to be shown now; starts nothing but the keyframes' own pictures. */
  'board.pictures': { params: { id: string }; result: BoardPictures };
  /** Makes the missing pictures of these gaps (all unless given), all takes, in place of what was asked before. Tells 'board.take'. */
  'board.render': { params: { id: string; gaps?: number[] | undefined }; result: None };
  'board.stop': { params: { id: string }; result: None };
  /** Key points as the engine detects them on a keyframe; throws 'engine-kind' for one that has none. */
  'board.points': { params: { id: string; keyframe: string; engine: string }; result: { points: KeyPoint[] } };
  /** Puts the film into the queue; throws what the plan refused. */
  'board.export': {
    params: { id: string; output: string; codec?: Codec | undefined; quality?: number | undefined; force: boolean };
    result: { job: string };
  };
  /**
   * A board of the gap around a frame of a sequence, from the last frame before it to the first one after, or of what is between the first and the last frame of the
   * range [at, at + frames). Throws 'empty-range' where there is nothing on one side, or between.
   */
  'board.fromTimeline': {
    params: { project: string; at: number; frames?: number | undefined };
    result: BoardDocument;
  };
  /** Makes the film (without the two end frames, which are on the timeline already), adds it to the library and puts it at the board's origin. One edit of the project. */
  'board.toTimeline': { params: { id: string }; result: { job: string } };
}

/** Topics on boards. */
export interface MorphTopics {
  'board.changed': BoardDocument;
  'board.listChanged': None;
  'board.take': { id: string; take: TakeState };
  /** Pictures of keyframes that board.pictures told neither of nor why not have been made since: ask it again. */
  'board.pictures': { id: string };
}

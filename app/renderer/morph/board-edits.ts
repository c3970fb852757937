/** What can be done to a board: each gives another board and leaves the given one alone; the same one where there is nothing to do. Pure. */
import {
  MOST_GAP_FRAMES,
  MOST_KEYFRAMES,
  MOST_TAKES,
  type Board,
  type BoardGap,
  type BoardKeyframe,
  type KeyPoint,
  type MorphEngine,
} from '../../contract/morph.ts';
import { newId } from '../../core/sequence/draft.ts';

/** A still, or a moment of a video, with an id of its own. */
export function newKeyframe({ path, at, name }: Pick<BoardKeyframe, 'path' | 'at' | 'name'>): BoardKeyframe {
  return { id: newId(), name, path, at, points: null };
}

/** What a gap is without one before it to be like. */
const FIRST_GAP: BoardGap = {
  frames: 14,
  engine: 'film',
  motion: 'linear',
  ease: 'through',
  takes: [0],
  take: 0,
};

/** The gap of a board's first keyframe: by the first engine made for stills far apart, or else the best of those made for small motion. */
export function firstGap(engines: readonly MorphEngine[]): BoardGap {
  const far = engines.find(({ uses }) => uses.seed || uses.points);
  const near = ['film', 'glide'].find((id) => engines.some((engine) => engine.id === id));
  return { ...FIRST_GAP, engine: far?.id ?? near ?? engines[0]?.id ?? FIRST_GAP.engine };
}

/** Puts keyframes before place `at`; each gets a gap like the one before that place. */
export function addKeyframes(board: Board, at: number, given: readonly BoardKeyframe[], first = FIRST_GAP): Board {
  const some = given.slice(0, MOST_KEYFRAMES - board.keyframes.length);
  if (some.length === 0) return board;
  const place = Math.max(0, Math.min(at, board.keyframes.length));
  const like = board.gaps[place - 1] ?? board.gaps[0] ?? first;
  const gaps = some.map((): BoardGap => ({ ...like, takes: [like.takes[0] ?? 0], take: 0 }));
  return {
    ...board,
    keyframes: board.keyframes.toSpliced(place, 0, ...some),
    gaps: board.gaps.toSpliced(place, 0, ...gaps),
  };
}

/** Takes a keyframe out, with the gap after it: what was before it goes on to what was after. */
export function removeKeyframe(board: Board, id: string): Board {
  const at = placeOf(board, id);
  if (at < 0) return board;
  return { ...board, keyframes: board.keyframes.toSpliced(at, 1), gaps: board.gaps.toSpliced(at, 1) };
}

/** Moves a keyframe, with the gap after it, before the one that is at place `to` now (the number of keyframes for the end). */
export function moveKeyframe(board: Board, id: string, to: number): Board {
  const from = placeOf(board, id);
  const place = Math.max(0, Math.min(to > from ? to - 1 : to, board.keyframes.length - 1));
  if (from < 0 || place === from) return board;
  const [keyframe, gap] = [board.keyframes[from]!, board.gaps[from]!];
  return {
    ...board,
    keyframes: board.keyframes.toSpliced(from, 1).toSpliced(place, 0, keyframe),
    gaps: board.gaps.toSpliced(from, 1).toSpliced(place, 0, gap),
  };
}

/** The other way round, each gap still between the same two pictures. */
export function reverse(board: Board): Board {
  if (board.keyframes.length < 2) return board;
  const inner = board.gaps.slice(0, -1).toReversed();
  return { ...board, keyframes: board.keyframes.toReversed(), gaps: [...inner, board.gaps.at(-1)!] };
}

export function changeKeyframe(board: Board, id: string, change: Partial<Omit<BoardKeyframe, 'id'>>): Board {
  const at = placeOf(board, id);
  if (at < 0) return board;
  const before = board.keyframes[at]!;
  // Points are of one picture; on another they mean nothing.
  const other = (change.path ?? before.path) !== before.path || (change.at !== undefined && change.at !== before.at);
  const after = { ...before, ...(other && { points: null }), ...change };
  return { ...board, keyframes: board.keyframes.with(at, after) };
}

/** Key points of a keyframe set by hand; null: as they are detected. */
export function setPoints(board: Board, id: string, points: KeyPoint[] | null): Board {
  const at = placeOf(board, id);
  if (at < 0 || board.keyframes[at]!.points === points) return board;
  return { ...board, keyframes: board.keyframes.with(at, { ...board.keyframes[at]!, points }) };
}

/** `id` is that of the keyframe before the gap. */
export function changeGap(board: Board, id: string, change: Partial<BoardGap>): Board {
  const at = placeOf(board, id);
  const before = board.gaps[at];
  if (!before) return board;
  const after = { ...before, ...change };
  after.frames = Math.max(0, Math.min(MOST_GAP_FRAMES, Math.round(after.frames)));
  return { ...board, gaps: board.gaps.with(at, after) };
}

/** Gives all gaps the settings of one; takes stay each gap's own. */
export function spreadGap(board: Board, id: string): Board {
  const like = gapAfter(board, id);
  if (!like) return board;
  const { frames, engine, motion, ease } = like;
  return { ...board, gaps: board.gaps.map((gap) => ({ ...gap, frames, engine, motion, ease })) };
}

/** One more take, which is chosen: of a seed none of the others has. */
export function addTake(board: Board, id: string): Board {
  const gap = gapAfter(board, id);
  if (!gap || gap.takes.length >= MOST_TAKES) return board;
  let seed = Math.max(...gap.takes) + 1;
  if (seed >= 2 ** 32) seed = Array.from({ length: MOST_TAKES + 1 }, (_, i) => i).find((i) => !gap.takes.includes(i))!;
  return changeGap(board, id, { takes: [...gap.takes, seed], take: gap.takes.length });
}

/** The last one stays. */
export function removeTake(board: Board, id: string, take: number): Board {
  const gap = gapAfter(board, id);
  if (!gap || gap.takes.length < 2 || take < 0 || take >= gap.takes.length) return board;
  const chosen = gap.take > take || gap.take === gap.takes.length - 1 ? Math.max(0, gap.take - 1) : gap.take;
  return changeGap(board, id, { takes: gap.takes.toSpliced(take, 1), take: chosen });
}

/** Another seed for a take. Those of others are not doubled. */
export function reseedTake(board: Board, id: string, take: number, seed: number): Board {
  const gap = gapAfter(board, id);
  if (!gap || gap.takes[take] === undefined || gap.takes.includes(seed)) return board;
  return changeGap(board, id, { takes: gap.takes.with(take, seed) });
}

export function pickTake(board: Board, id: string, take: number): Board {
  const gap = gapAfter(board, id);
  if (!gap || gap.take === take || gap.takes[take] === undefined) return board;
  return changeGap(board, id, { take });
}

/** The place of a keyframe; -1 where it is not on the board. */
export function placeOf(board: Board, id: string): number {
  return board.keyframes.findIndex((keyframe) => keyframe.id === id);
}

export function gapAfter(board: Board, id: string): BoardGap | undefined {
  const at = placeOf(board, id);
  return at < 0 ? undefined : board.gaps[at];
}

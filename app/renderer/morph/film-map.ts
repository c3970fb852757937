/** Which picture of the board is which frame of its film. Pure; see [Note: morph counts] in contract/morph.ts. */
import type { Board } from '../../contract/morph.ts';

/** What a frame of the film is: a keyframe, or picture `n` (from 0) of the gap after keyframe `gap`. */
export type Place = { kind: 'keyframe'; index: number } | { kind: 'between'; gap: number; n: number; frames: number };

/** The parts of a board that make its film's length. */
export type Lengths = Pick<Board, 'loop'> & {
  readonly keyframes: readonly unknown[];
  readonly gaps: readonly { readonly frames: number }[];
};

/** Gaps that are in the film: those between keyframes, and the way back of a loop. */
export function usedGaps({ keyframes, loop }: Pick<Lengths, 'keyframes' | 'loop'>): number {
  const count = keyframes.length;
  return count < 2 ? 0 : loop ? count : count - 1;
}

/** Frames of the film at which each keyframe stands, and its length at the end. */
export function startsOf(board: Lengths): number[] {
  const used = usedGaps(board);
  const starts = [0];
  for (let i = 0; i < board.keyframes.length; i++) {
    starts.push(starts[i]! + 1 + (i < used ? (board.gaps[i]?.frames ?? 0) : 0));
  }
  return starts;
}

export function lengthOf(board: Lengths): number {
  return startsOf(board).at(-1)!;
}

/** What frame `frame` of the film is; `starts` are the board's startsOf. Undefined beyond its ends. */
export function placeAt(starts: readonly number[], frame: number): Place | undefined {
  if (frame < 0 || frame >= (starts.at(-1) ?? 0)) return undefined;
  let [low, high] = [0, starts.length - 2];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= frame) low = middle;
    else high = middle - 1;
  }
  const n = frame - starts[low]! - 1;
  if (n < 0) return { kind: 'keyframe', index: low };
  return { kind: 'between', gap: low, n, frames: starts[low + 1]! - starts[low]! - 1 };
}

/** The frames of a gap with both its keyframes, [from, to). The way back of a loop ends before the first, which is not shown again. */
export function spanOf(starts: readonly number[], gap: number): { from: number; to: number } {
  const end = starts.at(-1) ?? 0;
  return { from: starts[gap] ?? 0, to: Math.min(end, (starts[gap + 1] ?? end) + 1) };
}

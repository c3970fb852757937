/** What of a board must fit together, and what follows from it. */
import { MOST_MORPH_FRAMES, type Board, type BoardGap } from '../../contract/morph.ts';
import { toNumber } from '../time/rational.ts';

/** Frames a second, at most: beyond, players do not play it. */
const MOST_RATE = 1000;

/** Why a board is none, in one sentence; null when it is one. Field types and bounds are the schema's business. */
export function problemOf(board: Board): string | null {
  const { keyframes, gaps, fps } = board;
  if (gaps.length !== keyframes.length) {
    return `A board has a gap for each keyframe: there are ${keyframes.length} keyframes and ${gaps.length} gaps.`;
  }
  if (new Set(keyframes.map(({ id }) => id)).size !== keyframes.length) return 'Two keyframes have one id.';
  for (const [i, { takes, take }] of gaps.entries()) {
    if (take >= takes.length) return `Gap ${i + 1} shows take ${take + 1}, and has ${takes.length}.`;
    if (new Set(takes).size !== takes.length) return `Gap ${i + 1} has the same take twice.`;
  }
  if (toNumber(fps) > MOST_RATE) return `A film has at most ${MOST_RATE} frames a second.`;
  const frames = filmFrames(board);
  if (frames > MOST_MORPH_FRAMES) return `A film has at most ${MOST_MORPH_FRAMES} frames; this one has ${frames}.`;
  return null;
}

/** How many gaps count: one between each two keyframes, and one back to the first in a loop. */
export function usedGaps({ keyframes, loop }: Pick<Board, 'keyframes' | 'loop'>): number {
  if (keyframes.length < 2) return 0;
  return loop ? keyframes.length : keyframes.length - 1;
}

/** The gaps that count, in order. */
export function gapsOf(board: Board): BoardGap[] {
  return board.gaps.slice(0, usedGaps(board));
}

/** Frames of the film. [Note: morph counts] in contract/morph.ts. */
export function filmFrames(board: Board): number {
  return gapsOf(board).reduce((sum, { frames }) => sum + frames, board.keyframes.length);
}

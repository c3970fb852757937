/** Boards for tests. */
import type { Board, BoardGap } from '../../../app/contract/morph.ts';
import { EMPTY_BOARD } from '../../../app/core/boards/edit.ts';

export function gap(more: Partial<BoardGap> = {}): BoardGap {
  return { frames: 3, engine: 'blend', motion: 'linear', ease: 'linear', takes: [1], take: 0, ...more };
}

/** A board of these stills, called by their letters 'a', 'b', ... */
export function boardOf(paths: readonly string[], more: Partial<Board> = {}): Board {
  return {
    ...EMPTY_BOARD,
    name: 'Test',
    keyframes: paths.map((path, i) => {
      const id = String.fromCharCode(97 + i);
      return { id, name: id, path, at: null, points: null };
    }),
    gaps: paths.map(() => gap()),
    ...more,
  };
}

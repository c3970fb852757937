/** The frames of a morph in order, and the pieces they are encoded in. */
import type { MorphSpec } from '../../contract/morph.ts';

/** A keyframe, or frame `k` of a gap. */
export type FilmFrame = { readonly keyframe: number } | { readonly gap: number; readonly k: number };

/** Frames in a piece: what a crash costs at most. */
const PIECE_FRAMES = 48;

type Counted = Pick<MorphSpec, 'keyframes' | 'gaps' | 'loop'>;

/** [Note: morph counts] (contract/morph.ts) */
export function filmFrames({ keyframes, gaps }: Pick<MorphSpec, 'keyframes' | 'gaps'>): number {
  return gaps.reduce((sum, { frames }) => sum + frames, keyframes.length);
}

/**
 * The film in pieces of at most 48 frames, or 49 at its end. A gap is in one piece, with its neighbours where they fit, unless it is longer: then it is in
 * equal ones.
 */
export function filmPieces({ keyframes, gaps, loop }: Counted): FilmFrame[][] {
  const pieces: FilmFrame[][] = [];
  let piece: FilmFrame[] = [];
  const close = (): void => {
    if (piece.length > 0) pieces.push(piece);
    piece = [];
  };
  for (const [gap, { frames }] of gaps.entries()) {
    const block: FilmFrame[] = [{ keyframe: gap }, ...Array.from({ length: frames }, (_, k) => ({ gap, k }))];
    if (piece.length + block.length > PIECE_FRAMES) close();
    const parts = Math.ceil(block.length / PIECE_FRAMES);
    for (let n = 0; n < parts; n++) {
      const [from, to] = [n, n + 1].map((end) => Math.round((end * block.length) / parts));
      piece.push(...block.slice(from, to));
      if (n + 1 < parts) close();
    }
  }
  if (!loop) piece.push({ keyframe: keyframes.length - 1 });
  close();
  return pieces;
}

/** The keyframes at a gap's ends and their neighbours, by index; of a loop the last gap leads to the first one. */
export function gapEnds(
  gap: number,
  count: number,
  loop: boolean,
): { before: number | undefined; first: number; last: number; after: number | undefined } {
  const at = (index: number): number | undefined =>
    loop ? (index + count) % count : index >= 0 && index < count ? index : undefined;
  return { before: at(gap - 1), first: gap, last: at(gap + 1)!, after: at(gap + 2) };
}

/**
 * How a window on a retime is divided into chunks. [Note: anchored chunks]
 *
 * Boundaries lie about every `size` frames of each piece, counted from where the piece begins, moved on to where the next pair of source frames begins
 * if that is near; and wherever a shot starts. They depend on nothing else: not on the window, nor on the clip's place in the sequence. So trimming
 * or moving a clip changes at most the chunks at its ends, a new cut parts the one chunk it lies in, and what was made before is found again.
 */
import { chunksApart, type WantedFrame } from './wanted-frame.ts';

/** Output frames in a chunk of an export. */
export const EXPORT_CHUNK = 48;

export interface Retime {
  /** Whole frames of each piece. */
  readonly pieces: readonly number[];
  frame(k: number): WantedFrame;
  /** Changes where a piece or a shot starts. */
  section(k: number): string;
}

export interface WindowChunk {
  /** Frame of the retime. */
  readonly first: number;
  readonly frames: readonly WantedFrame[];
}

/** The chunks of frames [from, to) of a retime, in order. */
export function* windowChunks(retime: Retime, from: number, to: number, size: number): Generator<WindowChunk> {
  const starts = boundaries(retime, size);
  let first = from;
  let frames: WantedFrame[] = [];
  let section = '';
  for (let k = from; k < to; k++) {
    const here = retime.section(k);
    if (frames.length > 0 && (here !== section || starts(k))) {
      yield { first, frames };
      first = k;
      frames = [];
    }
    section = here;
    frames.push(retime.frame(k));
  }
  if (frames.length > 0) yield { first, frames };
}

/** Whether a frame of the retime begins a chunk, shots aside. To be asked in ascending order. */
function boundaries({ pieces, frame }: Retime, size: number): (k: number) => boolean {
  let piece = 0;
  let start = 0;
  let asked = -1;
  let answer = -1;
  return (k) => {
    while (piece + 1 < pieces.length && k >= start + pieces[piece]!) start += pieces[piece++]!;
    const j = k - start;
    const multiple = j - (j % size);
    if (multiple === 0) return j === 0;
    if (asked !== start + multiple) {
      asked = start + multiple;
      answer = asked;
      const end = Math.min(start + pieces[piece]!, asked + size);
      for (let at = asked; at < end; at++) {
        if (!chunksApart(frame(at - 1), frame(at))) continue;
        answer = at;
        break;
      }
    }
    return k === answer;
  };
}

/**
 * Repeated frames along the top of a clip's pictures: a dash for each drawing that lasts, from where it is new to where the next one is. Full
 * where new frames are made in place of the repeats, hollow where they stay.
 */
import type { TimelineClip } from '../../contract/project.ts';
import { TICKS, type Rational } from '../../contract/time.ts';
import { sourceAt } from '../../core/sequence/geometry.ts';

export interface HoldsOf {
  clip: Pick<TimelineClip, 'keys' | 'first' | 'frames'>;
  rate: Rational;
  /** Pixels a frame. */
  scale: number;
  /** Pixels of the clip that are drawn: from its left edge. */
  from: number;
  to: number;
  /** Every frame's time in seconds, and the first and last frame of each hold. */
  times: readonly number[];
  holds: readonly (readonly [number, number])[];
  /** Holds of more frames stay as they are; 0 where all do. */
  longest: number;
}

export const HOLD_HEIGHT = 4;

/** A dash in pixels from `from`; `full` where frames are made in place of its repeats. */
export interface Dash {
  readonly x: number;
  readonly width: number;
  readonly full: boolean;
}

/** The dashes within what is drawn, left to right; backwards or at whatever speed. */
export function holdDashes({ clip, rate, scale, from, to, times, holds, longest }: HoldsOf): Dash[] {
  const dashes: Dash[] = [];
  if (holds.length === 0) return dashes;
  let begun: { hold: number; x: number } | undefined;
  const close = (x: number): void => {
    if (!begun) return;
    const [first, last] = holds[begun.hold]!;
    dashes.push({ x: begun.x, width: Math.max(1, x - begun.x - 1), full: last - first + 1 <= longest });
    begun = undefined;
  };
  for (let x = Math.floor(from); x < to; x++) {
    const hold = holdAt(holds, frameAt(times, sourceAt(clip, rate, (x + 0.5) / scale) / TICKS));
    if (hold === begun?.hold) continue;
    close(x - from);
    if (hold !== undefined) begun = { hold, x: x - from };
  }
  close(to - from);
  return dashes;
}

/** The last frame at or before a moment. */
function frameAt(times: readonly number[], seconds: number): number {
  let [low, high] = [0, times.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (times[middle]! <= seconds + 1e-6) low = middle;
    else high = middle - 1;
  }
  return low;
}

function holdAt(holds: HoldsOf['holds'], frame: number): number | undefined {
  let [low, high] = [0, holds.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (holds[middle]![0] <= frame) low = middle;
    else high = middle - 1;
  }
  const [first, last] = holds[low]!;
  return first <= frame && frame <= last ? low : undefined;
}

/** Draws them at the top of the context; nothing where there are none. */
export function drawHolds(context: CanvasRenderingContext2D, of: HoldsOf, colour: string): void {
  const dashes = holdDashes(of);
  if (dashes.length === 0) return;
  context.fillStyle = '#14161ac0';
  context.fillRect(0, 0, of.to - of.from, HOLD_HEIGHT);
  context.fillStyle = colour;
  for (const { x, width, full } of dashes) {
    if (full || width < 3) context.fillRect(x, full ? 0.5 : 1.5, width, full ? HOLD_HEIGHT - 1 : 1);
    else {
      context.fillRect(x, 0.5, width, 0.75);
      context.fillRect(x, HOLD_HEIGHT - 1.25, width, 0.75);
      context.fillRect(x, 0.5, 0.75, HOLD_HEIGHT - 1);
      context.fillRect(x + width - 0.75, 0.5, 0.75, HOLD_HEIGHT - 1);
    }
  }
}

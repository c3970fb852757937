/**
 * A drawn retime: keyframes of (output time, source time) and what happens between them. [Note: curve]
 *
 * Each stretch between two keys is a *piece* and lasts a whole number of output frames, so an edit moves later pieces
 * without changing their frames. Within a piece, with u from 0 to 1:
 *   hold    the source stands still at the first key (a freeze)
 *   linear  constant speed
 *   smooth  a cubic whose speed agrees with the neighbouring pieces and that never overshoots a key (Fritsch & Carlson,
 *           "Monotone piecewise cubic interpolation", 1980)
 *   bezier  a cubic Bezier with the two handles given, as in CSS easing; default handles ease in and out
 */
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import { EASES, type CurveKey } from '../../contract/jobs.ts';
import { TICKS, type Rational } from '../../contract/time.ts';
import { mulDivRound, secondsToTicks, toNumber } from './rational.ts';

const seconds = z.number().min(0).max(1e7);
const fraction = z.number().min(0).max(1);
const handleHeight = z.number().min(-10).max(10);
const keySchema = z.strictObject({
  output: seconds,
  source: seconds,
  ease: z.enum(EASES).default('linear'),
  handles: z.tuple([fraction, handleHeight, fraction, handleHeight]).optional(),
});
const curveSchema = z.strictObject({ keys: z.array(keySchema).min(2).max(100_000) });

/** The keys of a curve file's JSON text. Throws 'bad-curve' naming the place. */
export function parseCurve(text: string, where = 'The curve'): { keys: CurveKey[] } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new AppError('bad-curve', `${where} is not JSON: ${(cause as Error).message}.`, { cause });
  }
  const parsed = curveSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new AppError('bad-curve', `${where}, at ${issue.path.join('.') || 'the top'}: ${issue.message}.`);
  }
  const keys: CurveKey[] = parsed.data.keys.map(({ handles, ...key }) => (handles ? { ...key, handles } : key));
  keys.forEach((key, i) => {
    const before = keys[i - 1];
    if (before && key.output <= before.output) {
      throw new AppError('bad-curve', `${where}: key ${i + 1} is not later in the output than key ${i}.`);
    }
  });
  return { keys };
}

/** One stretch of a retime in output frames: `frames` of them, `sourceAt(j)` in ticks for 0 <= j <= frames (j may be fractional). */
export interface Piece {
  readonly frames: number;
  sourceAt(j: number): number;
}

/** The pieces of a curve at an output rate. Source times are in ticks from the first frame and may exceed the clip: the plan clamps. */
export function curvePieces(keys: readonly CurveKey[], rate: Rational): Piece[] {
  const slopes = keySlopes(keys);
  const pieces: Piece[] = [];
  for (let i = 0; i + 1 < keys.length; i++) {
    const [from, to] = [keys[i]!, keys[i + 1]!];
    const frames = Math.max(1, Math.round((to.output - from.output) * toNumber(rate)));
    pieces.push(makePiece(from, to, frames, slopes[i]!, slopes[i + 1]!));
  }
  return pieces;
}

function makePiece(from: CurveKey, to: CurveKey, frames: number, slope0: number, slope1: number): Piece {
  const s0 = secondsToTicks(from.source);
  const s1 = secondsToTicks(to.source);
  const span = s1 - s0;
  const at = (u: number) => Math.round(s0 + span * u);
  switch (from.ease) {
    case 'hold':
      return { frames, sourceAt: () => s0 };
    case 'linear':
      return {
        frames,
        sourceAt: (j) => (Number.isInteger(j) ? s0 + mulDivRound(span, j, frames) : at(j / frames)),
      };
    case 'smooth': {
      const width = (to.output - from.output) * TICKS;
      const [m0, m1] = [slope0 * width, slope1 * width];
      return {
        frames,
        sourceAt: (j) => {
          const u = j / frames;
          const v = 1 - u;
          return Math.round(s0 + span * u * u * (3 - 2 * u) + m0 * u * v * v - m1 * u * u * v);
        },
      };
    }
    case 'bezier': {
      const ease = cubicBezier(...(from.handles ?? [0.42, 0, 0.58, 1]));
      return { frames, sourceAt: (j) => at(ease(j / frames)) };
    }
  }
}

/** Speed at each key for the smooth pieces beside it: never so steep that the curve turns round between keys. */
function keySlopes(keys: readonly CurveKey[]): number[] {
  const secants = keys.slice(1).map((key, i) => (key.source - keys[i]!.source) / (key.output - keys[i]!.output));
  const eased = secants.map((secant, i) => (keys[i]!.ease === 'hold' ? 0 : secant));
  return keys.map((_, i) => {
    const before = i > 0 ? eased[i - 1]! : undefined;
    const after = i < eased.length ? eased[i]! : undefined;
    if (before === undefined || after === undefined) return before ?? after ?? 0;
    if (before * after <= 0) return 0;
    const limit = 3 * Math.min(Math.abs(before), Math.abs(after));
    const fixed = keys[i - 1]!.ease === 'linear' ? before : keys[i]!.ease === 'linear' ? after : undefined;
    const slope = fixed ?? (2 * before * after) / (before + after);
    return Math.sign(slope) * Math.min(Math.abs(slope), limit);
  });
}

/** y of a CSS-like cubic Bezier at x, by bisection: 52 halvings give the last bit, on every machine the same. */
function cubicBezier(x1: number, y1: number, x2: number, y2: number): (x: number) => number {
  const along = (a: number, b: number, s: number) =>
    3 * a * s * (1 - s) * (1 - s) + 3 * b * s * s * (1 - s) + s * s * s;
  return (x) => {
    if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
    let [low, high] = [0, 1];
    for (let i = 0; i < 52; i++) {
      const middle = (low + high) / 2;
      if (along(x1, x2, middle) < x) low = middle;
      else high = middle;
    }
    return along(y1, y2, (low + high) / 2);
  };
}

/** Edits of a retime's keys, for the curve on a clip and the curve editor. Pure; every key stays on a whole frame of the sequence. */
import type { CurveKey, Ease } from '../../contract/jobs.ts';
import type { Rational } from '../../contract/time.ts';
import { TICKS } from '../../contract/time.ts';
import { retimeFrames, retimeSourceAt } from '../../core/sequence/geometry.ts';

export const SLOWEST = 0.01;
export const FASTEST = 100;
/** What CSS calls ease-in-out: handles of a Bezier piece that has none of its own. */
export const DEFAULT_HANDLES: [number, number, number, number] = [0.42, 0, 0.58, 1];

export function frameOf(seconds: number, rate: Rational): number {
  return Math.round((seconds * rate.num) / rate.den);
}

export function secondsOf(frame: number, rate: Rational): number {
  return (frame * rate.den) / rate.num;
}

/** Speed from a key to the next, on average. */
export function pieceSpeed(keys: readonly CurveKey[], index: number): number {
  const [from, to] = [keys[index], keys[index + 1]];
  if (!from || !to) return 0;
  return from.ease === 'hold' ? 0 : (to.source - from.source) / (to.output - from.output);
}

/**
 * Moves a key. Its neighbours are borders in the output, unless `ripple` moves all later keys along. The first key stays at output 0. `source` is not
 * below 0.
 */
export function moveKey(
  keys: readonly CurveKey[],
  index: number,
  to: { frame?: number | undefined; source?: number | undefined },
  rate: Rational,
  ripple = false,
): CurveKey[] {
  const key = keys[index];
  if (!key) return [...keys];
  const before = keys[index - 1];
  const after = keys[index + 1];
  let frame = to.frame ?? frameOf(key.output, rate);
  if (!before) frame = 0;
  else frame = Math.max(frame, frameOf(before.output, rate) + 1);
  if (after && !ripple) frame = Math.min(frame, frameOf(after.output, rate) - 1);
  const shift = ripple ? frame - frameOf(key.output, rate) : 0;
  const source = Math.max(0, to.source ?? key.source);
  return keys.map((other, i) => {
    if (i === index) return { ...other, output: secondsOf(frame, rate), source };
    return i > index && shift !== 0
      ? { ...other, output: secondsOf(frameOf(other.output, rate) + shift, rate) }
      : { ...other };
  });
}

/** Plays a piece at a speed by making it longer or shorter; later keys move along. Its sign follows the piece's own direction. */
export function setPieceSpeed(keys: readonly CurveKey[], index: number, speed: number, rate: Rational): CurveKey[] {
  const [from, to] = [keys[index], keys[index + 1]];
  if (!from || !to || from.ease === 'hold') return [...keys];
  const pace = Math.min(FASTEST, Math.max(SLOWEST, Math.abs(speed)));
  const span = Math.abs(to.source - from.source);
  const frames = Math.max(1, Math.round((span / pace) * (rate.num / rate.den)));
  return moveKey(keys, index + 1, { frame: frameOf(from.output, rate) + frames }, rate, true);
}

/** Puts a key where the curve is at a frame, so that nothing changes by it (but for a smooth piece, whose slope there becomes free). */
export function addKey(keys: readonly CurveKey[], frame: number, rate: Rational): { keys: CurveKey[]; index: number } {
  const at = keys.findLastIndex((key) => frameOf(key.output, rate) <= frame);
  const [from, to] = [keys[at], keys[at + 1]];
  if (!from || !to || frameOf(from.output, rate) === frame) return { keys: [...keys], index: Math.max(0, at) };
  const source = retimeSourceAt(keys, rate, frame) / TICKS;
  const output = secondsOf(frame, rate);
  const left: CurveKey = { ...from };
  const right: CurveKey = { output, source, ease: from.ease };
  if (from.ease === 'bezier') {
    const part = (output - from.output) / (to.output - from.output);
    [left.handles, right.handles] = splitHandles(from.handles ?? DEFAULT_HANDLES, part);
  }
  return { keys: [...keys.slice(0, at), left, right, ...keys.slice(at + 1)], index: at + 1 };
}

/** Handles of both parts of a Bezier piece cut at `part` of its time (de Casteljau). */
function splitHandles([x1, y1, x2, y2]: readonly [number, number, number, number], part: number) {
  const along = (s: number): number => 3 * x1 * s * (1 - s) ** 2 + 3 * x2 * s * s * (1 - s) + s ** 3;
  let [low, high] = [0, 1];
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (along(middle) < part) low = middle;
    else high = middle;
  }
  const s = (low + high) / 2;
  type Point = [number, number];
  const mix = (a: Point, b: Point): Point => [a[0] + (b[0] - a[0]) * s, a[1] + (b[1] - a[1]) * s];
  const points: Point[] = [
    [0, 0],
    [x1, y1],
    [x2, y2],
    [1, 1],
  ];
  const [a, b, c] = [mix(points[0]!, points[1]!), mix(points[1]!, points[2]!), mix(points[2]!, points[3]!)];
  const [d, e] = [mix(a, b), mix(b, c)];
  const f = mix(d, e);
  const within = (p: Point, from: Point, to: Point): Point => [
    clamp((p[0] - from[0]) / (to[0] - from[0] || 1), 0, 1),
    clamp((p[1] - from[1]) / (to[1] - from[1] || 1), -10, 10),
  ];
  const left: [number, number, number, number] = [...within(a, [0, 0], f), ...within(d, [0, 0], f)];
  const right: [number, number, number, number] = [...within(e, f, [1, 1]), ...within(c, f, [1, 1])];
  return [left, right] as const;
}

/** Takes a key away; ends stay. */
export function removeKey(keys: readonly CurveKey[], index: number): CurveKey[] {
  return index <= 0 || index >= keys.length - 1 ? [...keys] : keys.filter((_, i) => i !== index);
}

/** Shapes the way from a key to the next. Only Bezier pieces keep handles. */
export function setEase(
  keys: readonly CurveKey[],
  index: number,
  ease: Ease,
  handles?: [number, number, number, number],
): CurveKey[] {
  return keys.map((key, i) => {
    if (i !== index) return { ...key };
    const { output, source } = key;
    return ease === 'bezier'
      ? { output, source, ease, handles: handles ?? key.handles ?? DEFAULT_HANDLES }
      : { output, source, ease };
  });
}

/** Plays the same frames in the other order: frame j shows what frame N-1-j showed. The last one is held, since nothing comes after the first. */
export function reverseKeys(keys: readonly CurveKey[], rate: Rational): CurveKey[] {
  const frames = retimeFrames(keys, rate);
  if (frames < 2) return [...keys];
  // The way from the last frame to the end is shown by no frame.
  const cut = addKey(withoutSmooth(keys, rate), frames - 1, rate).keys.filter(
    (key) => frameOf(key.output, rate) <= frames - 1,
  );
  const turned = cut.toReversed().map((key, i, all): CurveKey => {
    const way = all[i + 1] ?? { ease: 'hold' as const };
    const turnedKey: CurveKey = {
      output: secondsOf(frames - 1 - frameOf(key.output, rate), rate),
      source: key.source,
      ease: way.ease,
    };
    // A hold stands still at the key it starts from: backwards, that is the one it ends at.
    if (way.ease === 'hold' && all[i + 1]) turnedKey.source = all[i + 1]!.source;
    if (way.ease === 'bezier') {
      const [x1, y1, x2, y2] = ('handles' in way ? way.handles : undefined) ?? DEFAULT_HANDLES;
      turnedKey.handles = [1 - x2, 1 - y2, 1 - x1, 1 - y1];
    }
    return turnedKey;
  });
  return [...turned, { output: secondsOf(frames, rate), source: turned.at(-1)!.source, ease: 'hold' }];
}

/**
 * The same curve with its smooth pieces as Bezier ones, whose shape does not depend on their neighbours. A smooth piece is a cubic with slopes a and b at its ends
 * ([Note: curve]); they follow from its values at a third and at two thirds.
 */
function withoutSmooth(keys: readonly CurveKey[], rate: Rational): CurveKey[] {
  return keys.map((key, i) => {
    const next = keys[i + 1];
    if (key.ease !== 'smooth' || !next) return { ...key };
    const span = next.source - key.source;
    const { output, source } = key;
    if (span === 0) return { output, source, ease: 'linear' };
    const [from, to] = [frameOf(output, rate), frameOf(next.output, rate)];
    const bend = (u: number): number =>
      27 * (retimeSourceAt(keys, rate, from + u * (to - from)) / TICKS - source - span * u * u * (3 - 2 * u));
    const a = (2 * bend(1 / 3) - bend(2 / 3)) / 6;
    const b = (4 * a - bend(1 / 3)) / 2;
    return { output, source, ease: 'bezier', handles: [1 / 3, a / (3 * span), 2 / 3, 1 - b / (3 * span)] };
  });
}

/** Stands still at a frame for `length` frames; what follows comes later. */
export function freezeKeys(keys: readonly CurveKey[], frame: number, length: number, rate: Rational): CurveKey[] {
  const { keys: split, index } = addKey(keys, frame, rate);
  const at = split[index]!;
  const rest = split.slice(index).map((key) => ({
    ...key,
    output: secondsOf(frameOf(key.output, rate) + length, rate),
  }));
  const hold: CurveKey = { output: at.output, source: at.source, ease: 'hold' };
  return [...split.slice(0, index), hold, ...rest];
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

/**
 * Speed curves by the names editors know.
 *
 * [Note: speed presets] A preset is a list of points: how far into the source (0 to 1), and the speed there, 0.1 to 10. Between two points the speed runs
 * in a straight line over the output's time, which is a Bezier piece with its handles at thirds: its end slopes are the two speeds. Two points at one
 * place jump. Points are moved to whole frames of the source at the sequence's rate, so that stretches at normal speed show real frames. Since pieces last whole frames, the speed on the way bends by as much as the rounding needs; it agrees at the points.
 */
import type { CurveKey } from '../../contract/jobs.ts';
import type { Rational } from '../../contract/time.ts';
import { toNumber } from '../time/rational.ts';

export interface SpeedPreset {
  readonly id: string;
  readonly name: string;
  /** One sentence for a tooltip. */
  readonly about: string;
  /** The points, for drawing the preset small. */
  readonly points: readonly SpeedPoint[];
  /** Keys that play the source from `from` to `to` seconds, in whole frames of `rate`. */
  keys(from: number, to: number, rate: Rational): CurveKey[];
}

export interface SpeedPoint {
  /** 0 at the start of the source, 1 at its end; ascending. */
  readonly at: number;
  readonly speed: number;
}

/** Points as 'place: speed'. */
const TABLE: readonly [id: string, name: string, about: string, points: string][] = [
  ['linear', 'Linear', 'One speed throughout: the source’s own.', '0: 1, 1: 1'],
  ['ease-in', 'Ease In', 'Starts slowly and gathers speed; lasts as long as before.', '0: 0.2, 1: 1.8'],
  ['ease-out', 'Ease Out', 'Starts fast and comes to rest; lasts as long as before.', '0: 1.8, 1: 0.2'],
  ['ease-in-out', 'Ease In/Out', 'Slow at both ends, fast in the middle.', '0: 0.2, 0.5: 1.8, 1: 0.2'],
  [
    'ramp-hold-ramp',
    'Ramp-Hold-Ramp',
    'Normal speed, down to a quarter, which is held, and up again.',
    '0: 1, 0.25: 1, 0.4: 0.25, 0.6: 0.25, 0.75: 1, 1: 1',
  ],
  [
    'montage',
    'Montage',
    'Rushes and lingers in turn, for cutting to a beat.',
    '0: 4, 0.2: 4, 0.28: 0.4, 0.42: 0.4, 0.5: 5, 0.66: 5, 0.74: 0.5, 1: 0.5',
  ],
  [
    'hero',
    'Hero',
    'Fast, slow in the middle where the moment is, fast again.',
    '0: 4, 0.25: 3, 0.42: 0.3, 0.58: 0.3, 0.75: 3, 1: 4',
  ],
  [
    'bullet',
    'Bullet',
    'Very fast, then almost stopped for an instant, then very fast.',
    '0: 5, 0.4: 5, 0.46: 0.15, 0.54: 0.15, 0.6: 5, 1: 5',
  ],
  [
    'jump-cut',
    'Jump Cut',
    'Normal speed with sudden leaps forward.',
    '0: 1, 0.2: 1, 0.2: 8, 0.4: 8, 0.4: 1, 0.6: 1, 0.6: 8, 0.8: 8, 0.8: 1, 1: 1',
  ],
  ['flash-in', 'Flash In', 'Bursts in very fast and settles to normal speed.', '0: 8, 0.45: 5, 0.6: 1, 1: 1'],
  ['flash-out', 'Flash Out', 'Normal speed, then bursts out very fast.', '0: 1, 0.4: 1, 0.55: 5, 1: 8'],
];

export const SPEED_PRESETS: readonly SpeedPreset[] = TABLE.map(([id, name, about, text]) => {
  const points = text.split(',').map((pair) => {
    const [at, speed] = pair.split(':').map(Number);
    return { at: at!, speed: speed! };
  });
  return { id, name, about, points, keys: (from, to, rate) => rampKeys(points, from, to, rate) };
});

/** Keys for a curve of speeds over the source from `from` to `to` seconds. [Note: speed presets] */
export function rampKeys(points: readonly SpeedPoint[], from: number, to: number, rate: Rational): CurveKey[] {
  const length = Math.max(1, Math.ceil((to - from) * toNumber(rate) - 1e-6));
  const place = (at: number) => Math.round(length * at);
  const keys: CurveKey[] = [];
  let frame = 0;
  points.forEach((point, i) => {
    const next = points[i + 1];
    if (!next || place(next.at) <= place(point.at)) return;
    const span = place(next.at) - place(point.at);
    const frames = Math.max(1, Math.round((2 * span) / (point.speed + next.speed)));
    const key = { output: secondsOf(frame, rate), source: from + secondsOf(place(point.at), rate) };
    const even = point.speed === next.speed;
    const rise = (speed: number) => Math.min(Math.max((speed * frames) / span / 3, 0), 1);
    const handles: CurveKey['handles'] = [1 / 3, rise(point.speed), 2 / 3, 1 - rise(next.speed)];
    keys.push(even ? { ...key, ease: 'linear' } : { ...key, ease: 'bezier', handles });
    frame += frames;
  });
  keys.push({ output: secondsOf(frame, rate), source: from + secondsOf(length, rate), ease: 'linear' });
  return keys;
}

function secondsOf(frames: number, rate: Rational): number {
  return (frames * rate.den) / rate.num;
}

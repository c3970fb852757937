/** Motion models run: from the key points of two pictures to those of the steps between. */
import type { KeyPoint } from '../../../contract/morph.ts';
import { AppError } from '../../../contract/errors.ts';
import { gaussian } from '../noise.ts';
import type { Weights } from '../weights.ts';
import type { MotionConfig } from './config.ts';
import { bothWays, gruOf, linear, step, type Linear, type Vector } from './gru.ts';

export interface PathOptions {
  readonly seed: number;
  /** Of the autoregressive model: see `stitch`. */
  readonly stitch?: Stitch | undefined;
}

/** How two roll-outs become one ([Note: stitching]). */
export type Stitch = 'rest' | 'source';

/**
 * Key points of `config.frames` steps from `first` to `last`, which are the ends as they were given. Throws 'bad-keypoints' for another number of points than the
 * model's, 'engine-failed' for what is no number.
 */
export function motionPath(
  config: MotionConfig,
  weights: Weights,
  ends: readonly [readonly KeyPoint[], readonly KeyPoint[]],
  { seed, stitch: way = 'rest' }: PathOptions,
): KeyPoint[][] {
  const { points, frames, noise } = config;
  const [first, last] = ends;
  if (first.length !== points || last.length !== points)
    throw new AppError('bad-keypoints', `The model of motion is for ${points} key points, not ${first.length}.`);
  const [from, to] = [scaled(config, first), scaled(config, last)];
  const made =
    config.kind === 'adversarial'
      ? generate(weights, from, to, rowsOf(gaussian(seed, frames * noise), noise))
      : stitched(rollouts(weights, from, to, frames), way);
  const path = met(made, from, to, config.ends).map((vector) => unscaled(config, vector));
  if (!path.flat().every(({ x, y, jacobian }) => [x, y, ...jacobian].every((value) => Number.isFinite(value))))
    throw new AppError('engine-failed', 'The model of motion gives what is no number.');
  return [[...first], ...path.slice(1, -1), [...last]];
}

/** [Note: ends] */
export function met(
  path: readonly Vector[],
  first: Vector,
  last: Vector,
  ends: MotionConfig['ends'],
): readonly Vector[] {
  if (ends === 'replace') return path;
  const [begin, end] = [path[0]!, path.at(-1)!];
  return path.map((vector, i) => {
    const t = i / (path.length - 1);
    const missing = (k: number): number => (1 - t) * (first[k]! - begin[k]!) + t * (last[k]! - end[k]!);
    return Float64Array.from(vector, (value, k) => value + missing(k));
  });
}

/** Rows of `width` numbers. */
export function rowsOf(data: Float32Array, width: number): Float32Array[] {
  return Array.from({ length: data.length / width }, (_, i) => data.subarray(i * width, (i + 1) * width));
}

/** The generator's own steps for scaled vectors, the ends not yet replaced. `noise` is one row a step. */
export function generate(weights: Weights, first: Vector, last: Vector, noise: readonly Vector[]): Float64Array[] {
  const encode = (vector: Vector): Float64Array =>
    linear(linearOf(weights, 'motion_encoder.0'), vector).map((value) => Math.max(0, value));
  const [a, b] = [encode(first), encode(last)];
  const { forward, backward } = gruOf(weights, 'gru');
  const states = bothWays(
    forward,
    backward,
    noise.map((row) => Float64Array.of(...Array.from(row), ...a, ...b)),
  );
  const out = linearOf(weights, 'linear.0');
  return states.map((state) => linear(out, state).map(Math.tanh));
}

/** What the critic gives for each step of a sequence. */
export function critic(weights: Weights, sequence: readonly Vector[]): number[] {
  const { forward, backward } = gruOf(weights, 'gru');
  const out = linearOf(weights, 'linear');
  return bothWays(forward, backward, sequence).map((state) => linear(out, state)[0]!);
}

export interface Rollouts {
  /** From the first vector on, and from the last one back; both in the order of time. */
  readonly forward: readonly Vector[];
  readonly backward: readonly Vector[];
}

/**
 * Step by step from either end. The authors roll back with the GRU's two directions exchanged and the halves of its output exchanged before the
 * last layer: of a sequence of one step that is the very same network, so there is one here.
 */
export function rollouts(weights: Weights, first: Vector, last: Vector, frames: number): Rollouts {
  return { forward: rollout(weights, first, frames), backward: rollout(weights, last, frames).toReversed() };
}

function rollout(weights: Weights, start: Vector, frames: number): Vector[] {
  const { forward, backward } = gruOf(weights, 'bi_gru');
  const out = linearOf(weights, 'fc');
  const path = [start];
  let a: Float64Array = new Float64Array(forward.hidden);
  let b: Float64Array = new Float64Array(backward.hidden);
  while (path.length < frames) {
    const x = path.at(-1)!;
    [a, b] = [step(forward, x, a), step(backward, x, b)];
    path.push(linear(out, Float64Array.of(...a, ...b)).map(Math.tanh));
  }
  return path;
}

/** Mean squared difference of the two roll-outs at each step. */
export function distances({ forward, backward }: Rollouts): number[] {
  return forward.map((a, i) => {
    const b = backward[i]!;
    let sum = 0;
    for (let k = 0; k < a.length; k++) sum += (a[k]! - b[k]!) ** 2;
    return sum / a.length;
  });
}

/**
 * [Note: stitching] The roll-outs are joined where they are nearest to each other, at step n. 'rest': forward before it, backward from it on, which is what
 * the authors' code evidently means. 'source': what it says, `rec[:n] = forward[:n]; rec[-n:] = backward[-n:]`, which leaves steps at zero when n is less
 * than half, and for n = 0 is the whole backward roll-out.
 */
export function stitched(both: Rollouts, way: Stitch): Vector[] {
  const apart = distances(both);
  const n = apart.indexOf(Math.min(...apart));
  const { forward, backward } = both;
  if (way === 'rest') return [...forward.slice(0, n), ...backward.slice(n)];
  const from = n === 0 ? 0 : forward.length - n;
  return forward.map((own, i) => (i >= from ? backward[i]! : i < n ? own : new Float64Array(own.length)));
}

function linearOf(weights: Weights, name: string): Linear {
  return { weight: weights.get(`${name}.weight`)!, bias: weights.get(`${name}.bias`)! };
}

/** Key points as a scaled vector ([Note: motion vectors]). */
export function scaled({ layout, least, most }: MotionConfig, points: readonly KeyPoint[]): Float64Array {
  const values = points.flatMap(({ x, y }) => [x, y]);
  const jacobians = points.flatMap(({ jacobian }) => jacobian);
  const vector = layout === 'values-first' ? [...values, ...jacobians] : [...jacobians, ...values];
  return Float64Array.from(vector, (value, i) => (2 * (value - least[i]!)) / (most[i]! - least[i]!) - 1);
}

export function unscaled(
  { layout, least, most, points }: Pick<MotionConfig, 'layout' | 'least' | 'most' | 'points'>,
  vector: Vector,
): KeyPoint[] {
  const numbers = Array.from(vector, (value, i) => least[i]! + ((value + 1) / 2) * (most[i]! - least[i]!));
  const [values, jacobians] =
    layout === 'values-first'
      ? [numbers.slice(0, 2 * points), numbers.slice(2 * points)]
      : [numbers.slice(4 * points), numbers.slice(0, 4 * points)];
  return Array.from({ length: points }, (_, i) => {
    const [a, b, c, d] = jacobians.slice(4 * i, 4 * i + 4) as KeyPoint['jacobian'];
    return { x: values[2 * i]!, y: values[2 * i + 1]!, jacobian: [a, b, c, d] };
  });
}

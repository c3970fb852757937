/**
 * Generative models of how key points move: CSE291G's, xih108/Video_Completion. spec/systems.md, 5.2.
 *
 * [Note: motion vectors] A vector is all key points of a picture: x and y of each, and the jacobian of each, row-major. The adversarial model's data has places
 * first, the autoregressive one's jacobians first. The networks end in tanh, so vectors are scaled into -1..1: by two numbers for all jacobians
 * (`jmin`, `jmax`; places are within -1..1 already), or by the least and most of each number (`min`, `max`).
 *
 * [Note: ends] Published, the first and the last step are put in the place of what the model made of them, so that a path jumps where these differ ('replace').
 * Our own adversarial model is trained for 'drift': what is missing at the ends is added to the whole path, a share of it that goes evenly from the one to the other.
 */
import { z } from 'zod';

export type MotionKind = 'adversarial' | 'autoregressive';

export interface MotionConfig {
  readonly kind: MotionKind;
  /** Key points: a vector has six numbers for each. */
  readonly points: number;
  readonly hidden: number;
  /** Numbers of noise a step, and the width of an encoded vector; 0 for the autoregressive kind. */
  readonly noise: number;
  readonly encoded: number;
  /** Steps it makes, the ends included. */
  readonly frames: number;
  readonly layout: 'values-first' | 'jacobians-first';
  /** What becomes of ends that are not quite those given: [Note: ends]. */
  readonly ends: 'replace' | 'drift';
  /** By number of the vector: what -1 and 1 stand for. */
  readonly least: readonly number[];
  readonly most: readonly number[];
}

/** What shapes tell. */
export type MotionShape = Pick<MotionConfig, 'kind' | 'points' | 'hidden' | 'noise' | 'encoded'>;

export const FRAMES = 16;
/** Of the published adversarial model (BAIR). */
export const PUBLISHED_JACOBIANS = { jmin: -10.052552, jmax: 10.143672 } as const;

const figure = z.number().finite();
const schema = z.object({
  frames: z.number().int().min(3).max(256).optional(),
  layout: z.string().optional(),
  ends: z.enum(['replace', 'drift']).optional(),
  jmin: figure.optional(),
  jmax: figure.optional(),
  min: z.array(figure).optional(),
  max: z.array(figure).optional(),
});

/**
 * The whole configuration of a network of this shape: what `json` (a manifest's config, a file's metadata) says, else as published. Undefined where it
 * contradicts itself.
 */
export function configOf(shape: MotionShape, json: unknown): MotionConfig | undefined {
  const said = schema.safeParse(json ?? {}).data;
  if (!said) return undefined;
  const size = 6 * shape.points;
  const layout = layoutOf(said.layout, shape.kind);
  const scales = scalesOf(said, size, layout, shape);
  if (!layout || !scales || scales.most.some((most, i) => !(most > scales.least[i]!))) return undefined;
  return { ...shape, frames: said.frames ?? FRAMES, layout, ends: said.ends ?? 'replace', ...scales };
}

/** 'values-first' and 'jacobians-first', or as the reference cases say it ('20 values then 40 jacobians'). */
function layoutOf(said: string | undefined, kind: MotionKind): MotionConfig['layout'] | undefined {
  if (said === undefined) return kind === 'adversarial' ? 'values-first' : 'jacobians-first';
  const first = /^(?:\d+ )?(values|jacobians)\b/.exec(said)?.[1];
  return first === undefined ? undefined : `${first as 'values' | 'jacobians'}-first`;
}

function scalesOf(
  { jmin, jmax, min, max }: z.infer<typeof schema>,
  size: number,
  layout: MotionConfig['layout'] | undefined,
  { kind, points }: MotionShape,
): { least: readonly number[]; most: readonly number[] } | undefined {
  if (min || max) return min?.length === size && max?.length === size ? { least: min, most: max } : undefined;
  const published = kind === 'adversarial' ? PUBLISHED_JACOBIANS : { jmin: -1, jmax: 1 };
  const fill = (place: number, jacobian: number): number[] =>
    Array.from({ length: size }, (_, i) => {
      const isPlace = layout === 'values-first' ? i < 2 * points : i >= 4 * points;
      return isPlace ? place : jacobian;
    });
  return { least: fill(-1, jmin ?? published.jmin), most: fill(1, jmax ?? published.jmax) };
}

/** As `configOf` takes it. */
export function configJson(config: MotionConfig): Readonly<Record<string, unknown>> {
  const { kind, points, hidden, noise, encoded, frames, layout, ends } = config;
  const sizes = { motion_dim: 6 * points, hidden, ...(noise > 0 && { noise_dim: noise, encoded_dim: encoded }) };
  return { kind, ...sizes, frames, layout, ends, ...scalesJson(config) };
}

/** By two numbers where they say it all. */
function scalesJson(config: MotionConfig): Readonly<Record<string, unknown>> {
  const { layout, points, least, most } = config;
  const at = layout === 'values-first' ? 2 * points : 0;
  const two = { jmin: least[at]!, jmax: most[at]! };
  const short = scalesOf(two, 6 * points, layout, config)!;
  const same = short.least.every((value, i) => value === least[i]) && short.most.every((value, i) => value === most[i]);
  return same ? two : { min: least, max: most };
}

/** Every tensor of a model, by the published names. */
export function tensorsOf({
  kind,
  points,
  hidden,
  noise,
  encoded,
}: MotionShape): readonly { name: string; dims: readonly number[] }[] {
  const size = 6 * points;
  const adversarial = kind === 'adversarial';
  return [
    ...(adversarial ? linearTensors('motion_encoder.0', size, encoded) : []),
    ...gruTensors(adversarial ? 'gru' : 'bi_gru', adversarial ? noise + 2 * encoded : size, hidden),
    ...linearTensors(adversarial ? 'linear.0' : 'fc', 2 * hidden, size),
  ];
}

/** The adversarial model's critic, which is needed for comparisons alone. */
export function criticTensors(points: number, hidden: number): readonly { name: string; dims: readonly number[] }[] {
  return [...gruTensors('gru', 6 * points, hidden), ...linearTensors('linear', 2 * hidden, 1)];
}

function linearTensors(name: string, input: number, output: number) {
  return [
    { name: `${name}.weight`, dims: [output, input] },
    { name: `${name}.bias`, dims: [output] },
  ];
}

function gruTensors(name: string, input: number, hidden: number) {
  return ['', '_reverse'].flatMap((suffix) => [
    { name: `${name}.weight_ih_l0${suffix}`, dims: [3 * hidden, input] },
    { name: `${name}.weight_hh_l0${suffix}`, dims: [3 * hidden, hidden] },
    { name: `${name}.bias_ih_l0${suffix}`, dims: [3 * hidden] },
    { name: `${name}.bias_hh_l0${suffix}`, dims: [3 * hidden] },
  ]);
}

/** Numbers that were trained. */
export function parameterCount(shape: MotionShape): number {
  return tensorsOf(shape).reduce((sum, { dims }) => sum + dims.reduce((a, b) => a * b, 1), 0);
}

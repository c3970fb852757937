/**
 * The First Order Motion Model's sizes and its tensors. Siarohin et al., "First Order Motion Model for Image Animation", NeurIPS 2019;
 * AliaksandrSiarohin/first-order-model. spec/systems.md, 5.1a.
 */
import { z } from 'zod';

/** A U-Net that is as deep as `blocks`: halves so often, doubles as often. */
export interface HourglassConfig {
  /** Channels of the first block's input, were it one; each further one doubles them, up to `most`. */
  readonly width: number;
  readonly most: number;
  readonly blocks: number;
}

export interface FommConfig {
  readonly points: number;
  readonly channels: 1 | 3;
  readonly jacobian: boolean;
  /** One map of jacobians for all key points (mgif). */
  readonly singleJacobian: boolean;
  readonly occlusion: boolean;
  /** Of the softmax over the heat maps. */
  readonly temperature: number;
  /** Of the Gaussians around key points that the dense motion sees. */
  readonly variance: number;
  readonly detector: HourglassConfig;
  readonly motion: HourglassConfig;
  /** 1 / n of the picture's size is what the detector and the dense motion work at; whole numbers. */
  readonly detectorStep: number;
  readonly motionStep: number;
  readonly generator: {
    readonly width: number;
    readonly most: number;
    readonly downs: number;
    readonly bottlenecks: number;
  };
  readonly bnEps: number;
  /** How grids are sampled: [Note: corners of FOMM] in graph.ts. */
  readonly alignCorners: boolean;
  /** The size it was trained at. */
  readonly height: number;
  readonly width: number;
}

/** vox-cpk and its like: 14,215,368 parameters of the detector and 45,575,391 of the generator. */
export const OFFICIAL: FommConfig = {
  points: 10,
  channels: 3,
  jacobian: true,
  singleJacobian: false,
  occlusion: true,
  temperature: 0.1,
  variance: 0.01,
  detector: { width: 32, most: 1024, blocks: 5 },
  motion: { width: 64, most: 1024, blocks: 5 },
  detectorStep: 4,
  motionStep: 4,
  generator: { width: 64, most: 512, downs: 2, bottlenecks: 6 },
  bnEps: 1e-5,
  alignCorners: false,
  height: 256,
  width: 256,
};

const count = (most: number) => z.number().int().min(1).max(most);
/** 0.25: a quarter. */
const step = z
  .number()
  .transform((scale) => Math.round(1 / scale))
  .pipe(z.number().int().min(1).max(8));
const hourglass = { block_expansion: count(512), max_features: count(4096), num_blocks: count(7), scale_factor: step };

/** A configuration as the published YAML files and our own weights have it. */
const schema = z.object({
  common: z.object({
    num_kp: count(100),
    num_channels: z.union([z.literal(1), z.literal(3)]),
    estimate_jacobian: z.boolean().default(false),
  }),
  kp_detector: z.object({
    ...hourglass,
    temperature: z.number().positive().max(10),
    single_jacobian_map: z.boolean().default(false),
  }),
  generator: z.object({
    block_expansion: count(512),
    max_features: count(4096),
    num_down_blocks: count(5),
    num_bottleneck_blocks: count(32),
    estimate_occlusion_map: z.boolean().default(false),
    dense_motion_params: z.object({ ...hourglass, kp_variance: z.number().positive().max(1).default(0.01) }),
  }),
  bn_eps: z.number().positive().max(1).default(1e-5),
  align_corners: z.boolean().default(false),
  frame: z.tuple([count(1024), count(1024)]).optional(),
});

/** Reads a whole configuration from JSON; undefined if it is none or no network can have it. */
export function parseConfig(json: unknown): FommConfig | undefined {
  const found = schema.safeParse(json).data;
  if (!found) return undefined;
  const { common, kp_detector: kp, generator } = found;
  const dense = generator.dense_motion_params;
  const config: FommConfig = {
    points: common.num_kp,
    channels: common.num_channels,
    jacobian: common.estimate_jacobian,
    singleJacobian: common.estimate_jacobian && kp.single_jacobian_map,
    occlusion: generator.estimate_occlusion_map,
    temperature: kp.temperature,
    variance: dense.kp_variance,
    detector: { width: kp.block_expansion, most: kp.max_features, blocks: kp.num_blocks },
    motion: { width: dense.block_expansion, most: dense.max_features, blocks: dense.num_blocks },
    detectorStep: kp.scale_factor,
    motionStep: dense.scale_factor,
    generator: {
      width: generator.block_expansion,
      most: generator.max_features,
      downs: generator.num_down_blocks,
      bottlenecks: generator.num_bottleneck_blocks,
    },
    bnEps: found.bn_eps,
    alignCorners: found.align_corners,
    ...sizeOf(found.frame, kp.scale_factor),
  };
  return isSound(config) ? config : undefined;
}

/** Without a word on it, the size whose heat maps are 64 on a side: 256 for a quarter, as published, 128 for a half (kth-128). */
function sizeOf(frame: readonly [number, number] | undefined, detectorStep: number): { height: number; width: number } {
  const [height, width] = frame ?? [64 * detectorStep, 64 * detectorStep];
  return { height, width };
}

/** As `parseConfig` takes it. */
export function configJson(config: FommConfig): Readonly<Record<string, unknown>> {
  const hourglassJson = ({ width, most, blocks }: HourglassConfig, of: number) => ({
    block_expansion: width,
    max_features: most,
    num_blocks: blocks,
    scale_factor: 1 / of,
  });
  const { width, most, downs, bottlenecks } = config.generator;
  return {
    common: { num_kp: config.points, num_channels: config.channels, estimate_jacobian: config.jacobian },
    kp_detector: {
      ...hourglassJson(config.detector, config.detectorStep),
      temperature: config.temperature,
      single_jacobian_map: config.singleJacobian,
    },
    generator: {
      block_expansion: width,
      max_features: most,
      num_down_blocks: downs,
      num_bottleneck_blocks: bottlenecks,
      estimate_occlusion_map: config.occlusion,
      dense_motion_params: { ...hourglassJson(config.motion, config.motionStep), kp_variance: config.variance },
    },
    bn_eps: config.bnEps,
    align_corners: config.alignCorners,
    frame: [config.height, config.width],
  };
}

/** The convolutions' kernels are 7 wide and without padding where key points are found: what they see may not be smaller. */
const LEAST_MAP = 8;

/** Sides of pictures it takes are multiples of this. */
export function sideUnit(config: FommConfig): number {
  const { detector, motion, detectorStep, motionStep, generator } = config;
  const units = [detectorStep * 2 ** detector.blocks, motionStep * 2 ** motion.blocks, 2 ** generator.downs];
  return units.reduce((a, b) => (a * b) / gcd(a, b));
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

function isSound(config: FommConfig): boolean {
  const unit = sideUnit(config);
  const sides = [config.width, config.height];
  return sides.every((side) => side % unit === 0 && side / config.detectorStep >= LEAST_MAP);
}

/** Channels out of a hourglass's encoder blocks and, in their order, in and out of its decoder's. */
export function hourglassWidths({ width, most, blocks }: HourglassConfig): {
  readonly down: readonly number[];
  readonly up: readonly { readonly input: number; readonly output: number }[];
} {
  const at = (i: number): number => Math.min(most, width * 2 ** i);
  return {
    down: Array.from({ length: blocks }, (_, i) => at(i + 1)),
    up: Array.from({ length: blocks }, (_, n) => blocks - 1 - n).map((i) => ({
      input: (i === blocks - 1 ? 1 : 2) * at(i + 1),
      output: at(i),
    })),
  };
}

export type Part = 'kp_detector' | 'generator';

/** A tensor of the published networks, without 'kp_detector.' or 'generator.'. */
export interface Parameter {
  readonly part: Part;
  readonly name: string;
  readonly dims: readonly number[];
  /** Statistics and filters that come with the network but were not trained. */
  readonly buffer?: boolean;
}

/** Every tensor the network needs, by the published names. */
export function parametersOf(config: FommConfig): readonly Parameter[] {
  const { points, channels, detector, motion } = config;
  const stacked = (points + 1) * (channels + 1);
  const kp = [
    ...hourglassTensors('predictor', detector, channels),
    ...convTensors('kp', hourglassOut(detector, channels), points, 7),
    ...(config.jacobian
      ? convTensors('jacobian', hourglassOut(detector, channels), 4 * (config.singleJacobian ? 1 : points), 7)
      : []),
    ...blurTensors('down', channels, config.detectorStep),
  ];
  const seen = hourglassOut(motion, stacked);
  const dense = 'dense_motion_network';
  const generator = [
    ...hourglassTensors(`${dense}.hourglass`, motion, stacked),
    ...convTensors(`${dense}.mask`, seen, points + 1, 7),
    ...(config.occlusion ? convTensors(`${dense}.occlusion`, seen, 1, 7) : []),
    ...blurTensors(`${dense}.down`, channels, config.motionStep),
    ...generatorTensors(config),
  ];
  const of =
    (part: Part) =>
    (tensor: Omit<Parameter, 'part'>): Parameter => ({ part, ...tensor });
  return [...kp.map(of('kp_detector')), ...generator.map(of('generator'))];
}

type Tensors = readonly Omit<Parameter, 'part'>[];

function generatorTensors({ generator, channels }: FommConfig): Tensors {
  const { width, most, downs, bottlenecks } = generator;
  const at = (i: number): number => Math.min(most, width * 2 ** i);
  const levels = Array.from({ length: downs }, (_, i) => i);
  const inner = at(downs);
  return [
    ...blockTensors('first', channels, width, 7),
    ...levels.flatMap((i) => blockTensors(`down_blocks.${i}`, i === 0 ? width : at(i), at(i + 1), 3)),
    ...Array.from({ length: bottlenecks }, (_, i) => `bottleneck.r${i}`).flatMap((r) => [
      ...convTensors(`${r}.conv1`, inner, inner, 3),
      ...convTensors(`${r}.conv2`, inner, inner, 3),
      ...normTensors(`${r}.norm1`, inner),
      ...normTensors(`${r}.norm2`, inner),
    ]),
    ...levels.flatMap((n) => blockTensors(`up_blocks.${n}`, at(downs - n), at(downs - n - 1), 3)),
    ...convTensors('final', width, channels, 7),
  ];
}

function hourglassTensors(name: string, config: HourglassConfig, input: number): Tensors {
  const { down, up } = hourglassWidths(config);
  return [
    ...down.flatMap((output, i) => blockTensors(`${name}.encoder.down_blocks.${i}`, down[i - 1] ?? input, output, 3)),
    ...up.flatMap((each, i) => blockTensors(`${name}.decoder.up_blocks.${i}`, each.input, each.output, 3)),
  ];
}

/** The decoder's last output and the hourglass's own input. */
function hourglassOut({ width, most }: HourglassConfig, input: number): number {
  return Math.min(most, width) + input;
}

function blockTensors(name: string, input: number, output: number, kernel: number): Tensors {
  return [...convTensors(`${name}.conv`, input, output, kernel), ...normTensors(`${name}.norm`, output)];
}

function convTensors(name: string, input: number, output: number, kernel: number): Tensors {
  return [
    { name: `${name}.weight`, dims: [output, input, kernel, kernel] },
    { name: `${name}.bias`, dims: [output] },
  ];
}

function normTensors(name: string, width: number): Tensors {
  const of = (last: string) => ({ name: `${name}.${last}`, dims: [width] });
  const kept = (last: string) => ({ ...of(last), buffer: true });
  return [of('weight'), of('bias'), kept('running_mean'), kept('running_var')];
}

/** Side of the Gaussian that pictures are blurred with before every `every`-th pixel is taken. */
export function blurSide(every: number): number {
  return 2 * Math.round(((every - 1) / 2) * 4) + 1;
}

function blurTensors(name: string, channels: number, every: number): Tensors {
  if (every === 1) return [];
  const side = blurSide(every);
  return [{ name: `${name}.weight`, dims: [channels, 1, side, side], buffer: true }];
}

/** Numbers that were trained, as papers count them. */
export function parameterCount(config: FommConfig, part: Part): number {
  const own = parametersOf(config).filter((each) => each.part === part && !each.buffer);
  return own.reduce((sum, { dims }) => sum + dims.reduce((a, b) => a * b, 1), 0);
}

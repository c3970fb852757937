/**
 * MoViNet's sizes: A0 to A5, base and stream (Kondratyuk et al., "MoViNets: Mobile Video Networks for Efficient Video Recognition", 2021; spec/systems.md, section 3).
 * docs/movinet.md says what it does.
 */
import { z } from 'zod';

/** How a stream's gates are rounded off: clip(0.2x + 0.5, 0, 1), or relu6(x + 3) * 0.16667. Both are in published files. */
export const GATES = ['clip', 'relu6'] as const;
export type Gate = (typeof GATES)[number];
/** TensorFlow's source has it so, not a sixth. */
export const RELU6_SLOPE = 0.16667;

/** What makes probabilities of logits: one label at a time, or each for itself. */
export const ACTIVATIONS = ['softmax', 'sigmoid'] as const;
export type Activation = (typeof ACTIVATIONS)[number];

export interface LayerShape {
  readonly expand: number;
  /** Frames and pixels a side of its kernel. */
  readonly kernel: readonly [time: number, space: number];
  readonly stride: 1 | 2;
}

export interface MovinetConfig {
  /** Side of the pictures it was made for; any other works. */
  readonly resolution: number;
  /** Channels after the stem. */
  readonly stem: number;
  readonly blocks: readonly { readonly out: number; readonly layers: readonly LayerShape[] }[];
  /** Channels that are averaged, and numbers of the embedding that the classifier reads. */
  readonly project: number;
  readonly head: number;
  readonly classes: number;
  /** A stream: a frame sees those before it, through state tensors. Else base: whole clips. */
  readonly causal: boolean;
  /** A3 to A5 as streams: gates are told how many frames went before. */
  readonly positional: boolean;
  readonly epsilon: number;
  readonly gate: Gate;
  readonly activation: Activation;
  /** Null: Kinetics' where there are 600 classes, else numbers. */
  readonly labels: readonly string[] | null;
  /** Frames a second it was taught, and frames of a clip. */
  readonly rate: number;
  readonly frames: number;
  /** Seconds ([Note: memory] in stream.ts); null for a stream that never forgets, as published. */
  readonly memory: number | null;
}

const size = z.number().int().min(1).max(8192);
const side = z.number().int().min(32).max(1024);
const stepSchema = z.tuple([
  z.literal(1),
  z.union([z.literal(1), z.literal(2)]),
  z.union([z.literal(1), z.literal(2)]),
]);
const kernelSchema = z.tuple([
  z.number().int().min(1).max(9).refine(isOdd),
  z.number().int().min(1).max(9).refine(isOdd),
  z.number().int(),
]);
const blockSchema = z
  .object({
    out: size,
    expand: z.array(size).min(1).max(64),
    kernels: z.array(kernelSchema),
    strides: z.array(stepSchema),
  })
  .refine(({ expand, kernels, strides }) => kernels.length === expand.length && strides.length === expand.length)
  .refine(({ kernels }) => kernels.every(([, high, wide]) => high === wide))
  .refine(({ strides }) => strides.every(([, high, wide]) => high === wide));

const schema = z
  .object({
    resolution: side,
    classes: size,
    causal: z.boolean(),
    positional_encoding: z.boolean().default(false),
    bn_eps: z.number().positive().max(1).default(1e-3),
    stem: size,
    blocks: z.array(blockSchema).min(1).max(16),
    project: size,
    head: size,
    gate: z.enum(GATES).default('clip'),
    activation: z.enum(ACTIVATIONS).default('softmax'),
    labels: z.array(z.string().min(1).max(200)).optional(),
    rate: z.number().positive().max(240).optional(),
    frames: z.number().int().min(1).max(1024).optional(),
    memory: z.number().positive().max(86_400).nullable().optional(),
  })
  .refine(({ labels, classes }) => labels === undefined || labels.length === classes)
  .refine(({ positional_encoding: positional, causal }) => causal || !positional);

function isOdd(value: number): boolean {
  return value % 2 === 1;
}

/** A configuration from JSON, as a fixture, a manifest or a file's metadata has it; undefined if it is none or contradicts itself. */
export function parseConfig(json: unknown): MovinetConfig | undefined {
  const found = schema.safeParse(json).data;
  if (!found) return undefined;
  const { positional_encoding: positional, bn_eps: epsilon, blocks, labels = null, ...rest } = found;
  const clip = CLIPS[variantOf(found) ?? 'a0'];
  const { rate = clip.rate, frames = clip.frames } = found;
  const memory = found.memory === undefined ? frames / rate : found.memory;
  const shaped = blocks.map(({ out, expand, kernels, strides }) => {
    const layers = expand.map((width, i): LayerShape => {
      return { expand: width, kernel: [kernels[i]![0], kernels[i]![1]], stride: strides[i]![1] };
    });
    return { out, layers };
  });
  return { ...rest, positional, epsilon, labels, rate, frames, memory, blocks: shaped };
}

/** The configuration as `parseConfig` takes it. */
export function configJson(config: MovinetConfig): Readonly<Record<string, unknown>> {
  const { positional, epsilon, labels, blocks, ...rest } = config;
  return {
    ...rest,
    positional_encoding: positional,
    bn_eps: epsilon,
    ...(labels && { labels }),
    blocks: blocks.map(({ out, layers }) => {
      const kernels = layers.map(({ kernel: [time, space] }) => [time, space, space]);
      const strides = layers.map(({ stride }) => [1, stride, stride]);
      return { out, expand: layers.map(({ expand }) => expand), kernels, strides };
    }),
  };
}

export const VARIANTS = ['a0', 'a1', 'a2', 'a3', 'a4', 'a5'] as const;
export type Variant = (typeof VARIANTS)[number];

/** Frames a second and frames of the clips the published networks are judged on. */
const CLIPS: Readonly<Record<Variant, { readonly rate: number; readonly frames: number }>> = {
  a0: { rate: 5, frames: 50 },
  a1: { rate: 5, frames: 50 },
  a2: { rate: 5, frames: 50 },
  a3: { rate: 12, frames: 120 },
  a4: { rate: 8, frames: 80 },
  a5: { rate: 12, frames: 120 },
};

/** Resolution, stem, project, then each block's output and its layers as width:kernel, time before space. */
const SHAPES: Readonly<Record<Variant, readonly [number, number, number, readonly (readonly [number, string])[]]>> = {
  a0: [
    172,
    8,
    480,
    [
      [8, '24:15'],
      [32, '80:33 80:33 80:33'],
      [56, '184:53 112:33 184:33'],
      [56, '184:53 184:33 184:33 184:33'],
      [104, '384:53 280:15 280:15 344:15'],
    ],
  ],
  a1: [
    172,
    16,
    600,
    [
      [16, '40:15 40:33'],
      [40, '96:33 120:33 96:33 96:33'],
      [64, '216:53 128:33 216:33 168:33 216:33'],
      [64, '216:53 216:33 216:33 128:33 128:15 216:33'],
      [136, '456:53 360:15 360:15 360:15 456:15 456:33 544:13'],
    ],
  ],
  a2: [
    224,
    16,
    640,
    [
      [16, '40:15 40:33 64:33'],
      [40, '96:33 120:33 96:33 96:33 120:33'],
      [72, '240:53 160:33 240:33 192:33 240:33'],
      [72, '240:53 240:33 240:33 240:33 144:15 240:33'],
      [144, '480:53 384:15 384:15 480:15 480:15 480:33 576:13'],
    ],
  ],
  a3: [
    256,
    16,
    744,
    [
      [16, '40:15 40:33 64:33 40:33'],
      [48, '112:33 144:33 112:33 112:15 144:33 144:33'],
      [80, '240:53 152:33 240:33 192:33 240:33'],
      [88, '264:53 264:33 264:33 264:33 160:15 264:33 264:33 264:33'],
      [168, '560:53 448:15 448:15 560:15 560:15 560:33 448:15 448:15 560:33 672:13'],
    ],
  ],
  a4: [
    290,
    24,
    856,
    [
      [24, '64:15 64:33 96:33 64:33 96:33 64:33'],
      [56, '168:33 168:33 136:33 136:33 168:33 168:33 168:33 136:15 136:33'],
      [96, '320:53 160:33 320:33 192:33 320:33 160:33 320:33 256:33 320:33'],
      [96, '320:53 320:33 320:33 320:33 192:15 320:33 320:33 192:33 320:33 320:33'],
      [192, '640:53 512:15 512:15 640:15 640:15 640:33 512:15 512:15 640:15 768:15 640:15 640:33 768:33'],
    ],
  ],
  a5: [
    320,
    24,
    992,
    [
      [24, '64:15 64:15 96:33 64:33 96:33 64:33'],
      [64, '192:53 152:33 152:33 152:33 192:33 192:33 192:33 152:33 152:33 192:33 192:33'],
      [112, '376:53 224:33 376:33 376:33 296:33 376:33 224:33 376:33 376:33 296:33 376:33 376:33 376:33'],
      [120, '376:53 376:33 376:33 376:33 224:15 376:33 376:33 224:33 376:33 376:33 376:33'],
      [
        224,
        '744:53 744:33 600:15 600:15 744:15 744:15 744:33 896:15 600:15 600:15 896:15 744:15 744:33 896:15 600:15 600:15 744:15 744:33',
      ],
    ],
  ],
};

/** A published network: Kinetics' 600 classes, of which one is true at a time. */
export function published(variant: Variant, mode: 'base' | 'stream'): MovinetConfig {
  const [resolution, stem, project, rows] = SHAPES[variant];
  const clip = CLIPS[variant];
  const blocks = rows.map(([out, text], block) => {
    const layers = text.split(' ').map((layer, i): LayerShape => {
      const [expand, kernel] = layer.split(':') as [string, string];
      return {
        expand: Number(expand),
        kernel: [Number(kernel[0]), Number(kernel[1])],
        stride: i === 0 && halves(block) ? 2 : 1,
      };
    });
    return { out, layers };
  });
  const causal = mode === 'stream';
  const sizes = { resolution, stem, blocks, project, head: 2048, classes: 600 };
  const how = {
    causal,
    positional: causal && variant >= 'a3',
    epsilon: 1e-3,
    gate: 'clip',
    activation: 'softmax',
  } as const;
  return { ...sizes, ...how, labels: null, ...clip, memory: clip.frames / clip.rate };
}

/** Whether the first layer of block `block` of a published network halves the picture: the fourth block does not. */
export function halves(block: number): boolean {
  return block !== 3;
}

/** The published network of these widths; undefined for any other. */
export function variantOf(shape: { readonly project: number; readonly stem: number }): Variant | undefined {
  return VARIANTS.find((variant) => SHAPES[variant][2] === shape.project && SHAPES[variant][1] === shape.stem);
}

/** What a published network of these widths was made for; A0's for others. */
export function clipOf(shape: { readonly project: number; readonly stem: number }): {
  readonly resolution: number;
  readonly rate: number;
  readonly frames: number;
} {
  const variant = variantOf(shape) ?? 'a0';
  return { resolution: SHAPES[variant][0], ...CLIPS[variant] };
}

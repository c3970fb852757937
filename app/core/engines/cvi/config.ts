/**
 * CVI's sizes and tensors: video in-betweening by direct 3-D convolutions (arXiv 1905.10240). docs/cvi.md says what it does.
 *
 * There is no published source of the authors; names and layout are those of an unofficial one (wangwangbuaa/Video_Inbetweening), in which every tensor
 * is laid as TensorFlow lays it.
 */
import { z } from 'zod';

/** Frames of a film, its first and last given ones included. */
export const FRAMES = 16;
/** Layers of the latent generator; before each third of them time is doubled. */
export const LATENT_LAYERS = 24;
const THIRD = LATENT_LAYERS / 3;
/** Pixels of the picture for one of the latent grid: sides are multiples of it. */
export const STEP = 8;

export const OUTPUTS = ['tanh', 'bn_lrelu', 'warp'] as const;
/** What the last layer becomes: a picture by tanh (as published), the same normalised and rectified (the unofficial source), or [Note: warp head]. */
export type CviOutput = (typeof OUTPUTS)[number];

export interface CviConfig {
  /** Channels of the latent video. */
  readonly latent: number;
  /** Numbers of the noise. */
  readonly noise: number;
  /** 1: the network sees and makes luma; 3: R'G'B'. */
  readonly channels: 1 | 3;
  /** What it was trained on; any multiple of STEP works. */
  readonly frame: readonly [width: number, height: number];
  /** Widths of the seven layers of each; the encoder's last is `latent`, the decoder's `channels`. */
  readonly encoder: readonly number[];
  readonly decoder: readonly number[];
  readonly epsilon: number;
  /** Stored statistics, or those of the batch at hand (the unofficial source uses them always). */
  readonly batchNorm: 'moving' | 'batch';
  readonly output: CviOutput;
  /** Ours: the decoder also sees the stills' features ([Note: warp head]). */
  readonly skips: boolean;
  /** Ours: the head's motion is that of the whole way, scaled by time ([Note: warp head]). */
  readonly timed: boolean;
}

/** The paper's, for colour. */
export const OFFICIAL: CviConfig = {
  latent: 64,
  noise: 128,
  channels: 3,
  frame: [64, 64],
  encoder: [64, 64, 128, 128, 256, 256, 64],
  decoder: [256, 256, 128, 128, 64, 64, 3],
  epsilon: 1e-3,
  batchNorm: 'moving',
  output: 'tanh',
  skips: false,
  timed: false,
};

const count = z.number().int().min(1).max(4096);
const schema = z
  .object({
    C: count,
    D: count,
    channels: z.union([z.literal(1), z.literal(3)]),
    T: z.literal(FRAMES).default(FRAMES),
    frame: z.tuple([side(), side()]).default([64, 64]),
    encoder: z.array(count).length(7),
    decoder: z.array(count).length(7),
    bn_eps: z.number().positive().max(1).default(1e-3),
    batch_norm: z.enum(['moving', 'batch']).default('moving'),
    output: z.enum(OUTPUTS).default('tanh'),
    skips: z.boolean().default(false),
    timed: z.boolean().default(false),
  })
  .refine(({ C, encoder }) => encoder[6] === C)
  // Some count what the head takes apart as well.
  .refine(
    ({ channels, decoder, output }) => decoder[6] === channels || (output === 'warp' && decoder[6] === channels + 7),
  );

function side() {
  return z.number().int().min(STEP).max(1024).multipleOf(STEP);
}

/** Reads a configuration from JSON, as a fixture, a manifest or a file's metadata has it; undefined if it is none or contradicts itself. */
export function parseConfig(json: unknown): CviConfig | undefined {
  const found = schema.safeParse(json).data;
  if (!found) return undefined;
  const { C, D, channels, frame, encoder, decoder, bn_eps, batch_norm, output, skips, timed } = found;
  const widths = { encoder, decoder: [...decoder.slice(0, 6), channels] };
  const numbers = { latent: C, noise: D, channels, frame, ...widths, epsilon: bn_eps };
  return { ...numbers, batchNorm: batch_norm, output, skips, timed };
}

/** The configuration as `parseConfig` takes it. */
export function configJson(config: CviConfig): Readonly<Record<string, unknown>> {
  const { latent, noise, channels, frame, encoder, decoder, epsilon, batchNorm, output, skips, timed } = config;
  const numbers = { C: latent, D: noise, channels, T: FRAMES, frame, encoder, decoder, bn_eps: epsilon };
  return { ...numbers, batch_norm: batchNorm, output, skips, timed };
}

/** Frames of the latent video in layer `layer` (0 to 23): 4, 8, 16. */
export function framesAt(layer: number): number {
  return 4 << Math.floor(layer / THIRD);
}

/** Whether time is doubled before layer `layer`. */
export function doublesAt(layer: number): boolean {
  return layer % THIRD === 0;
}

/** The encoder's layer (0 to 6) whose features of both stills the decoder's layer (0 to 6) also sees; undefined where it sees none. */
export function skipInto(config: CviConfig, layer: number): number | undefined {
  if (!config.skips) return undefined;
  return layer === 3 ? 3 : layer === 5 || layer === 6 ? 1 : undefined;
}

/** Channels of the last layer: what [Note: warp head] takes apart, or the picture. */
export function lastChannels({ channels, output }: CviConfig): number {
  return output === 'warp' ? channels + 7 : channels;
}

/** A tensor as it is stored. */
export interface Stored {
  readonly name: string;
  readonly dims: readonly number[];
}

/** The tensors of a batch norm. */
function norm(name: string, width: number): Stored[] {
  return ['gamma', 'beta', 'moving_mean', 'moving_variance'].map((part) => ({
    name: `${name}/${part}`,
    dims: [width],
  }));
}

/** Kernel of the encoder's layer (0 to 6); it halves where that is 4. */
export function encoderKernel(layer: number): 3 | 4 {
  return layer === 0 || layer === 2 || layer === 4 ? 4 : 3;
}

/** Kernel of the decoder's layer (0 to 6) over space; it doubles where that is 4. */
export function decoderKernel(layer: number): 3 | 4 {
  return layer === 2 || layer === 4 || layer === 6 ? 4 : 3;
}

/** Every tensor of a network, names and shapes as they are stored. Layers of encoder and decoder count from 1 there, those between from 0. */
export function storedOf(config: CviConfig): readonly Stored[] {
  const { latent, noise, channels, encoder, decoder } = config;
  const stored: Stored[] = [];
  const add = (name: string, ...dims: number[]): void => {
    stored.push({ name, dims });
  };
  encoder.forEach((width, layer) => {
    const kernel = encoderKernel(layer);
    add(`image_conv${layer + 1}/w`, kernel, kernel, layer === 0 ? channels : encoder[layer - 1]!, width);
    add(`image_conv${layer + 1}/biases`, width);
    stored.push(...norm(`bn${layer + 1}`, width));
  });
  for (let layer = 0; layer < LATENT_LAYERS; layer++) {
    const stem = `latent_layer${layer}`;
    add(`${stem}/layer_u${layer}/w`, framesAt(layer) * latent, noise);
    add(`${stem}/layer_u${layer}/biases`, framesAt(layer) * latent, 1);
    add(`${stem}/g_s_e_3conv/conv1d/kernel`, 3, latent, 3 * latent);
    add(`${stem}/g_s_e_3conv/conv1d/bias`, 3 * latent);
    for (const part of ['conv3d1', 'conv3d2']) {
      add(`${stem}/${part}/conv3d/kernel`, 3, 3, 3, latent, latent);
      add(`${stem}/${part}/conv3d/bias`, latent);
    }
  }
  decoder.forEach((own, layer) => {
    const width = layer === 6 ? lastChannels(config) : own;
    const skip = skipInto(config, layer);
    const into = (layer === 0 ? latent : decoder[layer - 1]!) + (skip === undefined ? 0 : 2 * encoder[skip]!);
    const kernel = decoderKernel(layer);
    add(`video_transconv3d${layer + 1}/conv3d_transpose/kernel`, 3, kernel, kernel, width, into);
    add(`video_transconv3d${layer + 1}/conv3d_transpose/bias`, width);
    if (layer < 6 || config.output === 'bn_lrelu') stored.push(...norm(`gen_bn${layer + 1}`, width));
  });
  return stored;
}

/** Numbers that are learned: 14.38 million of the paper's. Statistics are not. */
export function parameterCount(config: CviConfig): number {
  const learned = storedOf(config).filter(({ name }) => !/moving_(mean|variance)$/.test(name));
  return learned.reduce((sum, { dims }) => sum + dims.reduce((product, size) => product * size, 1), 0);
}

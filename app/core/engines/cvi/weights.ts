/** CVI's tensors from a checkpoint in TensorFlow's layout, and the network a checkpoint holds. */
import { z } from 'zod';
import { parseJson } from '../../base/json.ts';
import type { Checkpoint } from '../../import/checkpoint.ts';
import { takeWeights, type Want, type Weights } from '../weights.ts';
import { parseConfig, storedOf, type CviConfig } from './config.ts';

/** What training saves beside the generator, and the last layer's norm where it is not used. */
const IGNORED = [/^(global_step|step|save_counter)$/];
const LAST_NORM = /^gen_bn7\//;

/**
 * What network a checkpoint holds; null when it is no CVI. Sizes come from shapes, the rest from JSON under "config" in the file's metadata. Where
 * there is none, a last layer that is normalised is the unofficial source's, one seven channels wider than the picture [Note: warp head].
 */
export function recogniseCvi(checkpoint: Checkpoint): CviConfig | null {
  const shapes = new Map(checkpoint.names().map((name) => [name, checkpoint.info(name).shape]));
  const at = (name: string, axis: number): number => shapes.get(name)?.[axis] ?? 0;
  const first = shapes.get('image_conv1/w');
  if (first?.length !== 4 || !shapes.has('latent_layer0/layer_u0/w')) return null;
  const layers = [1, 2, 3, 4, 5, 6, 7];
  const last = 'video_transconv3d7/conv3d_transpose';
  const channels = first[2]!;
  const made = at(`${last}/kernel`, 3);
  const told = metadataOf(checkpoint);
  const encoder = layers.map((layer) => at(`image_conv${layer}/w`, 3));
  const decoder = layers.map((layer) =>
    layer === 7 ? channels : at(`video_transconv3d${layer}/conv3d_transpose/kernel`, 3),
  );
  const output = made === channels + 7 ? 'warp' : shapes.has('gen_bn7/gamma') ? 'bn_lrelu' : 'tanh';
  const config = parseConfig({
    output,
    ...told,
    C: at('image_conv7/w', 3),
    D: at('latent_layer0/layer_u0/w', 1),
    channels,
    encoder,
    decoder,
    skips: at('video_transconv3d4/conv3d_transpose/kernel', 4) > decoder[2]!,
  });
  return config ?? null;
}

/** The weights as `storedOf` names and lays them. Throws `weights-mismatch` as `takeWeights`; what the readers throw. */
export async function readCvi(checkpoint: Checkpoint, config: CviConfig): Promise<Weights> {
  const wants = storedOf(config).map(({ name, dims }): Want => ({ value: name, from: [name], dims }));
  return await takeWeights(checkpoint, wants, {
    ignore: config.output === 'bn_lrelu' ? IGNORED : [...IGNORED, LAST_NORM],
  });
}

const embeddedSchema = z.object({ config: z.string() });
const toldSchema = z.record(z.string(), z.unknown());

/** What the file says of itself, as far as shapes do not tell. */
function metadataOf({ metadata }: Checkpoint): Readonly<Record<string, unknown>> {
  const text = embeddedSchema.safeParse(metadata).data?.config;
  return (text === undefined ? undefined : parseJson(toldSchema, text)) ?? {};
}

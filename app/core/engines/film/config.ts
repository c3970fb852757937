/**
 * FILM's sizes and its layers. Reda et al., FILM: Frame Interpolation for Large Motion, ECCV 2022; google-research/frame-interpolation.
 *
 * Levels count from the full picture (0) to the coarsest. A layer is one convolution with a bias, under the name dajes' PyTorch port
 * gives it: those names are the graph's and our own files'.
 */
import { z } from 'zod';

export interface FilmConfig {
  /** Levels of the picture pyramid: sides are multiples of 2 ** (pyramidLevels - 1). */
  readonly pyramidLevels: number;
  /** The finest so many levels are fused into the picture. */
  readonly fusionLevels: number;
  /** The finest so many levels have a flow predictor of their own; all coarser ones share one. */
  readonly specialisedLevels: number;
  /** Stages of the feature extractor. */
  readonly subLevels: number;
  /** Channels of the extractor's first stage; each further stage doubles them. */
  readonly filters: number;
  /** 3x3 convolutions of each flow predictor, the finest first, the shared one last. */
  readonly flowConvs: readonly number[];
  /** Their channels. */
  readonly flowFilters: readonly number[];
}

/** All three published models: L1, VGG and Style. */
export const OFFICIAL: FilmConfig = {
  pyramidLevels: 7,
  fusionLevels: 5,
  specialisedLevels: 3,
  subLevels: 4,
  filters: 64,
  flowConvs: [3, 3, 3, 3],
  flowFilters: [32, 64, 128, 256],
};

const count = (most: number) => z.number().int().min(1).max(most);

/** A configuration as JSON, under the names of the official training files. */
const schema = z.object({
  pyramid_levels: count(10),
  fusion_pyramid_levels: count(10),
  specialized_levels: z.number().int().min(0).max(9),
  sub_levels: count(6),
  filters: count(256),
  flow_convs: z.array(count(16)).min(1).max(10),
  flow_filters: z.array(count(1024)).min(1).max(10),
});

/** The part of a configuration that the shapes of its layers do not tell. */
const pyramidSchema = schema.pick({ pyramid_levels: true });

/** Reads a whole configuration from JSON; undefined if it is none or contradicts itself. */
export function parseConfig(json: unknown): FilmConfig | undefined {
  const parsed = schema.safeParse(json).data;
  if (!parsed) return undefined;
  const config: FilmConfig = {
    pyramidLevels: parsed.pyramid_levels,
    fusionLevels: parsed.fusion_pyramid_levels,
    specialisedLevels: parsed.specialized_levels,
    subLevels: parsed.sub_levels,
    filters: parsed.filters,
    flowConvs: parsed.flow_convs.slice(0, parsed.specialized_levels + 1),
    flowFilters: parsed.flow_filters.slice(0, parsed.specialized_levels + 1),
  };
  return isSound(config) ? config : undefined;
}

/** `pyramid_levels` of JSON that may say more; undefined where it does not say it. */
export function parsePyramidLevels(json: unknown): number | undefined {
  return pyramidSchema.safeParse(json).data?.pyramid_levels;
}

/** The configuration as `parseConfig` takes it. */
export function configJson(config: FilmConfig): Readonly<Record<string, unknown>> {
  return {
    pyramid_levels: config.pyramidLevels,
    fusion_pyramid_levels: config.fusionLevels,
    specialized_levels: config.specialisedLevels,
    sub_levels: config.subLevels,
    filters: config.filters,
    flow_convs: config.flowConvs,
    flow_filters: config.flowFilters,
  };
}

/** Whether a network of these sizes exists: levels that share a predictor have features of one width, and every predictor has its level. */
export function isSound(config: FilmConfig): boolean {
  const { pyramidLevels, fusionLevels, specialisedLevels, subLevels, filters, flowConvs, flowFilters } = config;
  return (
    fusionLevels >= 2 &&
    pyramidLevels >= fusionLevels &&
    pyramidLevels > specialisedLevels &&
    subLevels - 1 <= specialisedLevels &&
    flowConvs.length === specialisedLevels + 1 &&
    flowFilters.length === specialisedLevels + 1 &&
    filters > 0 &&
    flowConvs.every((convs) => convs > 0) &&
    flowFilters.every((width) => width > 0 && width % 2 === 0)
  );
}

/** Channels of the cascaded feature of a level: one term for each stage that reaches it. */
export function featureChannels({ subLevels, filters }: FilmConfig, level: number): number {
  return filters * (2 ** Math.min(level + 1, subLevels) - 1);
}

/** Channels that the fusion is given at a level: two warped pictures with their features, and two flows. */
export function alignedChannels(config: FilmConfig, level: number): number {
  return 2 * (3 + featureChannels(config, level)) + 4;
}

/** Where a layer is: stage and 0 or 1; level (null: shared) and index; level and 0, 1 or 2; the last one. */
export type Place =
  | { readonly part: 'extract'; readonly stage: number; readonly index: number }
  | { readonly part: 'flow'; readonly level: number | null; readonly index: number }
  | { readonly part: 'fuse'; readonly level: number; readonly index: number }
  | { readonly part: 'output' };

export interface Layer {
  readonly place: Place;
  /** Its name in dajes' port; its tensors are NAME.weight and NAME.bias. */
  readonly name: string;
  /** [out, in, height, width] of the kernel; the bias is [out]. */
  readonly dims: readonly [number, number, number, number];
}

/** Every layer of a network, in the order the TensorFlow code makes them: a layer comes after those it needs. */
export function layersOf(config: FilmConfig): readonly Layer[] {
  const { subLevels, filters, specialisedLevels, fusionLevels } = config;
  const layers: Layer[] = [];
  const add = (place: Place, dims: Layer['dims']): void => {
    layers.push({ place, name: portName(place, config), dims });
  };
  let inputs = 3;
  for (let stage = 0; stage < subLevels; stage++)
    for (const index of [0, 1]) {
      add({ part: 'extract', stage, index }, [filters << stage, inputs, 3, 3]);
      inputs = filters << stage;
    }
  for (let level = specialisedLevels; level >= 0; level--) {
    const width = config.flowFilters[level]!;
    const convs = config.flowConvs[level]!;
    const at = level === specialisedLevels ? null : level;
    for (let index = 0; index < convs; index++)
      add({ part: 'flow', level: at, index }, [width, index === 0 ? 2 * featureChannels(config, level) : width, 3, 3]);
    add({ part: 'flow', level: at, index: convs }, [width / 2, width, 1, 1]);
    add({ part: 'flow', level: at, index: convs + 1 }, [2, width / 2, 1, 1]);
  }
  inputs = alignedChannels(config, fusionLevels - 1);
  for (let level = fusionLevels - 2; level >= 0; level--) {
    const width = filters << Math.min(level, specialisedLevels);
    add({ part: 'fuse', level, index: 0 }, [width, inputs, 2, 2]);
    add({ part: 'fuse', level, index: 1 }, [width, alignedChannels(config, level) + width, 3, 3]);
    add({ part: 'fuse', level, index: 2 }, [width, width, 3, 3]);
    inputs = width;
  }
  add({ part: 'output' }, [3, inputs, 1, 1]);
  return layers;
}

/** What names depend on: both namings count some layers from the end. */
export type Counts = Pick<FilmConfig, 'specialisedLevels' | 'fusionLevels'>;

/** A layer's name in dajes/frame-interpolation-pytorch, which counts predictors and fusions from coarse to fine. */
export function portName(place: Place, { specialisedLevels, fusionLevels }: Counts): string {
  switch (place.part) {
    case 'extract':
      return `extract.extract_sublevels.convs.${place.stage}.${place.index}.0`;
    case 'flow':
      if (place.level === null) return `predict_flow._predictor._convs.${place.index}.0`;
      return `predict_flow._predictors.${specialisedLevels - 1 - place.level}._convs.${place.index}.0`;
    case 'fuse':
      return `fuse.convs.${fusionLevels - 2 - place.level}.${place.index}.0`;
    case 'output':
      return 'fuse.output_conv';
  }
}

/** A layer's name in google-research/frame-interpolation, whose fusion numbers its layers from fine to coarse. */
export function tensorflowName(place: Place, { fusionLevels }: Counts): string {
  const numbered = (number: number): string => `fusion/conv2d${number === 0 ? '' : `_${number}`}`;
  switch (place.part) {
    case 'extract':
      return `feat_net/sub_extractor/cfeat_conv_${2 * place.stage + place.index}`;
    case 'flow':
      return `predict_flow/flow_predictor_${place.level ?? 'shared'}/conv_${place.index}`;
    case 'fuse':
      return numbered(3 * place.level + place.index);
    case 'output':
      return numbered(3 * (fusionLevels - 1));
  }
}

/** Numbers a network has: 34,436,667 for the published one. */
export function parameterCount(config: FilmConfig): number {
  return layersOf(config).reduce((sum, { dims: [outputs, inputs, h, w] }) => sum + outputs * (inputs * h * w + 1), 0);
}

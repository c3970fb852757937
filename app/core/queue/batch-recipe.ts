/** From a batch's recipe to the jobs of its files. */
import type { Codec, RetimeSpec } from '../../contract/jobs.ts';
import type { BatchRecipe, BatchSpec } from '../../contract/queue.ts';

/** The ending an output of a codec gets where nobody says. */
const ENDINGS: Readonly<Record<Codec, string>> = {
  h264: '.mp4',
  hevc: '.mp4',
  av1: '.mp4',
  vp9: '.webm',
  prores: '.mov',
  ffv1: '.mkv',
};

/** What is done to the file at `path` (below the batch's input, with '/'); null where it is left out. */
export function recipeFor({ recipe, overrides }: BatchSpec, path: string): BatchRecipe | null {
  const own = Object.hasOwn(overrides, path) ? overrides[path] : {};
  return own === null ? null : { ...recipe, ...own };
}

/** The ending with its dot that a recipe asks for; undefined where that of the source is kept. */
export function endingOf({ container, codec }: BatchRecipe): string | undefined {
  if (container !== undefined) return `.${container}`;
  return codec === undefined ? undefined : ENDINGS[codec];
}

/** The job of one file. Paths are absolute. */
export function batchJob(recipe: BatchRecipe, input: string, output: string): RetimeSpec {
  const { speed, factor, fps, engine, device, codec, quality, audio } = recipe;
  return {
    ...{ kind: 'retime', input, output, speed, factor, engine },
    ...(fps !== undefined && { fps }),
    ...(device !== undefined && { device }),
    ...(codec !== undefined && { codec }),
    ...(quality !== undefined && { quality }),
    ...(audio !== undefined && { audio }),
    ...{ cuts: 'auto', holds: 'off', maxHold: 6, shutter: 0, force: false },
  };
}

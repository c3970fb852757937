/** The family of RIFE: flow networks for any moment between two pictures. */
import { AppError } from '../../../contract/errors.ts';
import type { Checkpoint } from '../../import/checkpoint.ts';
import { ncnnGraphOf } from '../../import/ncnn.ts';
import { openCheckpoint } from '../../import/registry.ts';
import type { Graph } from '../../onnx/graph.ts';
import type { EngineSetup, Interpolator } from '../engine.ts';
import type { InterpolatingFamily } from '../family.ts';
import { overPictures, type PictureNetwork } from '../picture-network.ts';
import { tiled, tiledBytes, type Tiling } from '../tiles.ts';
import { versionsOf, type RifeConfig, type RifeOptions } from './config.ts';
import { liveBytes } from './memory.ts';
import { conventionOf } from './ncnn/conventions.ts';
import { modelGraph } from './ncnn/graphs.ts';
import { knownNetwork } from './ncnn/known.ts';
import { modelFile, readModel } from './ncnn/open.ts';
import { recipeOf } from './ncnn/recipe.ts';
import { upTo, type Size, type Surround } from './padding.ts';
import { PAPER_MULTIPLE, paperGraph, recognisePaper, takePaper } from './paper.ts';
import { GraphPictures } from './pictures.ts';
import { RifeNetwork } from './run.ts';
import { recogniseRife, takeRife } from './weights.ts';

/**
 * Working memory above which a picture is cut into tiles. The same on every machine, because where a picture is cut shows in its bytes,
 * and a chunk's key does not know the machine. 4.6 takes 2560x1440 whole.
 */
export const WHOLE_BYTES = 3 * 2 ** 30;

/**
 * Bytes ONNX Runtime needs for a pixel on the CPU. Nearly all of it is at the picture's own size. Fitted to resident memory at 1080p: 0.56 kB a
 * pixel of 4.6, 0.74 kB of 4.25.
 */
export function rifeBytes({ encoder }: RifeConfig): number {
  return 4 * (95 + 7 * (6 + 2 * (encoder?.outputs ?? 0)));
}

const MEASURED = { width: 512, height: 512 };

/** The same of a graph for pictures of that size, twice what its values hold at once: ONNX Runtime keeps them in blocks of channels besides. */
function graphBytes(graph: Graph): number {
  return (2 * liveBytes(graph)) / (MEASURED.width * MEASURED.height);
}

export const rife: InterpolatingFamily = {
  kind: 'interpolate',
  id: 'rife',
  version: '2',
  summary: 'RIFE and its kin: flow at any moment, in one pass; import a published checkpoint.',
  recognise,
  open: (path, setup) => openRife(path, setup),
  async memory(path, setup, format) {
    const file = await modelFile(path);
    await using checkpoint = await openCheckpoint(file);
    const { bytesPerPixel } = await networkOf(file, checkpoint, {});
    return tiledBytes(format, setup, tiling(bytesPerPixel)) + BESIDE;
  },
};

/** The weights in the graph, in its bytes and in ONNX Runtime. */
const BESIDE = 200 * 2 ** 20;

function tiling(bytesPerPixel: number, maxBytes = WHOLE_BYTES): Tiling {
  return { bytes: (_, width, height) => width * height * bytesPerPixel, maxBytes };
}

async function recognise(checkpoint: Checkpoint): Promise<Readonly<Record<string, unknown>> | null> {
  const graph = ncnnGraphOf(checkpoint);
  const convention = graph && conventionOf(graph);
  if (convention) return { network: convention.network, format: 'ncnn', layers: graph.layers.length };
  const paper = recognisePaper(checkpoint);
  if (paper) return { network: paper.timed ? 'rife of the paper, any moment' : 'rife of the paper', ...paper };
  const config = recogniseRife(checkpoint);
  return config && { network: 'rife 4.x', versions: versionsOf(config) ?? 'of its own widths', ...config };
}

/**
 * `Family.open`, with the options the checkpoint does not say: those of 4.x, and of RIFE up to 3.x a scale below 1, which is its 'UHD mode'.
 * `maxBytes` of working memory is for tests. `path` may be a folder with the files of an ncnn model. Throws 'usage' for options
 * that a network of 4.x does not have.
 */
export async function openRife(
  path: string,
  setup: EngineSetup,
  options: RifeOptions = {},
  maxBytes = WHOLE_BYTES,
): Promise<Interpolator> {
  const file = await modelFile(path);
  await using checkpoint = await openCheckpoint(file);
  const { network, bytesPerPixel } = await networkOf(file, checkpoint, options);
  const open = async (inner: EngineSetup) => {
    // A tile's sides are inside the picture, where black has no business.
    const tile = inner.width !== setup.width || inner.height !== setup.height;
    return overPictures(inner, network(inner, tile ? 'edge' : 'zeros'));
  };
  return await tiled(open, setup, tiling(bytesPerPixel, maxBytes));
}

/** A network for pictures of any size; `around` where its own program has zeros. */
interface Opened {
  readonly network: (setup: EngineSetup, around: Surround) => PictureNetwork;
  readonly bytesPerPixel: number;
}

async function networkOf(path: string, checkpoint: Checkpoint, options: RifeOptions): Promise<Opened> {
  const model = await readModel(path, checkpoint);
  if (model) {
    const known = await knownNetwork(model);
    if (known) {
      // As the ncnn programs run 4.0: without a second look at large motion.
      const network: Opened['network'] = (setup, around) =>
        new RifeNetwork(known.config, known.weights, setup, options, false, around);
      return { network, bytesPerPixel: rifeBytes(known.config) };
    }
    const half = (options.scale ?? 1) < 1;
    const graph = modelGraph(model, MEASURED, { half });
    return {
      network: (setup, around) => {
        const recipe = recipeOf(model, setup, half);
        return new GraphPictures(recipe.around === 'zeros' ? { ...recipe, around } : recipe, setup);
      },
      bytesPerPixel: graphBytes(graph),
    };
  }
  const paper = recognisePaper(checkpoint);
  if (paper) {
    const weights = await takePaper(checkpoint, paper);
    const graph = (size: Size): Graph => paperGraph(paper, weights, size);
    const recipe = { shift: () => [0, 0, 0], middle: !paper.timed, graph };
    const network: Opened['network'] = (setup, around) =>
      new GraphPictures({ ...recipe, around, margin: upTo(setup, PAPER_MULTIPLE) }, setup);
    return { network, bytesPerPixel: graphBytes(graph(MEASURED)) };
  }
  const config = recogniseRife(checkpoint);
  if (!config) throw new AppError('weights-mismatch', `${path} holds no network of the RIFE family.`);
  const weights = await takeRife(checkpoint, config);
  const network: Opened['network'] = (setup, around) =>
    new RifeNetwork(config, weights, setup, options, undefined, around);
  return { network, bytesPerPixel: rifeBytes(config) };
}

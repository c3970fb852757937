/** The family of RIFE: flow networks for any moment between two pictures. */
import { AppError } from '../../../contract/errors.ts';
import type { Checkpoint } from '../../import/checkpoint.ts';
import { openCheckpoint } from '../../import/registry.ts';
import type { PixelFormat } from '../../media/frame.ts';
import type { EngineSetup, Interpolator } from '../engine.ts';
import type { Family } from '../family.ts';
import { overPictures } from '../picture-network.ts';
import { tiled } from '../tiles.ts';
import { inputsOf, versionsOf, type RifeConfig, type RifeOptions } from './config.ts';
import { RifeNetwork } from './run.ts';
import { recogniseRife, takeRife } from './weights.ts';

/**
 * Working memory above which a picture is cut into tiles. The same on every machine, because where a picture is cut shows in its bytes,
 * and a chunk's key does not know the machine. 4.6 takes 2560x1440 whole.
 */
export const WHOLE_BYTES = 3 * 2 ** 30;

/**
 * Bytes ONNX Runtime needs for a picture on the CPU. Nearly all of it is at the picture's own size: both frames, where they are sampled, and
 * what the last block sees, each some times over. The factors are fitted to resident memory at 1080p: 0.65 kB a pixel of 4.6, 1.25 kB of 4.25.
 */
export function rifeBytes(config: RifeConfig, width: number, height: number): number {
  const frames = 6 + 2 * (config.encoder?.outputs ?? 0);
  return width * height * 4 * (13 * frames + 4.5 * inputsOf(config, 1));
}

export const rife: Family = {
  id: 'rife',
  version: '1',
  summary: 'RIFE and its kin: flow at any moment, in one pass; import a published checkpoint.',
  recognise,
  open: (path, setup) => openRife(path, setup),
};

async function recognise(checkpoint: Checkpoint): Promise<Readonly<Record<string, unknown>> | null> {
  const config = recogniseRife(checkpoint);
  return config && { network: 'rife 4.x', versions: versionsOf(config) ?? 'of its own widths', ...config };
}

/** `Family.open`, with the options the checkpoint does not say; `maxBytes` of working memory is for tests. */
export async function openRife(
  path: string,
  setup: EngineSetup,
  options: RifeOptions = {},
  maxBytes = WHOLE_BYTES,
): Promise<Interpolator> {
  await using checkpoint = await openCheckpoint(path);
  const config = recogniseRife(checkpoint);
  if (!config) throw new AppError('weights-mismatch', `${path} holds no network of the RIFE family.`);
  const weights = await takeRife(checkpoint, config);
  const bytes = (_: PixelFormat, width: number, height: number): number => rifeBytes(config, width, height);
  const open = async (inner: EngineSetup) => overPictures(inner, new RifeNetwork(config, weights, inner, options));
  return await tiled(open, setup, { bytes, maxBytes });
}

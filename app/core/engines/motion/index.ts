/** Models of how key points move from one picture to another: `--motion adversarial` and `autoregressive` of the engine fomm. docs/fomm.md. */
import type { KeyPoint } from '../../../contract/morph.ts';
import { openCheckpoint } from '../../import/registry.ts';
import type { MotionFamily } from '../family.ts';
import { configJson, type MotionConfig } from './config.ts';
import { motionPath, type PathOptions } from './run.ts';
import { readMotion, recogniseMotion } from './weights.ts';

/** A model of motion, opened. */
export interface MotionModel {
  readonly config: MotionConfig;
  /** As `motionPath`. */
  path(first: readonly KeyPoint[], last: readonly KeyPoint[], options: PathOptions): KeyPoint[][];
}

/** The checkpoint at `path`; `config` is its manifest's. Throws as `readMotion`. */
export async function openMotion(path: string, config: Readonly<Record<string, unknown>>): Promise<MotionModel> {
  await using checkpoint = await openCheckpoint(path);
  const read = await readMotion(checkpoint, config);
  return {
    config: read.config,
    path: (first, last, options) => motionPath(read.config, read.weights, [first, last], options),
  };
}

export const motion: MotionFamily = {
  kind: 'motion',
  id: 'motion',
  version: '1',
  summary: 'How key points move between two pictures, for fomm.',
  recognise: async (checkpoint) => {
    const config = recogniseMotion(checkpoint);
    return config && { ...configJson(config) };
  },
  trial: async (path, config, signal) => {
    const model = await openMotion(path, config);
    signal?.throwIfAborted();
    const points = Array.from({ length: model.config.points }, (_, i): KeyPoint => {
      return { x: Math.sin(i), y: Math.cos(i), jacobian: [1, 0, 0, 1] };
    });
    model.path(points, points.toReversed(), { seed: 0 });
  },
};

/** Weights drawn from a seed, in the order of magnitude of trained ones: for measuring, and for tests of what depends on no training. */
import type { Tensor } from '../../onnx/graph.ts';
import type { Weights } from '../weights.ts';
import type { MovinetConfig } from './config.ts';
import { foldedDims, layersOf, partsOf } from './layers.ts';

/** Weights as weights.ts gives them. The same seed gives the same. */
export function seededWeights(config: MovinetConfig, seed: number): Weights {
  const made = new Map<string, Tensor>();
  const next = uniform(seed);
  const draw = (name: string, dims: readonly number[], size: number): void => {
    const length = dims.reduce((a, b) => a * b, 1);
    made.set(name, { dtype: 'float32', dims, data: Float32Array.from({ length }, () => size * next()) });
  };
  for (const part of partsOf(config)) {
    const dims = foldedDims(part);
    const taps = dims.slice(1).reduce((a, b) => a * b, 1);
    // Half of what goes in comes out of the activations, a third of a layer's result goes on.
    draw(`${part.name}/weight`, dims, (part.role === 'project' ? 1 : 2.5) / Math.sqrt(taps));
    draw(`${part.name}/bias`, [part.outputs], 0.1);
  }
  if (config.positional) for (const { name } of layersOf(config)) draw(`${name}/position`, [1], 0.3);
  return made;
}

/** Numbers -1..1 (Numerical Recipes' generator). */
function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** ncnn models as nihui's programs run them. */
import { upTo, type Size } from '../padding.ts';
import type { Recipe } from '../pictures.ts';
import { modelGraph } from './graphs.ts';
import type { NcnnModel } from './open.ts';

/** CAIN sees this much of the border repeated on every side. */
const CAIN_MARGIN = 64;

/** How nihui's programs run a model. `half`: RIFE up to 3.x finds flow in pictures of half the size. */
export function recipeOf(model: NcnnModel, size: Size, half: boolean): Recipe {
  const graph: Recipe['graph'] = (padded, options) => modelGraph(model, padded, { ...options, half });
  const plain = { around: 'zeros', shift: () => [0, 0, 0], middle: false, graph } as const;
  if (model.convention === 'rife 1 to 3') return { ...plain, margin: upTo(size, half ? 64 : 32), middle: true };
  const { convention } = model;
  if (convention.network === 'rife 4.x' || convention.network === 'rife 3.x')
    return { ...plain, margin: upTo(size, convention.multiple), middle: convention.network === 'rife 3.x' };
  if (convention.network === 'ifrnet') return { ...plain, margin: upTo(size, 32), shift: () => [-0.5, -0.5, -0.5] };
  const { right, bottom } = upTo(size, 32);
  const margin = { left: CAIN_MARGIN, top: CAIN_MARGIN, right: right + CAIN_MARGIN, bottom: bottom + CAIN_MARGIN };
  return { margin, around: 'edge', shift: (picture) => means(picture).map((mean) => -mean), middle: true, graph };
}

function means(picture: Float32Array): number[] {
  const plane = picture.length / 3;
  return [0, 1, 2].map(
    (n) => picture.subarray(n * plane, (n + 1) * plane).reduce((sum, value) => sum + value, 0) / plane,
  );
}

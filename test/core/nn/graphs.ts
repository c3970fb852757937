/** The graphs that devices are held against. */
import * as adaconv from '../../../app/core/engines/adaconv/graph.ts';
import { cviGraph } from '../../../app/core/engines/cvi/graph.ts';
import { filmGraph } from '../../../app/core/engines/film/graph.ts';
import * as fomm from '../../../app/core/engines/fomm/graph.ts';
import { movinetGraph } from '../../../app/core/engines/movinet/graph.ts';
import { seededWeights } from '../../../app/core/engines/movinet/seeded.ts';
import { PUBLISHED } from '../../../app/core/engines/rife/config.ts';
import * as rife from '../../../app/core/engines/rife/graph.ts';
import * as sepconv from '../../../app/core/engines/sepconv/graph.ts';
import { trialModel } from '../../../app/core/nn/trial-model.ts';
import type { Graph } from '../../../app/core/onnx/graph.ts';
import * as adaconvSupport from '../engines/adaconv/support.ts';
import * as cviSupport from '../engines/cvi/support.ts';
import { fadingWeights, TINY } from '../engines/film/support.ts';
import type { Weights } from '../../../app/core/engines/weights.ts';
import * as fommSupport from '../engines/fomm/support.ts';
import { smallConfig } from '../engines/movinet/support.ts';
import { zeros } from '../engines/rife/support.ts';
import * as sepconvSupport from '../engines/sepconv/support.ts';

/** The networks of each family; small where width does not change which operators there are. */
export function graphs(): Record<string, readonly Graph[]> {
  const size = { width: 64, height: 64 };
  const { SMALL, SMALL_PLUS } = sepconvSupport;
  const points = fommSupport.seeded(fommSupport.TINY, 1);
  const kernels = adaconvSupport.seeded(adaconvSupport.SMALL, 1);
  const separable = sepconvSupport.seeded(SMALL, 1);
  const plus = sepconvSupport.seededPlus(SMALL_PLUS, 1);
  return {
    trial: [trialModel()],
    film: [filmGraph(TINY, fadingWeights(TINY, 1), { ...size, all: true })],
    rife: PUBLISHED.flatMap(({ config }) => {
      const narrow = { ...config, widths: config.widths.map(() => 8) };
      const weights = alive(zeros(narrow));
      const encoder = narrow.encoder ? [rife.encoderGraph(narrow, weights, { width: 128, height: 128 })] : [];
      return [...encoder, rife.flowGraph(narrow, weights, { width: 128, height: 128 }, { reach: true })];
    }),
    sepconv: [
      sepconv.trunkGraph(SMALL, separable, 128, 128),
      sepconv.headsGraph(SMALL, separable, { width: 64, seen: 40, made: 64 }),
      sepconv.trunkGraph(SMALL_PLUS, plus, 128, 128),
      sepconv.headsGraph(SMALL_PLUS, plus, { width: 64, seen: 40, made: 64 }),
    ],
    fomm: [
      fomm.detectorGraph(fommSupport.TINY, points, fommSupport.TINY),
      fomm.generatorGraph(fommSupport.TINY, points, fommSupport.TINY, true),
    ],
    adaconv: [
      adaconv.trunkGraph(adaconvSupport.SMALL, kernels, { width: 48, height: 48 }),
      adaconv.headGraph(adaconvSupport.SMALL, kernels, { width: 48, height: 48 }),
      adaconv.patchGraph(adaconvSupport.SMALL, kernels, 1),
    ],
    cvi: (['warp', 'tanh', 'bn_lrelu'] as const).map((output) => {
      const config = { ...cviSupport.TINY, output };
      return cviGraph(config, cviSupport.seeded(config, 1), size);
    }),
    movinet: [{ causal: false }, { positional_encoding: true }].map((kind) => {
      const config = smallConfig(kind);
      return movinetGraph(config, seededWeights(config, 1), { ...size, memory: 10 });
    }),
  };
}

/** Weights of the same sizes that keep activations alive; the same each time. */
function alive(weights: Weights): Weights {
  return new Map(
    [...weights].map(([name, { dtype, dims }]) => {
      const length = dims.reduce((a, b) => a * b, 1);
      const scale = 1.5 / Math.sqrt(dims.length > 1 ? length / dims[0]! : 25);
      const data = Float32Array.from({ length }, (_, i) => scale * Math.sin(1 + i * 12.9898));
      return [name, { dtype, dims, data }];
    }),
  );
}

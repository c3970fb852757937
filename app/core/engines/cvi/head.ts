/**
 * Where every pixel comes from.
 *
 * [Note: warp head] The published network ends in a picture. Ours may end in seven channels more: for each pixel of each frame where it is found in the first
 * still and where in the last (dx, dy; an output of one is 16 pixels), three logits of how much is taken of either and of the painted picture. The logits
 * begin at the times of a crossfade with a twentieth for the painted picture: log(1 - t), log t, log 0.05. Such a network need not learn to copy, its pictures
 * are as sharp as the stills, and its motion is what full-size pictures are warped by. Where it is `timed`, the motion is that
 * of the whole way: an output of one is 16 t pixels to the first still and 16 (1 - t) to the last. The decoder may see the stills' features as well (`skips`), those of layer 4
 * before its own layer 4, those of layer 2 before its layers 6 and 7.
 */
import type { GraphBuilder } from '../../onnx/builder.ts';
import type { Value } from '../../onnx/graph.ts';
import * as op from '../../onnx/ops.ts';
import { warpAt, warpGrid } from '../warp-graph.ts';
import { FRAMES, type CviConfig } from './config.ts';
import { tensorOf } from './kernels.ts';

/** Pixels for an output of one. */
const REACH = 16;
/** What the painted picture counts before the network says anything. */
const PAINTED = 0.05;

/** The head over o [n, 16, c + 7, h, w] and the stills [n, c, h, w]: `video`, `toFirst`, `toLast`, `weights`, `painted` as `cviGraph` says. */
export function warpHead(
  g: GraphBuilder,
  o: Value,
  [first, last]: readonly [Value, Value],
  { channels, timed }: Pick<CviConfig, 'channels' | 'timed'>,
): Readonly<Record<'video' | 'toFirst' | 'toLast' | 'weights' | 'painted', Value>> {
  const [n, frames, , height, width] = o.shape as [number, number, number, number, number];
  const parts = op.split(g, o, 2, [channels, 2, 2, 3]);
  const painted = op.tanh(g, parts[0]!);
  const reach = (way: 'toFirst' | 'toLast', value: Value): Value =>
    op.mul(g, value, timed ? g.weight(`reach_${way}`, tensorOf([frames, 1, 1, 1], reaches(way))) : REACH);
  const [toFirst, toLast] = [reach('toFirst', parts[1]!), reach('toLast', parts[2]!)];
  const prior = g.weight('prior', tensorOf([frames, 3, 1, 1], priors()));
  const weights = op.softmax(g, op.add(g, parts[3]!, prior), 2);
  const [ofFirst, ofLast, ofPainted] = op.split(g, weights, 2, [1, 1, 1]) as [Value, Value, Value];
  const moved = (still: Value, flow: Value): Value => {
    const grid = warpGrid(g, op.reshape(g, flow, [n * frames, 2, height, width]));
    const each = op.tile(g, op.unsqueeze(g, still, [1]), [1, frames, 1, 1, 1]);
    const warped = warpAt(g, op.reshape(g, each, [n * frames, channels, height, width]), grid);
    return op.reshape(g, warped, [n, frames, channels, height, width]);
  };
  const stills = op.add(g, op.mul(g, ofFirst, moved(first, toFirst)), op.mul(g, ofLast, moved(last, toLast)));
  return { video: op.add(g, stills, op.mul(g, ofPainted, painted)), toFirst, toLast, weights, painted };
}

/** [16]: pixels for an output of one, where the head is timed. */
function reaches(way: 'toFirst' | 'toLast'): Float32Array {
  return Float32Array.from(
    { length: FRAMES },
    (_, i) => (REACH * (way === 'toFirst' ? i : FRAMES - 1 - i)) / (FRAMES - 1),
  );
}

/** [16, 3]: the logits of a crossfade. */
function priors(): Float32Array {
  const all = new Float32Array(3 * FRAMES);
  for (let i = 0; i < FRAMES; i++) {
    const t = Math.min(29 / 30, Math.max(1 / 30, i / (FRAMES - 1)));
    all.set([Math.log(1 - t), Math.log(t), Math.log(PAINTED)], 3 * i);
  }
  return all;
}

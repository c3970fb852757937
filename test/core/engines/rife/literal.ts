/**
 * RIFE 4.x written out as its authors write it, over the names of a state dict: everything at the picture's own size between blocks, nothing
 * folded, nothing shared. Slow and easy to compare with the specification (spec/systems.md, section 6).
 */
import type { RifeConfig } from '../../../../app/core/engines/rife/config.ts';
import { GraphBuilder } from '../../../../app/core/onnx/builder.ts';
import type { Graph, Tensor, Value } from '../../../../app/core/onnx/graph.ts';
import * as op from '../../../../app/core/onnx/ops.ts';

interface Given {
  flow: Value;
  mask: Value;
  feat?: Value;
}

export function literal(
  config: RifeConfig,
  dict: ReadonlyMap<string, Tensor>,
  { width, height }: { width: number; height: number },
  { scale = 1, ensemble = false }: { scale?: number; ensemble?: boolean } = {},
): Graph {
  const g = new GraphBuilder('literal');
  const kept = new Map<string, Value>();
  const w = (name: string, dims?: readonly number[]): Value => {
    const tensor = dict.get(name)!;
    if (!kept.has(name)) kept.set(name, g.weight(name, dims ? { ...tensor, dims } : tensor));
    return kept.get(name)!;
  };
  const act = (x: Value, name: string): Value =>
    config.activation === 'leaky' ? op.leakyRelu(g, x, 0.2) : op.prelu(g, x, w(name, [dict.get(name)!.dims[0]!, 1, 1]));
  const conv = (x: Value, name: string, stride = 1, group = 1): Value =>
    op.conv(g, x, w(`${name}.weight`), w(`${name}.bias`), { pad: 1, stride, group });
  const up = (x: Value, name: string): Value =>
    op.convTranspose(g, x, w(`${name}.weight`), w(`${name}.bias`), { stride: 2, pad: 1 });
  const resize = (x: Value, by: number): Value => (by === 1 ? x : op.resize(g, x, by, 'half-pixel'));
  const part = (x: Value, from: number, to: number): Value => op.slice(g, x, 1, from, to);
  const swap = (flow: Value): Value => op.concat(g, [part(flow, 2, 4), part(flow, 0, 2)], 1);

  const steps = (size: number): number[] => Array.from({ length: size }, (_, i) => -1 + (2 * i) / (size - 1));
  const grid = g.weight('grid', {
    dtype: 'float32',
    dims: [1, 2, height, width],
    data: Float32Array.from([
      ...steps(height).flatMap(() => steps(width)),
      ...steps(height).flatMap((y) => steps(width).map(() => y)),
    ]),
  });
  const pixel = g.weight('pixel', {
    dtype: 'float32',
    dims: [1, 2, 1, 1],
    data: Float32Array.of(2 / (width - 1), 2 / (height - 1)),
  });
  const warp = (x: Value, flow: Value): Value => {
    const at = op.transpose(g, op.add(g, grid, op.mul(g, flow, pixel)), [0, 2, 3, 1]);
    return op.gridSample(g, x, at, { outside: 'border', alignCorners: true });
  };

  const block = (n: number, seen: Value, flow: Value | null, at: number): Given => {
    let x = resize(seen, 1 / at);
    if (flow) x = op.concat(g, [x, op.mul(g, resize(flow, 1 / at), 1 / at)], 1);
    x = act(conv(x, `block${n}.conv0.0.0`, 2), `block${n}.conv0.0.1.weight`);
    const entered = act(conv(x, `block${n}.conv0.1.0`, 2), `block${n}.conv0.1.1.weight`);
    x = entered;
    for (let k = 0; k < 8; k++) {
      const name = `block${n}.convblock.${k}`;
      if (config.body === 'plain') x = act(conv(x, `${name}.0`), `${name}.1.weight`);
      else
        x = op.leakyRelu(g, op.add(g, op.mul(g, conv(x, `${name}.conv`, 1, config.groups), w(`${name}.beta`)), x), 0.2);
    }
    if (config.skip) x = op.add(g, x, entered);
    const sized = config.last === 5 ? 2 * at : at;
    let given = up(x, config.last === 5 ? `block${n}.lastconv` : `block${n}.lastconv.0`);
    if (config.last !== 5) given = op.pixelShuffle(g, given, 2);
    given = resize(given, sized);
    const rest = config.carried > 0 ? { feat: part(given, 5, 5 + config.carried) } : {};
    return { flow: op.mul(g, part(given, 0, 4), sized), mask: part(given, 4, 5), ...rest };
  };

  const encode = (picture: Value): Value => {
    if (config.encoder!.convolutions === 1) return up(conv(picture, 'encode.0', 2), 'encode.1');
    const names = config.encoder!.naming === 'head' ? ['cnn0', 'cnn1', 'cnn2', 'cnn3'] : ['0', '2', '4', '6'];
    let x = picture;
    for (let n = 0; n < 3; n++) x = op.leakyRelu(g, conv(x, `encode.${names[n]}`, n === 0 ? 2 : 1), 0.2);
    return up(x, `encode.${names[3]}`);
  };

  const img0 = g.input('img0', 'float32', [1, 3, height, width]);
  const img1 = g.input('img1', 'float32', [1, 3, height, width]);
  const t = op.expand(g, g.input('t', 'float32', [1, 1, 1, 1]), [1, 1, height, width]);
  const features = config.encoder ? [encode(img0), encode(img1)] : [];
  const turned = features.toReversed();
  const late = op.sub(g, 1, t);
  let given: Given | null = null;
  let [w0, w1] = [img0, img1];
  config.scales.forEach((published, n) => {
    const at = published / scale;
    if (!given) {
      given = block(n, op.concat(g, [img0, img1, ...features, t], 1), null, at);
      if (ensemble) {
        const other = block(n, op.concat(g, [img1, img0, ...turned, late], 1), null, at);
        given.flow = op.mul(g, op.add(g, given.flow, swap(other.flow)), 0.5);
        given.mask = op.mul(g, op.sub(g, given.mask, other.mask), 0.5);
      }
    } else {
      const { flow, mask, feat }: Given = given;
      const moved = features.map((each, i) => warp(each, part(flow, 2 * i, 2 * i + 2)));
      const carried = feat ? [feat] : [];
      const more = block(n, op.concat(g, [w0, w1, ...moved, t, mask, ...carried], 1), flow, at);
      if (ensemble) {
        const seen = op.concat(g, [w1, w0, ...moved.toReversed(), late, op.neg(g, mask)], 1);
        const other = block(n, seen, swap(flow), at);
        more.flow = op.mul(g, op.add(g, more.flow, swap(other.flow)), 0.5);
        more.mask = op.mul(g, op.sub(g, more.mask, other.mask), 0.5);
      }
      const next = config.mask === 'add' ? op.add(g, mask, more.mask) : more.mask;
      given = { ...more, flow: op.add(g, flow, more.flow), mask: next };
    }
    w0 = warp(img0, part(given.flow, 0, 2));
    w1 = warp(img1, part(given.flow, 2, 4));
  });
  const { flow, mask } = given!;
  const weight = op.sigmoid(g, mask);
  const out = op.add(g, op.mul(g, w0, weight), op.mul(g, w1, op.sub(g, 1, weight)));
  return g.build({ out, flow, mask_logit: mask });
}

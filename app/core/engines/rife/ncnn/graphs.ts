/** Whole graphs, from two pictures to one, of ncnn models. */
import { AppError } from '../../../../contract/errors.ts';
import type { Graph, Value } from '../../../onnx/graph.ts';
import * as op from '../../../onnx/ops.ts';
import type { Size } from '../padding.ts';
import type { GraphOptions } from '../pictures.ts';
import { endsOf, type Moment, type Taps } from './conventions.ts';
import { Converter, type NcnnNetwork } from './convert.ts';
import type { NcnnModel } from './open.ts';

export interface NcnnGraphOptions extends GraphOptions {
  /** RIFE up to 3.x: flow from pictures of half the size ('UHD mode'). */
  readonly half?: boolean;
}

/**
 * Pictures `a` and `b` [1, 3, h, w] and, where the network takes one, the time `t` [1, 1, 1, 1] to `picture` [1, 3, h, w]; `difference`
 * [1, 1, 1, 1] of the two warped pictures where it has such.
 */
export function modelGraph(model: NcnnModel, size: Size, options: NcnnGraphOptions = {}): Graph {
  const converter = new Converter('ncnn');
  const dims = [1, 3, size.height, size.width];
  const [a, b] = [converter.g.input('a', 'float32', dims), converter.g.input('b', 'float32', dims)];
  if (model.convention === 'rife 1 to 3')
    return converter.g.build(threeNets(converter, model.parts, a, b, options.half));
  return converter.g.build(oneNet(converter, model, a, b, options));
}

function oneNet(
  converter: Converter,
  { convention, network }: Extract<NcnnModel, { network: NcnnNetwork }>,
  a: Value,
  b: Value,
  { blobs = [], diagnostics }: NcnnGraphOptions,
): Record<string, Value> {
  const { g } = converter;
  if (convention.network === 'cain') {
    const { inputs, output } = convention;
    return { picture: converter.add('cain', network, { [inputs[0]]: a, [inputs[1]]: b }, [output]).get(output)! };
  }
  const given = {
    in0: a,
    in1: b,
    ...(convention.network !== 'rife 3.x' && { in2: timeOf(converter, convention.network, a) }),
  };
  const { output, taps } = convention;
  const moments = taps ? [...taps.last.pictures, ...(diagnostics ? diagnosed(taps) : [])] : [];
  const made = converter.add('net', network, given, [output, ...blobs, ...moments]);
  const flowOf = ({ flows }: Moment): Value => op.concat(g, [made.get(flows[0])!, made.get(flows[1])!], 1);
  return {
    picture: made.get(output)!,
    ...Object.fromEntries(blobs.map((blob) => [`blob_${blob}`, made.get(blob)!])),
    ...(taps && {
      difference: differenceOf(converter, made.get(taps.last.pictures[0])!, made.get(taps.last.pictures[1])!),
    }),
    ...(taps && diagnostics && { flow: flowOf(taps.last), flow_block0: flowOf(taps.first) }),
    ...(taps?.mask && diagnostics && { mask_logit: made.get(taps.mask)! }),
  };
}

/** The time as a plane of the picture's size, or of a sixteenth of it for IFRNet. */
function timeOf({ g }: Converter, network: 'rife 4.x' | 'ifrnet', { shape }: Value): Value {
  const part = network === 'ifrnet' ? 16 : 1;
  const [, , height, width] = shape as number[];
  return op.expand(g, g.input('t', 'float32', [1, 1, 1, 1]), [1, 1, height! / part, width! / part]);
}

function diagnosed({ first, last, mask }: Taps): string[] {
  return [...first.flows, ...last.flows, ...(mask === null ? [] : [mask])];
}

function differenceOf({ g }: Converter, first: Value, second: Value): Value {
  return op.reduceMean(g, op.abs(g, op.sub(g, first, second)), [1, 2, 3]);
}

/** Flow, features of each picture along it, and what both become. */
function threeNets(
  converter: Converter,
  { flownet, contextnet, fusionnet }: Extract<NcnnModel, { parts: unknown }>['parts'],
  a: Value,
  b: Value,
  half = false,
): Record<string, Value> {
  const { g } = converter;
  const seen = half ? [op.avgPool(g, a, 2), op.avgPool(g, b, 2)] : [a, b];
  const flowBlob = endOf(flownet, 'flow');
  const found = converter.add('flownet', flownet, { input0: seen[0]!, input1: seen[1]! }, [flowBlob]).get(flowBlob)!;
  const flow = half ? op.mul(g, op.resize(g, found, 2, 'half-pixel'), 2) : found;
  // v1 gives one flow, which the second picture follows backwards; from v2 on there is one for each.
  const isFirst = flow.shape[1] === 2;
  if (!isFirst && flow.shape[1] !== 4)
    throw new AppError('checkpoint-refused', `The flownet gives ${flow.shape[1]} channels, not 2 or 4.`);
  const [flow0, flow1] = isFirst ? [flow, op.neg(g, flow)] : op.split(g, flow, 1, [2, 2]);
  const features = [a, b].flatMap((picture, n) => {
    const given = { 'input.1': picture, 'flow.0': n === 0 ? flow0! : flow1! };
    const made = converter.add(`contextnet${n}`, contextnet, given, ['f1', 'f2', 'f3', 'f4']);
    return ['f1', 'f2', 'f3', 'f4'].map((blob) => made.get(blob)!);
  });
  const ports = features.map((feature, n) => [String(n + 3), feature] as const);
  const given = { img0: a, img1: b, flow, ...Object.fromEntries(ports) };
  const output = endOf(fusionnet, 'output');
  return { picture: converter.add('fusionnet', fusionnet, given, [output]).get(output)! };
}

/** The blob of this name, or in graphs that number their blobs the last one that nothing takes. */
function endOf({ layers }: NcnnNetwork, name: string): string {
  const ends = endsOf(layers);
  return ends.includes(name) ? name : (ends.at(-1) ?? name);
}

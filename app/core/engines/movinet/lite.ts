/**
 * Streams as TensorFlow Lite has them. Names say little there and norms are in the convolutions, so parts are told by the graph.
 *
 * [Note: nearest] Of each tensor the convolutions it was made from with none between are known. A layer has one depthwise convolution over space (and perhaps one over time on it,
 * the last of the two is its feature): what it was made from is the expansion, what was made from the feature alone the gate's first convolution, from that alone the
 * second, from feature and gate the projection. A convolution of what the expansion is of, and no expansion, goes beside the layer.
 */
import { z } from 'zod';
import type { Checkpoint } from '../../import/checkpoint.ts';
import { toFloat32 } from '../../import/tensor.ts';
import { published, variantOf } from './config.ts';
import type { Named } from './names.ts';

/** Of schema.fbs. */
const CODE = { add: 0, averagePool: 1, conv: 3, depthwise: 4, dense: 9, mul: 18, sub: 41, sin: 66, cos: 108 } as const;
/** Convolutions kept as the nearest of one tensor: no published network has as many layers, and a file may be anything. */
const MOST_NEAREST = 300;
const MADE: readonly number[] = [CODE.conv, CODE.depthwise, CODE.dense];

const edges = z.array(z.string().nullable());
const metadataSchema = z.object({
  operators: z.array(z.object({ code: z.number(), inputs: edges, outputs: edges })),
  dequantised: z.record(z.string(), z.string()),
});

interface Operator {
  readonly code: number;
  readonly inputs: readonly (string | null)[];
  readonly outputs: readonly (string | null)[];
}

/** A convolution and those its input was made from ([Note: nearest]). */
interface Conv extends Operator {
  readonly of: ReadonlySet<Conv>;
  readonly shape: readonly number[];
}

interface Found {
  readonly expand: Conv;
  readonly feature: Conv;
  readonly temporal: Conv | undefined;
  readonly reduce: Conv;
  readonly gate: Conv;
  readonly project: Conv;
  readonly skip: Conv | undefined;
}

/** Reads a few scalars. Undefined where the graph is no stream of MoViNet. */
export async function readLite(checkpoint: Checkpoint): Promise<Named | undefined> {
  const metadata = metadataSchema.safeParse(checkpoint.metadata).data;
  if (!metadata) return undefined;
  const graph = new LiteGraph(checkpoint, metadata.operators, metadata.dequantised);
  const [stem] = graph.convs;
  const spatial = graph.convs.filter(({ code, shape }) => code === CODE.depthwise && shape[1] === shape[2]);
  const layers = spatial.map((feature) => layerOf(graph.convs, feature));
  if (!stem || layers.length === 0 || layers.some((layer) => layer === undefined) || graph.hasNorms()) return undefined;
  const found = layers as Found[];
  const last = new Set(found.at(-1)!.project.outputs);
  const head = graph.convs.find(
    ({ of, shape }) => shape.length > 0 && [...of].some(({ outputs }) => last.has(outputs[0] ?? null)),
  );
  const hidden = head && after(graph.convs, [head])[0];
  const classifier = hidden && after(graph.convs, [hidden])[0];
  if (!head || !hidden || !classifier) return undefined;
  return await named(graph, found, { stem, head, hidden, classifier });
}

function after(convs: readonly Conv[], of: readonly Conv[]): Conv[] {
  return convs.filter((conv) => conv.of.size === of.length && of.every((one) => conv.of.has(one)));
}

function layerOf(convs: readonly Conv[], feature: Conv): Found | undefined {
  const [expand] = feature.of;
  const temporal = after(convs, [feature]).find(({ code }) => code === CODE.depthwise);
  const made = temporal ?? feature;
  const reduce = after(convs, [made]).find(({ code }) => code !== CODE.depthwise);
  const gate = reduce && after(convs, [reduce])[0];
  const project = gate && after(convs, [made, gate])[0];
  if (!expand || feature.of.size !== 1 || !reduce || !gate || !project) return undefined;
  const skip = after(convs, [...expand.of]).find((conv) => conv !== expand && conv.code !== CODE.depthwise);
  return { expand, feature, temporal, reduce, gate, project, skip };
}

async function named(
  graph: LiteGraph,
  layers: readonly Found[],
  top: Readonly<Record<'stem' | 'head' | 'hidden' | 'classifier', Conv>>,
): Promise<Named> {
  const names = new Map<string, string>();
  const put = (part: string, { inputs }: Conv): void => {
    for (const [i, leaf] of [
      [1, 'weight'],
      [2, 'bias'],
    ] as const) {
      const name = inputs[i];
      if (name) names.set(`${part}:${leaf}`, graph.stored(name));
    }
  };
  put('stem', top.stem);
  put('head/project', top.head);
  put('head/hidden', top.hidden);
  put('head/classifier', top.classifier);
  const scalars = new Map<string, number>();
  const pools = new Set<string>();
  const gates = new Set<string>();
  for (const [i, name] of layerNames(layers, top).entries()) {
    const { skip, ...parts } = layers[i]!;
    for (const [part, conv] of Object.entries(parts)) if (conv) put(`${name}/${part}`, conv);
    if (skip) put(`${name}/skip`, skip);
    if (skip && graph.isPooled(skip)) pools.add(name);
    scalars.set(`${name}:scale`, (await graph.scalarAfter(parts.project)) ?? 1);
    const slope = await graph.scalarAfter(parts.gate);
    if (slope !== undefined) gates.add(Math.abs(slope - 0.2) < 0.01 ? 'clip' : 'relu6');
    const position = await graph.positionOf(parts.reduce);
    if (position !== undefined) scalars.set(`${name}:position`, position);
  }
  // A network has one kind of gates.
  const told = gates.size === 1 ? { gate: [...gates][0]! } : {};
  return { layout: 'lite', names, scalars, pools, told };
}

/** Layers as the published network of these widths groups them; of any other a block begins where a convolution goes beside it. */
function layerNames(layers: readonly Found[], { stem, head }: { stem: Conv; head: Conv }): readonly string[] {
  const variant = variantOf({ stem: stem.shape[0] ?? 0, project: head.shape[0] ?? 0 });
  const sizes = variant ? published(variant, 'stream').blocks.map((block) => block.layers.length) : [];
  const known = sizes.reduce((sum, size) => sum + size, 0) === layers.length;
  const starts = new Set(known ? sizes.map((_, i) => sizes.slice(0, i).reduce((sum, size) => sum + size, 0)) : []);
  let [block, layer] = [-1, 0];
  return layers.map(({ skip }, i) => {
    const begins = i === 0 || (known ? starts.has(i) : skip !== undefined);
    [block, layer] = begins ? [block + 1, 0] : [block, layer + 1];
    return `block${block}_layer${layer}`;
  });
}

class LiteGraph {
  readonly convs: Conv[] = [];
  readonly #checkpoint: Checkpoint;
  readonly #operators: readonly Operator[];
  readonly #dequantised: Readonly<Record<string, string>>;
  readonly #constants: ReadonlySet<string>;
  /** By tensor. */
  readonly #of = new Map<string, ReadonlySet<Conv>>();
  readonly #maker = new Map<string, Operator>();

  constructor(checkpoint: Checkpoint, operators: readonly Operator[], dequantised: Readonly<Record<string, string>>) {
    this.#checkpoint = checkpoint;
    this.#operators = operators;
    this.#dequantised = dequantised;
    this.#constants = new Set(checkpoint.names());
    for (const operator of operators) {
      const { code, inputs, outputs } = operator;
      const weight = inputs[1] ? this.#shapeOf(inputs[1]) : undefined;
      const made = MADE.includes(code) && weight !== undefined;
      const data = made ? inputs.slice(0, 1) : inputs;
      const all = data.flatMap((name) => [...(this.#of.get(name ?? '') ?? [])]);
      const of = new Set(all.slice(0, MOST_NEAREST));
      const conv = made ? { ...operator, of, shape: weight } : undefined;
      if (conv) this.convs.push(conv);
      for (const name of outputs)
        if (name) {
          this.#of.set(name, conv ? new Set([conv]) : of);
          this.#maker.set(name, operator);
        }
    }
  }

  /** The constant behind a tensor, which may have been widened. */
  stored(name: string): string {
    return this.#dequantised[name] ?? name;
  }

  /** Of a constant. */
  #shapeOf(name: string): readonly number[] | undefined {
    const stored = this.stored(name);
    return this.#constants.has(stored) ? this.#checkpoint.info(stored).shape : undefined;
  }

  /** Norms that were left beside the convolutions: nobody knows them here. */
  hasNorms(): boolean {
    return this.#operators.some(({ code, inputs }) => {
      if (![CODE.add, CODE.mul, CODE.sub].some((one) => one === code)) return false;
      const shapes = inputs.map((name) => (name ? this.#shapeOf(name) : undefined));
      const wide = shapes.some((shape) => shape !== undefined && shape.some((size) => size > 1));
      return wide && inputs.some((name) => (this.#of.get(name ?? '')?.size ?? 0) > 0);
    });
  }

  /** Whether the convolution is of a picture made small. */
  isPooled({ inputs }: Conv): boolean {
    let maker = this.#maker.get(inputs[0] ?? '');
    for (let steps = 0; maker && steps < 4 && !MADE.includes(maker.code); steps++) {
      if (maker.code === CODE.averagePool) return true;
      maker = this.#maker.get(maker.inputs[0] ?? '');
    }
    return false;
  }

  /** The one number that what `conv` alone made is multiplied by. */
  async scalarAfter(conv: Conv): Promise<number | undefined> {
    const own = (name: string | null): boolean => {
      const of = this.#of.get(name ?? '');
      return of?.size === 1 && of.has(conv);
    };
    return await this.#factor(({ inputs }) => inputs.some(own));
  }

  /** What the encoded time is multiplied by before `conv` sees it: the one number beside sines and cosines of no picture. */
  async positionOf(conv: Conv): Promise<number | undefined> {
    const before = this.#before(conv.inputs[0] ?? null, ({ code }) => MADE.includes(code));
    return await this.#factor((operator) => before.has(operator) && this.#isTime(operator));
  }

  #isTime({ inputs }: Operator): boolean {
    if (inputs.some((name) => (this.#of.get(name ?? '')?.size ?? 0) > 0)) return false;
    const before = inputs.flatMap((name) => [...this.#before(name, () => false)]);
    return before.some(({ code }) => code === CODE.sin || code === CODE.cos);
  }

  async #factor(wanted: (operator: Operator) => boolean): Promise<number | undefined> {
    for (const operator of this.#operators) {
      if (operator.code !== CODE.mul) continue;
      const scalar = operator.inputs.find((name) => name !== null && this.#shapeOf(name)?.every((size) => size === 1));
      if (!scalar || !wanted(operator)) continue;
      return toFloat32(await this.#checkpoint.tensor(this.stored(scalar)))[0];
    }
    return undefined;
  }

  /** The operators behind a tensor, up to those where it ends. */
  #before(name: string | null, ends: (operator: Operator) => boolean): Set<Operator> {
    const found = new Set<Operator>();
    const open = [name];
    while (open.length > 0) {
      const maker = this.#maker.get(open.pop() ?? '');
      if (!maker || found.has(maker) || ends(maker)) continue;
      found.add(maker);
      open.push(...maker.inputs);
    }
    return found;
  }
}

/** What a network consists of: its layers with all that follows from a configuration, the convolutions in them, and the state a stream carries. */
import type { MovinetConfig } from './config.ts';

export interface Layer {
  /** 'block0_layer0', as states are named. */
  readonly name: string;
  readonly block: number;
  readonly index: number;
  readonly input: number;
  readonly expand: number;
  readonly output: number;
  /** Frames and pixels a side of its depthwise kernel. */
  readonly time: number;
  readonly space: number;
  readonly stride: 1 | 2;
  /** Numbers the gate sees, and its hidden ones. */
  readonly seen: number;
  readonly hidden: number;
  /** What is added to its result: its input, that through a 1x1 convolution, or that after halving. */
  readonly skip: 'same' | 'conv' | 'pool';
}

/** The nearest multiple of 8 that is at least 8 and not below nine tenths. */
export function divisible(value: number): number {
  const near = Math.max(8, Math.floor(Math.floor(value + 4) / 8) * 8);
  return near < 0.9 * value ? near + 8 : near;
}

export function layersOf({ stem, blocks, causal }: MovinetConfig): readonly Layer[] {
  let input = stem;
  return blocks.flatMap(({ out, layers }, block) =>
    layers.map(({ expand, kernel: [time, space], stride }, index): Layer => {
      const skip = stride === 2 ? 'pool' : input === out ? 'same' : 'conv';
      const seen = causal ? 2 * expand : expand;
      const gate = { seen, hidden: divisible(seen / 4) };
      const layer = { name: `block${block}_layer${index}`, block, index, input, expand, output: out };
      input = out;
      return { ...layer, time, space, stride, ...gate, skip };
    }),
  );
}

/** A convolution of a network, one a row of its checkpoints. */
export interface Part {
  /** 'stem', 'block0_layer0/expand', 'head/project', ...: the graph's weights are `${name}/weight` and `${name}/bias`. */
  readonly name: string;
  readonly layer?: Layer;
  readonly role: Role;
  readonly inputs: number;
  readonly outputs: number;
  /** Taps of its kernel: frames, then pixels a side. */
  readonly time: number;
  readonly space: number;
  /** Each channel for itself: `inputs` is 1. */
  readonly depthwise: boolean;
  /** Followed by a batch norm; else it has a bias. */
  readonly norm: boolean;
}

export type Role =
  | 'stem'
  | 'expand'
  | 'feature'
  | 'temporal'
  | 'reduce'
  | 'gate'
  | 'project'
  | 'skip'
  | 'last'
  | 'hidden'
  | 'classifier';

export function partsOf(config: MovinetConfig): readonly Part[] {
  const plain = { time: 1, space: 1, depthwise: false, norm: true };
  const layers = layersOf(config);
  const width = layers.at(-1)!.output;
  return [
    { name: 'stem', role: 'stem', ...plain, inputs: 3, outputs: config.stem, space: 3 },
    ...layers.flatMap((layer) => partsOfLayer(layer, config.causal)),
    { name: 'head/project', role: 'last', ...plain, inputs: width, outputs: config.project },
    { name: 'head/hidden', role: 'hidden', ...plain, inputs: config.project, outputs: config.head, norm: false },
    {
      name: 'head/classifier',
      role: 'classifier',
      ...plain,
      inputs: config.head,
      outputs: config.classes,
      norm: false,
    },
  ];
}

function partsOfLayer(layer: Layer, causal: boolean): Part[] {
  const { name, input, expand, output, time, space, seen, hidden, skip } = layer;
  const part = (role: Role, inputs: number, outputs: number, more: Partial<Part> = {}): Part => {
    const base = { time: 1, space: 1, depthwise: false, norm: true };
    return { name: `${name}/${role}`, layer, role, inputs, outputs, ...base, ...more };
  };
  return [
    part('expand', input, expand),
    part('feature', 1, expand, { time: causal ? 1 : time, space, depthwise: true }),
    ...(causal && time > 1 ? [part('temporal', 1, expand, { time, depthwise: true })] : []),
    part('reduce', seen, hidden, { norm: false }),
    part('gate', hidden, expand, { norm: false }),
    part('project', expand, output),
    ...(skip === 'same' ? [] : [part('skip', input, output)]),
  ];
}

/** How the graph has a kernel. */
export function foldedDims({ inputs, outputs, time, space }: Part): readonly number[] {
  return time === 1 ? [outputs, inputs, space, space] : [outputs, inputs, time, space, space];
}

/** Numbers that are learned: weights, biases, scales and offsets of norms, one scale a layer, and one for its positions. */
export function parameterCount(config: MovinetConfig): number {
  const scalars = layersOf(config).length * (config.positional ? 2 : 1);
  return partsOf(config).reduce(
    (sum, { inputs, outputs, time, space, norm }) => sum + outputs * (inputs * time * space * space + (norm ? 2 : 1)),
    scalars,
  );
}

/** A tensor a stream carries from frame to frame, under its published name. All are zeros before the first frame. */
export interface State {
  readonly name: string;
  readonly kind: 'frames' | 'sum' | 'count';
  readonly dtype: 'float32' | 'int32';
  /** [frames, channels, height, width] for frames; [1, channels] for sums; [1] for counts. Published are the same numbers as [1, frames, height, width, channels]. */
  readonly dims: readonly number[];
}

/** The state of a stream over pictures of this size; none of a base network. */
export function statesOf(config: MovinetConfig, width: number, height: number): readonly State[] {
  if (!config.causal) return [];
  const count = (name: string): State => ({ name, kind: 'count', dtype: 'int32', dims: [1] });
  const sum = (name: string, channels: number): State => ({ name, kind: 'sum', dtype: 'float32', dims: [1, channels] });
  let [high, wide] = [halved(height), halved(width)];
  const states: State[] = [];
  for (const { name, stride, time, expand } of layersOf(config)) {
    if (stride === 2) [high, wide] = [halved(high), halved(wide)];
    const dims = [time - 1, expand, high, wide];
    if (time > 1) states.push({ name: `state_${name}_stream_buffer`, kind: 'frames', dtype: 'float32', dims });
    states.push(sum(`state_${name}_pool_buffer`, expand), count(`state_${name}_pool_frame_count`));
    if (config.positional) states.push(count(`state_${name}_pos_enc_frame_count`));
  }
  states.push(sum('state_head_pool_buffer', config.project), count('state_head_pool_frame_count'));
  return states;
}

/** A side after a stride of two with TensorFlow's SAME. */
export function halved(side: number): number {
  return Math.ceil(side / 2);
}

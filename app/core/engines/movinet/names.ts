/**
 * What published files call the parts of a network.
 *
 * TensorFlow's SavedModels and checkpoints: 'b0/l0/bneck/feature/conv2d/depthwise_conv2d/depthwise_kernel', newer ones 'block0_layer0/...'; the PyTorch port
 * (Atze00/MoViNet-pytorch, and our own files): 'blocks.b0_l0.deep.conv_1.conv2d.weight'. Both become 'block0_layer0/feature:weight': a part of layers.ts and what of it:
 * weight, bias, gamma, beta, mean or variance; 'block0_layer0:scale' and 'block0_layer0:position' are the scalars of a layer.
 */

/** How a file lays kernels: input channels before output channels, PyTorch's way, or TensorFlow Lite's. */
export type Layout = 'tf' | 'port' | 'lite';

/** A checkpoint under our names. */
export interface Named {
  readonly layout: Layout;
  /** Ours to the file's. */
  readonly names: ReadonlyMap<string, string>;
  /** Scalars that are no tensors of their own. */
  readonly scalars: ReadonlyMap<string, number>;
  /** Layers that halve the picture, of those with a convolution beside them; undefined where the file does not tell. */
  readonly pools: ReadonlySet<string> | undefined;
  /** What the graph tells, where there is one. */
  readonly told: Readonly<Record<string, unknown>>;
}

const PORT =
  /^(?:module\.)?(?:(conv1|conv7|classifier\.[03])|blocks\.b(\d+)_l(\d+)\.(\w+(?:\.(?:fc)?[012])?))\.conv_([12])\.(conv[23]d|norm)\.(\w+)$/;
const PORT_SCALE = /^(?:module\.)?blocks\.b(\d+)_l(\d+)\.alpha$/;

const PORT_PARTS: Readonly<Record<string, string>> = {
  conv1: 'stem',
  conv7: 'head/project',
  'classifier.0': 'head/hidden',
  'classifier.3': 'head/classifier',
  expand: 'expand',
  deep: 'feature',
  'se.fc1': 'reduce',
  'se.fc2': 'gate',
  project: 'project',
  'res.0': 'skip',
  'res.1': 'skip',
};
const PORT_LEAVES: Readonly<Record<string, string>> = {
  'norm weight': 'gamma',
  'norm bias': 'beta',
  'norm running_mean': 'mean',
  'norm running_var': 'variance',
  'conv weight': 'weight',
  'conv bias': 'bias',
};

/** Our name for the port's; undefined for any other. */
export function ofPort(name: string): string | undefined {
  const scale = PORT_SCALE.exec(name);
  if (scale) return `block${scale[1]}_layer${scale[2]}:scale`;
  const [, whole, block, layer, role = '', nth, kind = '', last = ''] = PORT.exec(name) ?? [];
  const part = PORT_PARTS[whole ?? role];
  const leaf = PORT_LEAVES[`${kind.replace(/[23]d$/, '')} ${last}`];
  if (part === undefined || leaf === undefined || (nth === '2' && role !== 'deep')) return undefined;
  const stem = whole === undefined ? `block${block}_layer${layer}/${nth === '2' ? 'temporal' : part}` : part;
  return `${stem}:${leaf}`;
}

const TF_TOP = /(?:^|\/)(?:(stem)|b(\d+)\/l(\d+)|block(\d+)_layer(\d+)|(head)|(classifier_head))\/(.*)$/;
const TF_LEAF = /(?:^|\/)(gamma|beta|moving_mean|moving_variance|kernel|depthwise_kernel|bias)$/;
const TF_LEAVES: Readonly<Record<string, string>> = {
  moving_mean: 'mean',
  moving_variance: 'variance',
  kernel: 'weight',
  depthwise_kernel: 'weight',
};
const TF_PARTS: readonly (readonly [RegExp, string])[] = [
  [/(^|\/)se_reduce\//, 'reduce'],
  [/(^|\/)se_expand\//, 'gate'],
  [/(^|\/)skip_project\//, 'skip'],
  [/(^|\/)expansion\//, 'expand'],
  [/(^|\/)projection\//, 'project'],
  [/(^|\/)feature\/.*temporal/, 'temporal'],
  [/(^|\/)feature\//, 'feature'],
];

/** Our name for TensorFlow's; undefined for any other. */
export function ofTensorFlow(name: string): string | undefined {
  const top = TF_TOP.exec(name);
  if (!top) return undefined;
  const rest = top[8]!;
  const found = TF_LEAF.exec(rest)?.[1];
  const leaf = found && (TF_LEAVES[found] ?? found);
  const [block, layer] = [top[2] ?? top[4], top[3] ?? top[5]];
  if (block === undefined) {
    const part = top[1]
      ? 'stem'
      : top[6]
        ? 'head/project'
        : rest.startsWith('head/')
          ? 'head/hidden'
          : 'head/classifier';
    return leaf && `${part}:${leaf}`;
  }
  const stem = `block${block}_layer${layer}`;
  if (/(^|\/)scale$/.test(rest)) return `${stem}:${/pos_encoding/.test(rest) ? 'position' : 'scale'}`;
  const part = TF_PARTS.find(([pattern]) => pattern.test(rest))?.[1];
  return part && leaf && `${stem}/${part}:${leaf}`;
}

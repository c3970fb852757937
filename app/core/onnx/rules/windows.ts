/** Operators that slide a window or resample: convolutions, pools, Resize, GridSample, pixel shuffles. Layout N, C, space. */
import { exactDiv, floorDiv, plus, times, type Dim } from '../dim.ts';
import { product, show, windows, type Call, type Inferred, type Rule, type Rules } from './rule.ts';

interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Begin of each axis, then end of each. */
  readonly pads: readonly number[];
  readonly auto: string;
}

const WINDOW = ['kernel_shape', 'strides', 'pads', 'auto_pad'];

/** The attributes every window has, checked against `kernel`. */
function window(call: Call, kernel: readonly number[]): Window {
  const rank = kernel.length;
  const auto = call.text('auto_pad', ['NOTSET', 'SAME_UPPER', 'VALID']);
  const pads = call.counts('pads', 2 * rank, 0, 0);
  const dilations = call.counts('dilations', rank, 1, 1);
  if (auto !== 'NOTSET' && pads.some((pad) => pad !== 0)) call.fail('it has both pads and auto_pad');
  if (auto === 'SAME_UPPER' && dilations.some((step) => step !== 1)) call.fail('SAME_UPPER takes no dilations');
  return { kernel, strides: call.counts('strides', rank, 1, 1), dilations, pads, auto };
}

/** The size on axis `index` after the window went over `size`. */
function slide(call: Call, size: Dim, index: number, { kernel, strides, dilations, pads, auto }: Window): Dim {
  const stride = strides[index]!;
  if (auto === 'SAME_UPPER') return floorDiv(plus(size, stride - 1), stride);
  const reach = dilations[index]! * (kernel[index]! - 1) + 1;
  const padding = pads[index]! + pads[index + kernel.length]!;
  return call.atLeast(windows(size, padding, reach, stride, floorDiv), 1, `its size on axis ${index + 2}`);
}

/** The kernel's sizes from the weight, which must be known numbers and agree with kernel_shape. */
function kernelOf(call: Call): readonly number[] {
  const weight = call.floats(1);
  const kernel = weight.shape.map((dim) =>
    typeof dim === 'number' ? dim : call.fail('its weight has no fixed shape'),
  );
  const stated = call.ints('kernel_shape');
  if (stated && show(stated) !== show(kernel.slice(2)))
    call.fail(`kernel_shape ${show(stated)} is not that of its weight ${show(kernel)}`);
  return kernel;
}

function bias(call: Call, channels: number): void {
  const value = call.inputs[2];
  if (value && show(value.shape) !== `[${channels}]`)
    call.fail(`its bias has shape ${show(value.shape)}, but it has ${channels} output channels`);
}

function conv(call: Call): readonly Inferred[] {
  const dtype = call.oneType();
  const x = call.floats(0);
  const [out = 0, into = 0, ...kernel] = kernelOf(call);
  if (kernel.length < 1 || x.shape.length !== kernel.length + 2)
    call.fail(`its input has shape ${show(x.shape)}, its weight ${show(call.input(1).shape)}`);
  const group = call.int('group', 1);
  if (group < 1 || out % group !== 0) call.fail(`${out} output channels cannot be in ${group} groups`);
  if (x.shape[1] !== into * group)
    call.fail(`its weight takes ${into * group} channels, its input ${x.name} has ${x.shape[1]}`);
  bias(call, out);
  const how = window(call, kernel);
  const space = x.shape.slice(2).map((size, index) => slide(call, size, index, how));
  return [{ dtype, shape: [x.shape[0]!, out, ...space] }];
}

function convTranspose(call: Call): readonly Inferred[] {
  const dtype = call.oneType();
  const x = call.floats(0);
  const [into = 0, perGroup = 0, ...kernel] = kernelOf(call);
  if (kernel.length < 1 || x.shape.length !== kernel.length + 2)
    call.fail(`its input has shape ${show(x.shape)}, its weight ${show(call.input(1).shape)}`);
  if (x.shape[1] !== into) call.fail(`its weight takes ${into} channels, its input ${x.name} has ${x.shape[1]}`);
  const group = call.int('group', 1);
  if (group < 1 || into % group !== 0) call.fail(`${into} input channels cannot be in ${group} groups`);
  bias(call, perGroup * group);
  const { strides, dilations, pads, auto } = window(call, kernel);
  if (auto !== 'NOTSET') call.fail('a transposed convolution takes pads, not auto_pad');
  const extra = call.counts('output_padding', kernel.length, 0, 0);
  const space = x.shape.slice(2).map((size, index) => {
    const stride = strides[index]!;
    if (extra[index]! >= Math.max(stride, dilations[index]!)) call.fail('output_padding must be below the stride');
    const reach = dilations[index]! * (kernel[index]! - 1) + 1;
    const rest = reach - stride + extra[index]! - pads[index]! - pads[index + kernel.length]!;
    const grown = call.exact(times(size, stride), `${stride} times ${size}`);
    return call.atLeast(plus(grown, rest), 1, `its size on axis ${index + 2}`);
  });
  return [{ dtype, shape: [x.shape[0]!, perGroup * group, ...space] }];
}

function pool(attributes: readonly string[]): Rule {
  return {
    inputs: [1, 1],
    attributes: [...WINDOW, ...attributes],
    infer: (call) => {
      const { dtype, shape } = call.floats(0);
      const kernel = call.counts('kernel_shape', shape.length - 2, 0, 1);
      const how = window(call, kernel);
      const rank = kernel.length;
      if (kernel.some((size, index) => how.pads[index]! >= size || how.pads[index + rank]! >= size))
        call.fail(`pads ${show(how.pads)} must be below the kernel ${show(kernel)}`);
      const space = shape.slice(2).map((size, index) => slide(call, size, index, how));
      return [{ dtype, shape: [...shape.slice(0, 2), ...space] }];
    },
  };
}

function globalPool(call: Call): readonly Inferred[] {
  const { dtype, shape } = call.floats(0);
  if (shape.length < 3) call.fail(`its input has shape ${show(shape)}, without space`);
  return [{ dtype, shape: [...shape.slice(0, 2), ...shape.slice(2).map(() => 1)] }];
}

/** One axis resampled: ONNX Runtime multiplies as float32 and rounds down. */
function scaled(call: Call, size: Dim, scale: number): Dim {
  if (!(scale > 0 && Number.isFinite(scale))) call.fail(`its scale is ${scale}`);
  if (typeof size === 'number') return call.atLeast(Math.floor(Math.fround(size * Math.fround(scale))), 1, 'a size');
  if (Number.isInteger(scale)) return call.exact(times(size, scale), `${scale} times ${size}`);
  const shrink = Math.round(1 / scale);
  if (Math.fround(1 / shrink) !== Math.fround(scale))
    call.fail(`${size} times ${scale} cannot be written in one symbol`);
  // A shrink that is not a power of two rounds in float32 at run time; only a whole multiple is certain to come out whole.
  if ((shrink & (shrink - 1)) !== 0) return call.exact(exactDiv(size, shrink), `${size} / ${shrink}`);
  return floorDiv(size, shrink);
}

function resize(call: Call): readonly Inferred[] {
  const { dtype, shape } = call.floats(0);
  call.text('mode', ['nearest', 'linear', 'cubic']);
  call.text('coordinate_transformation_mode', ['half_pixel', 'align_corners', 'asymmetric', 'pytorch_half_pixel']);
  call.text('nearest_mode', ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil']);
  if (call.inputs[1]) call.fail('it takes no region of interest');
  const bySizes = call.inputs[3] !== undefined;
  if (bySizes === (call.inputs[2] !== undefined)) call.fail('it takes either scales or sizes');
  const given = bySizes ? call.known(3, 'sizes') : call.numbers(2, 'scales');
  if (given.length !== shape.length) call.fail(`it has ${given.length} sizes or scales for ${show(shape)}`);
  if (bySizes) return [{ dtype, shape: given.map((dim) => call.atLeast(dim, 1, 'a size')) }];
  return [{ dtype, shape: shape.map((dim, axis) => scaled(call, dim, Number(given[axis]))) }];
}

function gridSample(call: Call): readonly Inferred[] {
  const dtype = call.oneType();
  const [x, grid] = [call.floats(0, 4), call.floats(1, 4)];
  call.text('mode', ['bilinear', 'nearest', 'bicubic']);
  call.text('padding_mode', ['zeros', 'border', 'reflection']);
  if (grid.shape[3] !== 2) call.fail(`its grid has shape ${show(grid.shape)}, not [n, h, w, 2]`);
  if (grid.shape[0] !== x.shape[0]) call.fail(`its grid is for ${grid.shape[0]} pictures, its input has ${x.shape[0]}`);
  return [{ dtype, shape: [x.shape[0]!, x.shape[1]!, grid.shape[1]!, grid.shape[2]!] }];
}

function depthToSpace(call: Call): readonly Inferred[] {
  const { dtype, shape } = call.floats(0, 4);
  const [n, c, h, w] = shape as [Dim, Dim, Dim, Dim];
  const block = call.int('blocksize', 0);
  call.text('mode', ['DCR', 'CRD']);
  const channels = block > 0 ? exactDiv(c, block * block) : undefined;
  if (channels === undefined) call.fail(`${c} channels cannot be in blocks of ${block}x${block}`);
  const space = [h, w].map((size) => call.exact(times(size, block), `${block} times ${size}`));
  return [{ dtype, shape: [n, channels, ...space] }];
}

function spaceToDepth(call: Call): readonly Inferred[] {
  const { dtype, shape } = call.floats(0, 4);
  const [n, c, ...space] = shape as [Dim, Dim, Dim, Dim];
  const block = call.int('blocksize', 0);
  if (block < 1) call.fail(`its blocksize is ${block}`);
  const small = space.map((size) => {
    const part = exactDiv(size, block);
    return part ?? call.fail(`a size of ${size} is no multiple of ${block}`);
  });
  return [{ dtype, shape: [n, call.exact(times(c, block * block), 'its channels'), ...small] }];
}

function instanceNorm(call: Call): readonly Inferred[] {
  const dtype = call.oneType();
  const { shape } = call.floats(0);
  perChannel(call, shape[1], [1, 2]);
  return [{ dtype, shape }];
}

function perChannel(call: Call, channels: Dim | undefined, inputs: readonly number[]): void {
  for (const index of inputs)
    if (show(call.input(index).shape) !== `[${channels}]`)
      call.fail(`input ${index} has shape ${show(call.input(index).shape)}, but there are ${channels} channels`);
}

function batchNorm(call: Call): readonly Inferred[] {
  const dtype = call.oneType();
  const { shape } = call.floats(0);
  if (product(shape.slice(1, 2)) === undefined) call.fail('the number of its channels is not fixed');
  perChannel(call, shape[1], [1, 2, 3, 4]);
  return [{ dtype, shape }];
}

export const WINDOWS: Rules = {
  Conv: { inputs: [2, 3], attributes: [...WINDOW, 'dilations', 'group'], infer: conv },
  ConvTranspose: {
    inputs: [2, 3],
    attributes: [...WINDOW, 'dilations', 'group', 'output_padding'],
    infer: convTranspose,
  },
  AveragePool: pool(['count_include_pad']),
  MaxPool: pool(['dilations']),
  GlobalAveragePool: { inputs: [1, 1], infer: globalPool },
  Resize: {
    inputs: [3, 4],
    attributes: ['mode', 'coordinate_transformation_mode', 'nearest_mode', 'cubic_coeff_a'],
    infer: resize,
  },
  GridSample: { inputs: [2, 2], attributes: ['mode', 'padding_mode', 'align_corners'], infer: gridSample },
  DepthToSpace: { inputs: [1, 1], attributes: ['blocksize', 'mode'], infer: depthToSpace },
  SpaceToDepth: { inputs: [1, 1], attributes: ['blocksize'], infer: spaceToDepth },
  InstanceNormalization: { inputs: [3, 3], attributes: ['epsilon'], infer: instanceNorm },
  BatchNormalization: { inputs: [5, 5], attributes: ['epsilon', 'momentum'], infer: batchNorm },
};

/** Element by element: unary, binary with broadcasting, activations, casts, quantisation. */
import { difference, exactDiv, sum, times, type Dim } from '../dim.ts';
import { dtypeOfCode } from '../dtype.ts';
import type { Value } from '../graph.ts';
import { show, type Call, type Inferred, type Rule, type Rules } from './rule.ts';

/** The output is like input 0, which holds floating point. */
function like(attributes: readonly string[] = []): Rule {
  return {
    inputs: [1, 1],
    attributes,
    infer: (call) => {
      const { dtype, shape } = call.floats(0);
      return [{ dtype, shape }];
    },
  };
}

/** Input 0 unchanged in shape, any type, what is known of it kept. */
const same: Rule = {
  inputs: [1, 1],
  infer: (call) => {
    const { dtype, shape, known } = call.input(0);
    return [{ dtype, shape, ...(known && { known }) }];
  },
};

type Fold = (a: Dim, b: Dim) => Dim | undefined;

/** Two inputs of one type, broadcast. `fold` computes whole numbers that are known already. */
function binary(fold?: Fold): Rule {
  return {
    inputs: [2, 2],
    infer: (call) => {
      const dtype = call.oneType();
      const [a, b] = [call.input(0), call.input(1)];
      const shape = call.broadcast(a.shape, b.shape);
      const known = fold && dtype !== 'float32' && dtype !== 'float16' ? folded(a, b, fold) : undefined;
      return [{ dtype, shape, ...(known && { known }) }];
    },
  };
}

function folded(a: Value, b: Value, fold: Fold): readonly Dim[] | undefined {
  if (!a.known || !b.known || a.shape.length > 1 || b.shape.length > 1) return undefined;
  const length = Math.max(a.known.length, b.known.length);
  const dims: Dim[] = [];
  for (let index = 0; index < length; index++) {
    const dim = fold(a.known[a.known.length === 1 ? 0 : index]!, b.known[b.known.length === 1 ? 0 : index]!);
    if (dim === undefined) return undefined;
    dims.push(dim);
  }
  return dims;
}

/** Products and quotients with one number; ONNX divides whole numbers towards zero, which is exact division here. */
const multiply: Fold = (a, b) =>
  typeof b === 'number' && b > 0 ? times(a, b) : typeof a === 'number' && a > 0 ? times(b, a) : undefined;
const divide: Fold = (a, b) => (typeof b === 'number' && b > 0 ? exactDiv(a, b) : undefined);

/** Inputs of one type, broadcast, compared: bool. */
const comparison: Rule = {
  inputs: [2, 2],
  infer: (call) => {
    call.oneType();
    return [{ dtype: 'bool', shape: call.broadcast(call.input(0).shape, call.input(1).shape) }];
  },
};

function where(call: Call): readonly Inferred[] {
  const [condition, a, b] = [call.input(0), call.input(1), call.input(2)];
  if (condition.dtype !== 'bool') call.fail(`its condition holds ${condition.dtype}, not bool`);
  if (a.dtype !== b.dtype) call.fail(`its choices hold ${a.dtype} and ${b.dtype}`);
  return [{ dtype: a.dtype, shape: call.broadcast(condition.shape, call.broadcast(a.shape, b.shape)) }];
}

function prelu(call: Call): readonly Inferred[] {
  const dtype = call.oneType();
  const [x, slope] = [call.floats(0), call.input(1)];
  const shape = call.broadcast(x.shape, slope.shape);
  if (show(shape) !== show(x.shape)) call.fail(`its slope ${show(slope.shape)} does not broadcast to ${show(x.shape)}`);
  return [{ dtype, shape }];
}

function clip(call: Call): readonly Inferred[] {
  const dtype = call.oneType();
  for (const bound of call.inputs.slice(1))
    if (bound && bound.shape.length > 0) call.fail(`its bound ${bound.name} has shape ${show(bound.shape)}, not []`);
  return [{ dtype, shape: call.input(0).shape }];
}

function softmax(call: Call): readonly Inferred[] {
  const { dtype, shape } = call.floats(0);
  call.axis(call.int('axis', -1), shape.length);
  return [{ dtype, shape }];
}

function cast(call: Call): readonly Inferred[] {
  const { dtype: from, shape, known } = call.input(0);
  const code = call.int('to', 0);
  const dtype = dtypeOfCode(code);
  if (!dtype) call.fail(`it casts to type ${code}, which is not used here`);
  const whole = known !== undefined && from !== 'float32' && dtype !== 'bool' && dtype !== 'uint8' && dtype !== 'int8';
  return [{ dtype, shape, ...(whole && { known }) }];
}

function cumSum(call: Call): readonly Inferred[] {
  const { dtype, shape } = call.input(0);
  const [axis, ...more] = call.numbers(1, 'axis');
  if (axis === undefined || more.length > 0) call.fail('its axis must be one number');
  call.axis(axis, shape.length);
  return [{ dtype, shape }];
}

/** QuantizeLinear and DequantizeLinear: scale and zero point are [] or one number for each slice of `axis`. */
function quantisation(call: Call, from: 'float' | 'whole'): readonly Inferred[] {
  const [x, scale, zero] = [call.input(0), call.input(1), call.inputs[2]];
  if (from === 'float' && x.dtype !== 'float32') call.fail(`it quantises ${x.dtype}, not float32`);
  if (from === 'whole' && !['uint8', 'int8', 'int32'].includes(x.dtype)) call.fail(`it cannot dequantise ${x.dtype}`);
  if (scale.dtype !== 'float32') call.fail(`its scale holds ${scale.dtype}, not float32`);
  if (zero && show(zero.shape) !== show(scale.shape)) call.fail('its scale and zero point differ in shape');
  if (from === 'whole' && zero && zero.dtype !== x.dtype) call.fail('its zero point is not of the type of its input');
  if (scale.shape.length > 0) {
    const axis = call.axis(call.int('axis', 1), x.shape.length);
    if (scale.shape.length !== 1 || scale.shape[0] !== x.shape[axis])
      call.fail(`its scale has shape ${show(scale.shape)}, but axis ${axis} has ${x.shape[axis]} elements`);
  }
  const dtype = from === 'float' ? (zero?.dtype ?? 'uint8') : 'float32';
  if (from === 'float' && dtype !== 'uint8' && dtype !== 'int8') call.fail(`it cannot quantise to ${dtype}`);
  return [{ dtype, shape: x.shape }];
}

export const ARITHMETIC: Rules = {
  ...Object.fromEntries(
    ['Relu', 'Sigmoid', 'Tanh', 'Exp', 'Log', 'Sqrt', 'Reciprocal', 'Floor', 'Ceil', 'Sin', 'Cos', 'HardSwish'].map(
      (op) => [op, like()],
    ),
  ),
  LeakyRelu: like(['alpha']),
  HardSigmoid: like(['alpha', 'beta']),
  Identity: same,
  Neg: { inputs: [1, 1], infer: (call) => [{ dtype: call.input(0).dtype, shape: call.input(0).shape }] },
  Abs: { inputs: [1, 1], infer: (call) => [{ dtype: call.input(0).dtype, shape: call.input(0).shape }] },
  Add: binary(sum),
  Sub: binary(difference),
  Mul: binary(multiply),
  Div: binary(divide),
  Pow: binary(),
  Min: binary(),
  Max: binary(),
  Less: comparison,
  Greater: comparison,
  Equal: comparison,
  Where: { inputs: [3, 3], infer: where },
  PRelu: { inputs: [2, 2], infer: prelu },
  Clip: { inputs: [1, 3], infer: clip },
  Softmax: { inputs: [1, 1], attributes: ['axis'], infer: softmax },
  Cast: { inputs: [1, 1], attributes: ['to'], infer: cast },
  CumSum: { inputs: [2, 2], attributes: ['exclusive', 'reverse'], infer: cumSum },
  QuantizeLinear: { inputs: [2, 3], attributes: ['axis'], infer: (call) => quantisation(call, 'float') },
  DequantizeLinear: { inputs: [2, 3], attributes: ['axis'], infer: (call) => quantisation(call, 'whole') },
};

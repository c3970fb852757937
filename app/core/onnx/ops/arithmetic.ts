/**
 * Arithmetic and activations. Shapes: element by element, operands broadcast as NumPy does; numbers given in place of a
 * value become float32 constants (for whole-number tensors give a value). All throw bad-graph.
 */
import { attributesOf, type GraphBuilder } from '../builder.ts';
import { DTYPES, type Dtype } from '../dtype.ts';
import type { Value } from '../graph.ts';

type Operand = Value | number;

function operand(g: GraphBuilder, value: Operand): Value {
  return typeof value === 'number' ? g.floats(value) : value;
}

function binary(op: string) {
  return (g: GraphBuilder, a: Operand, b: Operand): Value => g.one(op, [operand(g, a), operand(g, b)]);
}

function unary(op: string) {
  return (g: GraphBuilder, x: Value): Value => g.one(op, [x]);
}

/** a + b */
export const add = binary('Add');
/** a - b */
export const sub = binary('Sub');
/** a * b */
export const mul = binary('Mul');
/** a / b; whole numbers divide towards zero. */
export const div = binary('Div');
/** a to the power of b */
export const pow = binary('Pow');
/** The smaller of a and b. */
export const min = binary('Min');
/** The larger of a and b. */
export const max = binary('Max');
/** a < b, bool */
export const less = binary('Less');
/** a > b, bool */
export const greater = binary('Greater');
/** a == b, bool */
export const equal = binary('Equal');

/** max(x, 0) */
export const relu = unary('Relu');
/** 1 / (1 + exp(-x)), in (0, 1) */
export const sigmoid = unary('Sigmoid');
/** tanh x, in (-1, 1) */
export const tanh = unary('Tanh');
export const exp = unary('Exp');
/** Natural logarithm, x > 0. */
export const log = unary('Log');
export const sqrt = unary('Sqrt');
/** 1 / x */
export const reciprocal = unary('Reciprocal');
export const floor = unary('Floor');
export const ceil = unary('Ceil');
/** Sine of x in radians. */
export const sin = unary('Sin');
/** Cosine of x in radians. */
export const cos = unary('Cos');
/** x * clip(x/6 + 1/2, 0, 1): exactly x * relu6(x+3) / 6. */
export const hardSwish = unary('HardSwish');
export const neg = unary('Neg');
export const abs = unary('Abs');
export const identity = unary('Identity');

/** x * sigmoid(x): swish, also called SiLU. Two nodes. */
export function swish(g: GraphBuilder, x: Value): Value {
  return mul(g, x, sigmoid(g, x));
}

/** x where x >= 0, else slope * x. `slope` is one number; see `prelu` for a learned one. */
export function leakyRelu(g: GraphBuilder, x: Value, slope: number): Value {
  return g.one('LeakyRelu', [x], attributesOf({ alpha: { float: slope } }));
}

/** x where x >= 0, else slope * x; `slope` broadcasts to x: [1] for all, [c, 1, 1] for one a channel of [n, c, h, w]. */
export function prelu(g: GraphBuilder, x: Value, slope: Value): Value {
  return g.one('PRelu', [x, slope]);
}

/** clip(alpha*x + beta, 0, 1). Keras: 0.2, 0.5; relu6(x+3)*0.16667 of TensorFlow: 0.16667, 0.5. */
export function hardSigmoid(g: GraphBuilder, x: Value, alpha: number, beta: number): Value {
  return g.one('HardSigmoid', [x], attributesOf({ alpha: { float: alpha }, beta: { float: beta } }));
}

/** x within [low, high]; a bound left undefined does not bind. float32 x. */
export function clip(g: GraphBuilder, x: Value, low?: number, high?: number): Value {
  return g.one('Clip', [
    x,
    low === undefined ? undefined : g.floats(low),
    high === undefined ? undefined : g.floats(high),
  ]);
}

/** exp(x) over its sum along `axis` (-1 is the last): positive, summing to 1. */
export function softmax(g: GraphBuilder, x: Value, axis: number): Value {
  return g.one('Softmax', [x], attributesOf({ axis }));
}

/** x in another element type: floats to whole numbers are truncated towards zero. */
export function cast(g: GraphBuilder, x: Value, to: Dtype): Value {
  return g.one('Cast', [x], attributesOf({ to: DTYPES[to].code }));
}

/** a where the bool `condition` holds, else b; all three broadcast. */
export function where(g: GraphBuilder, condition: Value, a: Value, b: Value): Value {
  return g.one('Where', [condition, a, b]);
}

/** Running sum along `axis`, each element included. */
export function cumSum(g: GraphBuilder, x: Value, axis: number): Value {
  return g.one('CumSum', [x, g.ints(axis)]);
}

/**
 * round(x / scale) + zero, saturated to the type of `zero` (uint8 or int8). `scale` and `zero` are [] for the whole tensor or
 * [size of axis] for each slice.
 */
export function quantize(g: GraphBuilder, x: Value, scale: Value, zero: Value, axis = 1): Value {
  return g.one('QuantizeLinear', [x, scale, zero], attributesOf({ axis }));
}

/** (x - zero) * scale as float32, the inverse of `quantize`. */
export function dequantize(g: GraphBuilder, x: Value, scale: Value, zero: Value, axis = 1): Value {
  return g.one('DequantizeLinear', [x, scale, zero], attributesOf({ axis }));
}

/** Reductions, matrix products and the recurrent layer. */
import type { Dim, Shape } from '../dim.ts';
import { show, type Call, type Inferred, type Rules } from './rule.ts';

function reduced(call: Call, axes: readonly number[] | undefined): readonly Inferred[] {
  const { dtype, shape } = call.input(0);
  // ONNX reads no axes, and an empty list of them, as all.
  const gone = new Set(call.axes(axes && axes.length > 0 ? axes : shape.map((_, axis) => axis), shape.length));
  const keep = call.int('keepdims', 1) !== 0;
  const out = shape.flatMap((dim, axis) => (!gone.has(axis) ? [dim] : keep ? [1] : []));
  return [{ dtype, shape: out }];
}

function matMul(call: Call): readonly Inferred[] {
  const dtype = call.oneType();
  const [a, b] = [call.floats(0).shape, call.floats(1).shape];
  if (a.length < 2 || b.length < 2) call.fail(`it multiplies ${show(a)} and ${show(b)}, which are not matrices`);
  if (a.at(-1) !== b.at(-2)) call.fail(`it multiplies ${show(a)} by ${show(b)}: ${a.at(-1)} is not ${b.at(-2)}`);
  return [{ dtype, shape: [...call.broadcast(a.slice(0, -2), b.slice(0, -2)), a.at(-2)!, b.at(-1)!] }];
}

function gemm(call: Call): readonly Inferred[] {
  const dtype = call.oneType();
  const turned = (shape: Shape, attribute: string) => (call.int(attribute, 0) !== 0 ? shape.toReversed() : shape);
  const [m, k] = turned(call.floats(0, 2).shape, 'transA') as [Dim, Dim];
  const [rows, n] = turned(call.floats(1, 2).shape, 'transB') as [Dim, Dim];
  if (k !== rows) call.fail(`its matrices are [${m}, ${k}] and [${rows}, ${n}]`);
  const added = call.inputs[2]?.shape ?? [];
  if (show(call.broadcast([m, n], added)) !== show([m, n]))
    call.fail(`${show(added)} does not broadcast to ${show([m, n])}`);
  return [{ dtype, shape: [m, n] }];
}

function gru(call: Call): readonly Inferred[] {
  const x = call.floats(0, 3);
  const [length, batch, into] = x.shape as [Dim, Dim, Dim];
  const hidden = call.int('hidden_size', 0);
  const directions = call.text('direction', ['forward', 'reverse', 'bidirectional']) === 'bidirectional' ? 2 : 1;
  const expect = (index: number, what: string, shape: Shape) => {
    const found = call.inputs[index]?.shape;
    if (found && show(found) !== show(shape)) call.fail(`its ${what} has shape ${show(found)}, not ${show(shape)}`);
  };
  if (hidden < 1) call.fail(`its hidden_size is ${hidden}`);
  expect(1, 'weight', [directions, 3 * hidden, into]);
  expect(2, 'recurrent weight', [directions, 3 * hidden, hidden]);
  expect(3, 'bias', [directions, 6 * hidden]);
  if (call.inputs[4]) call.fail('it takes no sequence lengths');
  expect(5, 'first state', [directions, batch, hidden]);
  return [
    { dtype: x.dtype, shape: [length, directions, batch, hidden] },
    { dtype: x.dtype, shape: [directions, batch, hidden] },
  ];
}

export const REDUCE: Rules = {
  ReduceMean: { inputs: [1, 1], attributes: ['axes', 'keepdims'], infer: (call) => reduced(call, call.ints('axes')) },
  ReduceMax: { inputs: [1, 1], attributes: ['axes', 'keepdims'], infer: (call) => reduced(call, call.ints('axes')) },
  ReduceSum: {
    inputs: [2, 2],
    attributes: ['keepdims'],
    infer: (call) => reduced(call, call.numbers(1, 'axes')),
  },
  MatMul: { inputs: [2, 2], infer: matMul },
  Gemm: { inputs: [2, 3], attributes: ['transA', 'transB', 'alpha', 'beta'], infer: gemm },
  GRU: { inputs: [3, 6], attributes: ['hidden_size', 'direction', 'linear_before_reset'], infer: gru },
};

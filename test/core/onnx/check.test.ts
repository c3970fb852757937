/** What the builder and the checker refuse, and that they say where. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attributesOf, GraphBuilder } from '../../../app/core/onnx/builder.ts';
import { assemble, checkGraph } from '../../../app/core/onnx/check.ts';
import type { Dim } from '../../../app/core/onnx/dim.ts';
import type { Graph, Value } from '../../../app/core/onnx/graph.ts';
import * as op from '../../../app/core/onnx/ops.ts';
import { filled } from './support.ts';

interface Given {
  readonly g: GraphBuilder;
  readonly input: (...shape: Dim[]) => Value;
  readonly weight: (...dims: number[]) => Value;
}

function given(): Given {
  const g = new GraphBuilder('bad');
  let count = 0;
  const weight = (...dims: number[]) => g.weight(`w${count++}`, filled(dims));
  return { g, input: (...shape) => g.input(`x${count++}`, 'float32', shape), weight };
}

const REFUSED: Readonly<Record<string, readonly [(given: Given) => unknown, RegExp]>> = {
  'channels differ': [
    ({ g, input, weight }) => g.within('stem', () => op.conv(g, input(1, 3, 8, 8), weight(4, 2, 3, 3))),
    /^Node stem\/conv_0 \(Conv\): its weight takes 2 channels, its input x0 has 3\.$/,
  ],
  'bias of another length': [
    ({ g, input, weight }) => op.conv(g, input(1, 3, 8, 8), weight(4, 3, 3, 3), weight(3)),
    /bias has shape \[3\]/,
  ],
  'a window larger than the picture': [
    ({ g, input, weight }) => op.conv(g, input(1, 3, 2, 8), weight(4, 3, 3, 3)),
    /size on axis 2 would be 0/,
  ],
  'axes of weight and input differ': [
    ({ g, input, weight }) => op.conv(g, input(1, 3, 8, 8), weight(4, 3, 3, 3, 3)),
    /input has shape \[1, 3, 8, 8\]/,
  ],
  'shapes that do not broadcast': [
    ({ g, input }) => op.add(g, input(1, 3, 'h'), input(1, 3, 'w')),
    /Node add_0 \(Add\): shapes \[1, 3, h\] and \[1, 3, w\] do not broadcast/,
  ],
  'types that differ': [
    ({ g, input }) => op.add(g, input(2), op.cast(g, input(2), 'int64')),
    /differ in type: float32, int64/,
  ],
  'a join of other heights': [
    ({ g, input }) => op.concat(g, [input(1, 3, 'h'), input(1, 2, 'h+1')], 1),
    /x1 has shape \[1, 2, h\+1\], which does not join/,
  ],
  'a doubled half of an unknown size': [
    ({ g, input }) => op.resize(g, op.avgPool(g, input(1, 3, 'h', 'w'), 2), 2, 'nearest'),
    /Node resize_0 \(Resize\): 2 times floor\(\(h\)\/2\) cannot be written in one symbol/,
  ],
  'a shape that does not fit': [({ g, input }) => op.reshape(g, input(2, 3), [4, -1]), /\[2, 3\] cannot be reshaped/],
  'an axis outside': [({ g, input }) => op.softmax(g, input(2, 3), 2), /axis 2 is outside 2 axes/],
  'an axis twice': [({ g, input }) => op.transpose(g, input(2, 3), [0, 0]), /name one axis twice/],
  'an index outside': [({ g, input }) => op.gather(g, input(2, 3), [3], 1), /index 3 is outside axis 1 of 3/],
  'parts that do not add up': [({ g, input }) => op.split(g, input(2, 7), 1, [3, 3]), /do not add up to 7/],
  'sizes known only when it runs': [
    ({ g, input }) => g.one('Reshape', [input(2), op.cast(g, input(1), 'int64')]),
    /its shape must be a constant/,
  ],
  'a slope for other channels': [
    ({ g, input, weight }) => op.prelu(g, input(1, 3, 4), weight(3)),
    /PRelu\): shapes \[1, 3, 4\] and \[3\] do not broadcast/,
  ],
  'a mirror longer than the picture': [
    ({ g, input }) => op.pad(g, input(3), [3], [0], 'reflect'),
    /reflects 3 elements of axis 0, which has 3/,
  ],
  'pixel shuffle of 6 channels': [
    ({ g, input }) => op.pixelShuffle(g, input(1, 6, 2, 2), 2),
    /6 channels cannot be in blocks of 2x2/,
  ],
  'matrices that do not meet': [({ g, input }) => op.matMul(g, input(2, 3), input(4, 5)), /3 is not 4/],
  'a GRU with swapped weights': [
    ({ g, input, weight }) => op.gru(g, input(3, 1, 5), { weight: weight(1, 12, 4), recurrent: weight(1, 12, 5) }, 4),
    /its weight has shape \[1, 12, 4\], not \[1, 12, 5\]/,
  ],
  'an unknown operator': [
    ({ g, input }) => g.one('Einsum', [input(1)]),
    /Node einsum_0 \(Einsum\): this operator is not supported/,
  ],
  'an unknown attribute': [
    ({ g, input }) => g.one('Relu', [input(1)], attributesOf({ axis: 1 })),
    /attribute axis is not supported/,
  ],
  'an attribute of another type': [
    ({ g, input }) => g.one('Softmax', [input(1)], attributesOf({ axis: 'last' })),
    /attribute axis is string, not int/,
  ],
  'too many outputs': [({ g, input }) => g.add('Relu', [input(1)], {}, {}, 2), /it has 2 outputs, not 1/],
  'a value of another graph': [
    ({ input }) => op.relu(new GraphBuilder('other'), input(1)),
    /its input x0 is not of this graph/,
  ],
  'a node name taken': [
    ({ g, input }) => [0, 1].map(() => g.one('Relu', [input(1)], {}, { name: 'r' })),
    /Node r \(Relu\): there is another node/,
  ],
  'a name taken': [({ g }) => [0, 1].map(() => g.input('x', 'float32', [1])), /^Input x: the name x is taken/],
  'a size that is none': [({ g }) => g.input('x', 'float32', ['h*2']), /^Input x: 'h\*2' is not a size/],
  'a weight too short': [
    ({ g }) => g.weight('w', { dtype: 'float32', dims: [3], data: new Float32Array(2) }),
    /^Constant w: 2 elements do not fill \[3\]/,
  ],
  'a weight in the wrong array': [
    ({ g }) => g.weight('w', { dtype: 'int8', dims: [2], data: new Uint8Array(2) }),
    /^Constant w: its data is not an array for int8/,
  ],
  'a weight nothing uses': [
    ({ g, input, weight }) => (weight(2), g.build({ y: op.relu(g, input(1)) })),
    /^Constant w0: nothing uses it/,
  ],
  'no outputs': [({ g }) => g.build({}), /Graph bad has no outputs/],
};

for (const [name, [body, message]] of Object.entries(REFUSED))
  test(`refused: ${name}`, () => assert.throws(() => body(given()), { name: 'AppError', code: 'bad-graph', message }));

function sound(): Graph {
  const { g, input, weight } = given();
  return g.build({ y: op.relu(g, op.conv(g, input(1, 3, 'h', 8), weight(4, 3, 3, 3))) });
}

test('a sound graph passes the checker; one changed afterwards does not', () => {
  const graph = sound();
  checkGraph(graph);
  const nodes = [graph.nodes[1]!, graph.nodes[0]!, graph.nodes[2]!];
  assert.throws(() => checkGraph({ ...graph, nodes }), {
    message: /^Node relu_0 \(Relu\): nothing before it makes conv_0:out\.$/,
  });
  const outputs = [{ ...graph.outputs[0]!, shape: [1, 4, 'h', 6] }];
  assert.throws(() => checkGraph({ ...graph, outputs }), {
    message: 'Output y: stated as float32 [1, 4, h, 6], but it is float32 [1, 4, h-2, 6].',
  });
  assert.throws(() => assemble({ ...graph, opset: 20, outputs: [] }), { message: /opset 20, not 16/ });
});

test('graphs are frozen, and a refused node leaves the builder usable', () => {
  const graph = sound();
  assert.throws(() => (graph.nodes as unknown[]).push(1), TypeError);
  assert.throws(() => ((graph.values[0]!.shape as Dim[])[0] = 9), TypeError);
  const { g, input } = given();
  const x = input(2, 3);
  assert.throws(() => op.softmax(g, x, 5));
  checkGraph(g.build({ y: op.softmax(g, x, 1) }));
});

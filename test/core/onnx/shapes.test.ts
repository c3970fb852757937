/** Inferred types and shapes against what ONNX Runtime really returns: every operator, many parameters, fixed and symbolic. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GraphBuilder } from '../../../app/core/onnx/builder.ts';
import { symbol } from '../../../app/core/onnx/dim.ts';
import type { Dtype } from '../../../app/core/onnx/dtype.ts';
import type { Tensor, Value } from '../../../app/core/onnx/graph.ts';
import * as op from '../../../app/core/onnx/ops.ts';
import { operators } from '../../../app/core/onnx/rules/index.ts';
import { filled, runGraph, sizes } from './support.ts';

/** Gives inputs and weights to a case. */
interface Given {
  readonly g: GraphBuilder;
  /** An input; in the symbolic run, axis i gets the symbol si times multiples[i] (a fixed size where that is 0). */
  readonly input: (dims: readonly number[], multiples?: readonly number[], dtype?: Dtype) => Value;
  readonly weight: (dims: readonly number[], dtype?: Dtype) => Value;
}
type Case = (given: Given) => Value | readonly Value[];

const covered = new Set<string>();

/** All cases in one graph and one session: opening a session takes longer than running what is in it. */
async function verify(cases: Readonly<Record<string, Case>>, symbolic: boolean): Promise<void> {
  const g = new GraphBuilder('cases');
  const feeds: Record<string, Tensor> = {};
  const values: Record<string, number> = {};
  const results: { label: string; value: Value }[] = [];
  let count = 0;
  for (const [label, body] of Object.entries(cases)) {
    const input: Given['input'] = (dims, multiples = [], dtype = 'float32') => {
      const name = `x${count++}`;
      feeds[name] = filled(dims, dtype);
      const shape = dims.map((size, axis) => {
        const multiple = multiples[axis] ?? 0;
        if (!symbolic || multiple === 0) return size;
        const id = `s${axis}of${size}by${multiple}`;
        values[id] = size / multiple;
        return symbol(id, multiple);
      });
      return g.input(name, dtype, shape);
    };
    const weight: Given['weight'] = (dims, dtype) => g.weight(`w${count++}`, filled(dims, dtype));
    for (const value of [body({ g, input, weight })].flat() as Value[]) results.push({ label, value });
  }
  const graph = g.build(Object.fromEntries(results.map(({ value }, index) => [`y${index}`, value])));
  for (const node of graph.nodes) covered.add(node.op);
  const outputs = await runGraph(graph, feeds);
  for (const [index, { label, value }] of results.entries()) {
    const real = outputs[`y${index}`]!;
    assert.equal(real.dtype, value.dtype, `${label}: type`);
    assert.deepEqual(sizes(value.shape, values), [...real.dims], `${label}: inferred ${value.shape.join()}`);
  }
}

/** Every combination of these choices. */
function combinations<T extends Record<string, readonly unknown[]>>(choices: T): { [K in keyof T]: T[K][number] }[] {
  return Object.entries(choices).reduce<Record<string, unknown>[]>(
    (all, [key, options]) => all.flatMap((one) => options.map((option) => ({ ...one, [key]: option }))),
    [{}],
  ) as { [K in keyof T]: T[K][number] }[];
}

function suite(
  name: string,
  cases: Readonly<Record<string, Case>>,
  symbolic: readonly boolean[] = [false, true],
): void {
  for (const way of symbolic)
    test(`${name}${way ? ', symbolic' : ''}`, async () => {
      await verify(cases, way);
    });
}

const named = (entries: readonly (readonly [string, Case])[]) => Object.fromEntries(entries);
const label = (parts: object) => JSON.stringify(parts);

const PADS = [0, 1, 'same', { begin: [0, 2], end: [1, 0] }] as const;

suite(
  'convolution: size, kernel, stride, padding, dilation',
  named(
    combinations({ size: [7, 12], kernel: [1, 2, 3, 4], stride: [1, 2, 3], pad: PADS, dilation: [1, 2] })
      .filter(({ pad, dilation }) => pad !== 'same' || dilation === 1)
      .map((c) => [
        label(c),
        ({ g, input, weight }) => {
          const { stride, pad, dilation } = c;
          const x = input([2, 3, c.size, c.size + 3], [1, 0, 1, 1]);
          const options = { stride, pad, ...(pad === 'same' ? {} : { dilation }) };
          return op.conv(g, x, weight([4, 3, c.kernel, c.kernel]), weight([4]), options);
        },
      ]),
  ),
);

suite(
  'transposed convolution',
  named(
    combinations({ size: [3, 6], kernel: [2, 3, 4], stride: [1, 2], pad: [0, 1], outputPad: [0, 1], group: [1, 2] })
      .filter(({ stride, outputPad }) => outputPad < stride)
      .map((c) => [
        label(c),
        ({ g, input, weight }) =>
          op.convTranspose(g, input([1, 4, c.size, 5], [1, 0, 1, 1]), weight([4, 3, c.kernel, c.kernel]), undefined, c),
      ]),
  ),
);

suite('convolutions in one and three dimensions, depthwise', {
  line: ({ g, input, weight }) => op.conv(g, input([2, 3, 16], [1, 0, 1]), weight([5, 3, 3]), undefined, { pad: 1 }),
  cube: ({ g, input, weight }) =>
    op.conv(g, input([1, 3, 4, 9, 8], [0, 0, 1, 1, 1]), weight([5, 3, 3, 3, 3]), weight([5]), {
      pad: 'same',
      stride: [1, 2, 2],
    }),
  cubeBack: ({ g, input, weight }) =>
    op.convTranspose(g, input([1, 3, 4, 5, 6], [0, 0, 1, 1, 1]), weight([3, 2, 3, 4, 4]), weight([2]), {
      pad: 1,
      stride: [1, 2, 2],
    }),
  depthwise: ({ g, input, weight }) =>
    op.conv(g, input([1, 6, 11, 12], [1, 0, 1, 1]), weight([6, 1, 5, 5]), undefined, {
      group: 6,
      stride: 2,
      pad: 'same',
    }),
});

suite(
  'pools',
  named(
    combinations({
      size: [7, 8, 13],
      window: [2, 3],
      stride: [1, 2],
      pad: [0, 1, 'same'] as const,
      kind: ['avg', 'max'] as const,
    }).map((c) => [
      label(c),
      ({ g, input }) => {
        const x = input([2, 3, c.size, c.size + 2], [1, 0, 1, 1]);
        const { stride, pad } = c;
        return c.kind === 'avg'
          ? op.avgPool(g, x, c.window, { stride, pad })
          : op.maxPool(g, x, c.window, { stride, pad });
      },
    ]),
  ),
);

suite('pools of other kinds', {
  global: ({ g, input }) => op.globalAvgPool(g, input([2, 3, 5, 7], [1, 0, 1, 1])),
  clip: ({ g, input }) =>
    op.avgPool(g, input([1, 3, 4, 9, 9], [0, 0, 1, 1, 1]), [1, 3, 3], { stride: [1, 2, 2], pad: 'same' }),
  dilated: ({ g, input }) => op.maxPool(g, input([1, 3, 9, 9], [0, 0, 1, 1]), 2, { stride: 1, dilation: 3 }),
});

suite(
  'resize: scales and modes',
  named(
    combinations({
      scale: [0.25, 0.5, 1, 2, 4],
      mode: ['half-pixel', 'corners', 'nearest'] as const,
      size: [8, 16],
    }).map((c) => [label(c), ({ g, input }) => op.resize(g, input([1, 2, c.size, 12], [1, 0, 4, 4]), c.scale, c.mode)]),
  ),
);

suite(
  'resize of odd sizes and scales, fixed',
  named(
    combinations({ scale: [1 / 3, 0.3, 0.5, 1.5, 0.7, 3], size: [5, 7, 9, 33] }).map((c) => [
      label(c),
      ({ g, input }) => op.resize(g, input([1, 1, c.size, c.size + 4]), c.scale, 'half-pixel'),
    ]),
  ),
  [false],
);

suite('sampling and pixel shuffles', {
  like: ({ g, input }) =>
    op.resizeLike(g, input([1, 2, 4, 6], [1, 0, 1, 1]), input([1, 5, 9, 7], [1, 0, 1, 1]), 'half-pixel'),
  grid: ({ g, input }) =>
    op.gridSample(g, input([2, 3, 8, 9], [1, 0, 1, 1]), input([2, 5, 6, 2], [1, 1, 1, 0]), {
      outside: 'border',
      alignCorners: true,
    }),
  zeros: ({ g, input }) =>
    op.gridSample(g, input([1, 3, 8, 9]), input([1, 5, 6, 2]), { outside: 'zeros', alignCorners: false }),
  pixelShuffle: ({ g, input }) => op.pixelShuffle(g, input([2, 12, 3, 5], [1, 0, 1, 1]), 2),
  depthToSpace: ({ g, input }) => op.depthToSpace(g, input([2, 18, 3, 5], [1, 0, 1, 1]), 3),
  spaceToDepth: ({ g, input }) => op.spaceToDepth(g, input([2, 3, 6, 8], [1, 0, 2, 4]), 2),
});

suite('normalisation', {
  batch: ({ g, input, weight }) => {
    const [scale, bias, mean] = [weight([3]), weight([3]), weight([3])];
    const variance = g.floats([1, 2, 3]);
    return op.batchNorm(g, input([2, 3, 5, 4], [1, 0, 1, 1]), { scale, bias, mean, variance }, 1e-3);
  },
  instance: ({ g, input, weight }) =>
    op.instanceNorm(g, input([2, 3, 5, 4], [1, 0, 1, 1]), weight([3]), weight([3]), 1e-5),
  layer: ({ g, input, weight }) => op.layerNorm(g, input([2, 3, 8], [1, 1, 0]), -1, weight([8]), weight([8]), 1e-5),
  softmax: ({ g, input }) => op.softmax(g, input([2, 3, 8], [1, 0, 1]), 1),
});

suite('element by element', {
  ...named(
    (
      [op.relu, op.sigmoid, op.tanh, op.exp, op.log, op.sqrt, op.reciprocal, op.floor, op.ceil, op.sin, op.cos] as const
    ).map((f, index): [string, Case] => [`unary ${index}`, ({ g, input }) => f(g, input([2, 3, 4], [1, 0, 1]))]),
  ),
  ...named(
    ([op.add, op.sub, op.mul, op.div, op.pow, op.min, op.max, op.less, op.greater, op.equal] as const).flatMap(
      (f, index) => [
        [
          `binary ${index}`,
          ({ g, input }: Given) => f(g, input([2, 3, 1, 5], [1, 0, 0, 1]), input([3, 4, 1], [0, 1, 0])),
        ],
        [`number ${index}`, ({ g, input }: Given) => f(g, input([2, 3], [1, 0]), 0.5)],
      ],
    ),
  ),
  others: ({ g, input, weight }) => {
    const x = input([2, 3, 4, 5], [1, 0, 1, 1]);
    return [
      op.swish(g, x),
      op.hardSwish(g, x),
      op.hardSigmoid(g, x, 0.2, 0.5),
      op.neg(g, x),
      op.abs(g, x),
      op.leakyRelu(g, x, 0.2),
      op.prelu(g, x, weight([3, 1, 1])),
      op.clip(g, x, 0, 1),
      op.clip(g, x, undefined, 0.5),
      op.cast(g, x, 'int64'),
      op.where(g, op.less(g, x, 0), x, g.floats(0)),
      op.cumSum(g, x, 2),
      op.identity(g, op.identity(g, x)),
    ];
  },
  quantised: ({ g, input }) => {
    const [scale, zero] = [g.floats(0.01), g.weight('zero', filled([], 'uint8'))];
    const q = op.quantize(g, input([2, 3, 4], [1, 0, 1]), scale, zero);
    return [q, op.dequantize(g, q, scale, zero)];
  },
});

suite('joins, cuts and new shapes', {
  concat: ({ g, input }) => op.concat(g, [input([2, 3, 4], [1, 0, 1]), input([2, 5, 4], [1, 0, 1])], 1),
  concatSpace: ({ g, input }) => {
    const x = input([2, 3, 4], [1, 0, 1]);
    return op.concat(g, [x, x, op.slice(g, x, 2, 1)], -1);
  },
  ...named(
    combinations({ from: [0, 1, -3, 5], to: [2 ** 31 - 1, 4, -1, 6] }).map((c): [string, Case] => [
      `slice ${label(c)}`,
      ({ g, input }) => op.slice(g, input([2, 7], [1, 0]), 1, c.from, c.to),
    ]),
  ),
  sliceSymbol: ({ g, input }) => {
    const x = input([2, 12], [1, 4]);
    return [
      op.slice(g, x, 1, 2),
      op.slice(g, x, 1, 0, -3),
      op.slice(g, x, 1, 1, 4),
      op.slice(g, x, 1, 0, undefined, 2),
    ];
  },
  sliceBack: ({ g, input }) => op.slice(g, input([2, 7]), 1, -1, -100, -2),
  split: ({ g, input }) => op.split(g, input([2, 7, 3], [1, 0, 1]), 1, [1, 4, 2]),
  splitEqual: ({ g, input }) => g.add('Split', [input([8, 3], [4, 1])], {}, {}, 4),
  pad: ({ g, input }) => {
    const x = input([2, 3, 6, 7], [1, 0, 1, 1]);
    return [
      op.pad(g, x, [0, 0, 1, 2], [0, 0, 3, 0]),
      op.pad(g, x, [0, 0, 25, 2], [0, 0, 25, 0], 'edge'),
      op.pad(g, x, [0, 0, 5, 2], [0, 0, 3, 1], 'reflect'),
      op.pad(g, x, [0, 0, -1, 2], [0, 0, -2, 0]),
    ];
  },
  transpose: ({ g, input }) => op.transpose(g, input([2, 3, 4, 5], [1, 0, 1, 1]), [0, 2, 3, 1]),
  reshape: ({ g, input }) => {
    const x = input([2, 12, 6], [1, 0, 2]);
    return [
      op.reshape(g, x, [0, 3, 4, -1]),
      op.reshape(g, x, [0, 2, -1]),
      op.reshape(g, x, [0, 0, -1, 2]),
      op.reshape(g, op.slice(g, x, 0, 0, 1), [-1]),
    ];
  },
  expand: ({ g, input }) => [
    op.expand(g, input([3, 1], [1, 0]), [2, 1, 4]),
    op.expand(g, input([1, 1, 1, 1]), op.shapeOf(g, input([2, 3, 4, 5], [1, 0, 1, 1]))),
  ],
  tile: ({ g, input }) => op.tile(g, input([2, 3], [1, 0]), [2, 3]),
  gather: ({ g, input, weight }) => {
    const x = input([2, 5, 3], [1, 0, 1]);
    return [op.gather(g, x, [0, 4, -1], 1), op.gather(g, x, 2, 1), op.gather(g, x, weight([2, 2], 'int64'), 1)];
  },
  squeeze: ({ g, input }) => {
    const x = input([2, 1, 3], [1, 0, 1]);
    return [op.squeeze(g, x, [1]), op.unsqueeze(g, x, [0, -1]), op.unsqueeze(g, x, [2])];
  },
  shapes: ({ g, input }) => {
    const shape = op.shapeOf(g, input([2, 3, 4, 6], [1, 0, 1, 2]));
    const half = op.div(g, op.gather(g, shape, [3], 0), g.ints([2]));
    const more = op.add(g, op.mul(g, op.gather(g, shape, 2, 0), g.ints(3)), g.ints(1));
    const joined = op.concat(g, [op.slice(g, shape, 0, 0, 1), half, op.unsqueeze(g, more, [0])], 0);
    return [shape, op.zeros(g, joined), op.zeros(g, [2, 2])];
  },
});

suite('reductions, products and GRU', {
  reduce: ({ g, input }) => {
    const x = input([2, 3, 4, 5], [1, 0, 1, 1]);
    return [
      op.reduceMean(g, x, [2, 3]),
      op.reduceMean(g, x, [-1], false),
      op.reduceSum(g, x, [1]),
      op.reduceSum(g, x, [0, 2], false),
      op.reduceMax(g, x, [1, 2, 3], false),
    ];
  },
  matMul: ({ g, input }) => op.matMul(g, input([2, 1, 3, 4], [1, 0, 1, 0]), input([5, 4, 6], [1, 0, 1])),
  linear: ({ g, input, weight }) => op.linear(g, input([3, 4], [1, 0]), weight([6, 4]), weight([6])),
  gru: ({ g, input, weight }) => {
    const weights = { weight: weight([1, 12, 5]), recurrent: weight([1, 12, 4]), bias: weight([1, 24]) };
    const { states, last } = op.gru(g, input([3, 2, 5], [1, 1, 0]), weights, 4);
    return [states, last];
  },
});

test('no operator is without a case', () => {
  assert.deepEqual(
    operators().filter((name) => !covered.has(name)),
    [],
  );
});

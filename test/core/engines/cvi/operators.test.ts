/** TensorFlow's operators one by one, against numbers worked out by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { convertGraph } from '../../../../app/core/engines/cvi/hub/convert.ts';
import { openCheckpoint } from '../../../../app/core/import/registry.ts';
import { tfGraphOf } from '../../../../app/core/import/tf-graph.ts';
import { openSession } from '../../../../app/core/nn/session.ts';
import { tempFolder } from '../../../support/command.ts';
import { flag, float, HubWriter, int, ints, text, type } from './hub-writer.ts';

type Make = (w: HubWriter, x: string) => string;

/** x is [2, 3]: 1 to 6. Each makes something of it, and what that is, flat. */
const CASES: Readonly<Record<string, readonly [Make, readonly number[]]>> = {
  'a slice from the end, by the dots': [
    (w, x) =>
      w.node(
        'StridedSlice',
        [x, w.ints([0, -2]), w.ints([0, 0]), w.ints([1, 1])],
        [int('ellipsis_mask', 1), int('end_mask', 2)],
      ),
    [2, 3, 5, 6],
  ],
  'every other column': [
    (w, x) => w.node('StridedSlice', [x, w.ints([0, 0]), w.ints([2, 3]), w.ints([1, 2])], [int('begin_mask', 1)]),
    [1, 3, 4, 6],
  ],
  'the last row': [
    (w, x) => w.node('StridedSlice', [x, w.ints([-1]), w.ints([0]), w.ints([1])], [int('shrink_axis_mask', 1)]),
    [4, 5, 6],
  ],
  'a slice by size': [(w, x) => w.node('Slice', [x, w.ints([0, 1]), w.ints([-1, 1])]), [2, 5]],
  'parts of stated sizes': [
    (w, x) => {
      const parts = w.node('SplitV', [x, w.ints([1, -1]), w.ints(1)], [int('num_split', 2)]);
      return w.node('ConcatV2', [`${parts}:1`, parts, w.ints(-1)]);
    },
    [2, 3, 1, 5, 6, 4],
  ],
  'unpacked and packed': [
    (w, x) => {
      const rows = w.node('Unpack', [x], [int('axis', 0), int('num', 2)]);
      return w.node('Pack', [`${rows}:1`, rows], [int('axis', 1)]);
    },
    [4, 1, 5, 2, 6, 3],
  ],
  'joined, the axis first': [(w, x) => w.node('Concat', [w.ints(0), x, x]), [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6]],
  'a mean that keeps its axis': [(w, x) => w.node('Mean', [x, w.ints([1])], [flag('keep_dims', true)]), [2, 5]],
  'a sum over all that are named': [(w, x) => w.node('Sum', [x, w.ints([0, 1])]), [21]],
  'picked in another order': [(w, x) => w.node('GatherV2', [x, w.ints([2, 0]), w.ints(1)]), [3, 1, 6, 4]],
  'a range as a shape': [
    (w, x) => {
      const order = w.node('Range', [w.ints(1), w.ints(-1), w.ints(-1)]);
      return w.node('Transpose', [x, order]);
    },
    [1, 4, 2, 5, 3, 6],
  ],
  'as many as there are, in one row': [
    (w, x) => w.node('Reshape', [x, w.node('Pack', [w.node('Prod', [w.node('Shape', [x]), w.ints([0])])])]),
    [1, 2, 3, 4, 5, 6],
  ],
  filled: [
    (w, x) => w.node('Add', [x, w.node('Fill', [w.node('Shape', [x]), w.float(0.5)])]),
    [1.5, 2.5, 3.5, 4.5, 5.5, 6.5],
  ],
  'the square of a difference': [(w, x) => w.node('SquaredDifference', [x, w.float(2)]), [1, 0, 1, 4, 9, 16]],
  clipped: [(w, x) => w.node('ClipByValue', [x, w.float(2), w.float(4)]), [2, 2, 3, 4, 4, 4]],
  'one over a root': [(w, x) => w.node('Rsqrt', [w.node('Square', [x])]), [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 6]],
  'turned before it is multiplied': [
    (w, x) => w.node('MatMul', [x, x], [flag('transpose_a', true)]),
    [17, 22, 27, 22, 29, 36, 27, 36, 45],
  ],
  'padded with zeros': [
    (w, x) => w.node('Pad', [x, w.node('Reshape', [w.ints([0, 0, 1, 0]), w.ints([2, 2])])]),
    [0, 1, 2, 3, 0, 4, 5, 6],
  ],
  'pixels repeated': [
    (w, x) => {
      const picture = w.node('Reshape', [x, w.ints([1, 1, 3, 2])]);
      return w.node('ResizeNearestNeighbor', [picture, w.ints([2, 3])]);
    },
    [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6],
  ],
  'normed by its own batch': [
    (w, x) => {
      const one = (value: number) => w.node('Fill', [w.ints([3]), w.float(value)]);
      const picture = w.node('Reshape', [x, w.ints([2, 1, 1, 3])]);
      const parts = [one(2), one(10), one(0), one(0)];
      return w.node('FusedBatchNorm', [picture, ...parts], [float('epsilon', 4 - 2.25), flag('is_training', true)]);
    },
    // Apart by 1.5 on either side of the mean; the root of 2.25 + 1.75 is 2.
    [8.5, 8.5, 8.5, 11.5, 11.5, 11.5],
  ],
  'by two, to an odd size': [
    (w, x) => {
      // A row of three and a kernel of ones: each result is what lies under it.
      const row = w.node('Reshape', [w.node('Slice', [x, w.ints([0, 0]), w.ints([1, 3])]), w.ints([1, 1, 3, 1])]);
      const kernel = w.node('Fill', [w.ints([1, 3, 1, 1]), w.float(1)]);
      const how = [ints('strides', [1, 1, 2, 1]), text('padding', 'SAME')];
      return w.node('Conv2DBackpropInput', [w.ints([1, 1, 5, 1]), kernel, row], how);
    },
    [1, 3, 2, 5, 3],
  ],
  'by two, to an even size': [
    (w, x) => {
      const row = w.node('Reshape', [w.node('Slice', [x, w.ints([0, 0]), w.ints([1, 3])]), w.ints([1, 1, 3, 1])]);
      const kernel = w.node('Fill', [w.ints([1, 3, 1, 1]), w.float(1)]);
      const how = [ints('strides', [1, 1, 2, 1]), text('padding', 'SAME')];
      return w.node('Conv2DBackpropInput', [w.ints([1, 1, 6, 1]), kernel, row], how);
    },
    // Of an even size all that is added is at the end.
    [1, 1, 3, 2, 5, 3],
  ],
  'a shape is cast and halved': [
    (w, x) => {
      const half = w.node('FloorDiv', [w.node('Cast', [w.node('Shape', [x])], [type('DstT', 9)]), w.ints([2, 3])]);
      return w.node('Tile', [w.node('Slice', [x, w.ints([0, 0]), w.ints([1, 1])]), half]);
    },
    [1],
  ],
};

test('each operator gives what it gives in TensorFlow', async (t) => {
  const w = new HubWriter();
  const x = w.node('Placeholder', [], [type('dtype')], 'x');
  // Constants go by way of an Identity too.
  const flat = w.node('Identity', [w.ints([-1])]);
  const parts = Object.values(CASES).map(([make]) => w.node('Reshape', [make(w, x), flat]));
  const made = w.node('ConcatV2', [...parts, w.ints(0)]);
  await using checkpoint = await openCheckpoint(w.write(tempFolder(t), x, [2, 3], made));
  const ends = { input: { name: 'x:0', shape: [2, 3] }, output: `${made}:0` };
  const { graph } = await convertGraph((await tfGraphOf(checkpoint))!, checkpoint, ends);
  const session = await openSession(graph, { threads: 1 });
  const { film } = await session.run({
    pictures: { dtype: 'float32', dims: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
  });
  await session.close();
  const rounded = (values: readonly number[]): number[] => values.map((value) => Math.round(1e5 * value) / 1e5);
  const given = [...(film!.data as Float32Array)];
  for (const [name, [, wanted]] of Object.entries(CASES))
    assert.deepEqual(rounded(given.splice(0, wanted.length)), rounded(wanted), name);
  assert.deepEqual(given, []);
});

test('what runs in a circle, or wants what is not known, is refused', async (t) => {
  const refuse = async (build: (w: HubWriter) => string, message: RegExp): Promise<void> => {
    const w = new HubWriter();
    w.node('Placeholder', [], [type('dtype')], 'x');
    const made = build(w);
    await using checkpoint = await openCheckpoint(w.write(tempFolder(t), 'x', [2, 3], made));
    const ends = { input: { name: 'x:0', shape: [2, 3] }, output: made };
    const tf = (await tfGraphOf(checkpoint))!;
    await assert.rejects(convertGraph(tf, checkpoint, ends), { code: 'weights-mismatch', message });
  };
  await refuse((w) => {
    w.node('Add', ['b', 'x'], [], 'a');
    return w.node('Add', ['a', 'x'], [], 'b');
  }, /in a circle/);
  await refuse((w) => w.node('Reshape', ['x', w.node('Abs', ['x'])]), /is not known beforehand/);
  await refuse((w) => w.node('Add', ['x', 'nobody']), /nobody, which is not in it/);
  await refuse(
    (w) => w.node('Add', ['x', w.node('VariableV2', [], [], 'gone')]),
    /variable gone is not in the checkpoint/,
  );
  await refuse((w) => w.node('Add', ['x', w.node('Placeholder', [], [], 'y')]), /second input, y/);
  // A few bytes that ask for more than there is.
  await refuse((w) => w.node('Range', [w.ints(0), w.ints(2 ** 30), w.ints(1)]), /the shape \[1073741824\]/);
  const huge = [2 ** 15, 2 ** 15];
  await refuse((w) => w.node('Fill', [w.ints(huge), w.ints(1)]), /the shape \[32768, 32768\]/);
  await refuse((w) => w.node('RandomStandardNormal', [w.ints(huge)]), /the shape \[32768, 32768\]/);
  await refuse((w) => w.node('Split', [w.ints(0), 'x'], [int('num_split', 2 ** 30)]), /the shape/);
});

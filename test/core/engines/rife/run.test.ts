/** RIFE over real frames: what is kept between calls, padding, tiles, large motion, stopping. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RifeConfig } from '../../../../app/core/engines/rife/config.ts';
import { openRife } from '../../../../app/core/engines/rife/index.ts';
import { cut, lay, padded, upTo } from '../../../../app/core/engines/rife/padding.ts';
import { RifeNetwork } from '../../../../app/core/engines/rife/run.ts';
import { takeRife } from '../../../../app/core/engines/rife/weights.ts';
import type { Weights } from '../../../../app/core/engines/weights.ts';
import { openCheckpoint } from '../../../../app/core/import/registry.ts';
import type { Tensor } from '../../../../app/core/onnx/graph.ts';
import { collect, FORMATS, maxDifference, paint, texture } from '../frames.ts';
import { kind, largest, picture, stateDict, write } from './support.ts';

async function weightsOf(config: RifeConfig, change: (dict: Map<string, Tensor>) => void = () => {}): Promise<Weights> {
  const dict = stateDict(config, 5);
  change(dict);
  await using checkpoint = await openCheckpoint(write('run.safetensors', dict));
  return await takeRife(checkpoint, config);
}

test('pictures are laid into larger ones and cut out again', () => {
  const size = { width: 5, height: 3 };
  const own = picture(5, 3, 0);
  for (const around of ['zeros', 'edge'] as const) {
    const margin = { left: 2, top: 1, right: 4, bottom: 3 };
    const outer = padded(size, margin);
    const laid = new Float32Array(3 * outer.width * outer.height).fill(9);
    lay(own, size, margin, laid, around, [1, 0, 0]);
    const back = cut(laid, size, margin);
    assert.ok(
      largest(
        back,
        own.map((value, i) => value + (i < 15 ? 1 : 0)),
      ) < 1e-6,
    );
    assert.equal(laid[0], around === 'zeros' ? 0 : back[0]);
    assert.equal(laid.at(-1), around === 'zeros' ? 0 : back.at(-1));
  }
  assert.deepEqual(upTo({ width: 64, height: 65 }, 32), { left: 0, top: 0, right: 0, bottom: 31 });
});

test('a run of pictures gives what each pair gives alone', async () => {
  const config = kind('4.25, 4.26');
  const weights = await weightsOf(config);
  const setup = { width: 70, height: 50, threads: 1 };
  const [a, b, c] = [0, 3, 7].map((shift) => picture(70, 50, shift)) as [Float32Array, Float32Array, Float32Array];
  const alone = async (first: Float32Array, second: Float32Array, t: number) => {
    await using network = new RifeNetwork(config, weights, setup);
    return await network.between(first, second, t);
  };
  await using network = new RifeNetwork(config, weights, setup);
  for (const [first, second, t] of [
    [a, b, 0.25],
    [a, b, 0.75],
    [b, c, 0.5],
    [c, b, 0.5],
    [a, c, 0.5],
  ] as const) {
    const [made, wanted] = [await network.between(first, second, t), await alone(first, second, t)];
    assert.deepEqual(made.picture, wanted.picture);
    assert.equal(made.confidence, wanted.confidence);
    assert.equal(made.picture.length, 3 * 70 * 50);
    assert.ok(made.confidence > 0 && made.confidence < 1);
  }
});

test('4.0 does large motion again at twice the scales', async () => {
  const config = kind('4.0, 4.1');
  const setup = { width: 128, height: 128, threads: 1 };
  const far = await weightsOf(config, (dict) => {
    const bias = dict.get('block1.lastconv.bias')!.data as Float32Array;
    // Block 1 gives an eighth of the flow in its pixels.
    bias.set([6, 0, 6, 0]);
  });
  const [a, b] = [picture(128, 128, 0), picture(128, 128, 3)];
  await using network = new RifeNetwork(config, far, setup);
  const doubled = { ...config, scales: config.scales.map((scale) => 2 * scale) };
  await using again = new RifeNetwork(doubled, far, setup, {}, false);
  await using once = new RifeNetwork(config, far, setup, {}, false);
  const made = (await network.between(a, b, 0.5)).picture;
  assert.deepEqual(made, (await again.between(a, b, 0.5)).picture);
  assert.ok(largest(made, (await once.between(a, b, 0.5)).picture) > 1e-3);
  await using near = new RifeNetwork(config, await weightsOf(config), setup);
  await using same = new RifeNetwork(config, await weightsOf(config), setup, {}, false);
  assert.deepEqual((await near.between(a, b, 0.5)).picture, (await same.between(a, b, 0.5)).picture);
});

test('tiles repeat their edges, whole pictures have zeros around them as published', async () => {
  const dict = stateDict(kind('4.6'), 5);
  const path = write('edges.safetensors', dict);
  const format = FORMATS['gbrp'];
  // White everywhere, but for a pixel that is a little less so (a pair of one picture is that picture): only what lies around can darken it more, where the
  // flow leads there.
  const white = (time: number) =>
    paint(format, 300, 176, time, (x, y) => (time > 0 && x === 150 && y === 88 ? 0.996 : 1));
  const least = async (maxBytes?: number): Promise<number> => {
    await using engine = await openRife(path, { width: 300, height: 176, threads: 1 }, {}, maxBytes);
    const [made] = await collect(engine.between(white(0), white(1000), [0.5]));
    let low = 255;
    for (const { data } of made!.frame.planes) for (const value of data) low = Math.min(low, value);
    return low;
  };
  assert.ok((await least(20e6)) >= 253);
  assert.ok((await least()) < 250, 'the flow of these weights leads out of the picture');
});

test('frames in their own format, whole and in tiles', async () => {
  const config = kind('4.6');
  const dict = stateDict(config, 5);
  // Flows of a pixel at most: random ones reach over the overlap of small tiles.
  for (const [name, { data }] of dict)
    if (name.includes('lastconv'))
      (data as Float32Array).forEach((value, i) => ((data as Float32Array)[i] = value / 20));
  const path = write('frames.safetensors', dict);
  const format = FORMATS['yuv420p'];
  const [width, height] = [320, 192];
  const frame = (time: number, shift: number) =>
    paint(format, width, height, time, (x, y) => 0.2 + 0.6 * texture(x - shift, y));
  const [a, b] = [frame(0, 0), frame(1000, 2)];
  const setup = { width, height, threads: 1 };
  await using whole = await openRife(path, setup);
  const [first, second] = await collect(whole.between(a, b, [0.25, 0.5]));
  assert.ok(first && second);
  assert.deepEqual([first.frame.time, second.frame.time], [250, 500]);
  assert.match(whole.device, /cpu, 1 threads/);
  assert.ok(maxDifference(first.frame, second.frame) > 0);
  await using cutUp = await openRife(path, setup, {}, 30e6);
  const [tile] = await collect(cutUp.between(a, b, [0.25]));
  const apart = maxDifference(tile!.frame, first.frame);
  assert.ok(apart > 0 && apart <= 4, `tiles differ by ${apart}`);
  const signal = AbortSignal.abort(new Error('enough'));
  await assert.rejects(collect(whole.between(a, b, [0.5], { signal })), /enough/);
});

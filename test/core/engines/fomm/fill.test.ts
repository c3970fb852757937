import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { KeyPoint } from '../../../../app/contract/morph.ts';
import type { EngineSetup } from '../../../../app/core/engines/engine.ts';
import { configJson, type FommConfig } from '../../../../app/core/engines/fomm/config.ts';
import { findFomm, openFomm } from '../../../../app/core/engines/fomm/index.ts';
import type { Published } from '../../../../app/core/engines/fomm/fill.ts';
import type { FillOptions, Gap } from '../../../../app/core/engines/inbetween.ts';
import type { Weights } from '../../../../app/core/engines/weights.ts';
import type { Frame } from '../../../../app/core/media/frame.ts';
import { onTwoGrounds } from '../../../../app/core/morph/alpha.ts';
import { modelPlaces, stageModel } from '../../../../app/core/nn/store.ts';
import { tempFolder } from '../../../support/command.ts';
import { collect, FORMATS, maxDifference, paint, psnr, texture } from '../frames.ts';
import { follows, seeded, seededMotion, TINY, writeFomm, writeWeights } from './support.ts';

const OPTIONS: FillOptions = { seed: 7, motion: 'linear' };
const setupOf = ({ width, height }: Frame): EngineSetup => ({ width, height, threads: 1 });
const times = (count: number): number[] => Array.from({ length: count }, (_, i) => (i + 1) / (count + 1));

async function engineOf(t: TestContext, config: FommConfig, weights = seeded(config, 1), published: Published = {}) {
  const path = writeFomm(join(tempFolder(t), 'a.safetensors'), weights, config);
  return async (frame: Frame) => await openFomm(path, setupOf(frame), {}, published);
}

/** A picture of texture, `dx` pixels to the right. */
const textured = (width: number, height: number, dx: number, time: number): Frame =>
  paint(FORMATS.yuv444p, width, height, time, (x, y) => 0.2 + 0.6 * texture(x - dx, y));
const still = (dx: number, time = 0): Frame => textured(96, 64, dx, time);
const large = (dx: number, time = 0): Frame => textured(256, 192, dx, time);

const placed = (x: number): KeyPoint[] =>
  Array.from({ length: TINY.points }, (_, i) => ({ x: i === 0 ? x : 0.1 * i, y: 0, jacobian: [1, 0, 0, 1] }));

test('both stills follow a point that was put by hand, at their own size', async (t) => {
  const open = await engineOf(t, TINY, follows(TINY, 0));
  // A quarter of the picture's half is 31 / 8 pixels of the network's grid of 32, each 8 wide.
  const [a, b] = [large(0, 1000), large(31, 2000)];
  await using engine = await open(a);
  const gap: Gap = { first: { frame: a, points: placed(-0.1) }, last: { frame: b, points: placed(0.15) } };
  const made = await collect(engine.fill(gap, [0.25, 0.5], OPTIONS));
  made.forEach(({ frame, confidence }, i) => {
    const wanted = large([7.75, 15.5][i]!);
    assert.ok(psnr(frame, wanted, 32) > 42, `${psnr(frame, wanted, 32)} dB`);
    assert.equal(frame.time, [1250, 1500][i]);
    assert.ok(confidence > 0.4, `${confidence}: the two agree`);
  });
  // The network's own size, enlarged, is a blur of the same.
  const [naive] = await collect(engine.fill(gap, [0.5], { ...OPTIONS, guided: false }));
  const blurred = psnr(naive!.frame, large(15.5), 32);
  assert.ok(blurred > 18 && blurred < 36, `${blurred} dB`);
  // Dragged elsewhere, the picture goes elsewhere: x alone was changed.
  const dragged = { ...gap, last: { frame: b, points: placed(0.4) } };
  const [other] = await collect(engine.fill(dragged, [0.5], OPTIONS));
  assert.ok(maxDifference(other!.frame, made[1]!.frame) > 10);
});

test('a still between itself is itself, at every time', async (t) => {
  const open = await engineOf(t, TINY, follows(TINY, 2));
  const a = still(0);
  await using engine = await open(a);
  for (const { frame, confidence } of await collect(
    engine.fill({ first: { frame: a }, last: { frame: a } }, [0.3, 0.5], OPTIONS),
  )) {
    assert.equal(maxDifference(frame, a), 0);
    assert.ok(confidence > 0.99);
  }
});

test('a middle keyframe bends the way; pictures are as many as asked for and none comes twice', async (t) => {
  const open = await engineOf(t, TINY);
  const [a, b, c] = [still(0, 0), still(9, 1000), still(-20, 2000)];
  await using engine = await open(a);
  const gap: Gap = { first: { frame: a }, last: { frame: b } };
  const straight = await collect(engine.fill(gap, times(20), OPTIONS));
  assert.equal(straight.length, 20);
  straight.forEach(({ frame }, i) => assert.ok(i === 0 || maxDifference(frame, straight[i - 1]!.frame) > 0, `${i}`));
  const [bent] = await collect(engine.fill({ ...gap, after: { frame: c } }, [times(20)[9]!], OPTIONS));
  assert.ok(maxDifference(bent!.frame, straight[9]!.frame) > 0);
});

test('key points are found, given away as copies, and refused where they do not fit', async (t) => {
  const open = await engineOf(t, TINY);
  const a = still(0);
  await using engine = await open(a);
  const points = await engine.points(a);
  assert.equal(points.length, 10);
  assert.ok(points.every(({ x, y }) => Math.abs(x) <= 1 && Math.abs(y) <= 1));
  points[0]!.x = 9;
  assert.notEqual((await engine.points(a))[0]!.x, 9);
  const fill = (set: KeyPoint[]) =>
    collect(engine.fill({ first: { frame: a, points: set }, last: { frame: a } }, [0.5], OPTIONS));
  await assert.rejects(fill(placed(0).slice(1)), { code: 'bad-keypoints', message: /10 key points, not 9/ });
  await assert.rejects(fill(placed(Number.NaN)), { code: 'bad-keypoints' });
  const small = paint(FORMATS.yuv444p, 64, 64, 0, texture);
  await assert.rejects(engine.points(small), { code: 'size-mismatch' });
  const gone = { ...OPTIONS, signal: AbortSignal.abort(new Error('enough')) };
  await assert.rejects(collect(engine.fill({ first: { frame: a }, last: { frame: a } }, [0.5], gone)), /enough/);
});

test('a network of one channel and any pixel format: alpha is faded, colours stay the stills’', async (t) => {
  const grey: FommConfig = { ...TINY, channels: 1, alignCorners: false };
  const open = await engineOf(t, grey);
  const clear = (alpha: number) =>
    paint(FORMATS.gbrap16, 96, 64, 0, (x, y, channel) =>
      channel === 'a' ? alpha : channel === 'r' ? 0.7 : texture(x, y),
    );
  const [a, b] = [clear(0), clear(1)];
  await using engine = await open(a);
  const [made] = await collect(engine.fill({ first: { frame: a }, last: { frame: b } }, [0.4], OPTIONS));
  assert.equal(made!.frame.planes[3]!.data[100], Math.round(0.4 * 65535));
  const red = made!.frame.planes[2]!.data;
  assert.ok(
    red.every((value) => Math.abs(value - 0.7 * 65535) < 2),
    'nothing grey was painted into it',
  );
});

test('in a film with transparency both grounds move by the same points', async (t) => {
  const open = await engineOf(t, TINY, follows(TINY, 0));
  // Opaque but for the left edge.
  const clear = (dx: number, time: number) =>
    paint(FORMATS.gbrap16, 96, 64, time, (x, y, channel) => (channel === 'a' ? Number(x > 8) : texture(x - dx, y)));
  const [a, b] = [clear(0, 0), clear(6, 1000)];
  await using engine = onTwoGrounds(await open(a), await open(a));
  const [made] = await collect(engine.fill({ first: { frame: a }, last: { frame: b } }, [0.5], OPTIONS));
  const alpha = made!.frame.planes[3]!.data;
  for (let y = 0; y < 64; y++) for (let x = 48; x < 80; x++) assert.equal(alpha[y * 96 + x], 65535);
});

test('as published: every picture is painted from the first still', async (t) => {
  const weights = seeded(TINY, 1);
  const [both, first] = [await engineOf(t, TINY, weights), await engineOf(t, TINY, weights, { firstOnly: true })];
  const [a, b, c] = [still(0, 0), still(9, 1000), still(-20, 1000)];
  await using engine = await first(a);
  const points = placed(0.2);
  const way = (last: Frame): Gap => ({ first: { frame: a }, last: { frame: last, points } });
  const [one] = await collect(engine.fill(way(b), [0.5], OPTIONS));
  const [other] = await collect(engine.fill(way(c), [0.5], OPTIONS));
  assert.equal(maxDifference(one!.frame, other!.frame), 0, 'the last still gives its points and nothing else');
  await using usual = await both(a);
  const [mixed] = await collect(usual.fill(way(c), [0.5], OPTIONS));
  assert.ok(maxDifference(mixed!.frame, other!.frame) > 5);
});

/** A library of its own for a test. */
function library(t: TestContext): { models: string; embedded: string } {
  const before = process.env.INBETWEEN_HOME;
  process.env.INBETWEEN_HOME = tempFolder(t);
  t.after(() => {
    if (before === undefined) delete process.env.INBETWEEN_HOME;
    else process.env.INBETWEEN_HOME = before;
  });
  return modelPlaces();
}

/** Puts weights into the library as a model of somebody's. */
async function install(
  t: TestContext,
  id: string,
  family: string,
  weights: Weights,
  config: Readonly<Record<string, unknown>>,
): Promise<void> {
  await using staged = await stageModel();
  const path = writeWeights(join(tempFolder(t), 'w.safetensors'), weights, config);
  const files = [await staged.add('w.safetensors', path, { move: true })];
  await staged.publish({ id, family, name: id, licence: 'none', source: 'a test', files, config: { ...config } });
}

test('models of motion are found in the store; a seed is a take', async (t) => {
  library(t);
  const a = still(0);
  const gap: Gap = { first: { frame: a }, last: { frame: still(9, 1000) } };
  // As many points as no embedded model has.
  await using engine = await (await engineOf(t, { ...TINY, points: 4 }))(a);
  const lacking = collect(engine.fill(gap, [0.5], { ...OPTIONS, motion: 'adversarial' }));
  await assert.rejects(lacking, { code: 'model-unknown', message: /--motion adversarial needs a model/ });
  const { weights, json } = seededMotion({ kind: 'adversarial', points: 4, hidden: 8, noise: 3, encoded: 5 }, 1);
  await install(t, 'my-motion', 'motion', weights, json);
  const take = async (seed: number, count = 14): Promise<Frame[]> =>
    (await collect(engine.fill(gap, times(count), { seed, motion: 'adversarial' }))).map(({ frame }) => frame);
  const [one, again, another] = [await take(1), await take(1), await take(2 ** 32 - 1)];
  one.forEach((frame, i) => assert.equal(maxDifference(frame, again[i]!), 0));
  assert.ok(one.some((frame, i) => maxDifference(frame, another[i]!) > 2));
  // Between the model's own steps the way goes on.
  const more = await take(1, 29);
  one.forEach((frame, i) => assert.ok(maxDifference(frame, more[2 * i + 1]!) <= 1, `picture ${i}`));
  more.forEach((frame, i) =>
    assert.ok(i === 0 || maxDifference(frame, more[i - 1]!) > 0, `${i} repeats the one before`),
  );
});

test('a network that somebody installed goes with the models of motion that somebody installed', async (t) => {
  const { embedded } = library(t);
  if (!existsSync(join(embedded, 'motion-autoregressive', 'manifest.json')))
    return t.skip('no embedded model of motion');
  const { weights, json } = seededMotion({ kind: 'autoregressive', points: 10, hidden: 8, noise: 0, encoded: 0 }, 1);
  await install(t, 'my-motion', 'motion', weights, json);
  await install(t, 'my-fomm', 'fomm', follows(TINY, 0), configJson(TINY));
  const a = still(0);
  const gap: Gap = { first: { frame: a }, last: { frame: still(9, 1000) } };
  const options: FillOptions = { seed: 0, motion: 'autoregressive' };
  await using mine = await (await findFomm('my-fomm')).open(setupOf(a));
  // The same weights, of no library.
  await using other = await (await engineOf(t, TINY, follows(TINY, 0)))(a);
  const [first, second] = [
    await collect(mine.fill(gap, [0.5], options)),
    await collect(other.fill(gap, [0.5], options)),
  ];
  assert.ok(maxDifference(first[0]!.frame, second[0]!.frame) > 0);
  await assert.rejects(findFomm('my-motion'), { code: 'engine-kind' });
});

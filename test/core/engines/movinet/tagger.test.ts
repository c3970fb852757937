import assert from 'node:assert/strict';
import { test } from 'node:test';
import { published, type MovinetConfig } from '../../../../app/core/engines/movinet/config.ts';
import { openMovinet } from '../../../../app/core/engines/movinet/index.ts';
import { seededWeights } from '../../../../app/core/engines/movinet/seeded.ts';
import type { Score, Tagger } from '../../../../app/core/engines/tagger.ts';
import { literal } from './literal.ts';
import { apart, clip, smallConfig } from './support.ts';

async function open(config: MovinetConfig, memory?: number, version?: string): Promise<Tagger> {
  return await openMovinet(config, seededWeights(config, 7), { threads: 1, memory }, version);
}

/** Pushes `frames` of `pixels` from `from` on, `perPush` at a time. */
async function pushAll(
  tagger: Tagger,
  pixels: Float32Array,
  [from, to]: readonly [number, number],
  perPush: number,
): Promise<Score[]> {
  const each = 3 * tagger.size ** 2;
  const scores: Score[] = [];
  for (let at = from; at < to; at += perPush) {
    const count = Math.min(perPush, to - at);
    scores.push(...(await tagger.push(pixels.subarray(at * each, (at + count) * each), count)));
  }
  return scores;
}

function requireAlike(a: readonly Score[], b: readonly Score[], tolerance: number): void {
  assert.deepEqual(
    a.map(({ frame }) => frame),
    b.map(({ frame }) => frame),
  );
  for (const [i, { probabilities, embedding }] of a.entries()) {
    assert.ok(apart(probabilities, b[i]!.probabilities) <= tolerance, `frame ${i}`);
    assert.ok(apart(embedding, b[i]!.embedding) <= tolerance * 10, `embedding of frame ${i}`);
  }
}

test('a stream gives the same in chunks and frame by frame, beyond its memory too, and goes on from a kept state', async () => {
  const config = smallConfig({ positional_encoding: true, gate: 'relu6', activation: 'sigmoid', memory: 1.25 });
  const pixels = clip(23, config.resolution);
  await using tagger = await open(config);
  assert.deepEqual([tagger.size, tagger.rate, tagger.embedding, tagger.labels.length], [37, 4, 16, 5]);
  const singly = await pushAll(tagger, pixels, [0, 23], 1);
  const truth = literal(config, seededWeights(config, 7), pixels, 23, 5);
  for (const [i, { probabilities }] of singly.entries())
    assert.ok(
      apart(
        probabilities,
        truth[i]!.map((x) => 1 / (1 + Math.exp(-x))),
      ) < 1e-5,
      `frame ${i} against the description`,
    );
  for (const perPush of [3, 8, 23]) {
    tagger.reset();
    requireAlike(await pushAll(tagger, pixels, [0, 23], perPush), singly, 1e-5);
  }
  tagger.reset();
  const begun = await pushAll(tagger, pixels, [0, 10], 10);
  const state = await tagger.state();
  await using other = await open(config);
  await other.restore(state!);
  requireAlike([...begun, ...(await pushAll(other, pixels, [10, 23], 5))], singly, 1e-5);
  assert.deepEqual(await other.finish(), []);
});

test('a state of another network or memory is refused, so are pixels of another size', async () => {
  const config = smallConfig();
  await using tagger = await open(config);
  const state = (await tagger.state())!;
  for (const [memory, version] of [
    [2, undefined],
    [undefined, 'another'],
  ] as const) {
    await using other = await open(config, memory, version);
    await assert.rejects(other.restore(state), { code: 'weights-mismatch' });
  }
  await assert.rejects(tagger.restore(state.subarray(1)), { code: 'weights-mismatch' });
  await assert.rejects(tagger.push(new Float32Array(10), 1), { code: 'engine-failed' });
});

test('without a limit a stream never forgets, with one it does', async () => {
  const config = smallConfig({ activation: 'sigmoid' });
  const side = config.resolution;
  // Another beginning, then the same for long.
  const same = clip(60, side);
  const other = same.slice();
  other.fill(0, 0, 10 * 3 * side ** 2);
  const last = async (memory: number): Promise<number> => {
    await using tagger = await open(config, memory);
    const [a] = (await pushAll(tagger, same, [0, 60], 8)).slice(-1);
    tagger.reset();
    const [b] = (await pushAll(tagger, other, [0, 60], 8)).slice(-1);
    return apart(a!.embedding, b!.embedding);
  };
  const [never, soon] = [await last(Infinity), await last(1)];
  assert.ok(soon < never / 20, `${soon} and ${never}`);
});

test('full A0: chunks and single frames agree to 1e-5', async () => {
  const config = { ...published('a0', 'stream'), classes: 20, head: 64 };
  await using tagger = await open(config, 1);
  const pixels = clip(9, config.resolution);
  const singly = await pushAll(tagger, pixels, [0, 9], 1);
  tagger.reset();
  requireAlike(await pushAll(tagger, pixels, [0, 9], 9), singly, 1e-5);
});

test('a base network says one score a frame: the mean of the windows that hold it', async () => {
  const config = smallConfig({ causal: false });
  const side = config.resolution;
  const pixels = clip(14, side);
  const window = async (from: number, to: number): Promise<number[]> => {
    const part = pixels.subarray(from * 3 * side ** 2, to * 3 * side ** 2);
    const [row] = literal(config, seededWeights(config, 7), part, to - from);
    const powers = row!.map((x) => Math.exp(x));
    return powers.map((x) => x / powers.reduce((a, b) => a + b, 0));
  };
  // Windows of six, three apart; what is left at the end is one of its own.
  const windows = await Promise.all(
    [
      [0, 6],
      [3, 9],
      [6, 12],
      [9, 14],
    ].map(([from, to]) => window(from!, to!)),
  );
  const wanted = Array.from({ length: 14 }, (_, frame) => {
    const first = Math.floor(frame / 3) - 1;
    const held = [first, first + 1].flatMap((i) => windows[i] ?? []);
    return Array.from(
      { length: 5 },
      (__, label) => held.filter((_x, i) => i % 5 === label).reduce((a, b) => a + b, 0) / (held.length / 5),
    );
  });
  await using tagger = await open(config);
  for (const perPush of [14, 1, 4]) {
    tagger.reset();
    const early = await pushAll(tagger, pixels, [0, 14], perPush);
    assert.equal(early.length, 9);
    const scores = [...early, ...(await tagger.finish())];
    assert.deepEqual(
      scores.map(({ frame }) => frame),
      [...wanted.keys()],
    );
    for (const [i, { probabilities }] of scores.entries())
      assert.ok(apart(probabilities, wanted[i]!) < 1e-5, `frame ${i}`);
  }
  assert.equal(await tagger.state(), null);
});

test('a base network judges a clip shorter than its window, and one that ends with a window', async () => {
  const config = smallConfig({ causal: false });
  await using tagger = await open(config);
  for (const [frames, early] of [
    [2, 0],
    [6, 3],
    [9, 6],
  ] as const) {
    tagger.reset();
    const scores = await pushAll(tagger, clip(frames, config.resolution), [0, frames], frames);
    assert.equal(scores.length, early);
    scores.push(...(await tagger.finish()));
    assert.deepEqual(
      scores.map(({ frame }) => frame),
      [...Array(frames).keys()],
    );
  }
});

test('Kinetics names its classes where there are 600', async () => {
  const config = smallConfig({ classes: 600 });
  await using tagger = await open(config);
  assert.deepEqual([tagger.labels.length, tagger.labels[0], tagger.labels[599]], [600, 'abseiling', 'zumba']);
});

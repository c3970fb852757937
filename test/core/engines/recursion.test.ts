import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recursion } from '../../../app/core/engines/recursion.ts';

const [A, B] = [Float32Array.of(0), Float32Array.of(16)];

function counting() {
  const made: number[] = [];
  const middle = async (a: Float32Array, b: Float32Array) => {
    made.push((a[0]! + b[0]!) / 2);
    return Float32Array.of((a[0]! + b[0]!) / 2);
  };
  return { made, middle };
}

test('every sixteenth is the picture of its own time, each made once', async () => {
  const { made, middle } = counting();
  const recursion = new Recursion(middle, 4);
  for (let part = 0; part <= 16; part++) assert.equal((await recursion.part(A, B, part))[0], part);
  assert.equal(made.length, 15);
  await recursion.at(A, B, 0.4);
  assert.equal(made.length, 15);
});

test('every frame of a long run has its own time; what halving does not reach is the nearest sixteenth', async () => {
  const { made, middle } = counting();
  const recursion = new Recursion(middle);
  for (let n = 1; n < 64; n++) assert.equal((await recursion.at(A, B, n / 64)).picture[0], n / 4);
  assert.equal(made.length, 63, 'in ascending order each is made once');
  assert.equal((await recursion.at(B, A, 1 / 256)).t, 1 / 256);
  for (const [asked, given] of [
    [0.4, 6 / 16],
    [1 / 3, 5 / 16],
    [0.001, 1 / 16],
    [0.999, 15 / 16],
  ] as const)
    assert.equal((await recursion.at(A, B, asked)).t, given);
});

test('a timestep gets the nearest picture, never an end', async () => {
  const recursion = new Recursion(counting().middle, 2);
  const asked = [0.01, 0.3, 0.5, 0.6, 0.99];
  const times = [];
  for (const t of asked) times.push((await recursion.at(A, B, t)).t);
  assert.deepEqual(times, [0.25, 0.25, 0.5, 0.5, 0.75]);
});

test('half way costs one picture, and another pair forgets the last', async () => {
  const { made, middle } = counting();
  const recursion = new Recursion(middle);
  await recursion.at(A, B, 0.5);
  assert.deepEqual(made, [8]);
  await recursion.at(B, A, 0.5);
  assert.deepEqual(made, [8, 8]);
});

test('in ascending order no more pictures are kept than there are rounds', async () => {
  const { made, middle } = counting();
  const recursion = new Recursion(middle, 4);
  for (let part = 1; part < 16; part++) {
    await recursion.part(A, B, part);
    recursion.dropBefore(part);
  }
  assert.equal(made.length, 15, 'nothing was made twice');
  const [first] = made;
  assert.equal(first, 8);
  // What was dropped is made again, and its own parents with it.
  assert.equal((await recursion.part(A, B, 1))[0], 1);
  assert.deepEqual(
    made.slice(15),
    [8, 4, 2, 1].filter((part) => made.slice(15).includes(part)),
  );
  assert.ok(made.length > 15);
});

/** Symbolic sizes: the algebra against plain arithmetic, and the canonical text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as dim from '../../../app/core/onnx/dim.ts';

test('texts are canonical', () => {
  assert.equal(dim.symbol('h'), 'h');
  assert.equal(dim.symbol('h', 64), '64*h');
  assert.equal(dim.floorDiv('64*h', 2), '32*h');
  assert.equal(dim.floorDiv(dim.plus('h', 1), 2), 'floor((h+1)/2)');
  assert.equal(dim.floorDiv(dim.plus('4*h', 3), 2), '2*h+1');
  assert.equal(dim.times('2*h-1', 3), '6*h-3');
  for (const good of ['h', '64*h', '2*h+1', 'h-3', 'floor((3*h+1)/2)']) assert.ok(dim.isDimText(good), good);
  for (const bad of [
    '',
    '3',
    '1*h',
    'h+0',
    'floor(h/2)',
    'floor((4*h)/2)',
    'floor((h+1)/0)',
    '0*h',
    'h w',
    'h*2',
    'h)/2)',
  ])
    assert.ok(!dim.isDimText(bad), bad);
});

test('what is not exact is undefined, not rounded', () => {
  assert.equal(dim.times(dim.floorDiv('h', 2), 2), undefined);
  assert.equal(dim.exactDiv('h', 2), undefined);
  assert.equal(dim.exactDiv('6*h+2', 4), undefined);
  assert.equal(dim.sum('h', 'w'), undefined);
  assert.equal(dim.difference('h', '2*h'), undefined);
  assert.equal(dim.difference('2*h+5', '2*h'), 5);
  assert.equal(dim.difference('floor((h+1)/2)', 'floor((h+1)/2)'), 0);
});

test('chains of operations evaluate as the numbers do', () => {
  let seed = 7;
  const random = (n: number) => (seed = (seed * 48271) % 2147483647) % n;
  for (let round = 0; round < 2000; round++) {
    const [value, multiple] = [1 + random(50), 1 + random(8)];
    let [size, text]: [number, dim.Dim] = [value * multiple, dim.symbol('h', multiple)];
    for (let step = 0; step < 5; step++) {
      const n = 1 + random(4);
      const kind = random(4);
      const next: dim.Dim | undefined =
        kind === 0
          ? dim.plus(text, n - 3)
          : kind === 1
            ? dim.floorDiv(text, n)
            : kind === 2
              ? dim.times(text, n)
              : dim.sum(text, text);
      if (next === undefined) continue;
      text = next;
      size = kind === 0 ? size + n - 3 : kind === 1 ? Math.floor(size / n) : kind === 2 ? size * n : 2 * size;
      assert.equal(dim.evaluate(text, { h: value }), size, `${text} for h=${value}`);
      assert.ok(typeof text === 'number' || dim.isDimText(text), String(text));
    }
  }
});

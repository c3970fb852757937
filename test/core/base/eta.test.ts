import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEta } from '../../../app/core/base/eta.ts';

/** Feeds `fraction(t)` ten times a second from t = 0 to `end`; the last answer. */
function follow(end: number, fraction: (t: number) => number): number | undefined {
  const eta = createEta();
  let last: number | undefined;
  for (let t = 0; t <= end + 1e-9; t += 0.1) last = eta.update(fraction(t), t);
  return last;
}

const near = (actual: number | undefined, wanted: number, share: number): void =>
  assert.ok(actual !== undefined && Math.abs(actual - wanted) <= share * wanted, `${actual} is not near ${wanted}`);

test('a steady rate tells the time to go', () =>
  near(
    follow(20, (t) => t / 100),
    80,
    0.02,
  ));

test('nothing is told before there is a second of history, nor while nothing moves', () => {
  assert.equal(
    follow(0.5, (t) => t / 100),
    undefined,
  );
  assert.equal(
    follow(30, () => 0.3),
    undefined,
  );
});

test('work found finished at the start is not taken for speed', () => {
  near(
    follow(6, (t) => (t < 0.05 ? 0 : 0.6 + t / 100)),
    34,
    0.15,
  );
});

test('a change of rate is followed within the window', () => {
  near(
    follow(40, (t) => (t < 20 ? t / 50 : 0.4 + (t - 20) / 200)),
    100,
    0.02,
  );
});

test('progress in bursts is averaged', () =>
  near(
    follow(30, (t) => Math.floor(t / 2) * 0.02),
    70,
    0.25,
  ));

test('the end is no time away', () =>
  assert.equal(
    follow(1, (t) => Math.min(1, t * 2)),
    0,
  ));

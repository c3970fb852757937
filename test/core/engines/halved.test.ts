import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findInbetweener } from '../../../app/core/engines/registry.ts';
import type { Frame } from '../../../app/core/media/frame.ts';
import { FORMATS, paint, texture } from './frames.ts';

const SIDE = 64;
/** Times of so many pictures evenly spaced. */
const even = (count: number): number[] => Array.from({ length: count }, (_, k) => (k + 1) / (count + 1));
const moved = (shift: number): Frame => paint(FORMATS.gbrp, SIDE, SIDE, shift, (x, y) => texture(x - shift, y));

test('a network that only knows the middle shows no picture twice, and moves evenly', async () => {
  const entry = await findInbetweener('sepconv');
  assert.equal(entry.note?.(even(15)), undefined);
  assert.match(entry.note?.(even(20)) ?? '', /halves the way: the 20 pictures/);
  await using engine = await entry.open({ width: SIDE, height: SIDE, threads: 2, device: 'cpu' });
  const gap = { first: { frame: moved(0) }, last: { frame: moved(6) } };
  const times = even(20);
  const made: Frame[] = [];
  for await (const { frame } of engine.fill(gap, times, { seed: 0, motion: 'linear' })) made.push(frame);
  assert.equal(made.length, 20);
  const inside = (y: number, x: number): boolean => y > 12 && y < SIDE - 12 && x > 12 && x < SIDE - 12;
  const apart = (a: Frame, b: Frame): number => {
    let sum = 0;
    a.planes[0]!.data.forEach((value: number, i: number) => {
      if (inside(Math.floor(i / SIDE), i % SIDE)) sum += Math.abs(value - b.planes[0]!.data[i]!);
    });
    return sum;
  };
  const all = [gap.first.frame, ...made, gap.last.frame];
  const steps = all.slice(1).map((frame, n) => apart(frame, all[n]!));
  const mean = steps.reduce((sum, step) => sum + step, 0) / steps.length;
  for (const [n, step] of steps.entries())
    assert.ok(step > mean / 4 && step < 3 * mean, `step ${n}: ${steps.map((s) => (s / mean).toFixed(2)).join(' ')}`);
});

test('what goes on in the middle of a gap makes the pictures that were to come', async () => {
  const entry = await findInbetweener('sepconv');
  await using engine = await entry.open({ width: SIDE, height: SIDE, threads: 2, device: 'cpu' });
  const gap = { first: { frame: moved(0) }, last: { frame: moved(6) } };
  // Eased: what is left has other steps than the whole.
  const times = [0.05, 0.15, 0.3, 0.5, 0.9];
  const last = async (asked: readonly number[]): Promise<Frame> => {
    let made: Frame | undefined;
    const how = { seed: 0, motion: 'linear', frames: times.length } as const;
    for await (const { frame } of engine.fill(gap, asked, how)) made = frame;
    return made!;
  };
  const whole = await last(times);
  assert.deepEqual((await last(times.slice(4))).planes, whole.planes);
});

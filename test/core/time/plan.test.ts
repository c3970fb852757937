import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Rational } from '../../../app/contract/time.ts';
import { TICKS } from '../../../app/contract/time.ts';
import { curvePieces } from '../../../app/core/time/curve.ts';
import {
  constantRatePlan,
  sourceTimingPlan,
  speedPiece,
  type FramePlan,
  type PlanSource,
} from '../../../app/core/time/plan.ts';
import { multiply, rational, ticksOf } from '../../../app/core/time/rational.ts';
import { sourceTiming } from '../../../app/core/time/regular.ts';

const RATES: Rational[] = [
  [24000, 1001],
  [24, 1],
  [25, 1],
  [30000, 1001],
  [25, 2],
  [60, 1],
  [120000, 1001],
].map(([num, den]) => rational(num!, den));

function clip(n: number, rate: Rational, extra: Partial<PlanSource> = {}): PlanSource {
  const at = (i: number) => ticksOf(i, { num: rate.den, den: rate.num });
  return { times: Array.from({ length: n }, (_, i) => at(i)), end: at(n), cuts: [], holds: [], ...extra };
}

function whole(source: PlanSource) {
  return { from: 0, last: source.times.at(-1)!, to: source.end };
}

function slow(source: PlanSource, out: Rational, speed: Rational): FramePlan {
  return constantRatePlan(source, [speedPiece(whole(source), speed, out)], out, 0);
}

/** 'p3' passed, 'h3' held, '3+1/4' between. */
function describe(plan: FramePlan): string[] {
  return Array.from({ length: plan.count }, (_, k) => {
    const frame = plan.frame(k);
    if (frame.kind === 'source') return `${frame.held ? 'h' : 'p'}${frame.index}`;
    if (frame.kind === 'average') return `a${frame.parts.length}`;
    return `${frame.a}+${(frame.num / frame.den).toFixed(3)}`;
  });
}

test('factor N of n frames gives n*N frames, the last N-1 holding, for every rate', () => {
  for (const rate of RATES) {
    for (const N of [1, 2, 3, 4, 5, 7, 8, 16]) {
      for (const n of [1, 2, 3, 10, 47, 1000]) {
        const plan = slow(clip(n, rate), multiply(rate, rational(N)), rational(1));
        assert.equal(plan.count, n * N, `${n} x${N} at ${rate.num}/${rate.den}`);
        for (let k = 0; k < plan.count; k += n > 100 ? 37 : 1) {
          const frame = plan.frame(k);
          const [i, j] = [Math.floor(k / N), k % N];
          if (j === 0) assert.deepEqual(frame, { kind: 'source', index: i, held: false });
          else if (i === n - 1) assert.deepEqual(frame, { kind: 'source', index: i, held: true });
          else {
            assert.ok(frame.kind === 'between' && frame.a === i && frame.b === i + 1);
            assert.ok(Math.abs(frame.num / frame.den - j / N) < 1e-6);
          }
        }
      }
    }
  }
});

test('speed stretches at the same rate and equals the factor frame for frame', () => {
  const rate = rational(24000, 1001);
  const bySpeed = slow(clip(10, rate), rate, rational(1, 4));
  const byFactor = slow(clip(10, rate), multiply(rate, rational(4)), rational(1));
  assert.deepEqual(describe(bySpeed), describe(byFactor));
});

test('rates that do not divide: 24 to 60, 23.976 to 60, 2.5 times', () => {
  const plan = slow(clip(4, rational(24)), rational(60), rational(1));
  assert.deepEqual(describe(plan), [
    'p0',
    '0+0.400',
    '0+0.800',
    '1+0.200',
    '1+0.600',
    'p2',
    '2+0.400',
    '2+0.800',
    'h3',
    'h3',
  ]);
  const ntsc = rational(24000, 1001);
  for (const n of [1, 24, 1001, 24000]) {
    const count = slow(clip(n, ntsc), rational(60), rational(1)).count;
    assert.equal(count, Math.ceil((n * 1001 * 60) / 24000 - 1e-6), String(n));
  }
});

test('reverse, freeze and fast motion', () => {
  const rate = rational(25);
  assert.deepEqual(describe(slow(clip(4, rate), rate, rational(-1))), ['p3', 'p2', 'p1', 'p0']);
  assert.deepEqual(describe(slow(clip(4, rate), rate, rational(2))), ['p0', 'p2']);
  const keys = [
    { output: 0, source: 0.04, ease: 'hold' as const },
    { output: 0.12, source: 0.04, ease: 'linear' as const },
    { output: 0.2, source: 0.12, ease: 'linear' as const },
  ];
  const plan = constantRatePlan(clip(8, rate), curvePieces(keys, rate), rate, 0);
  assert.deepEqual(describe(plan), ['p1', 'p1', 'p1', 'p1', 'p2']);
});

test('cuts are never interpolated across: the shot before holds', () => {
  const rate = rational(24);
  const plan = slow(clip(4, rate, { cuts: [2] }), rational(72), rational(1));
  assert.deepEqual(describe(plan).join(' '), 'p0 0+0.333 0+0.667 p1 h1 h1 p2 2+0.333 2+0.667 p3 h3 h3');
  assert.equal(plan.section(5), plan.section(0));
  assert.notEqual(plan.section(6), plan.section(5));
});

test('holds are interpolated across, but not across a cut, and real frames still show in the tail', () => {
  const rate = rational(24);
  const onTwos = clip(6, rate, {
    holds: [
      { first: 0, last: 1 },
      { first: 2, last: 3 },
      { first: 4, last: 5 },
    ],
  });
  assert.equal(describe(slow(onTwos, rate, rational(1))).join(' '), 'p0 0+0.500 p2 2+0.500 p4 p5');
  const cut = { ...onTwos, cuts: [2] };
  assert.equal(describe(slow(cut, rate, rational(1))).join(' '), 'p0 p1 p2 2+0.500 p4 p5');
});

test('VFR: pictures lie at their real times', () => {
  const times = [0, 30, 100, 110].map((ms) => (ms * TICKS) / 1000);
  const source: PlanSource = { times, end: 0.15 * TICKS, cuts: [], holds: [] };
  const plan = constantRatePlan(source, [speedPiece(whole(source), rational(1), rational(50))], rational(50), 0);
  assert.equal(describe(plan).join(' '), 'p0 0+0.667 1+0.143 1+0.429 1+0.714 p2 h3 h3');
  const kept = sourceTimingPlan(source, { first: 0, last: 3, to: source.end }, 2, rational(1, 2), rational(1, 90000));
  assert.deepEqual(
    Array.from({ length: 9 }, (_, k) => kept.timestamp(k) / 90),
    [0, 30, 60, 130, 200, 210, 220, 260, 300],
  );
  assert.equal(describe(kept).join(' '), 'p0 0+0.500 p1 1+0.500 p2 2+0.500 p3 h3');
});

test('the shutter averages sub-frames above normal speed only, and never across a cut', () => {
  const rate = rational(24);
  const source = clip(12, rate, { cuts: [6] });
  const piece = (speed: Rational) => speedPiece(whole(source), speed, rate);
  assert.ok(
    describe(constantRatePlan(source, [piece(rational(1, 2))], rate, 180)).every((text) => !text.startsWith('a')),
  );
  const fast = constantRatePlan(source, [piece(rational(4))], rate, 360);
  assert.deepEqual(describe(fast), ['a16', 'a8', 'a16']);
  const frame = fast.frame(1);
  assert.ok(
    frame.kind === 'average' && frame.parts.every((part) => (part.kind === 'between' ? part.b < 6 : part.index < 6)),
  );
});

test('timestamps rounded by a container lie on their grid again; gaps stay gaps; VFR stays VFR', () => {
  const rate = rational(24000, 1001);
  const ms = (i: number) => Math.round((i * 1001) / 24) * (TICKS / 1000);
  const rounded = Array.from({ length: 500 }, (_, i) => ms(i));
  const timing = sourceTiming(rounded, ms(500), rational(1, 1000), [rate]);
  assert.equal(timing.vfr, false);
  assert.deepEqual(timing.rate, rate);
  assert.equal(timing.times[499], ticksOf(499, { num: 1001, den: 24000 }));
  assert.equal(timing.end, ticksOf(500, { num: 1001, den: 24000 }));
  // The same without the container's claim.
  assert.deepEqual(sourceTiming(rounded, ms(500), rational(1, 1000), []).rate, rate);
  const gap = sourceTiming(
    rounded.filter((_, i) => i < 100 || i > 103),
    ms(500),
    rational(1, 1000),
    [rate],
  );
  assert.equal(gap.vfr, false);
  assert.equal(gap.times[100], ticksOf(104, { num: 1001, den: 24000 }));
  const phone = [0, 33, 70, 99, 140, 166, 201, 233].map((t) => (t * TICKS) / 1000);
  const vfr = sourceTiming(phone, phone[7]! + TICKS / 30, rational(1, 90000), [rational(30)]);
  assert.equal(vfr.vfr, true);
  assert.deepEqual(vfr.times, phone);
  assert.equal(vfr.rate.num, 30);
});

test('a clip of one frame has its claimed rate', () => {
  const timing = sourceTiming([0], 100, rational(1, 1000), [undefined, rational(30)]);
  assert.deepEqual([timing.rate, timing.end], [rational(30), TICKS / 30]);
});

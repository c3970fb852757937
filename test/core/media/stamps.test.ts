import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TICKS } from '../../../app/contract/time.ts';
import { StampReader, medianInterval, showinfoReader, ticksOf } from '../../../app/core/media/stamps.ts';
import type { Stamp } from '../../../app/core/media/stamps.ts';

const base = { num: 1, den: 1000 };
const MS = TICKS / 1000;

function read(pts: readonly (number | null)[], resets = false, duration?: number) {
  const reader = new StampReader({ interval: 0.04, resets });
  reader.timeBase = base;
  pts.forEach((value, i) => assert.equal(reader.add({ pts: value, key: i === 0 }), i));
  return reader.finish(duration);
}

const ms = (times: readonly number[]): number[] => times.map((time) => Math.round(time / MS));

test('ticks: exact for the usual bases, rounded once for the others', () => {
  assert.equal(ticksOf(1001, { num: 1, den: 30_000 }), (1001 * TICKS) / 30_000);
  assert.equal(ticksOf(-3, { num: 1, den: 90_000 }), -3 * 7840);
  assert.equal(ticksOf(7, { num: 1, den: 13 }), Math.round((7 * TICKS) / 13));
  // A product beyond 2^53 is done exactly.
  const far = 9_000_000_001;
  assert.equal(
    ticksOf(far, { num: 1, den: 11_988_001 }),
    Number((BigInt(far) * BigInt(TICKS) * 2n + 11_988_001n) / 23_976_002n),
  );
  assert.equal(ticksOf(-far, { num: 1, den: 11_988_001 }), -ticksOf(far, { num: 1, den: 11_988_001 }));
});

test('own timestamps are kept, whatever the rate; the first is the start', () => {
  const index = read([5000, 5040, 5100, 5101, 5300]);
  assert.deepEqual(ms(index.times), [0, 40, 100, 101, 300]);
  assert.equal(index.start, 5000 * MS);
  assert.deepEqual(index.warnings, []);
  assert.deepEqual(index.stamps.pts, [5000, 5040, 5100, 5101, 5300]);
  assert.deepEqual(index.stamps.keys, [0]);
});

test('the end is the median interval after the last frame, or what the file says where that is credible', () => {
  assert.equal(read([0, 40, 80, 120]).end, 160 * MS);
  assert.equal(read([0, 40, 80, 120], false, 0.15).end, 150 * MS);
  assert.equal(read([0, 40, 80, 120], false, 143_165).end, 160 * MS);
  assert.equal(read([0, 40, 80, 120], false, 0.121).end, 160 * MS);
  assert.equal(read([7]).end, 40 * MS);
});

test('missing and repeated timestamps are spread between their neighbours and told', () => {
  const index = read([0, null, null, 120, 120, 200, 190, 180, 260]);
  assert.deepEqual(ms(index.times), [0, 40, 80, 120, 160, 200, 220, 240, 260]);
  assert.match(index.warnings.join(), /5 of 9 frames/);
  assert.deepEqual(ms(read([0, 40, null, null]).times), [0, 40, 80, 120]);
  assert.deepEqual(ms(read([null, null, null]).times), [0, 40, 80]);
});

test('a clock that is reset goes on from where it was', () => {
  const index = read([100_000, 100_040, 0, 40, 80]);
  assert.deepEqual(ms(index.times), [0, 40, 80, 120, 160]);
  assert.match(index.warnings.join(), /reset/);
  // Ahead only where broadcast streams do that: elsewhere a long pause is a long pause.
  assert.deepEqual(ms(read([0, 40, 50_000, 50_040], true).times), [0, 40, 80, 120]);
  assert.deepEqual(ms(read([0, 40, 50_000, 50_040]).times), [0, 40, 50_000, 50_040]);
});

test('times ascend strictly whatever comes', () => {
  let seed = 1;
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let round = 0; round < 200; round++) {
    const pts = Array.from({ length: 40 }, () => (random(5) === 0 ? null : random(3000) - 500));
    const { times, end } = read(pts, round % 2 === 0);
    assert.equal(times.length, pts.length);
    assert.equal(times[0], 0);
    for (let i = 1; i < times.length; i++) assert.ok(times[i]! > times[i - 1]!, `round ${round}, frame ${i}`);
    assert.ok(end > times.at(-1)!);
  }
});

test('the median interval', () => {
  assert.equal(medianInterval([0, 10, 20, 90]), 10);
  assert.equal(medianInterval([0]), undefined);
});

test("showinfo's lines of old and new versions are read", () => {
  const stamps: Stamp[] = [];
  const bases: unknown[] = [];
  const reads = showinfoReader({
    onStamp: (stamp) => stamps.push(stamp),
    onTimeBase: (rational) => bases.push(rational),
  });
  const at = '[Parsed_showinfo_2 @ 0x55ac] [info]';
  assert.ok(reads(`${at} config in time_base: 1/30000, frame_rate: 30000/1001`));
  assert.ok(
    reads(`${at} n:   0 pts:  -1001 pts_time:-0.0333667 pos:  2269 fmt:gray sar:1/1 s:32x18 i:P iskey:1 type:I`),
  );
  assert.ok(reads(`${at} n:   1 pts:NOPTS pts_time:NOPTS pos: -1 fmt:gray sar:0/1 s:32x18 i:P iskey:0 type:P`));
  assert.ok(
    reads(`${at} n:   2 pts:    512 pts_time:0.0333 duration:    512 duration_time:0.03 fmt:gray iskey:0 type:B`),
  );
  assert.equal(reads('[h264 @ 0x1] [error] n: 1 pts: 2 no'), false);
  assert.deepEqual(stamps, [
    { pts: -1001, key: true },
    { pts: null, key: false },
    { pts: 512, key: false, duration: 512 },
  ]);
  assert.deepEqual(bases, [{ num: 1, den: 30_000 }]);
});

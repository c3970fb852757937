/**
 * An hour and a minute of the ratio of 23.976 to 60000/1001, and an hour of a phone's varying rate, both with an eighth or a tenth of the frames: how far sound and picture are apart at the end, and whether each of
 * some hundred frames, and all of the last ones, are those that should be there. Keeps docs/evidence/rates-hours.json.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { tempFolder } from '../support/command.ts';
import { writeEvidence } from '../support/evidence.ts';
import { makeSource, expectedOf, outputRate, specOf, type Operation, type Source } from '../support/rate-cases.ts';
import { lookHere } from '../support/flash-beep.ts';
import { Here } from '../support/here.ts';
import { FIGURE } from '../guarantees/promise.ts';

const SECONDS = 61 * 60;
const CASES: readonly (readonly [source: Source, operation: Operation])[] = [
  [
    { name: '23.976 / 8', rate: [3000, 1001], ending: 'mp4', options: { sampleRate: 8000 } },
    { name: 'to 59.94 / 8', fps: [7500, 1001], speed: [1, 1], audio: 'keep-pitch' },
  ],
  [
    { name: 'VFR of a phone, about 3 a second', rate: [3, 1], ending: 'mp4', options: { sampleRate: 8000 }, vfr: true },
    { name: 'to 6', fps: [6, 1], speed: [1, 1], audio: 'keep-pitch' },
  ],
];
const rows: Record<string, unknown>[] = [];

for (const [source, operation] of CASES) {
  const { name } = source;
  test(`an hour of ${name}, ${operation.name}: no drift at its end`, async (context) => {
    const folder = tempFolder(context);
    const film = makeSource(source, join(folder, `source.${source.ending}`), SECONDS);
    using here = await Here.open(join(folder, 'library'));
    const output = join(folder, 'out.mp4');
    const result = await here.run(specOf(film, source, operation, output));
    const expected = expectedOf(film, source, operation);
    const [num, den] = outputRate(source, operation);
    assert.equal(result.frames, expected.count);
    const seen = lookHere(output, { every: 1999, last: 120, frames: expected.count });
    const wrong = seen.numbers.filter(({ frame, number }) => number !== expected.numberAt(frame) % 2048);
    assert.deepEqual(wrong, []);
    const times = seen.pts.every(
      (pts, k) =>
        BigInt(pts) * BigInt(seen.timeBase[0]) * BigInt(num) === BigInt(k) * BigInt(den) * BigInt(seen.timeBase[1]),
    );
    assert.ok(times && seen.pts.length === expected.count, 'every time is exact');
    // Normal speed: a beep is as long after the start as in the source.
    const beeps = film.flashes.map((i) => film.times[i]! / film.base).filter((at) => at < film.end / film.base - 0.1);
    const late = beeps
      .slice(-10)
      .map(
        (at) =>
          1000 * seen.beeps.reduce((best, one) => (Math.abs(one - at) < Math.abs(best) ? one - at : best), Infinity),
      );
    const drift = Math.max(...late.map(Math.abs));
    const row = {
      source: name,
      operation: operation.name,
      minutes: film.end / film.base / 60,
      frames: expected.count,
      framesLookedAt: seen.numbers.length,
      driftOfLastBeepsMs: drift,
      endOfSoundMinusEndOfPictureMs: result.avDriftMs,
    };
    rows.push(row);
    context.diagnostic(`${FIGURE}${JSON.stringify(row)}`);
    assert.ok(drift < 4, `beeps of the last seconds are ${drift} ms off`);
    assert.ok(Math.abs(result.avDriftMs) <= 1000 / 7.5);
  });
}

after(() => {
  if (rows.length === CASES.length)
    writeEvidence('rates-hours', { rows, tolerated: 'beeps 4 ms, ends one output frame, times exact' });
});

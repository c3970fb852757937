import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { ffmpegOutput } from '../../support/clips.ts';
import { tempFolder } from '../../support/command.ts';
import { look } from '../../support/flash-beep.ts';
import { Here } from '../../support/here.ts';
import { judge, makeSource, OPERATIONS, SOURCES, specOf } from '../../support/rate-cases.ts';
import { FIGURE } from '../../guarantees/promise.ts';

/** Of the whole matrix (test/long/rates.long.ts) a case for each thing that is hard. */
const TELLING: readonly (readonly [source: string, operation: string, ending: string])[] = [
  ['VFR of a phone', 'x2.5', 'mp4'],
  ['edit list', 'ramp', 'mp4'],
  ['starts at 2.5 s', 'to 60000/1001', 'mkv'],
];

for (const [name, what, ending] of TELLING) {
  test(`${name}, ${what}, to ${ending}: every frame, flash, beep and both ends are where the retime puts them`, async (context) => {
    const folder = tempFolder(context);
    const source = SOURCES.find((one) => one.name === name)!;
    const operation = OPERATIONS.find((one) => one.name === what)!;
    const film = makeSource(source, join(folder, `source.${source.ending}`), 1.4);
    using here = await Here.open(join(folder, 'library'));
    const output = join(folder, `out.${ending}`);
    const result = await here.run(specOf(film, source, operation, output));
    const { problems, frames, beep, flash, ends } = judge(film, source, operation, look(output), ending);
    assert.deepEqual(problems, []);
    assert.equal(result.frames, frames);
    // Matroska counts whole milliseconds, at both ends.
    assert.ok(Math.abs(result.avDriftMs) <= 2, `${result.avDriftMs} ms`);
    context.diagnostic(
      `${FIGURE}${frames} frames, beeps within ${beep.toFixed(2)} ms, flashes within ${flash.toFixed(1)} ms, ends ${Math.abs(ends).toFixed(2)} ms apart`,
    );
  });
}

test('a phone’s slow motion by both clocks in one library: each job shows its own frames, and sound goes with them', async (context) => {
  const folder = tempFolder(context);
  const source = SOURCES.find(({ name }) => name === '30')!;
  const made = makeSource(source, join(folder, 'plain.mp4'), 1.6);
  const path = join(folder, 'phone.mp4');
  ffmpegOutput(
    ...['-i', made.path, '-map', '0', '-c', 'copy', '-metadata', 'com.android.capture.fps=240.000000'],
    ...['-movflags', 'use_metadata_tags', '-y', path],
  );
  using here = await Here.open(join(folder, 'library'));
  const seen = async (name: string, clock: 'stored' | 'recorded', speed: readonly [number, number]) => {
    const output = join(folder, `${name}.mp4`);
    const operation = { name, fps: [30, 1], speed, audio: 'tape' } as const;
    await here.run({ ...specOf({ ...made, path }, source, operation, output), clock });
    return look(output);
  };
  const stored = await seen('stored', 'stored', [1, 1]);
  const real = await seen('real', 'recorded', [1, 1]);
  assert.deepEqual(real.numbers, [0, 8, 16, 24, 32, 40]);
  assert.deepEqual(
    stored.numbers,
    Array.from({ length: 48 }, (_, k) => k),
  );
  const first = made.times[made.flashes[0]!]! / made.base;
  assert.ok(Math.abs(stored.beeps[0]! - first) < 0.004, `${stored.beeps[0]}`);
  assert.ok(Math.abs(real.beeps[0]! - first / 8) < 0.004, `${real.beeps[0]}`);
});

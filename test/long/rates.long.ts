/**
 * Every kind of rate by every kind of retime, measured on the written file: frames by formula, times exactly, flashes and beeps where the retime puts them, both
 * ends within an output frame. Keeps docs/evidence/rates.json. INBETWEEN_RATES=NAME runs the sources whose name holds NAME.
 */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import test, { afterEach } from 'node:test';
import { tempFolder } from '../support/command.ts';
import { writeEvidence } from '../support/evidence.ts';
import { look } from '../support/flash-beep.ts';
import { Here } from '../support/here.ts';
import {
  judge,
  makeSource,
  OPERATIONS,
  RATES,
  SOURCES,
  specOf,
  TOLERATED,
  type Judgement,
} from '../support/rate-cases.ts';
import { FIGURE } from '../guarantees/promise.ts';

const only = process.env['INBETWEEN_RATES'] ?? '';
const SECONDS = 1.6;
const rows: ({ source: string; operation: string; to: string; seconds: number; avDriftMs: number } & Judgement)[] = [];

/** What is odd about a source first. */
const ORDER = [...SOURCES.slice(RATES.length), ...SOURCES.slice(0, RATES.length)];

for (const source of ORDER.filter(({ name }) => name.includes(only))) {
  test(`${source.name} by every operation`, async (context) => {
    const folder = tempFolder(context);
    const film = makeSource(source, join(folder, `source.${source.ending}`), SECONDS);
    using here = await Here.open(join(folder, 'library'));
    const problems: string[] = [];
    for (const operation of OPERATIONS) {
      // Stretching is measured on some: what it does to a beep has nothing to do with the rate.
      if (operation.name.includes('pitch') && source.ending === 'mp4' && !source.vfr) continue;
      // Matroska where it is cheap: its own clock is what differs.
      const endings = operation.name === 'x2.5' ? ['mp4', 'mkv'] : ['mp4'];
      for (const ending of endings) {
        const output = join(folder, `out.${ending}`);
        const result = await here.run(specOf(film, source, operation, output));
        const judged = judge(film, source, operation, look(output), ending);
        rows.push({
          source: source.name,
          operation: operation.name,
          to: ending,
          seconds: result.seconds,
          avDriftMs: result.avDriftMs,
          ...judged,
        });
        problems.push(...judged.problems.map((problem) => `${operation.name} to ${ending}: ${problem}`));
        if (result.frames !== judged.frames)
          problems.push(`${operation.name}: the report says ${result.frames} frames`);
        rmSync(output);
      }
    }
    for (const problem of problems) context.diagnostic(problem);
    assert.deepEqual(problems, []);
  });
}

/** Written after every source: a run that is ended early keeps what it measured, and says which sources it did not come to. */
afterEach(() => {
  if (only !== '') return;
  const most = (of: (row: (typeof rows)[number]) => number): number =>
    rows.reduce((worst, row) => Math.max(worst, Math.abs(of(row))), 0);
  const kept = (row: (typeof rows)[number]): boolean => row.operation.includes('pitch');
  const figures = {
    cases: rows.length,
    sources: [...new Set(rows.map(({ source }) => source))],
    notComeTo: SOURCES.map(({ name }) => name).filter((name) => !rows.some(({ source }) => source === name)),
    operations: OPERATIONS.map(({ name }) => name),
    framesChecked: rows.reduce((sum, { frames }) => sum + frames, 0),
    framesThatShowAnother: rows.reduce((sum, { wrong }) => sum + wrong, 0),
    worstTimeErrorMs: {
      mp4: most((row) => (row.to === 'mp4' ? row.times : 0)),
      mkv: most((row) => (row.to === 'mkv' ? row.times : 0)),
    },
    worstEndOfSoundMinusEndOfPictureMs: most(({ ends }) => ends),
    worstSilentPaddingMs: most(({ padding }) => padding),
    worstEndInOutputFrames: most(({ ends, outputFrame }) => ends / outputFrame),
    worstFlashInOutputFrames: most(({ flash, outputFrame }) => flash / outputFrame),
    worstBeepMs: {
      copiedOrTape: most((row) => (kept(row) ? 0 : row.beep)),
      stretchedPitchKept: most((row) => (kept(row) ? row.beep : 0)),
    },
    tolerated: {
      beepMs: TOLERATED,
      flash: 'one output frame',
      ends: 'one output frame',
      times: 'exact in mp4, half of Matroska’s millisecond in mkv',
    },
    exceptions: rows
      .filter(({ problems }) => problems.length > 0)
      .map(({ source, operation, to, problems }) => ({ source, operation, to, problems })),
  };
  console.log(`${FIGURE}${JSON.stringify(figures)}`);
  writeEvidence('rates', figures);
});

/**
 * Twenty thousand spoilt projects, lists, curves, boards, settings and libraries: each is read or refused with a code, within 10 s of the processor's time and 512 MB; what was
 * read is written out and read again. In pieces of 2500: INBETWEEN_FUZZ_PIECES says which ('0,1,2,3,4,5,6,7'); INBETWEEN_FUZZ_NUMBERS some numbers instead,
 * INBETWEEN_FUZZ_KEEP a folder for what does not end as it should. Writes docs/evidence/project-fuzz.json, which holds the last run of each piece.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FIGURE } from '../guarantees/promise.ts';
import { tempFolder } from '../support/command.ts';
import { projectCase } from '../support/fuzz/project-case.ts';
import { projectSeeds } from '../support/fuzz/project-seeds.ts';
import type { ProjectCase } from '../support/fuzz/project-victim.ts';
import { Tally, writePiece } from '../support/fuzz/tally.ts';
import { WatchedProcess } from '../support/fuzz/watched.ts';

const PIECE = 2500;
const LANES = Number(process.env['INBETWEEN_FUZZ_LANES'] ?? 2);
const SCRIPT = join(import.meta.dirname, '..', 'support', 'fuzz', 'project-victim.ts');
const KEEP = process.env['INBETWEEN_FUZZ_KEEP'];
const LIMIT = { seconds: 10, megabytes: 512 };
const numbers = (text: string): number[] => text.split(',').filter(Boolean).map(Number);
const CHOSEN = numbers(process.env['INBETWEEN_FUZZ_NUMBERS'] ?? '');
const PIECES = CHOSEN.length > 0 ? [0] : numbers(process.env['INBETWEEN_FUZZ_PIECES'] ?? '0,1,2,3,4,5,6,7');
/** Their own answer is that a file is none of theirs, or what is asked of them is not seen here. */
const ONE_END = new Set(['settings', 'recognition', 'library']);

const skip = process.platform === 'linux' ? false : 'time and memory of the reader are read from /proc';

for (const piece of PIECES)
  test(`spoilt projects are read or refused, in bounded time and memory (${piece})`, { skip }, async (t) => {
    const folder = tempFolder(t);
    const seeds = projectSeeds(join(folder, 'seeds'));
    const tally = new Tally();
    const waiting = CHOSEN.length > 0 ? [...CHOSEN] : Array.from({ length: PIECE }, (_, i) => piece * PIECE + i);
    const lane = async (_: unknown, at: number): Promise<void> => {
      const own = join(folder, `lane-${at}`);
      mkdirSync(own);
      const victim = new WatchedProcess<ProjectCase>(own, { script: SCRIPT, limit: LIMIT, renewAfter: 1000 });
      try {
        for (let number = waiting.shift(); number !== undefined; number = waiting.shift()) {
          const { seed, bytes } = projectCase(seeds, number);
          const path = join(own, `spoilt.${seed.ending}`);
          writeFileSync(path, bytes);
          const ended = await victim.run({ reader: seed.reader, path });
          const which = `${number} (${seed.reader}, ${seed.ending})`;
          let fine = tally.add(which, seed.reader, ended, LIMIT.seconds);
          if (fine && ended.end !== 'done' && ended.stage.endsWith('read again')) {
            fine = false;
            tally.fail(`${which}: ${ended.end} at ${ended.stage}: ${ended.message ?? ''}`);
          }
          if (!fine && KEEP) writeFileSync(join(KEEP, `${number}.${seed.ending}`), bytes);
          if (waiting.length % 500 === 0)
            process.stderr.write(`piece ${piece}, ${waiting.length} to go: ${tally.says}\n`);
        }
      } finally {
        await victim.close();
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    t.diagnostic(`${FIGURE}spoilt project files: ${tally.says}`);
    if (CHOSEN.length > 0) return;
    writePiece('project-fuzz', piece * PIECE, tally.piece, { seeds: seeds.length, limit: LIMIT });
    assert.deepEqual(tally.failures, []);
    for (const [reader, [done, refused]] of Object.entries(tally.kinds))
      assert.ok(ONE_END.has(reader) || (done > 0 && refused > 0), `${reader}: ${done} read, ${refused} refused`);
  });

/**
 * Thousands of spoilt films and pictures go the product's own ways: each is done or refused with a code, within 20 s of the processor's time and 2 GB. In pieces of a thousand:
 * INBETWEEN_FUZZ_PIECES says which ('0,1,2,3'); INBETWEEN_FUZZ_NUMBERS some numbers instead ('17,1204'), INBETWEEN_FUZZ_KEEP a folder for what does not end as it should. Writes
 * docs/evidence/media-fuzz.json, which holds the last run of each piece.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { test } from 'node:test';
import { FIGURE } from '../guarantees/promise.ts';
import { tempFolder } from '../support/command.ts';
import { mediaCase } from '../support/fuzz/media-case.ts';
import { makeSeeds } from '../support/fuzz/media-seeds.ts';
import { Tally, writePiece } from '../support/fuzz/tally.ts';
import { LIMIT, WatchedProcess, type Case } from '../support/fuzz/watched.ts';

const PIECE = 1000;
const LANES = Number(process.env['INBETWEEN_FUZZ_LANES'] ?? 2);
const KEEP = process.env['INBETWEEN_FUZZ_KEEP'];
const numbers = (text: string): number[] => text.split(',').filter(Boolean).map(Number);
const CHOSEN = numbers(process.env['INBETWEEN_FUZZ_NUMBERS'] ?? '');
const PIECES = CHOSEN.length > 0 ? [0] : numbers(process.env['INBETWEEN_FUZZ_PIECES'] ?? '0,1,2,3');

const skip = process.platform === 'linux' ? false : 'time and memory of children are read from /proc';

for (const piece of PIECES)
  test(`spoilt films and pictures are done or refused, in bounded time and memory (${piece})`, { skip }, async (t) => {
    const folder = tempFolder(t);
    const seeds = makeSeeds(folder);
    const waiting = CHOSEN.length > 0 ? [...CHOSEN] : Array.from({ length: PIECE }, (_, i) => piece * PIECE + i);
    const tally = new Tally();
    const lane = async (_: unknown, at: number): Promise<void> => {
      const own = join(folder, `lane-${at}`);
      mkdirSync(own);
      const victim = new WatchedProcess<Case>(own);
      try {
        for (let number = waiting.shift(); number !== undefined; number = waiting.shift()) {
          const { seed, bytes, ways, how } = mediaCase(seeds, number);
          const path = join(own, `spoilt${extname(seed.name)}`);
          writeFileSync(path, bytes);
          const ended = await victim.run({ path, kind: seed.kind, ways: how });
          const fine = tally.add(`${number} (${seed.name}: ${ways.join(', ')})`, seed.name, ended, LIMIT.seconds);
          if (!fine && KEEP) writeFileSync(join(KEEP, `${number}${extname(seed.name)}`), bytes);
          if (waiting.length % 100 === 0)
            process.stderr.write(`piece ${piece}, ${waiting.length} to go: ${tally.says}\n`);
        }
      } finally {
        await victim.close();
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    t.diagnostic(`${FIGURE}spoilt media files: ${tally.says}`);
    if (CHOSEN.length === 0)
      writePiece('media-fuzz', piece * PIECE, tally.piece, { seeds: seeds.length, limit: LIMIT });
    assert.deepEqual(tally.failures, []);
  });

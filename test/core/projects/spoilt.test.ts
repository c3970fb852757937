/** Some of what test/long/project-fuzz.long.ts tries twenty thousand of. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FIGURE } from '../../guarantees/promise.ts';
import { tempFolder } from '../../support/command.ts';
import { projectCase } from '../../support/fuzz/project-case.ts';
import { projectSeeds } from '../../support/fuzz/project-seeds.ts';
import type { ProjectCase } from '../../support/fuzz/project-victim.ts';
import { Tally } from '../../support/fuzz/tally.ts';
import { WatchedProcess } from '../../support/fuzz/watched.ts';

const LIMIT = { seconds: 10, megabytes: 512 };
const SCRIPT = join(import.meta.dirname, '..', '..', 'support', 'fuzz', 'project-victim.ts');
const TRIED = 150;
const skip = process.platform !== 'linux' && 'time and memory of the reader are read from /proc';

test('spoilt project files are read or refused, and sound ones are read', { skip }, async (context) => {
  const folder = tempFolder(context);
  const seeds = projectSeeds(join(folder, 'seeds'));
  const own = join(folder, 'victim');
  mkdirSync(own);
  const victim = new WatchedProcess<ProjectCase>(own, { script: SCRIPT, limit: LIMIT, renewAfter: 1000 });
  const tally = new Tally();
  const give = async (reader: string, ending: string, bytes: Buffer) => {
    const path = join(own, `given.${ending}`);
    writeFileSync(path, bytes);
    return await victim.run({ reader, path });
  };
  try {
    const unsound: string[] = [];
    for (const { reader, ending, bytes } of seeds) {
      const { end, stage, message = '' } = await give(reader, ending, bytes);
      if (end !== 'done') unsound.push(`${reader}, ${ending}, at ${stage}: ${message}`);
    }
    assert.deepEqual(unsound, []);
    for (let number = 0; number < TRIED; number++) {
      const { seed, bytes } = projectCase(seeds, number);
      const ended = await give(seed.reader, seed.ending, bytes);
      tally.add(`${number} (${seed.reader}, ${seed.ending})`, seed.reader, ended, LIMIT.seconds);
    }
  } finally {
    await victim.close();
  }
  assert.deepEqual(tally.failures, []);
  const { done, refused } = tally.piece;
  assert.ok(done > 10 && refused > 10, `${done} read, ${refused} refused`);
  context.diagnostic(`${FIGURE}spoilt project files: ${tally.says}`);
});

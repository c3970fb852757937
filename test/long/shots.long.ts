/** Cuts and repeated frames on reels of the clips that detection was not tuned on. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { start, tempFolder } from '../support/command.ts';
import { writeEvidence } from '../support/evidence.ts';

const shared = process.env['INBETWEEN_SHARED'];
const skip = shared ? false : 'INBETWEEN_SHARED is not set: no clips to cut together';

test('cuts are found with F1 of at least 0.97, repeats with 0.95', { skip }, async (t) => {
  const folder = join(shared!, 'clips', 'train');
  const home = join(tempFolder(t), 'home');
  const run = await start(home, ['shots', '--score', folder, '--reels', '6', '--json']).done;
  assert.equal(run.status, 0, run.stderr);
  const score = JSON.parse(run.stdout);
  writeEvidence('shots', score);
  assert.ok(score.cuts.found > 100, 'enough cuts to speak of');
  assert.ok(score.cuts.f1 >= 0.97 && score.cuts.precision >= 0.98, JSON.stringify(score.cuts));
  assert.ok(score.holds.all.f1 >= 0.95 && score.holds.all.precision >= 0.98, JSON.stringify(score.holds.all));
  assert.ok(score.holds.kinds.none.invented <= 5, 'clips as they are have next to no repeats');
});

/** Every verb that takes a path, networks too, on files of hostile names. Writes docs/evidence/hostile-names.json. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tempFolder } from '../support/command.ts';
import { writeEvidence } from '../support/evidence.ts';
import { HOSTILE, tryVerbs, VERBS } from '../support/hostile-names.ts';

const skip = process.platform === 'win32' && 'Windows has no such names';

test('every verb takes files of any name, and writes them', { skip }, async (context) => {
  process.env['INBETWEEN_HOME'] = tempFolder(context);
  const { tried, wrong } = await tryVerbs(tempFolder(context), VERBS);
  writeEvidence('hostile-names', { runs: tried, verbs: VERBS.map(({ verb }) => verb), names: HOSTILE.length, wrong });
  assert.deepEqual(wrong, []);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIGURE } from '../guarantees/promise.ts';
import { tempFolder } from '../support/command.ts';
import { HOSTILE, tryVerbs, VERBS } from '../support/hostile-names.ts';

const skip = process.platform === 'win32' && 'Windows has no such names';

test('verbs take files of any name, and write them', { skip }, async (context) => {
  process.env['INBETWEEN_HOME'] = tempFolder(context);
  const quick = VERBS.filter(({ slow }) => !slow);
  const [worst, longest] = HOSTILE;
  const all = await tryVerbs(tempFolder(context), quick, [worst!]);
  // What is as long as a name may be has no room for a temporary one.
  const long = await tryVerbs(
    tempFolder(context),
    quick.filter(({ verb }) => verb === 'frame'),
    [longest!],
  );
  assert.deepEqual([...all.wrong, ...long.wrong], []);
  assert.equal(all.tried + long.tried, quick.length + 1);
  context.diagnostic(`${FIGURE}${all.tried + long.tried} runs of ${quick.length} verbs on hostile names`);
});

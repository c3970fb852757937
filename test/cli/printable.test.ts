/** Names that a terminal would obey: said as text they are harmless, as JSON they are exact. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inbetween, tempFolder } from '../support/command.ts';

const unix = { skip: process.platform === 'win32' && 'such names are not allowed' };

test('escape sequences in names are shown, not sent', unix, async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, '\u001b]0;gotcha\u0007\u009b31m\rdone \u202egpj.über\tx.mp4');
  writeFileSync(path, '');
  const text = await inbetween(folder, ['probe', path]);
  assert.equal(text.status, 3);
  const shown = String.raw`\x1b]0;gotcha\x07\x9b31m\x0ddone \u202egpj.über` + '\tx.mp4';
  assert.ok(text.stderr.includes(shown), JSON.stringify(text.stderr));
  const json = await inbetween(folder, ['probe', path, '--json']);
  // oxlint-disable-next-line no-control-regex -- None of them may be there.
  assert.doesNotMatch(json.stdout.trimEnd(), /[\u0000-\u001f\u007f-\u009f\u202e]/);
  const said = JSON.parse(json.stdout) as { error: { message: string } };
  assert.ok(said.error.message.includes(path));
});

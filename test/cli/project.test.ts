import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeClip } from '../support/clips.ts';
import { inbetween as run, tempFolder } from '../support/command.ts';

test('a project comes in as an EDL and goes out as FCPXML, by the command', async (context) => {
  const folder = tempFolder(context);
  const home = join(folder, 'home');
  makeClip(join(folder, 'a.mp4'), { seconds: 1, rate: '25', size: '160x90' });
  const edl = join(folder, 'Cut 1.edl');
  writeFileSync(
    edl,
    'TITLE: Cut 1\nFCM: NON-DROP FRAME\n001  AX  B  C  00:00:00:05 00:00:00:20 01:00:00:00 01:00:01:05\nM2   AX  012.5  00:00:00:05\n* FROM CLIP NAME: a.mp4\n',
  );
  const read = await run(home, ['project', 'import', edl, '--json']);
  assert.equal(read.status, 0, read.stderr);
  const { id, notes } = JSON.parse(read.stdout) as { id: string; notes: string[] };
  assert.equal(notes.length, 1);
  assert.match(notes[0]!, /frame rate/);
  const listed = await run(home, ['project', 'list']);
  assert.match(listed.stdout, new RegExp(`^${id.slice(0, 8)} .* 1 clips +1\\.20 s {2}Cut 1$`, 'm'));
  const out = join(folder, 'out.fcpxml');
  assert.equal((await run(home, ['project', 'export', 'Cut 1', out])).status, 0);
  assert.match(
    readFileSync(out, 'utf8'),
    /<asset-clip ref="a1" name="a\.mp4" offset="0s" start="2\/5s" duration="6\/5s"/,
  );
  const again = await run(home, ['project', 'export', id.slice(0, 6), out, '--json']);
  assert.equal(again.status, 3);
  assert.equal((JSON.parse(again.stdout) as { error: { code: string } }).error.code, 'output-exists');
  assert.equal((await run(home, ['project', 'export', 'Cut 1'])).status, 2);
});

/** batch: a tree of clips, mirrored; what is valid is skipped, a failure does not stop the rest. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeClip } from '../support/clips.ts';
import { inbetween, tempFolder } from '../support/command.ts';

test('a folder, a recipe, a failure, and again', async (t) => {
  const folder = tempFolder(t);
  const [source, out, home] = ['in', 'out', 'home'].map((name) => join(folder, name)) as [string, string, string];
  mkdirSync(join(source, 'day 1', 'b'), { recursive: true });
  makeClip(join(source, 'a.mp4'), { seconds: 0.5 });
  makeClip(join(source, 'a.mkv'), { seconds: 0.5, sound: false });
  makeClip(join(source, 'a.avi'), { seconds: 0.5, sound: false });
  makeClip(join(source, 'day 1', 'b', 'ü.mov'), { seconds: 0.5 });
  writeFileSync(join(source, 'day 1', 'broken.mp4'), 'nothing');
  writeFileSync(join(source, 'notes.txt'), 'not a clip');
  const recipe = join(folder, 'recipe.json');
  writeFileSync(recipe, JSON.stringify({ speed: 0.5, engine: 'hold', audio: 'mute' }));
  const args = ['batch', source, '-o', out, '--recipe', recipe, '--engine', 'blend', '--jobs', '2', '--json'];

  const first = await inbetween(home, args);
  assert.equal(first.status, 4, first.stderr);
  const report = JSON.parse(first.stdout);
  assert.deepEqual([report.done, report.kept, report.failed, report.ignored], [4, 0, 1, 1]);
  const failure = report.items.find((item: { state: string }) => item.state === 'failed');
  assert.match(failure.input, /broken\.mp4$/);
  assert.equal(failure.error.code, 'unreadable');
  const written = readdirSync(out, { recursive: true })
    .map(String)
    .filter((name) => statSync(join(out, name)).isFile());
  assert.deepEqual(written.toSorted(), ['a.avi.mp4', 'a.mkv', 'a.mp4', join('day 1', 'b', 'ü.mov')]);

  rmSync(join(out, 'a.mkv'));
  const times = () => statSync(join(out, 'a.mp4')).mtimeMs;
  const before = times();
  rmSync(join(source, 'day 1', 'broken.mp4'));
  const second = await inbetween(home, args);
  assert.equal(second.status, 0, second.stderr);
  const again = JSON.parse(second.stdout);
  assert.deepEqual([again.done, again.kept, again.failed], [1, 3, 0]);
  assert.equal(times(), before);

  // A library that knows nothing of it takes what is valid as it is, and replaces nothing else.
  writeFileSync(join(out, 'a.mkv'), 'not a clip');
  const third = await inbetween(join(folder, 'other home'), args);
  assert.equal(third.status, 4, third.stderr);
  const other = JSON.parse(third.stdout);
  assert.deepEqual([other.done, other.kept, other.failed], [0, 3, 1]);
  assert.equal(other.items.find((item: { state: string }) => item.state === 'failed').error.code, 'output-exists');
  assert.equal(times(), before);
});

test('wrong options are said before any work', async (t) => {
  const folder = tempFolder(t);
  const recipe = join(folder, 'recipe.json');
  writeFileSync(recipe, JSON.stringify({ sped: 1 }));
  const run = (...more: string[]) =>
    inbetween(join(folder, 'home'), ['batch', folder, '-o', join(folder, 'out'), ...more]);
  assert.match((await run('--recipe', recipe)).stderr, /^bad-recipe: .*sped/);
  assert.equal((await run('--jobs', '0')).status, 2);
  assert.equal((await run('--speed', 'slow')).status, 2);
  const missing = await inbetween(join(folder, 'home'), ['batch', join(folder, 'none'), '-o', join(folder, 'out')]);
  assert.equal(missing.status, 3);
});

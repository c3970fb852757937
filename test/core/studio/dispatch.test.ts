/** Every method of the Api with hostile arguments: an answer with a code, never a crash, never another file. */
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ERROR_KINDS } from '../../../app/contract/errors.ts';
import { openStudio } from '../../../app/core/studio/open.ts';
import { SCHEMAS } from '../../../app/core/studio/schemas.ts';
import { tempFolder } from '../../support/command.ts';

const HOSTILE: unknown[] = [
  undefined,
  null,
  0,
  'text',
  [],
  [[]],
  JSON.parse('{"__proto__": {"admin": true}}'),
  { constructor: { prototype: {} } },
  { id: { toString: 'x' } },
  { id: '../../etc/passwd', version: -1 },
  { id: 'a'.repeat(1_000_000) },
  { path: '/etc/passwd\0.mp4' },
  { paths: 'not a list' },
  { ids: Array.from({ length: 10 }, () => ({})) },
  { query: { text: "'; DROP TABLE clips; --" }, offset: Number.NaN, limit: Infinity },
  { spec: { input: '/', output: '/', recipe: {}, recursive: 'yes' } },
];

test('every method refuses hostile arguments with a code', async (t) => {
  await using studio = await openStudio({ library: tempFolder(t), media: '/media/', roots: [tempFolder(t)] });
  for (const method of Object.keys(SCHEMAS)) {
    for (const params of HOSTILE) {
      const answer = await studio.invoke(method, params);
      assert.ok(!answer.ok, `${method} ${JSON.stringify(params)?.slice(0, 80)} was answered`);
      assert.ok(Object.hasOwn(ERROR_KINDS, answer.error.code), `${method}: ${answer.error.code}`);
      assert.notEqual(
        answer.error.code,
        'internal',
        `${method} ${JSON.stringify(params)?.slice(0, 80)}: ${answer.error.message}`,
      );
      assert.ok(answer.error.message.length < 2000, method);
    }
  }
});

test('methods that are none are refused', async (t) => {
  await using studio = await openStudio({ library: tempFolder(t), media: '/media/', roots: null });
  for (const method of ['', 'toString', '__proto__', 'constructor', 'app.info ', 'library', 7, null, {}]) {
    const answer = await studio.invoke(method, {});
    assert.equal(answer.ok, false);
    assert.equal(!answer.ok && answer.error.code, 'bad-request');
  }
});

test('paths outside the opened folders are refused, links followed', async (t) => {
  const root = tempFolder(t);
  const outside = tempFolder(t);
  writeFileSync(join(outside, 'clip.mp4'), '');
  mkdirSync(join(root, 'inside'));
  symlinkSync(outside, join(root, 'link'));
  await using studio = await openStudio({ library: join(root, 'lib'), media: '/media/', roots: [root] });
  for (const path of [
    ...['/etc/passwd', outside, join(outside, 'clip.mp4'), join(root, 'link'), join(root, 'link', 'clip.mp4')],
    ...[
      join(root, '.ssh', 'id'),
      join(root, 'inside', '.hidden'),
      `${root}/inside/../../etc`,
      `${root}x`,
      join(root, 'link', 'new', 'file.mp4'),
      '/',
    ],
  ]) {
    const answer = await studio.invoke('files.browse', { path });
    assert.equal(answer.ok, false, path);
    assert.equal(!answer.ok && answer.error.code, 'path-refused', path);
  }
  symlinkSync(join(root, 'inside'), join(root, 'link within'));
  symlinkSync(join(outside, 'clip.mp4'), join(root, 'clip.mp4'));
  const answer = await studio.invoke('files.browse', { path: root });
  assert.ok(answer.ok);
  const names = (answer.result as { entries: { name: string }[] }).entries.map(({ name }) => name);
  assert.deepEqual(names, ['inside', 'lib', 'link within'], 'of links that lead out nothing is told');
});

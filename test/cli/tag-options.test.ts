import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { rulesOf, tagItems } from '../../app/cli/tag-options.ts';
import { SPAN_RULES } from '../../app/contract/tags.ts';
import { tempFolder } from '../support/command.ts';

test('rules are the usual ones but for what is said', () => {
  assert.deepEqual(rulesOf({}), SPAN_RULES);
  const { on, off } = rulesOf({ threshold: '0.8' });
  assert.deepEqual([on, Math.round(100 * off)], [0.8, 48]);
  assert.deepEqual(rulesOf({ rules: 'gap=1.5, on=0.4,jumping jack.on=0.9' }), {
    ...{ ...SPAN_RULES, gap: 1.5, on: 0.4 },
    labels: { 'jumping jack': { on: 0.9, off: SPAN_RULES.off } },
  });
  assert.throws(() => rulesOf({ rules: 'length=3' }), { code: 'usage', message: /smooth, on, off, gap, shortest/ });
  assert.throws(() => rulesOf({ rules: 'gap' }), { code: 'usage', message: /NAME=NUMBER/ });
  assert.throws(() => rulesOf({ threshold: '2' }), { code: 'usage' });
  assert.throws(() => rulesOf({ rules: 'off=0.9' }), { code: 'bad-rules' });
});

test('clips of folders are written where they lay, and no two into one file', async (t) => {
  const folder = tempFolder(t);
  const [one, two] = [join(folder, 'one'), join(folder, 'two')];
  for (const path of ['one/a.mp4', 'one/a.mkv', 'one/notes.txt', 'one/deep/b.mov', 'two/a.mp4']) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), '');
  }
  const out = join(folder, 'out');
  const { items, others, many } = await tagItems([one, join(two, 'a.mp4'), join(one, 'a.mkv')], `${out}/`, 'vtt');
  assert.deepEqual(
    items.map(({ input, output }) => [input.slice(folder.length + 1), output!.slice(out.length + 1)]),
    [
      ['one/a.mkv', 'a.vtt'],
      ['one/a.mp4', 'a.mp4.vtt'],
      ['one/deep/b.mov', 'deep/b.vtt'],
      ['two/a.mp4', 'a 2.vtt'],
    ],
  );
  assert.deepEqual([others, many], [1, true]);
  const clip = join(one, 'a.mp4');
  assert.deepEqual(await tagItems([clip], undefined), {
    items: [{ input: clip, output: undefined }],
    others: 0,
    many: false,
  });
  assert.equal((await tagItems([clip], join(folder, 'x.edl'))).items[0]!.output, join(folder, 'x.edl'));
  assert.equal((await tagItems([clip], two)).items[0]!.output, join(two, 'a.json'));
  await assert.rejects(tagItems([clip], join(folder, 'x.txt')), { code: 'output-format' });
  await assert.rejects(tagItems([one], join(folder, 'x.csv')), { code: 'usage', message: /several files/ });
  await assert.rejects(tagItems([one], `${out}/`, 'xml'), { code: 'usage' });
});

test('links to clips in a folder are clips, as in the library; links to nothing and to folders are not', async (t) => {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'shoot'));
  writeFileSync(join(folder, 'a.mp4'), '');
  for (const [to, name] of [
    ['a.mp4', 'linked.mp4'],
    ['gone.mp4', 'broken.mp4'],
    ['shoot', 'round.mp4'],
  ] as const) {
    symlinkSync(join(folder, to), join(folder, 'shoot', name), to === 'shoot' ? 'dir' : 'file');
  }
  const { items } = await tagItems([join(folder, 'shoot')], undefined);
  assert.deepEqual(
    items.map(({ input }) => input),
    [join(folder, 'shoot', 'linked.mp4')],
  );
});

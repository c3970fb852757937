/** tag --plot with the recogniser that comes with Inbetween. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tag } from '../../app/cli/verbs/tag.ts';
import { probe } from '../../app/core/media/probe.ts';
import { makeClip } from '../support/clips.ts';
import { tempFolder } from '../support/command.ts';

test("one label's probability is drawn, and what is wrong is said before any work", async (t) => {
  const folder = tempFolder(t);
  process.env.INBETWEEN_HOME = join(folder, 'home');
  const [clip, picture] = ['clip.mp4', 'jump.png'].map((name) => join(folder, name)) as [string, string];
  makeClip(clip, { size: '96x54', rate: '12', seconds: 0.5, sound: false });
  const run = async (...args: string[]): Promise<string> => {
    const lines: string[] = [];
    const out = (line: string): void => void lines.push(line);
    await tag.run(args, { json: true, signal: new AbortController().signal, out, err: () => {} });
    return lines.join('\n');
  };
  await assert.rejects(run(clip, '--plot', 'jump'), { code: 'usage' });
  await assert.rejects(run(clip, clip, folder, '--plot', 'jump', '-o', picture), { code: 'usage' });
  await assert.rejects(run(clip, '--plot', 'flying', '-o', picture), { code: 'label-unknown' });
  const report = JSON.parse(await run(clip, '--plot', 'JUMP', '-o', picture));
  assert.deepEqual([report.label, report.output], ['jump', picture]);
  assert.ok((await probe(picture)).video.width > 1000);
  const written = statSync(picture).mtimeMs;
  await assert.rejects(run(clip, '--plot', 'jump', '-o', picture), { code: 'output-exists' });
  assert.equal(statSync(picture).mtimeMs, written);
});

/** slowmo --where and find --export: what a query finds in the library, each slowed by a curve or cut out. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SPAN_RULES } from '../../app/contract/tags.ts';
import { find } from '../../app/cli/verbs/find.ts';
import { slowmo } from '../../app/cli/verbs/slowmo.ts';
import type { Verb } from '../../app/cli/verb.ts';
import { openHome } from '../../app/core/base/home.ts';
import { openLibrary } from '../../app/core/library/db.ts';
import { identify } from '../../app/core/library/file-identity.ts';
import { finishRun } from '../../app/core/library/span-rows.ts';
import { appendScores, beginRun } from '../../app/core/library/tag-runs.ts';
import { probe } from '../../app/core/media/probe.ts';
import { libraryClip } from '../../app/core/tags/clip.ts';
import { frameHashes, makeClip } from '../support/clips.ts';
import { tempFolder } from '../support/command.ts';

interface Report {
  readonly done: number;
  readonly kept: number;
  readonly failed: number;
  readonly items: readonly { label: string; start: number; output: string; error?: { code: string } }[];
}

/** Runs a verb in this process with --json: starting the command each time costs more than what is tested. */
async function run(verb: Verb, ...args: string[]): Promise<{ status: number; report: Report }> {
  const lines: string[] = [];
  const io = {
    json: true,
    signal: new AbortController().signal,
    out: (line: string) => void lines.push(line),
    err: () => {},
  };
  const status = await verb.run(args, io);
  return { status, report: JSON.parse(lines.join('\n')) as Report };
}

test('every match is slowed within its lead, named by clip, label and number, and kept the next time', async (t) => {
  const folder = tempFolder(t);
  const [home, out, clip] = ['home', 'out', 'the beach.mkv'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(home);
  makeClip(clip, { size: '96x54', rate: '12', seconds: 3, codec: ['-c:v', 'ffv1'] });
  const source = frameHashes(clip);
  const db = openLibrary(await openHome({ library: home }));
  const { id } = await libraryClip(db, await identify(clip), await probe(clip));
  const facts = { clip: id, content: 'x', engine: 'seeded', version: '1', rate: 1, embedding: 0, rules: SPAN_RULES };
  const seeded = beginRun(db, { ...facts, labels: ['jump', 'walk'] });
  appendScores(db, seeded, 0, Float32Array.of(0, 1), null, null);
  const spans = [
    { label: 'jump', start: 0.5, end: 1, score: 0.9 },
    { label: 'walk', start: 0.5, end: 1, score: 0.9 },
  ];
  finishRun(db, seeded, spans);
  db.close();

  process.env.INBETWEEN_HOME = home;
  const args = ['--where', 'label:jump', '-o', out, '--lead', '0.25', '--ramp', '0.1', '--engine', 'hold'];
  const { status, report } = await run(slowmo, ...args, '--speed', '1/2', '--codec', 'ffv1');
  assert.equal(status, 0);
  assert.deepEqual([report.done, report.kept, report.failed], [1, 0, 0]);
  assert.deepEqual(readdirSync(out), ['the beach - jump 01.mkv']);
  const film = join(out, 'the beach - jump 01.mkv');
  assert.deepEqual(
    report.items.map(({ label, start, output }) => [label, start, output]),
    [['jump', 0.5, film]],
  );
  // Frames 3, 4, 5 at their speed; of 6 to 11 the first and last ease, those between take twice as long; then 12, 13, 14.
  const hashes = frameHashes(film);
  assert.deepEqual(hashes.slice(0, 3), source.slice(3, 6));
  assert.deepEqual(hashes.slice(-3), source.slice(12, 15));
  assert.equal(hashes.length, 3 + 1 + 8 + 1 + 3);
  assert.deepEqual([...new Set(hashes)], source.slice(3, 15));

  const written = statSync(film).mtimeMs;
  const again = await run(slowmo, ...args, '--speed', '1/2', '--codec', 'ffv1');
  assert.equal(again.report.kept, 1);
  // Another speed would be written over them.
  const other = await run(slowmo, ...args, '--codec', 'ffv1');
  assert.equal(other.status, 4);
  assert.equal(other.report.items[0]?.error?.code, 'output-exists');
  assert.equal(statSync(film).mtimeMs, written);

  const cut = await run(find, 'label:walk', '--export', 'clips', '-o', out, '--codec', 'ffv1');
  assert.deepEqual([cut.status, cut.report.done], [0, 1]);
  assert.deepEqual(frameHashes(join(out, 'the beach - walk 01.mkv')), source.slice(6, 12));

  const films = ['--export', 'clips', '-o', out];
  await assert.rejects(run(slowmo, '--where', 'label:swim', '-o', out), { code: 'not-found' });
  await assert.rejects(run(slowmo, ...args, '--from', '1'), { code: 'usage' });
  await assert.rejects(run(slowmo, clip, '-o', join(out, 'x.mkv'), '--lead', '1'), { code: 'usage' });
  await assert.rejects(run(find, 'label:jump', ...films, '--speed', '1/2'), { code: 'usage' });
  await assert.rejects(run(find, 'label:jump', '--speed', '1/2'), { code: 'usage' });
  await assert.rejects(run(find, 'colour:red', ...films), { code: 'bad-query' });
});

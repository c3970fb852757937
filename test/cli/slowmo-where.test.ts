/** slowmo --where: what a query finds in the library, each slowed by a curve. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SPAN_RULES } from '../../app/contract/tags.ts';
import { openHome } from '../../app/core/base/home.ts';
import { openLibrary } from '../../app/core/library/db.ts';
import { identify } from '../../app/core/library/file-identity.ts';
import { finishRun } from '../../app/core/library/span-rows.ts';
import { appendScores, beginRun } from '../../app/core/library/tag-runs.ts';
import { probe } from '../../app/core/media/probe.ts';
import { libraryClip } from '../../app/core/tags/clip.ts';
import { frameHashes, makeClip } from '../support/clips.ts';
import { inbetween, tempFolder } from '../support/command.ts';

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
  const run = beginRun(db, { ...facts, labels: ['jump', 'walk'] });
  appendScores(db, run, 0, Float32Array.of(0, 1), null, null);
  const spans = [
    { label: 'jump', start: 0.5, end: 1, score: 0.9 },
    { label: 'walk', start: 0.5, end: 1, score: 0.9 },
    { label: 'jump', start: 2, end: 2.75, score: 0.8 },
  ];
  finishRun(db, run, spans);
  db.close();

  const args = ['slowmo', '--where', 'label:jump', '-o', out, '--lead', '0.25', '--ramp', '0.1', '--engine', 'hold'];
  const first = await inbetween(home, [...args, '--speed', '1/2', '--codec', 'ffv1', '--json']);
  assert.equal(first.status, 0, first.stderr);
  const report = JSON.parse(first.stdout);
  assert.deepEqual([report.done, report.kept, report.failed], [2, 0, 0]);
  const names = ['the beach - jump 01.mkv', 'the beach - jump 02.mkv'];
  assert.deepEqual(readdirSync(out).toSorted(), names);
  assert.deepEqual(
    report.items.map(({ label, start, output }: Record<string, unknown>) => [label, start, output]),
    [
      ['jump', 0.5, join(out, names[0]!)],
      ['jump', 2, join(out, names[1]!)],
    ],
  );
  // Frames 3, 4, 5 at their speed; of 6 to 11 the first and last ease, those between take twice as long; then 12, 13, 14.
  const hashes = frameHashes(join(out, names[0]!));
  assert.deepEqual(hashes.slice(0, 3), source.slice(3, 6));
  assert.deepEqual(hashes.slice(-3), source.slice(12, 15));
  assert.equal(hashes.length, 3 + 1 + 8 + 1 + 3);
  assert.deepEqual([...new Set(hashes)], source.slice(3, 15));

  const written = statSync(join(out, names[0]!)).mtimeMs;
  const again = await inbetween(home, [...args, '--speed', '1/2', '--codec', 'ffv1', '--json']);
  assert.deepEqual(JSON.parse(again.stdout).kept, 2);
  // Another speed would be written over them.
  const other = await inbetween(home, [...args, '--codec', 'ffv1', '--json']);
  assert.equal(other.status, 4);
  assert.equal(JSON.parse(other.stdout).items[0].error.code, 'output-exists');
  assert.equal(statSync(join(out, names[0]!)).mtimeMs, written);

  const none = await inbetween(home, ['slowmo', '--where', 'label:swim', '-o', out]);
  assert.equal(none.status, 3);
  assert.match(none.stderr, /not-found: .*matches/);
  const wrong = await inbetween(home, [...args, '--from', '1']);
  assert.equal(wrong.status, 2);
});

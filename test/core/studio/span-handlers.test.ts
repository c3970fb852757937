import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Method, Params, Result } from '../../../app/contract/api.ts';
import { SPAN_RULES } from '../../../app/contract/tags.ts';
import { openHome } from '../../../app/core/base/home.ts';
import { insertClip } from '../../../app/core/library/clip-rows.ts';
import { openLibrary } from '../../../app/core/library/db.ts';
import { finishRun } from '../../../app/core/library/span-rows.ts';
import { appendScores, beginRun } from '../../../app/core/library/tag-runs.ts';
import { openStudio } from '../../../app/core/studio/open.ts';
import { ownOutput } from '../../../app/core/tags/request.ts';
import { spansOf } from '../../../app/core/tags/spans.ts';

const folder = mkdtempSync(join(tmpdir(), 'inbetween-span-handlers-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A jump from 2 to 4 s and a little one from 6 to 6.4 s, at 5 scores a second; a wave all the time; nothing otherwise. */
const LABELS = ['jump', 'nothing', 'wave'];
const SCORES = Float32Array.from({ length: 3 * 50 }, (_, i) => {
  const score = Math.floor(i / 3);
  const jump = score >= 10 && score < 20 ? 0.875 : score === 30 || score === 31 ? 0.625 : 0.125;
  return [jump, 1 - jump, 0.375][i % 3]!;
});
const RULES = { ...SPAN_RULES, smooth: 0 };

test('actions of a clip through the Api', async () => {
  const home = await openHome({ library: folder });
  const [clip, run] = (() => {
    using db = openLibrary(home);
    const id = insertClip(db, { path: '/films/match.mp4', bytes: 1, mtimeNs: '1', named: true });
    const begun = beginRun(db, {
      ...{ clip: id, engine: 'e', version: '1', content: 'c', labels: LABELS, rules: RULES, rate: 5, embedding: 0 },
    });
    const stored = appendScores(db, begun, 0, SCORES, null, null);
    finishRun(db, begun, spansOf(stored, LABELS, 5, RULES));
    return [id, begun.id];
  })();
  await using studio = await openStudio({ library: folder, media: '/media/', roots: null });
  const told: string[] = [];
  studio.topics.listen((topic, payload) => {
    if (topic === 'tags.changed') told.push((payload as { clip: string }).clip);
  });
  const call = async <M extends Method>(method: M, params: Params<M>): Promise<Result<M>> => {
    const answer = await studio.invoke(method, params);
    if (answer.ok) return answer.result as Result<M>;
    throw Object.assign(new Error(answer.error.message), { code: answer.error.code });
  };
  const tags = await call('tags.clip', { id: clip });
  assert.deepEqual(
    tags.spans.map(({ label, start, end }) => [label, start, end]),
    [
      ['jump', 2, 4],
      ['jump', 6, 6.4],
    ],
  );
  assert.deepEqual([tags.runs[0]!.until, tags.runs[0]!.finished], [10, true]);

  const window = { run, from: 1.9, to: 6.3, points: 4 };
  const { curves } = await call('tags.scores', { ...window, labels: ['wave', 'unknown', 'jump'] });
  assert.deepEqual(curves, [
    { label: 'wave', values: [0.375, 0.375, 0.375, 0.375] },
    { label: 'jump', values: [0.875, 0.875, 0.125, 0.625] },
  ]);
  const beyond = await call('tags.scores', { ...window, from: 9.6, to: 10.4, labels: ['wave'] });
  assert.deepEqual(beyond.curves[0]!.values, [0.375, 0.375, 0, 0]);
  assert.deepEqual(await call('tags.strongest', { run, most: 1 }), [
    { label: 'jump', peak: 0.875, mean: (10 * 0.875 + 2 * 0.625 + 38 * 0.125) / 50 },
  ]);

  const low = { ...RULES, labels: { wave: { on: 0.3, off: 0.2 } }, shortest: 1 };
  const tried = await call('tags.rules', { run, rules: low, keep: false });
  assert.deepEqual(
    tried.spans.map(({ label, start, end }) => [label, start, end]),
    [
      ['wave', 0, 10],
      ['jump', 2, 4],
    ],
  );
  assert.deepEqual(tried.tags, tags, 'nothing is kept');
  assert.deepEqual(told, []);
  await assert.rejects(call('tags.rules', { run, rules: { ...RULES, off: 0.9 }, keep: true }), { code: 'bad-rules' });
  const accepted = await call('tags.edit', {
    ...{ clip, version: tags.version },
    edits: [{ type: 'accept', id: tags.spans[1]!.id }],
  });
  const kept = await call('tags.rules', { run, rules: low, keep: true });
  assert.deepEqual(
    kept.tags.spans.map(({ label, start, state }) => [label, start, state]),
    [
      ['wave', 0, 'found'],
      ['jump', 2, 'found'],
      ['jump', 6, 'accepted'],
    ],
  );
  assert.deepEqual(kept.tags.runs[0]!.rules, low);
  assert.equal(kept.tags.spans[1]!.id, tags.spans[0]!.id, 'what stayed is the same span');
  const undone = await call('tags.undo', { clip, version: accepted.version });
  assert.deepEqual([undone.spans.length, undone.canRedo], [2, true]);
  await assert.rejects(call('tags.redo', { clip, version: accepted.version }), { code: 'tags-changed' });
  await call('tags.redo', { clip, version: undone.version });
  const { changed } = await call('tags.judge', { ids: [tags.spans[0]!.id, 'nobody'], state: 'rejected' });
  assert.equal(changed, 1);
  assert.deepEqual(told, [clip, clip, clip, clip, clip]);

  const page = await call('tags.find', { query: { text: 'jump' }, offset: 0, limit: 10 });
  assert.deepEqual([page.total, page.hits[0]!.state, page.hits[0]!.clipName], [1, 'accepted', 'match.mp4']);
  await assert.rejects(call('tags.find', { query: { text: 'a:b' }, offset: 0, limit: 10 }), { code: 'bad-query' });
  assert.deepEqual(await call('tags.labels', {}), [
    { label: 'jump', found: 0, accepted: 1, rejected: 1, marked: 0, clips: 1 },
    { label: 'wave', found: 1, accepted: 0, rejected: 0, marked: 0, clips: 1 },
  ]);
  assert.ok((await call('cache.status', {})).scores > 0);
  const written = await ownOutput(home, '/films/match.mp4', 'e');
  writeFileSync(written, '{}');
  assert.equal((await call('library.remove', { ids: [clip], force: false })).removed, 1);
  assert.ok(!existsSync(written), 'what was written of it in the library goes with it');
  assert.equal((await call('tags.find', { query: { text: '' }, offset: 0, limit: 10 })).total, 0);
  assert.equal((await call('cache.status', {})).scores, 0);
  await assert.rejects(call('tags.clip', { id: clip }), { code: 'clip-unknown' });
  await assert.rejects(call('tags.scores', { ...window, labels: [] }), { code: 'run-unknown' });
});

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { RetimeSpec } from '../../../app/contract/jobs.ts';
import type { SpanExportOptions } from '../../../app/contract/tags.ts';
import { SPAN_RULES } from '../../../app/contract/tags.ts';
import { runJob } from '../../../app/core/jobs/runner.ts';
import { identify } from '../../../app/core/library/file-identity.ts';
import { finishRun } from '../../../app/core/library/span-rows.ts';
import { appendScores, beginRun } from '../../../app/core/library/tag-runs.ts';
import { probe } from '../../../app/core/media/probe.ts';
import { JobQueue } from '../../../app/core/queue/job-queue.ts';
import { tagExportHandlers } from '../../../app/core/studio/tag-export-handlers.ts';
import { libraryClip } from '../../../app/core/tags/clip.ts';
import { frameHashes, makeClip } from '../../support/clips.ts';
import { openTestLibrary } from '../../support/library.ts';

const folder = mkdtempSync(join(tmpdir(), 'inbetween-tag-export-'));
const library = await openTestLibrary(join(folder, 'home'));
const { db, home } = library.context;
const queue = new JobQueue({
  ...{ db, home, threads: 1, cacheBytes: () => 1e9 },
  onChanged: () => {},
  onEnded: () => {},
});
// What is put into it is looked at, and run by the test.
await queue.hold(true);
after(async () => {
  await queue.close();
  await library[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const clips: string[] = [];
for (const name of ['a', 'b']) {
  mkdirSync(join(folder, name));
  const path = join(folder, name, 'beach.mkv');
  makeClip(path, { size: '64x36', rate: '12', seconds: 1.5, codec: ['-c:v', 'ffv1'] });
  const { id } = await libraryClip(db, await identify(path), await probe(path));
  const facts = { clip: id, content: 'x', engine: 'seeded', version: '1', rate: 1, embedding: 0, rules: SPAN_RULES };
  const run = beginRun(db, { ...facts, labels: ['jump', 'walk'] });
  appendScores(db, run, 0, Float32Array.of(0, 1), null, null);
  finishRun(db, run, [
    { label: 'jump', start: 0.5, end: 1, score: 0.9 },
    { label: 'walk, slowly', start: 0, end: 1.5, score: 0.5 },
  ]);
  clips.push(path);
}

const handlers = tagExportHandlers(library.context, queue);
const exported = async (options: Partial<SpanExportOptions> & Pick<SpanExportOptions, 'what' | 'to'>) =>
  await handlers['tags.export'](
    { options: { spans: { query: 'label:jump' }, lead: 0, force: false, ...options } },
    { signal: new AbortController().signal },
  );
const specs = (ids: readonly string[]): RetimeSpec[] =>
  queue.status().items.flatMap(({ job }) => (ids.includes(job.id) ? [job.spec as RetimeSpec] : []));

test('clips are cut at their frames, with their sound, named apart', async () => {
  const to = join(folder, 'clips');
  const { jobs } = await exported({ what: 'clips', to });
  const planned = specs(jobs);
  assert.deepEqual(
    planned.map(({ output }) => output),
    [join(to, 'beach - jump 01.mkv'), join(to, 'beach (2) - jump 01.mkv')],
  );
  const spec = { ...planned[0]!, codec: 'ffv1' as const };
  const result = await runJob(spec, { db, home, threads: 1 });
  assert.deepEqual([result.frames, result.passedThrough, result.audio], [6, 6, 'original']);
  assert.deepEqual(frameHashes(spec.output), frameHashes(clips[0]!).slice(6, 12));
  await assert.rejects(exported({ what: 'clips', to }), { code: 'output-exists' });
});

test('slowed clips are jobs with a curve, by the engine that is asked for', async () => {
  const shape = { lead: 0.25, speed: 0.5, ramp: 0 };
  const { jobs } = await exported({ what: 'slow', to: join(folder, 'slow'), ...shape, engine: 'blend', audio: 'tape' });
  const [spec] = specs(jobs);
  assert.deepEqual([spec?.engine, spec?.audio], ['blend', 'tape']);
  assert.deepEqual(
    spec?.curve?.keys.map(({ output, source }) => [output, source]),
    [
      [0, 0.25],
      [0.25, 0.5],
      [1.25, 1],
      [1.5, 1.25],
    ],
  );
});

test('lists are written for each clip, into a folder for several', async () => {
  const to = join(folder, 'lists');
  const { written } = await exported({ what: 'csv', to, spans: { query: '' } });
  assert.deepEqual(readdirSync(to).toSorted(), ['beach (2).csv', 'beach.csv']);
  assert.match(
    readFileSync(written[0]!, 'utf8'),
    /^label,start,end,score\r\n"walk, slowly",0\.000,1\.500,0\.500\r\njump,0\.5/,
  );
  await assert.rejects(exported({ what: 'csv', to, spans: { query: '' } }), { code: 'output-exists' });
  await assert.rejects(exported({ what: 'csv', to: join(folder, 'one.csv') }), { code: 'output-format' });
  const one = { spans: { query: 'label:jump in:/a' }, to: join(folder, 'one.json') };
  assert.deepEqual((await exported({ what: 'json', ...one })).written, [one.to]);
  const json = JSON.parse(readFileSync(one.to, 'utf8'));
  assert.deepEqual([json.input, json.spans.length, json.spans[0].state], [clips[0], 1, 'found']);
  for (const what of ['vtt', 'srt', 'edl'] as const) {
    const path = join(folder, `one.${what}`);
    await exported({ what, ...one, to: path });
    assert.match(readFileSync(path, 'utf8'), /jump/);
  }
  await assert.rejects(exported({ what: 'csv', to, spans: { query: 'label:swim' } }), { code: 'not-found' });
  await assert.rejects(exported({ what: 'csv', to, spans: { ids: [] } }), { code: 'not-found' });
});

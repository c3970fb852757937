/** Tagging by the command and in the app, over one library, with the narrow network of the fixtures installed in it. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Method, Params, Result } from '../../app/contract/api.ts';
import type { JobSummary } from '../../app/contract/jobs.ts';
import { homeAt } from '../../app/core/base/home.ts';
import { importModel } from '../../app/core/models/import.ts';
import { modelPlaces } from '../../app/core/nn/store.ts';
import { openStudio } from '../../app/core/studio/open.ts';
import { ffmpegOutput } from '../support/clips.ts';
import { inbetween, shared, tempFolder } from '../support/command.ts';

const skip = shared ? false : 'INBETWEEN_SHARED is not set: neither the network nor the clips are here';

test('a folder by the command; the app knows what was found, and tags what is new', { skip }, async (t) => {
  const folder = tempFolder(t);
  const home = join(folder, 'home');
  process.env['INBETWEEN_HOME'] = home;
  const model = join(shared!, 'fixtures', 'movinet-a0-stream-narrow', 'statedict');
  const installing = { id: 'narrow', places: modelPlaces(homeAt(home)), threads: 2 };
  await importModel(model, installing);
  const clips = join(folder, 'clips');
  mkdirSync(clips);
  for (const [name, from] of Object.entries({ a: 'bend_p0_o.mp4', b: 'wave_one_hand_p0_o.mp4' })) {
    const people = join(shared!, 'clips', 'actions', 'weizmann_mini', from);
    ffmpegOutput('-i', people, '-c', 'copy', join(clips, `${name}.mp4`));
  }
  writeFileSync(join(clips, 'empty.mp4'), '');
  const words = ['tag', clips, '--engine', 'narrow', '--threshold', '0.2', '-o', `${join(folder, 'out')}/`];
  const { status, stdout } = await inbetween(home, [...words, '--json']);
  assert.equal(status, 4, 'one clip is none');
  assert.equal(stdout.trimEnd().split('\n').length, 1);
  const told = JSON.parse(stdout);
  assert.deepEqual([told.clips.length, told.failed.length, told.failed[0].error.code], [2, 1, 'unreadable']);
  for (const { input, output, top, spans, pictures } of told.clips) {
    const written = JSON.parse(readFileSync(output, 'utf8'));
    assert.deepEqual({ input: written.input, top: written.top, spans: written.spans }, { input, top, spans });
    assert.ok(top.length === 5 && top[0].score >= top[1].score && pictures > 10 && spans.length > 0);
    for (const { label, start, end, score } of spans) assert.ok(label !== '' && start < end && score > 0.1);
  }

  await using studio = await openStudio({ library: home, media: '/media/', roots: null });
  const changed: string[] = [];
  const ended = Promise.withResolvers<JobSummary>();
  studio.topics.listen((topic, payload) => {
    if (topic === 'tags.changed') changed.push((payload as { clip: string }).clip);
    if (topic === 'queue.ended') ended.resolve((payload as { job: JobSummary }).job);
  });
  const call = async <M extends Method>(method: M, params: Params<M>): Promise<Result<M>> => {
    const answer = await studio.invoke(method, params);
    if (answer.ok) return answer.result as Result<M>;
    throw Object.assign(new Error(answer.error.message), { code: answer.error.code });
  };
  const narrow = (await call('tags.engines', {})).find(({ id }) => id === 'narrow')!;
  assert.deepEqual([narrow.size, narrow.rate, narrow.mode, narrow.labels.length], [172, 5, 'stream', 16]);
  const { ids } = await call('library.add', { paths: [join(clips, 'a.mp4'), join(clips, 'b.mp4')] });
  const known = await call('tags.clip', { id: ids[0]! });
  assert.deepEqual([known.runs.length, known.runs[0]!.finished], [1, true], 'the command put it into the library');
  assert.deepEqual(await call('tags.start', { clips: ids, engine: 'narrow', again: false }), { jobs: [], skipped: 2 });
  const { jobs } = await call('tags.start', { clips: ids.slice(0, 1), engine: 'narrow', again: true });
  const job = await ended.promise;
  assert.deepEqual([job.id, job.state], [jobs[0], 'done']);
  const { runs } = await call('tags.clip', { id: ids[0]! });
  assert.deepEqual(
    [runs.length, runs[0]!.id === known.runs[0]!.id],
    [1, false],
    'the new run is in the place of the old one',
  );
  assert.deepEqual(runs[0]!.rules, known.runs[0]!.rules, 'by the rules that were chosen for the old one');
  assert.ok(changed.includes(ids[0]!), 'whoever looks at the clip hears of it');
  assert.ok(existsSync(job.result!.output) && job.result!.output.startsWith(join(home, 'tags')));
  await assert.rejects(call('tags.start', { clips: ['none'], again: false }), { code: 'clip-unknown' });
  await assert.rejects(call('tags.start', { clips: ids, engine: 'glide', again: false }), { code: 'engine-kind' });
});

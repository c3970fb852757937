/** What a page may reach: of the library's own folder only what was dropped on it, and of the library only files in folders that are open now. */
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import type { Method, Params, Result } from '../../../app/contract/api.ts';
import { homeAt } from '../../../app/core/base/home.ts';
import { openLibrary } from '../../../app/core/library/db.ts';
import { registerJob } from '../../../app/core/library/job-rows.ts';
import { addPair, endPair } from '../../../app/core/queue/pair-rows.ts';
import { openStudio, type Studio } from '../../../app/core/studio/open.ts';
import { makeClip } from '../../support/clips.ts';
import { tempFolder } from '../../support/command.ts';

async function call<M extends Method>(studio: Studio, method: M, params: Params<M>): Promise<Result<M>> {
  const answer = await studio.invoke(method, params);
  if (answer.ok) return answer.result as Result<M>;
  throw Object.assign(new Error(answer.error.message), { code: answer.error.code });
}

test("the library's own folder is none of a page's, though it lies in an opened one", async (t) => {
  const root = tempFolder(t);
  const home = join(root, 'library');
  await using studio = await openStudio({ library: home, media: '/media/', roots: [root] });
  symlinkSync(home, join(root, 'way in'));
  const { id } = await call(studio, 'project.create', { name: 'x' });
  for (const folder of [home, join(home, 'chunks'), join(home, 'uploads', '..', 'proxies'), join(root, 'way in')]) {
    const refused = { code: 'path-refused' };
    await assert.rejects(call(studio, 'files.browse', { path: folder }), refused, folder);
    await assert.rejects(call(studio, 'project.export', { id, path: join(folder, 'x.edl'), force: true }), refused);
    const options = { scope: { what: 'sequence' as const }, codec: 'h264' as const, force: true };
    const output = join(folder, 'x.mp4');
    await assert.rejects(call(studio, 'export.plan', { project: id, options: { ...options, output } }), refused);
    await assert.rejects(call(studio, 'models.import', { path: join(folder, 'library.db') }), refused);
    await assert.rejects(call(studio, 'project.import', { path: join(folder, 'x.edl') }), refused);
    await assert.rejects(call(studio, 'library.relinkFolder', { folder }), refused);
  }
  const { entries } = await call(studio, 'files.browse', { path: join(home, 'uploads') });
  assert.deepEqual(entries, [], 'what is dropped can be chosen again');
});

const ID = '0123456789abcdef';
const ways = (media: string): string[] => [`clip/${media}/source`, `pair/${ID}/film`, `job/${ID}/output`];

/** A pair and a job that are done, as a library has them when they wrote `output`. */
function finishedWork(library: string, output: string): void {
  using db = openLibrary(homeAt(library));
  const spec = { a: '/a.png', b: '/b.png', recursions: 1, engine: 'hold', fps: { num: 10, den: 1 }, output };
  addPair(db, ID, spec);
  endPair(db, { id: ID, state: 'done', done: 1, output, problem: null });
  const job = {
    ...{ kind: 'retime', input: '/a.mp4', output, speed: { num: 1, den: 2 }, factor: 1, engine: 'hold', cuts: 'auto' },
    ...{ holds: 'auto', maxHold: 6, shutter: 0, codec: 'h264', force: false },
  };
  const counts = { frames: 1, synthesised: 0, passedThrough: 1, held: 0, cuts: [], reusedFrames: 0, engineMs: 0 };
  const result = {
    ...{ output, engine: 'hold', device: 'cpu', ...counts, fps: '25', durationIn: 1, durationOut: 1, audio: 'none' },
    ...{ avDriftMs: 0, seconds: 1, verified: true, notes: [] },
  };
  registerJob(db, { id: ID, hash: ID, kind: job.kind, spec: JSON.stringify(job) });
  db.run("UPDATE jobs SET state = 'done', result = ? WHERE id = ?", JSON.stringify(result), ID);
}

test('what was put into the library when another folder was open is not shown from its file', async (t) => {
  const folder = tempFolder(t);
  const [open, closed, home] = ['open', 'closed', 'home'].map((name) => join(folder, name)) as [string, string, string];
  for (const one of [open, closed]) mkdirSync(one);
  const path = join(closed, 'a.mp4');
  makeClip(path, { seconds: 0.4, rate: '25', size: '64x48', sound: false });
  const film = join(closed, 'film.webm');
  const request = new Request('http://localhost/');
  let [media, project] = ['', ''];
  writeFileSync(film, 'a film');
  {
    await using all = await openStudio({ library: home, media: '/media/', roots: null });
    media = (await call(all, 'library.add', { paths: [path] })).ids[0]!;
    const { id, version } = await call(all, 'project.create', { name: 'x' });
    await call(all, 'project.place', { id, version, clips: [{ media }], at: 0, how: 'append' });
    project = id;
    finishedWork(home, film);
    for (const way of ways(media)) assert.equal((await all.media(way, request)).status, 200, way);
  }
  await using studio = await openStudio({ library: home, media: '/media/', roots: [open] });
  for (const way of ways(media)) {
    assert.equal((await studio.media(way, request)).status, 404, way);
  }
  const refused = { code: 'path-refused' };
  const output = join(open, 'x.mp4');
  const options = { scope: { what: 'sequence' as const }, codec: 'h264' as const, force: true, output };
  await assert.rejects(call(studio, 'export.start', { project, options }), refused);
  await assert.rejects(call(studio, 'library.facts', { id: media }), refused);
  await assert.rejects(call(studio, 'library.wantProxy', { id: media }), refused);
  const { state } = await call(studio, 'project.open', { id: project });
  const [clip] = Object.values(state.clips);
  assert.equal(clip!.name, basename(path));
  const answer = await call(studio, 'preview.clip', { project, clip: clip!.id });
  assert.equal(answer.state === 'failed' && answer.error.code, 'path-refused');
  await assert.rejects(call(studio, 'preview.frame', { project, clip: clip!.id, frame: 0, engine: 'blend' }), refused);
  assert.equal(await call(studio, 'preview.render', { project, around: 0 }).then(({ missing }) => missing), 0);
});

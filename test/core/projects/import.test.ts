import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Change, ProjectDocument, ProjectState } from '../../../app/contract/project.ts';
import { openStudio } from '../../../app/core/studio/open.ts';
import { clipsInOrder } from '../../../app/core/sequence/geometry.ts';
import { addMarker, changeCut, setSpeed } from '../../../app/core/sequence/edits.ts';
import { makeClip } from '../../support/clips.ts';
import type { Method, Params, Result } from '../../../app/contract/api.ts';

const folder = await mkdtemp(join(tmpdir(), 'inbetween-import-'));
after(() => rm(folder, { recursive: true }));
const inside = join(folder, 'opened');
await mkdir(join(inside, 'clips'), { recursive: true });
makeClip(join(inside, 'clips', 'one.mp4'), { seconds: 2, rate: '25', size: '160x90' });
makeClip(join(inside, 'clips', 'two.mkv'), { seconds: 1, rate: '25', size: '160x90', sound: false });
const elsewhere = join(folder, 'not opened');
await mkdir(elsewhere);
await copyFile(join(inside, 'clips', 'one.mp4'), join(elsewhere, 'secret.mp4'));

let homes = 0;
async function studio() {
  const opened = await openStudio({ library: join(folder, `home${homes++}`), media: '/media/', roots: [inside] });
  const call = async <M extends Method>(method: M, params: Params<M>): Promise<Result<M>> => {
    const answer = await opened.invoke(method, params);
    if (answer.ok) return answer.result as Result<M>;
    throw Object.assign(new Error(answer.error.message), { code: answer.error.code });
  };
  return { call, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
}
const shape = (state: ProjectState) =>
  clipsInOrder(state).map(({ name, start, frames, first, keys }) => ({ name, start, frames, first, keys }));

/** A project of both clips: one at half speed, with a marker and a cut. */
async function filled(call: Awaited<ReturnType<typeof studio>>['call']): Promise<ProjectDocument> {
  const { ids } = await call('library.add', { paths: [join(inside, 'clips')] });
  assert.equal(ids.length, 2);
  const { id } = await call('project.create', { name: 'Filled' });
  let { version } = await call('project.place', {
    id,
    version: 0,
    at: 0,
    how: 'append',
    clips: ids.map((media) => ({ media })),
  });
  const edit = async (change: (state: ProjectState, first: string) => Change[]) => {
    const { state } = await call('project.open', { id });
    const changes = change(state, clipsInOrder(state)[0]!.id);
    ({ version } = await call('project.edit', { id, version, edit: { label: 'x', changes } }));
  };
  await edit((state, first) => setSpeed(state, first, 0.5));
  await edit((state, first) => changeCut(state, first, 1, 'add'));
  await edit((state) => addMarker(state, { frame: 30, name: 'here', colour: 'red' }));
  return await call('project.open', { id });
}

test('a project goes out in each format and comes in again, here and in another library', async () => {
  await using here = await studio();
  await using other = await studio();
  const doc = await filled(here.call);
  for (const ending of ['inbetween', 'edl', 'fcpxml']) {
    const path = join(inside, `project.${ending}`);
    const out = await here.call('project.export', { id: doc.id, path, force: false });
    assert.equal(out.path, path);
    await assert.rejects(here.call('project.export', { id: doc.id, path, force: false }), { code: 'output-exists' });
    await here.call('project.export', { id: doc.id, path, force: true });
    for (const { call } of [here, other]) {
      const { project, notes } = await call('project.import', { path });
      assert.deepEqual(notes, [], ending);
      assert.deepEqual(shape(project.state), shape(doc.state), ending);
      assert.deepEqual(project.state.settings, doc.state.settings);
      assert.deepEqual(
        Object.values(project.state.markers).map(({ name, frame }) => [name, frame]),
        [['here', 30]],
      );
      const [first] = clipsInOrder(project.state);
      assert.deepEqual(first!.cuts.added, [1]);
      const [details] = await call('library.get', { ids: [first!.media] });
      assert.equal(details!.path, join(inside, 'clips', 'one.mp4'));
    }
  }
  assert.deepEqual((await readdir(inside)).toSorted(), ['clips', 'project.edl', 'project.fcpxml', 'project.inbetween']);
  for (const [path, code] of [
    [join(elsewhere, 'x.edl'), 'path-refused'],
    [join(inside, 'x.txt'), 'output-format'],
    [join(inside, 'no', 'x.edl'), 'output-folder'],
  ]) {
    await assert.rejects(here.call('project.export', { id: doc.id, path: path!, force: true }), { code });
  }
});

test('media that moved along with the file are found; what is nowhere is a missing clip, what may not be seen is not looked at', async () => {
  await using here = await studio();
  const doc = await filled(here.call);
  const path = join(inside, 'project.inbetween');
  await here.call('project.export', { id: doc.id, path, force: true });
  const moved = join(inside, 'moved');
  await mkdir(join(moved, 'clips'), { recursive: true });
  await rename(path, join(moved, 'project.inbetween'));
  await rename(join(inside, 'clips', 'one.mp4'), join(moved, 'clips', 'one.mp4'));
  await using other = await studio();
  const text = await readFile(join(moved, 'project.inbetween'), 'utf8');
  const { project, notes } = await other.call('project.import', { path: join(moved, 'project.inbetween') });
  assert.deepEqual(notes, []);
  const where = async (state: ProjectState) =>
    (await other.call('library.get', { ids: clipsInOrder(state).map(({ media }) => media) })).map((one) => [
      one.path,
      one.state,
    ]);
  assert.deepEqual(await where(project.state), [
    [join(moved, 'clips', 'one.mp4'), 'ready'],
    [join(inside, 'clips', 'two.mkv'), 'ready'],
  ]);
  // Now one that says its media is outside, and another that is nowhere.
  const file = JSON.parse(text) as { media: Record<string, unknown>[] };
  file.media[0] = {
    id: file.media[0]!['id'],
    name: 'secret.mp4',
    path: join(elsewhere, 'secret.mp4'),
    relative: '../../not opened/secret.mp4',
  };
  file.media[1] = { id: file.media[1]!['id'], name: 'gone.mov', path: join(inside, 'gone.mov') };
  await writeFile(join(moved, 'enemy.inbetween'), JSON.stringify(file));
  const enemy = await other.call('project.import', { path: join(moved, 'enemy.inbetween') });
  assert.equal(enemy.notes.length, 2);
  assert.deepEqual(await where(enemy.project.state), [
    [join(moved, 'secret.mp4'), 'missing'],
    [join(inside, 'gone.mov'), 'missing'],
  ]);
  assert.deepEqual(shape(enemy.project.state), shape(doc.state));
  await rename(join(moved, 'clips', 'one.mp4'), join(inside, 'clips', 'one.mp4'));
});

test('markers and cuts of another program come in as one edit', async () => {
  await using here = await studio();
  const doc = await filled(here.call);
  const path = join(inside, 'scenes.edl');
  await writeFile(
    path,
    `TITLE: scenes\nFCM: NON-DROP FRAME\n
001  AX  V  C  00:00:00:00 00:00:01:05 01:00:00:00 01:00:01:05
* LOC: 01:00:00:10 GREEN   look
002  AX  V  C  00:00:01:05 00:00:02:00 01:00:01:05 01:00:02:00\n`,
  );
  const { update, notes } = await here.call('project.importMarkers', { id: doc.id, version: doc.version, path });
  assert.deepEqual([update.done.at(-1)!.label, notes.length], ['Import markers', 1]);
  const { state } = await here.call('project.open', { id: doc.id });
  assert.deepEqual(clipsInOrder(state)[0]!.cuts.added, [0.6, 1]);
  assert.deepEqual(
    Object.values(state.markers)
      .map(({ name, frame, colour }) => [name, frame, colour])
      .toSorted(),
    [
      ['here', 30, 'red'],
      ['look', 10, 'green'],
    ],
  );
  const again = await here.call('project.importMarkers', { id: doc.id, version: update.version, path: path });
  assert.equal(again.update.changes.filter(({ kind }) => kind === 'clip').length, 0);
  const undone = await here.call('project.undo', { id: doc.id, version: again.update.version });
  await here.call('project.undo', { id: doc.id, version: undone.version });
  assert.deepEqual((await here.call('project.open', { id: doc.id })).state, doc.state);
});

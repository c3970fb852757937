import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Method, Params, Result } from '../../../app/contract/api.ts';
import type { ProjectUpdate } from '../../../app/contract/project.ts';
import { addMarker } from '../../../app/core/sequence/edits.ts';
import { openStudio } from '../../../app/core/studio/open.ts';
import { makeClip } from '../../support/clips.ts';

test('every change of a project is told to all, and a clip that a project shows is not removed by accident', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'inbetween-project-handlers-'));
  makeClip(join(folder, 'a.mp4'), { seconds: 1, rate: '25', size: '160x90', sound: false });
  const studio = await openStudio({ library: join(folder, 'home'), media: '/media/', roots: null });
  try {
    const heard: string[] = [];
    const updates: ProjectUpdate[] = [];
    studio.topics.listen((topic, payload) => {
      if (topic.startsWith('project.')) heard.push(topic);
      if (topic === 'project.changed') updates.push(payload as ProjectUpdate);
    });
    const call = async <M extends Method>(method: M, params: Params<M>): Promise<Result<M>> => {
      const answer = await studio.invoke(method, params);
      if (answer.ok) return answer.result as Result<M>;
      throw Object.assign(new Error(answer.error.message), { code: answer.error.code });
    };
    const { ids } = await call('library.add', { paths: [join(folder, 'a.mp4')] });
    const { id, version } = await call('project.create', { name: 'Told' });
    const placed = await call('project.place', { id, version, clips: [{ media: ids[0]! }], at: 0, how: 'append' });
    const { state } = await call('project.open', { id });
    const edit = { label: 'Add marker', changes: addMarker(state, { frame: 3 }) };
    const edited = await call('project.edit', { id, version: placed.version, edit });
    const undone = await call('project.undo', { id, version: edited.version });
    const redone = await call('project.redo', { id, version: undone.version });
    await call('project.rename', { id, name: 'Told again' });
    assert.deepEqual(heard, [
      ...['project.listChanged', 'project.changed', 'project.changed', 'project.changed', 'project.changed'],
      'project.listChanged',
    ]);
    assert.deepEqual(updates, [placed, edited, undone, redone]);
    await assert.rejects(call('project.edit', { id, version: 0, edit }), { code: 'project-changed' });
    await assert.rejects(
      call('library.remove', { ids, force: false }),
      (error: Error & { code?: string }) => error.code === 'clip-in-use' && error.message.includes('Told again'),
    );
    await call('project.remove', { id });
    assert.equal((await call('library.remove', { ids, force: false })).removed, 1);
  } finally {
    await studio[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, maxRetries: 5 });
  }
});

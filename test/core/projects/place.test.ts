import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { TICKS } from '../../../app/contract/time.ts';
import { insertClip, setProbed } from '../../../app/core/library/clip-rows.ts';
import { openLibrary } from '../../../app/core/library/db.ts';
import { probe } from '../../../app/core/media/probe.ts';
import { projectState } from '../../../app/core/projects/edit.ts';
import { createProject } from '../../../app/core/projects/list.ts';
import { placeClips, type PlaceOptions } from '../../../app/core/projects/place.ts';
import { EMPTY_SETTINGS } from '../../../app/core/projects/settings.ts';
import { clipsInOrder, sourceAt } from '../../../app/core/sequence/geometry.ts';
import { makeClip } from '../../support/clips.ts';

const folder = await mkdtemp(join(tmpdir(), 'inbetween-place-'));
const db = openLibrary({ database: join(folder, 'library.db') });
after(async () => {
  db.close();
  await rm(folder, { recursive: true });
});

async function added(name: string, options: Parameters<typeof makeClip>[1]): Promise<string> {
  const path = join(folder, name);
  makeClip(path, options);
  const { size, mtimeNs } = await stat(path, { bigint: true });
  const id = insertClip(db, { path, bytes: Number(size), mtimeNs: String(mtimeNs), named: true });
  setProbed(db, id, { info: await probe(path), vfr: false, hdr: false });
  return id;
}
const place = (id: string, media: PlaceOptions['clips'], more: Partial<PlaceOptions> = {}) => {
  const { version } = projectState(db, id);
  const { signal } = new AbortController();
  return placeClips(db, id, { version, clips: media, at: 0, how: 'append', engine: 'glide', signal, ...more });
};

const ntsc = await added('ntsc.mkv', { size: '320x180', rate: '30000/1001', seconds: 2 });
const tall = await added('tall.mp4', { size: '90x160', rate: '25', seconds: 1, sound: false });

test('the first clip decides the settings, and at its own speed every frame is one of its own', async () => {
  const { id } = createProject(db, 'one');
  await place(id, [{ media: ntsc }]);
  const { state } = projectState(db, id);
  const { rate, width, height, pixelFormat, sampleRate, channels } = state.settings;
  assert.deepEqual([rate, width, height], [{ num: 30_000, den: 1001 }, 320, 180]);
  assert.deepEqual([pixelFormat, sampleRate, channels], ['yuv420p', 48_000, 1]);
  const [clip] = clipsInOrder(state);
  assert.equal(clip!.frames, 60);
  assert.equal(clip!.name, 'ntsc.mkv');
  for (let k = 0; k < 60; k++) assert.equal(sourceAt(clip!, rate, k), (k * TICKS * 1001) / 30_000);
  // The next one is conformed.
  await place(id, [{ media: tall }]);
  const next = projectState(db, id).state;
  assert.deepEqual(next.settings, state.settings);
  assert.deepEqual(
    clipsInOrder(next).map(({ start, frames }) => [start, frames]),
    [
      [0, 60],
      [60, 30],
    ],
  );
});

test('a part can be made longer again; inserting cuts what is there; settings that were said stay', async () => {
  const settings = { ...EMPTY_SETTINGS, rate: { num: 50, den: 1 } };
  const { id } = createProject(db, 'two', settings);
  await place(id, [{ media: tall }, { media: tall, from: 0.5, to: 0.7 }]);
  await place(id, [{ media: tall, from: -3, to: 0.1 }], { how: 'insert', at: 20 });
  const { state } = projectState(db, id);
  assert.deepEqual(state.settings, settings);
  assert.deepEqual(
    clipsInOrder(state).map(({ start, first, frames }) => [start, first, frames]),
    [
      [0, 0, 20],
      [20, 0, 5],
      [25, 20, 30],
      [55, 25, 10],
    ],
  );
});

test('a clip that is not there, and a version that is old, are refused', async () => {
  const { id } = createProject(db, 'three');
  await assert.rejects(place(id, [{ media: 'nobody' }]), { code: 'clip-unknown' });
  await assert.rejects(place(id, [{ media: tall }], { version: 7 }), { code: 'project-changed' });
  assert.deepEqual(projectState(db, id).state.clips, {});
});

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { AppError } from '../../../app/contract/errors.ts';
import type { SequenceClip } from '../../../app/contract/jobs.ts';
import type { ProjectState } from '../../../app/contract/project.ts';
import type { ExportOptions } from '../../../app/contract/queue.ts';
import { planExport } from '../../../app/core/jobs/export-plan.ts';
import { sourceFacts } from '../../../app/core/jobs/tasks/source-facts.ts';
import { analysisCache } from '../../../app/core/library/analysis-cache.ts';
import { identify } from '../../../app/core/library/file-identity.ts';
import { probe } from '../../../app/core/media/probe.ts';
import { Room } from './clips.ts';
import { sequenceClip, SETTINGS } from './sequence-support.ts';

const { signal } = new AbortController();

/** Plans an export of clips. */
async function planned(room: Room, clips: SequenceClip[], options: Partial<ExportOptions> = {}) {
  const paths = new Map(clips.map((clip) => [clip.id, clip.input]));
  const records = clips.map((clip) => [clip.id, { ...clip, media: clip.id }]);
  const state: ProjectState = { settings: SETTINGS, clips: Object.fromEntries(records), markers: {} };
  const output = room.path('out.mp4');
  const wanted: ExportOptions = { scope: { what: 'sequence' }, output, codec: 'h264', force: false, ...options };
  return await planExport({ name: 'Holiday', state }, wanted, {
    db: room.db,
    home: room.home,
    signal,
    threads: 1,
    source: async (media) => {
      const path = paths.get(media)!;
      const identity = await identify(path).catch(() => {
        throw new AppError('clip-missing', `${path} is not there any more.`);
      });
      const info = await probe(path);
      return { info, identity, facts: await sourceFacts(info, identity, { analyses: analysisCache(room.db), signal }) };
    },
  });
}

test('a plan tells frames by how they are made, and those that are in the store already', async () => {
  await using room = await Room.make();
  const a = room.clip('a.mov');
  const clips = [sequenceClip(a, 0, 50), sequenceClip(a, 60, 100, 0.5)];
  const before = await planned(room, clips);
  const { frames, duration, real, held, synthesised, cached, refused, files, bytes } = before.plan;
  assert.deepEqual([frames, duration, real, held, synthesised, cached], [160, 6.4, 100, 1, 49, 0]);
  assert.deepEqual([refused, files], [[], [room.path('out.mp4')]]);
  assert.ok(bytes > 10_000 && bytes < 10e6, String(bytes));
  await room.run(before.specs[0]!);
  const trimmed = await planned(room, [clips[0]!, { ...clips[1]!, frames: 90 }], { output: room.path('b.mp4') });
  assert.deepEqual([trimmed.plan.frames, trimmed.plan.cached], [150, 150 - 42]);
  const range = await planned(room, clips, { scope: { what: 'range', from: 50, to: 60 }, output: room.path('c.mp4') });
  assert.deepEqual([range.plan.frames, range.plan.real, range.specs[0]!.clips], [10, 0, []]);
});

test('everything that stands in the way is listed', async () => {
  await using room = await Room.make();
  const clip = sequenceClip(room.clip('a.mov', { frames: 10 }), 0, 10);
  const refusals = async (clips: SequenceClip[], options: Partial<ExportOptions> = {}) =>
    (await planned(room, clips, options)).plan.refused.map(({ code }) => code);
  writeFileSync(room.path('there.mp4'), 'mine');
  assert.deepEqual(await refusals([clip, sequenceClip(room.path('gone.mov'), 20, 10)]), ['clip-missing']);
  assert.deepEqual(await refusals([]), ['empty-range']);
  assert.deepEqual(await refusals([clip], { output: room.path('there.mp4') }), ['output-exists']);
  assert.deepEqual(await refusals([clip], { output: room.path('there.mp4'), force: true }), []);
  assert.deepEqual(await refusals([clip], { output: clip.input, codec: 'h264', force: true }), ['output-is-input']);
  assert.deepEqual(await refusals([clip], { output: room.path('no/folder.mp4') }), ['output-folder']);
  assert.deepEqual(await refusals([clip], { output: room.path(`${'ä'.repeat(130)}.mp4`) }), ['output-folder']);
  assert.deepEqual(await refusals([clip], { codec: 'prores' }), ['output-format']);
  assert.deepEqual(await refusals([{ ...clip, engine: 'no-such' }]), ['engine-unknown']);
  assert.deepEqual(await refusals([clip], { quality: 99 }), ['usage']);
});

test('segments are files of their own, with as long handles as there is source, and its timecode', async () => {
  await using room = await Room.make();
  const a = room.clip('a.mov', { frames: 100, more: ['-timecode', '10:00:00:00'] });
  const whole = sequenceClip(a, 0, 100, 1, { name: 'Beach: day/1.mov' });
  const clips = [
    { ...whole, id: 'one', first: 20, frames: 30 },
    { ...whole, id: 'two', start: 50, first: 90, frames: 10 },
  ];
  const { plan, specs } = await planned(room, clips, {
    scope: { what: 'segments', handles: 12 },
    output: room.folder,
    codec: 'prores',
  });
  assert.deepEqual(plan.refused, []);
  assert.deepEqual(
    specs.map(({ from, to, timecode, output }) => [from, to, timecode, output]),
    [
      [0, 54, '10:00:00:08', room.path('01 Beach_ day_1.mov')],
      [0, 22, '10:00:03:03', room.path('02 Beach_ day_1.mov')],
    ],
  );
  assert.equal(plan.frames, 76);
  const result = await room.run(specs[1]!);
  assert.deepEqual([result.frames, result.passedThrough], [22, 22]);
  assert.equal((await probe(specs[1]!.output)).tags['timecode'], '10:00:03:03');
});

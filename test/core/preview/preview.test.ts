import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Params, Method, Result, Topics } from '../../../app/contract/api.ts';
import { FRAME_KINDS, type ClipPreview } from '../../../app/contract/preview.ts';
import type { TimelineClip } from '../../../app/contract/project.ts';
import { openLibrary } from '../../../app/core/library/db.ts';
import { PreviewService } from '../../../app/core/preview/service.ts';
import { openStudio, type Studio } from '../../../app/core/studio/open.ts';
import { differenceDb, frameAt, frameHashes, Room, samplesOf } from '../jobs/clips.ts';

/** A project of one clip, in a studio. */
class Desk implements AsyncDisposable {
  readonly room: Room;
  readonly studio: Studio;
  readonly chunks: Topics['preview.chunk'][] = [];
  readonly progress: Topics['preview.progress'][] = [];
  project = '';
  clip = '';

  private constructor(room: Room, studio: Studio) {
    this.room = room;
    this.studio = studio;
    studio.topics.listen((topic, payload) => {
      if (topic === 'preview.chunk') this.chunks.push(payload as Topics['preview.chunk']);
      if (topic === 'preview.progress') this.progress.push(payload as Topics['preview.progress']);
    });
  }

  /** With `input` on the timeline, changed by `changes`. */
  static async of(room: Room, input: string, changes: (clip: TimelineClip) => Partial<TimelineClip>): Promise<Desk> {
    const studio = await openStudio({ library: room.home.root, media: '/media/', roots: null });
    const desk = new Desk(room, studio);
    await desk.call('settings.set', { changes: { previewHeight: 360 } });
    const { ids } = await desk.call('library.add', { paths: [input] });
    while ((await desk.call('library.get', { ids }))[0]!.state === 'probing') await sleep(20);
    const { id, version } = await desk.call('project.create', { name: 'Test' });
    desk.project = id;
    await desk.call('project.place', { id, version, clips: [{ media: ids[0]! }], at: 0, how: 'append' });
    await desk.change(changes);
    return desk;
  }

  async change(changes: (clip: TimelineClip) => Partial<TimelineClip>): Promise<void> {
    const { id, version, state } = await this.call('project.open', { id: this.project });
    const [before] = Object.values(state.clips);
    this.clip = before!.id;
    const after = { ...before!, ...changes(before!) };
    const edit = { label: 'Change', changes: [{ kind: 'clip' as const, id: before!.id, before: before!, after }] };
    await this.call('project.edit', { id, version, edit });
  }

  async call<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    const answer = await this.studio.invoke(method, params);
    if (answer.ok) return answer.result as Result<M>;
    throw Object.assign(new Error(answer.error.message), { code: answer.error.code });
  }

  async plan(): Promise<ClipPreview> {
    for (;;) {
      const answer = await this.call('preview.clip', { project: this.project, clip: this.clip });
      if (answer.state === 'ready') return answer.preview;
      if (answer.state === 'failed') throw new Error(answer.error.message);
      await sleep(50);
    }
  }

  /** Renders until nothing is missing. */
  async rendered(around = 0): Promise<void> {
    this.progress.length = 0;
    await this.call('preview.render', { project: this.project, around });
    while (!this.progress.some(({ missing, error }) => missing === 0 || error)) await sleep(20);
    const failed = this.progress.find(({ error }) => error);
    if (failed) throw new Error(failed.error!.message);
    // The sound may come last.
    while (!this.progress.some(({ framesPerSecond }) => framesPerSecond === null)) await sleep(20);
  }

  async fetched(path: string): Promise<string> {
    const response = await this.studio.media(path, new Request('http://localhost/'));
    assert.equal(response.status, 200, path);
    const file = this.room.path(path.replaceAll('/', '-'));
    writeFileSync(file, Buffer.from(await response.arrayBuffer()));
    return file;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.studio[Symbol.asyncDispose]();
  }
}

const slow = (factor: number) => (clip: TimelineClip) => ({
  engine: 'blend',
  audio: 'tape' as const,
  frames: clip.frames * factor,
  keys: clip.keys.map((key) => ({ ...key, output: key.output * factor })),
});

test('a clip at its own speed is shown directly; a slowed one in chunks, nearest to the playhead first, and its sound', async () => {
  await using room = await Room.make();
  const input = room.clip('a.mov', {
    frames: 30,
    size: '640x400',
    tone: { hertz: 400, channels: 2, sampleRate: 48_000 },
  });
  await using desk = await Desk.of(room, input, () => ({}));
  const direct = await desk.plan();
  assert.deepEqual([direct.direct, direct.chunks, direct.sound], [true, [], null]);
  await desk.change(slow(2));
  const plan = await desk.plan();
  assert.equal(plan.direct, false);
  assert.deepEqual(
    plan.chunks.map(({ first, frames, ready }) => [first, frames, ready]),
    [0, 12, 24, 36, 48].map((first) => [first, 12, false]),
  );
  assert.deepEqual(
    plan.kinds.slice(0, 3).map((kind) => FRAME_KINDS[kind]),
    ['real', 'between', 'real'],
  );
  await desk.rendered(40);
  assert.deepEqual(
    desk.chunks.map(({ first }) => first),
    [36, 48, 24, 12, 0],
  );
  const done = await desk.plan();
  assert.ok(done.chunks.every(({ ready }) => ready));
  assert.ok(done.confidence.every((one, k) => (k % 2 === 0 || k === 59 ? one === null : one! > 0 && one! <= 1)));
  const chunk = await desk.fetched(`chunk/${done.chunks[1]!.key}`);
  const filter = 'scale=576:360:flags=bicubic';
  assert.equal(frameHashes(chunk).length, 12);
  assert.ok(differenceDb(frameAt(chunk, 4), frameAt(input, 8, filter)) > 34);
  const sound = samplesOf(await desk.fetched(`sound/${done.sound!}`), 0);
  assert.equal(sound.length, 2.4 * 48_000);
  assert.ok(Math.max(...sound.subarray(20_000, 30_000)) > 0.05);
  const nothing = await desk.call('preview.render', { project: desk.project, around: 0 });
  assert.deepEqual(nothing, { missing: 0 });
  // A file that somebody deleted is made again.
  rmSync(join(room.home.chunks, done.chunks[2]!.key.slice(0, 2)), { recursive: true });
  const gone = await desk.studio.media(`chunk/${done.chunks[2]!.key}`, new Request('http://localhost/'));
  assert.equal(gone.status, 404);
  await desk.rendered(0);
  await desk.fetched(`chunk/${done.chunks[2]!.key}`);
});

test('a remedy renders its chunk again, and no other; a new request takes the place of the last', async () => {
  await using room = await Room.make();
  const input = room.clip('a.mov', { frames: 60 });
  await using desk = await Desk.of(room, input, slow(4));
  await desk.plan();
  await desk.call('preview.render', { project: desk.project, around: 0 });
  await desk.rendered(200);
  const plan = await desk.plan();
  assert.ok(plan.chunks.length >= 20 && plan.chunks.every(({ ready }) => ready));
  await desk.change(() => ({ remedies: [{ at: plan.sources[101]!, engine: 'hold' }] }));
  const changed = await desk.plan();
  assert.equal(FRAME_KINDS[changed.kinds[101]!], 'remedied');
  assert.equal(changed.confidence[101], null);
  const missing = changed.chunks.filter(({ ready }) => !ready);
  assert.deepEqual(
    missing.map(({ first }) => first),
    [96],
  );
  assert.deepEqual(await desk.call('preview.render', { project: desk.project, around: 0 }), { missing: 12 });
});

test('one frame by another engine is a picture; what is not there is refused', async () => {
  await using room = await Room.make();
  const input = room.clip('a.mov', { frames: 10, size: '320x180' });
  await using desk = await Desk.of(room, input, slow(2));
  const asked = { project: desk.project, clip: desk.clip, frame: 5, engine: 'hold' };
  const { path, confidence } = await desk.call('preview.frame', asked);
  assert.equal(confidence, 1);
  const picture = await desk.fetched(path);
  const real = frameAt(
    input,
    3,
    'scale=flags=bicubic+accurate_rnd+full_chroma_int:in_color_matrix=bt709:in_range=tv:out_range=pc,format=rgb24',
  );
  const db = differenceDb(frameAt(picture, 0), real);
  assert.ok(db > 40, String(db));
  const refused = (params: Partial<typeof asked>, code: string) =>
    assert.rejects(desk.call('preview.frame', { ...asked, ...params }), { code });
  await refused({ frame: 20 }, 'bad-request');
  await refused({ engine: 'no-such' }, 'engine-unknown');
  await refused({ clip: 'none' }, 'clip-unknown');
  await refused({ project: 'none' }, 'project-unknown');
  await desk.change(() => ({ engine: 'no-such' }));
  const failed = await desk.call('preview.clip', { project: desk.project, clip: desk.clip });
  assert.equal(failed.state === 'failed' && failed.error.code, 'engine-unknown');
  for (const odd of ['chunk/00', 'sound/../library.db', `frame/${'0'.repeat(64)}`, 'chunk']) {
    assert.equal((await desk.studio.media(odd, new Request('http://localhost/'))).status, 404, odd);
  }
});

test('the process is not taken for idle while somebody waits for it', async () => {
  await using room = await Room.make();
  await using desk = await Desk.of(room, room.clip('a.mov', { frames: 4, size: '160x90' }), slow(2));
  const settings = await desk.call('settings.get', {});
  using db = openLibrary(room.home);
  const ends = Promise.withResolvers<Topics['preview.progress']>();
  const service = new PreviewService({
    ...{ db, home: room.home, threads: 1, settings: () => settings, signal: new AbortController().signal },
    check: async (path) => path,
    emit: (topic, payload) => {
      const progress = payload as Topics['preview.progress'];
      if (topic === 'preview.progress' && progress.framesPerSecond === null) ends.resolve(progress);
    },
    // It takes longer to start.
    idleMs: 20,
  });
  try {
    const { confidence } = await service.picture(desk.project, desk.clip, 1, 'hold');
    assert.equal(confidence, 1);
    assert.equal(await service.render(desk.project, 0), 8);
    assert.equal((await ends.promise).error, null);
  } finally {
    service.close();
  }
});

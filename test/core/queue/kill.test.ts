/** kill -9 of the app in the middle of an export, with real ffmpeg: nothing but the chunk in work is lost. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Method, Params, Result } from '../../../app/contract/api.ts';
import type { BatchSpec, QueueItem, QueueStatus } from '../../../app/contract/queue.ts';
import { homeAt } from '../../../app/core/base/home.ts';
import { allChunks } from '../../../app/core/library/chunk-rows.ts';
import { openLibrary } from '../../../app/core/library/db.ts';
import { openStudio, type Studio } from '../../../app/core/studio/open.ts';
import { frameHashes, makeClip } from '../../support/clips.ts';
import { tempFolder } from '../../support/command.ts';
import { gone, until } from '../jobs/support.ts';
import { ONLY_LONG } from '../../support/few.ts';

const APP = fileURLToPath(new URL('run-studio.ts', import.meta.url));
/** Frames of a chunk (jobs/tasks/chunks.ts), and how many may be in work: one is made while the one before is being finished. */
const [CHUNK, IN_WORK] = [48, 2];

function prepare(t: TestContext): { home: string; spec: BatchSpec; output: string } {
  const folder = tempFolder(t);
  const [home, input, output] = ['home', 'in', 'out'].map((name) => join(folder, name)) as [string, string, string];
  mkdirSync(input);
  makeClip(join(input, 'a.mp4'), { seconds: 5, size: '320x180' });
  const recipe = { speed: { num: 1, den: 4 }, factor: 1, engine: 'blend', audio: 'mute' } as const;
  const spec: BatchSpec = { input, output, recipe, recursive: true, watch: false, overrides: {} };
  return { home, spec, output: join(output, 'a.mp4') };
}

/** The app in a process of its own, killed when `when` says so. */
async function killedApp(home: string, spec: BatchSpec, when: (item: QueueItem) => boolean): Promise<QueueItem> {
  const app = spawn(process.execPath, [APP, home, JSON.stringify(spec)], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    return await new Promise((resolve, reject) => {
      let rest = '';
      app.stdout.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const item = (JSON.parse(line) as QueueStatus).items[0];
          if (item !== undefined && when(item)) resolve(item);
        }
      });
      app.once('exit', () => reject(new Error('it ended')));
    });
  } finally {
    app.kill('SIGKILL');
    await until(() => gone(app.pid ?? 0));
  }
}

async function call<M extends Method>(studio: Studio, method: M, params: Params<M>): Promise<Result<M>> {
  const answer = await studio.invoke(method, params);
  if (!answer.ok) throw new Error(answer.error.message);
  return answer.result as Result<M>;
}

const open = (home: string): Promise<Studio> => openStudio({ library: home, media: '/media/', roots: null });

function chunksIn(home: string): number {
  using db = openLibrary(homeAt(home));
  return allChunks(db).length;
}

test('kill -9 of the app: the job is shown as left, goes on when asked, and only the chunk in work is made again', async (t) => {
  const { home, spec, output } = prepare(t);
  const seen = await killedApp(home, spec, (item) => item.stage === 'rendering' && item.fraction > 0.5);
  const before = chunksIn(home);
  assert.ok(before > 2, `${before} chunks`);

  await using studio = await open(home);
  const left = await call(studio, 'queue.status', {});
  assert.deepEqual(left.unfinished, [seen.id]);
  assert.equal(left.items[0]?.state, 'paused');
  assert.ok(!studio.busy());
  assert.deepEqual(await call(studio, 'queue.continue', {}), { jobs: [seen.id] });
  let item: QueueItem | undefined;
  await until(async () => {
    item = (await call(studio, 'queue.status', {})).items[0];
    return item?.state === 'done' || item?.state === 'failed';
  }, 60_000);
  const result = item?.job.result;
  assert.ok(result, item?.job.error?.message);
  assert.ok(result.verified);
  assert.equal(result.frames, 480);
  // Everything but a chunk or two of those that had been begun.
  const shown = ((seen.fraction - 0.06) / 0.88) * result.frames;
  t.diagnostic(`killed at frame ${Math.round(shown)} with ${before} chunks; ${result.reusedFrames} frames were there`);
  assert.ok(
    result.reusedFrames >= shown - IN_WORK * CHUNK,
    `${result.reusedFrames} of about ${Math.round(shown)} frames`,
  );
  assert.equal(frameHashes(output).length, 480);
  const media = await studio.media(`job/${seen.id}/output`, new Request('http://x/'));
  assert.equal(media.headers.get('content-type'), 'video/mp4');
  await media.body?.cancel();
  assert.ok(
    (await call(studio, 'queue.log', { id: seen.id })).some(({ message }) => /Taken over from process/.test(message)),
  );
});

test('where the settings say so, it goes on by itself', { skip: ONLY_LONG }, async (t) => {
  const { home, spec } = prepare(t);
  {
    await using studio = await open(home);
    await call(studio, 'settings.set', { changes: { continueJobs: true } });
  }
  await killedApp(home, spec, (item) => item.stage === 'rendering' && item.fraction > 0.2);
  await using studio = await open(home);
  const { unfinished } = await call(studio, 'queue.status', {});
  assert.deepEqual(unfinished, []);
  await until(async () => (await call(studio, 'queue.status', {})).items[0]?.state === 'done', 60_000);
});

/** Boards in a studio, with their real processes. */
import assert from 'node:assert/strict';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Method, Params, Result, Topics } from '../../../app/contract/api.ts';
import type { Board, BoardDocument, BoardPictures, TakeState } from '../../../app/contract/morph.ts';
import { openStudio } from '../../../app/core/studio/open.ts';
import { ffmpegOutput } from '../../support/clips.ts';
import { until } from '../jobs/support.ts';
import { boardOf, gap } from './boards-fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'inbetween-boards-'));
const opened = join(folder, 'opened');
const still = (name: string, size: string, skip: number): string => {
  const path = join(folder, name);
  const source = `testsrc2=size=${size}:rate=10`;
  ffmpegOutput('-f', 'lavfi', '-ss', String(skip / 10), '-i', source, '-frames:v', '1', '-y', path);
  return path;
};
const [a, b, c] = [still('a.png', '160x90', 0), still('b.png', '200x120', 4), still('c.png', '160x90', 8)];
const studio = await openStudio({ library: join(folder, 'home'), media: '/media/', roots: null });
const takes: Topics['board.take'][] = [];
studio.topics.listen((topic, payload) => {
  if (topic === 'board.take') takes.push(payload as Topics['board.take']);
});
after(async () => {
  await studio[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, maxRetries: 5 });
});

async function call<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
  const answer = await studio.invoke(method, params);
  if (answer.ok) return answer.result as Result<M>;
  throw Object.assign(new Error(answer.error.message), { code: answer.error.code });
}

async function boardWith(board: Board): Promise<BoardDocument> {
  const { id } = await call('board.create', { name: board.name });
  return await call('board.edit', { id, version: 0, label: 'Fill', board });
}

const fetched = async (path: string): Promise<Response> => await studio.media(path, new Request('http://x/'));
/** When all keyframes' pictures are there, or it is told why not. */
async function shownOf(id: string): Promise<BoardPictures> {
  for (;;) {
    const shown = await call('board.pictures', { id });
    if (shown.keyframes.every(({ picture, problem }) => picture ?? problem)) return shown;
  }
}
const pictures = async (id: string): Promise<TakeState[]> => (await call('board.pictures', { id })).takes;
const states = (all: readonly TakeState[]): string[] => all.map(({ state, done }) => `${state} ${done}`);

async function rendered(id: string, gaps?: number[]): Promise<TakeState[]> {
  await call('board.render', { id, ...(gaps && { gaps }) });
  for (;;) {
    const all = await pictures(id);
    if (!all.some(({ state }) => state === 'waiting' || state === 'running')) return all;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('pictures of keyframes and takes: made once, told as they come, and an edit of one gap leaves the others', async () => {
  const gaps = [gap({ frames: 3 }), gap({ frames: 2, engine: 'glide:draft' }), gap()];
  const { id, version, board } = await boardWith(boardOf([a, b, c], { gaps }));
  const { keyframes, takes: first } = await shownOf(id);
  assert.deepEqual(
    keyframes.map(({ problem }) => problem),
    [null, null, null],
  );
  for (const { picture } of keyframes) {
    const response = await fetched(picture!);
    assert.deepEqual([response.status, response.headers.get('content-type')], [200, 'image/jpeg']);
    const file = join(folder, 'picture.jpg');
    writeFileSync(file, Buffer.from(await response.arrayBuffer()));
    const raw = ffmpegOutput('-i', file, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-');
    assert.equal(raw.length, 160 * 90 * 3, 'fitted to the first one');
  }
  assert.deepEqual(states(first), ['absent 0', 'absent 0']);
  const done = await rendered(id);
  assert.deepEqual(states(done), ['done 3', 'done 2']);
  assert.ok(done.every(({ confidence }) => confidence! >= 0 && confidence! <= 1));
  for (let n = 0; n < 3; n++) assert.equal((await fetched(`${done[0]!.pictures}${n}`)).status, 200);
  assert.equal((await fetched(`${done[0]!.pictures}3`)).status, 404);
  assert.deepEqual(
    [...new Set(takes.filter((one) => one.id === id).map(({ take }) => `${take.gap} ${take.state}`))],
    ['0 waiting', '1 waiting', '0 running', '0 done', '1 running', '1 done'],
  );

  const edited = { ...board, gaps: board.gaps.with(1, gap({ frames: 4 })) };
  const two = await call('board.edit', { id, version, label: 'Frames', board: edited });
  const now = await pictures(id);
  assert.deepEqual(states(now), ['done 3', 'absent 0']);
  assert.equal(now[0]!.pictures, done[0]!.pictures);
  await call('board.undo', { id, version: two.version });
  assert.deepEqual(states(await pictures(id)), ['done 3', 'done 2'], 'what was made is kept');

  // Nor does another neighbour make a difference to who looks at the gap alone.
  const short = { ...board, keyframes: board.keyframes.slice(0, 2), gaps: board.gaps.slice(0, 2) };
  await call('board.edit', { id, version: two.version + 1, label: 'Remove', board: short });
  assert.deepEqual(states(await pictures(id)), ['done 3']);
  // Blending has no noise: another seed is the same pictures.
  const taken = { ...board, gaps: board.gaps.with(0, gap({ frames: 3, takes: [1, 9], take: 1 })) };
  await call('board.edit', { id, version: two.version + 2, label: 'Take', board: taken });
  assert.deepEqual(states(await pictures(id)), ['done 3', 'done 3', 'done 2']);
  const { thumb, frames } = (await call('board.list', {})).find((one) => one.id === id)!;
  assert.deepEqual([frames, thumb], [8, keyframes[0]!.picture]);
  // A picture that somebody deleted is missed, and made again.
  const key = done[0]!.pictures.split('/')[2]!;
  unlinkSync(join(folder, 'home', 'boards', 'takes', key, '00001.jpg'));
  assert.equal((await fetched(`${done[0]!.pictures}1`)).status, 404);
  assert.deepEqual(states(await pictures(id)), ['absent 1', 'absent 1', 'done 2']);
  await rendered(id);
  assert.equal((await fetched(`${done[0]!.pictures}1`)).status, 200);
});

test('what cannot be read or is no engine is told where it is, and stopping leaves what was made', async () => {
  writeFileSync(join(folder, 'broken.png'), 'no picture');
  const broken = boardOf([a, join(folder, 'broken.png'), join(folder, 'none.png')], {
    size: { width: 64, height: 36 },
  });
  const { id, version } = await boardWith(broken);
  const { keyframes, takes: shown } = await shownOf(id);
  assert.deepEqual(
    keyframes.map(({ problem }) => problem?.code),
    [undefined, 'unreadable', 'not-found'],
  );
  assert.deepEqual([states(shown), shown[1]!.error?.code], [['absent 0', 'failed 0'], 'not-found']);
  assert.deepEqual(states(await rendered(id)), ['failed 0', 'failed 0']);
  const { refused } = await call('board.plan', { id });
  assert.deepEqual(refused.map(({ code }) => code).toSorted(), ['not-found', 'unreadable']);
  const wrong = boardOf([a, c], { gaps: [gap({ engine: 'nobody' }), gap()] });
  await call('board.edit', { id, version, label: 'Wrong engine', board: wrong });
  const [take] = await pictures(id);
  assert.deepEqual([take!.state, take!.error?.code], ['failed', 'engine-unknown']);
  const points = { id, keyframe: 'a', engine: 'glide' };
  await assert.rejects(call('board.points', points), { code: 'engine-kind' });

  const long = await boardWith(boardOf([a, c], { gaps: [gap({ frames: 5000, engine: 'glide' }), gap()] }));
  await call('board.render', { id: long.id });
  await until(() => takes.some((one) => one.id === long.id && one.take.done > 2), 60_000);
  await call('board.stop', { id: long.id });
  await until(() => takes.findLast((one) => one.id === long.id)!.take.state === 'absent', 10_000);
  const [left] = await pictures(long.id);
  assert.ok(left!.done > 2 && left!.done < 5000 && left!.state === 'absent');
  assert.equal((await fetched(`${left!.pictures}1`)).status, 200);
  await call('board.remove', { id: long.id });
  await assert.rejects(call('board.pictures', { id: long.id }), { code: 'board-unknown' });
});

/** Ends one of the boards' processes, as the system does when memory runs out. */
function killOne(): boolean {
  return readdirSync('/proc').some((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const mine = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[1] === String(process.pid);
      if (!mine || !readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('boards/worker')) return false;
      process.kill(Number(pid), 'SIGKILL');
      return true;
    } catch {
      return false;
    }
  });
}

test('a killed process fails the take it was at and no other; what it had made is gone on with', async (t) => {
  if (process.platform !== 'linux') return t.skip('looks for its processes in /proc');
  const gaps = [gap({ frames: 4000, engine: 'glide' }), gap({ frames: 2 }), gap()];
  const { id } = await boardWith(boardOf([c, b, a], { gaps }));
  await call('board.render', { id });
  await until(() => takes.some((one) => one.id === id && one.take.done > 1), 60_000);
  while (killOne());
  await until(() => takes.some((one) => one.id === id && one.take.gap === 1 && one.take.state === 'done'), 60_000);
  const [first] = await pictures(id);
  assert.deepEqual([first!.state, first!.error?.code], ['failed', 'worker-died']);
  assert.ok(first!.done > 1);
  // A smaller request takes its place, and shows what was made at once.
  await call('board.render', { id, gaps: [0] });
  const [again] = await pictures(id);
  assert.ok(again!.state === 'waiting' || again!.state === 'running');
  assert.ok(again!.done >= first!.done && again!.error === null);
  await call('board.stop', { id });
});

test('a plan, and a film through the queue', async () => {
  const { id } = await boardWith(boardOf([a, b], { gaps: [gap({ frames: 3 }), gap()], loop: false }));
  const plan = await call('board.plan', { id });
  assert.deepEqual([plan.frames, plan.made, plan.width, plan.height, plan.refused], [5, 3, 160, 90, []]);
  const output = join(folder, 'film.mkv');
  const { job } = await call('board.export', { id, output, codec: 'ffv1', force: false });
  await until(async () => {
    const { items } = await call('queue.status', {});
    return ['done', 'failed'].includes(items.find((item) => item.id === job)?.state ?? '');
  }, 60_000);
  const { items } = await call('queue.status', {});
  const item = items.find((one) => one.id === job)!;
  assert.deepEqual([item.state, item.job.error, item.job.result?.frames], ['done', undefined, 5]);
  await assert.rejects(call('board.export', { id, output, codec: 'ffv1', force: false }), { code: 'output-exists' });
  await assert.rejects(call('board.toTimeline', { id }), { code: 'bad-request' });
  const frames = `${join(folder, 'frames')}/`;
  mkdirSync(frames);
  const numbered = await call('board.export', { id, output: frames, force: false });
  await until(async () => {
    const { items: all } = await call('queue.status', {});
    return all.find((one) => one.id === numbered.job)?.state === 'done';
  }, 60_000);
  assert.equal(readdirSync(frames).length, 5);
});

test('a page sees the stills of opened folders only', async () => {
  mkdirSync(opened);
  copyFileSync(a, join(opened, 'a.png'));
  copyFileSync(c, join(opened, 'c.png'));
  const { id: hidden } = await boardWith(boardOf([a, c]));
  await rendered(hidden);
  await using page = await openStudio({ library: join(folder, 'home'), media: '/media/', roots: [opened] });
  const ask = async <M extends Method>(method: M, params: Params<M>): Promise<Result<M>> => {
    const answer = await page.invoke(method, params);
    if (answer.ok) return answer.result as Result<M>;
    throw Object.assign(new Error(answer.error.message), { code: answer.error.code });
  };
  const there = (await ask('board.list', {})).find(({ id }) => id === hidden)!;
  assert.equal(there.thumb, null);
  const shown = await ask('board.pictures', { id: hidden });
  assert.deepEqual(
    [...shown.keyframes.map(({ problem }) => problem?.code), shown.takes[0]!.state, shown.takes[0]!.pictures],
    ['path-refused', 'path-refused', 'failed', ''],
  );
  for (const method of ['board.plan', 'board.toTimeline'] as const) {
    await assert.rejects(ask(method, { id: hidden }), {
      code: method === 'board.plan' ? 'path-refused' : 'bad-request',
    });
  }
  const output = join(opened, 'film.mp4');
  await assert.rejects(ask('board.export', { id: hidden, output, force: false }), { code: 'path-refused' });
  const doc = await ask('board.open', { id: hidden });
  const edit = (board: Board) => ask('board.edit', { id: hidden, version: doc.version, label: 'x', board });
  await assert.rejects(edit(boardOf([b, c])), { code: 'path-refused' });
  await edit(boardOf([join(opened, 'a.png'), c]));
  const mixed = await ask('board.pictures', { id: hidden });
  assert.deepEqual(
    mixed.keyframes.map(({ problem }) => problem?.code),
    [undefined, 'path-refused'],
  );
  assert.ok(readdirSync(join(folder, 'home', 'boards', 'takes')).length > 0);
});

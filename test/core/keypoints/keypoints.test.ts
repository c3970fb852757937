/** Key points of videos as files, and stills moved by them, with a small network of random weights. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { AppError } from '../../../app/contract/errors.ts';
import type { KeyPoint } from '../../../app/contract/morph.ts';
import { animate as animateVerb } from '../../../app/cli/verbs/animate.ts';
import { keypoints as keypointsVerb } from '../../../app/cli/verbs/keypoints.ts';
import { configJson } from '../../../app/core/engines/fomm/config.ts';
import { findFomm } from '../../../app/core/engines/fomm/index.ts';
import { animate, renderPoints, type MoveOptions } from '../../../app/core/keypoints/animate.ts';
import { extractPoints } from '../../../app/core/keypoints/extract.ts';
import { fromSquare, pointsBytes, readPoints, type PointsFile } from '../../../app/core/keypoints/points-file.ts';
import { probe } from '../../../app/core/media/probe.ts';
import { readStill, writeStill } from '../../../app/core/media/stills.ts';
import { stageModel } from '../../../app/core/nn/store.ts';
import { makeClip } from '../../support/clips.ts';
import { tempFolder } from '../../support/command.ts';
import { FORMATS, maxDifference, paint, texture } from '../engines/frames.ts';
import { follows, TINY, writeFomm } from '../engines/fomm/support.ts';
import { ONLY_LONG } from '../../support/few.ts';

const home = mkdtempSync(join(tmpdir(), 'inbetween-test-'));
const before = process.env.INBETWEEN_HOME;
process.env.INBETWEEN_HOME = home;
after(() => {
  if (before === undefined) delete process.env.INBETWEEN_HOME;
  else process.env.INBETWEEN_HOME = before;
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
});
{
  await using staged = await stageModel({ models: join(home, 'models'), embedded: join(home, 'nothing') });
  const path = writeFomm(join(home, 'weights.safetensors'), follows(TINY, 0), TINY);
  const file = await staged.add('weights.safetensors', path, { move: true });
  const said = { id: 'tiny', family: 'fomm', name: 'A small one', licence: 'none', source: 'a test' };
  await staged.publish({ ...said, files: [file], config: { ...configJson(TINY) } });
}

const never = new AbortController().signal;
const options = (more: Partial<MoveOptions> = {}): MoveOptions => ({
  ...{
    model: 'fomm:tiny',
    device: 'cpu',
    threads: 1,
    relative: true,
    adaptScale: false,
    published: false,
    force: false,
  },
  ...{ signal: never, onNote: () => {}, onFrame: () => {}, ...more },
});

async function still(folder: string, name = 'still.png', format: keyof typeof FORMATS = 'gbrp'): Promise<string> {
  const path = join(folder, name);
  const painter = (x: number, y: number, channel: string) => (channel === 'a' ? 0.5 : 0.2 + 0.6 * texture(x, y));
  await writeStill(paint(FORMATS[format], 72, 64, 0, painter), path);
  return path;
}

function clip(folder: string, name: string, frames = 10): string {
  const path = join(folder, name);
  makeClip(path, { size: '64x64', rate: '10', seconds: frames / 10, sound: false });
  return path;
}

const point = (x: number): KeyPoint => ({ x, y: -x / 3, jacobian: [1, x, 0.25, -2] });
const FILE: PointsFile = {
  model: 'tiny',
  points: 2,
  windows: [0, 16].map((index) => ({
    ...{ source: 'a/b.mp4', index, stride: 2 },
    frames: [0.125, 0.5, 0.75].map((x) => [point(x + index / 64), point(-x)]),
  })),
};

test('files of key points come back as they were, and others are none', async (t) => {
  const folder = tempFolder(t);
  for (const name of ['a.json', 'a.safetensors']) {
    const path = join(folder, name);
    writeFileSync(path, pointsBytes(FILE, path));
    const { windows, ...rest } = await readPoints(path);
    assert.deepEqual(rest, { model: 'tiny', points: 2 });
    assert.deepEqual(
      windows.map(({ index, stride, source }) => [index, stride, source]),
      [
        [0, 2, 'a/b.mp4'],
        [16, 2, 'a/b.mp4'],
      ],
    );
    const numbers = (file: PointsFile) =>
      file.windows.flatMap(({ frames }) => frames.flat().flatMap(({ x, y, jacobian }) => [x, y, ...jacobian]));
    numbers(FILE).forEach((value, i) => assert.ok(Math.abs(value - numbers({ ...FILE, windows })[i]!) < 1e-7));
  }
  assert.throws(() => pointsBytes(FILE, 'a.csv'), { code: 'output-format' });
  const uneven = {
    ...FILE,
    windows: [FILE.windows[0]!, { ...FILE.windows[1]!, frames: FILE.windows[1]!.frames.slice(1) }],
  };
  assert.throws(() => pointsBytes(uneven, 'a.safetensors'), { code: 'bad-keypoints', message: /several lengths/ });
  await assert.rejects(readPoints(join(folder, 'none.json')), { code: 'not-found' });
  const json = readFileSync(join(folder, 'a.json'), 'utf8');
  for (const [n, text] of [
    'hello',
    '{}',
    json.replace('"points":2', '"points":3'),
    json.replace('0.125', '"x"'),
    json.slice(0, -20),
  ].entries()) {
    const path = join(folder, `bad-${n}`);
    writeFileSync(path, text);
    await assert.rejects(readPoints(path), { code: 'bad-keypoints' }, text.slice(0, 40));
  }
  // A film of it would have no frame.
  const empty = join(folder, 'empty.safetensors');
  writeFileSync(empty, pointsBytes({ ...FILE, windows: [{ ...FILE.windows[0]!, frames: [] }] }, empty));
  await assert.rejects(readPoints(empty), { code: 'bad-keypoints' });
});

test(
  'extract goes on where it was stopped, and gives what an uninterrupted run gives',
  { skip: ONLY_LONG },
  async (t) => {
    const folder = tempFolder(t);
    const sources = ['a.mkv', 'b.mkv', 'c.mkv'].map((name) => ({ path: clip(folder, name, 9), name, ranges: [] }));
    writeFileSync(join(folder, 'text.mp4'), 'no video');
    sources.splice(1, 0, { path: join(folder, 'text.mp4'), name: 'text.mp4', ranges: [] });
    const model = await findFomm('tiny');
    await using engine = await model.open({ width: 64, height: 64, threads: 1, device: 'cpu' });
    const cut = { count: 4, stride: 1, step: 4, force: false };
    const [whole, resumed] = [join(folder, 'whole.json'), join(folder, 'resumed.json')];
    const made = await extractPoints(sources, whole, engine, model, cut);
    assert.deepEqual([made.windows, made.frames, made.kept], [6, 24, 0]);
    assert.match(made.sources[1]!.error!, /text\.mp4/);
    const stop = new AbortController();
    const stopping = extractPoints(sources, resumed, engine, model, {
      ...cut,
      signal: stop.signal,
      onProgress: ({ source }) => void (source === 'c.mkv' && stop.abort(new AppError('cancelled', 'Enough.'))),
    });
    await assert.rejects(stopping, { code: 'cancelled' });
    assert.ok(!existsSync(resumed) && existsSync(`${resumed}.part`));
    // A line that a crash cut short.
    writeFileSync(`${resumed}.part`, `${readFileSync(`${resumed}.part`, 'utf8')}{"name":"c.mkv","wind`);
    const part = readFileSync(`${resumed}.part`);
    assert.equal((await extractPoints(sources, resumed, engine, model, cut)).kept, 2);
    assert.equal(readFileSync(resumed, 'utf8'), readFileSync(whole, 'utf8'));
    assert.ok(!existsSync(`${resumed}.part`));
    await assert.rejects(extractPoints(sources, whole, engine, model, cut), { code: 'output-exists' });
    // Another video under the name of one that was done.
    clip(folder, 'b.mkv', 5);
    writeFileSync(join(folder, 'other.json.part'), part);
    const other = await extractPoints(sources, join(folder, 'other.json'), engine, model, cut);
    assert.deepEqual([other.kept, other.windows], [1, 5]);
    const long = extractPoints(sources.slice(0, 1), join(folder, 'long.json'), engine, model, { ...cut, count: 40 });
    await assert.rejects(long, { code: 'no-frames', message: /too short/ });
  },
);

test('points of a middle square are put into the middle of the picture', () => {
  const [x, y] = [0.5, -0.5];
  const jacobian: KeyPoint['jacobian'] = [1, 2, 3, 4];
  assert.deepEqual(fromSquare({ x, y, jacobian }, { width: 100, height: 200 }), {
    x,
    y: -0.25,
    jacobian: [1, 2, 1.5, 2],
  });
  assert.deepEqual(fromSquare({ x, y, jacobian }, { width: 200, height: 100 }), {
    x: 0.25,
    y,
    jacobian: [0.5, 1, 3, 4],
  });
});

const framesIn = async (folder: string) =>
  await Promise.all(
    readdirSync(folder)
      .toSorted()
      .map(async (name) => (await readStill(join(folder, name))).frame),
  );

test('a still moves as a video moves; where that has not moved yet it is itself', async (t) => {
  const folder = tempFolder(t);
  const [picture, driving] = [await still(folder), clip(folder, 'driving.mkv')];
  const out = `${join(folder, 'frames')}/`;
  mkdirSync(out);
  const told: number[] = [];
  const made = await animate(picture, driving, out, options({ onFrame: (done) => told.push(done) }));
  assert.deepEqual([made.frames, made.scale, told.length], [10, 1, 10]);
  const [own, frames] = [(await readStill(picture)).frame, await framesIn(out)];
  assert.equal(frames.length, 10);
  assert.equal(maxDifference(frames[0]!, own), 0);
  for (const frame of frames) assert.deepEqual([frame.width, frame.height], [72, 64]);
  assert.ok(maxDifference(frames[9]!, frames[0]!) > 0);
  // Where the still's points were to begin with is of no matter, and how wide they are spread is.
  const film = join(folder, 'out.mkv');
  const scaled = await animate(picture, driving, film, options({ adaptScale: true, fps: { num: 12, den: 1 } }));
  assert.notEqual(scaled.scale, 1);
  assert.equal((await probe(film)).video.frameCount ?? 10, 10);
  await assert.rejects(animate(picture, driving, film, options()), { code: 'output-exists' });
  await assert.rejects(animate(picture, driving, out, options()), { code: 'output-exists' });
  await assert.rejects(animate(picture, driving, driving, options({ force: true })), { code: 'output-is-input' });
  await assert.rejects(animate(picture, picture, join(folder, 'x.webm'), options()), {
    code: 'no-video',
    message: /needs a video/,
  });
  await assert.rejects(animate(driving, driving, join(folder, 'x.webm'), options()), { code: 'bad-morph' });
  await assert.rejects(animate(picture, driving, join(folder, 'no/x.webm'), options()), { code: 'output-folder' });
  const aborted = options({ signal: AbortSignal.abort(new AppError('cancelled', 'Enough.')) });
  await assert.rejects(animate(picture, driving, join(folder, 'x.webm'), aborted), { code: 'cancelled' });
  assert.deepEqual(
    readdirSync(folder).filter((name) => /x\.webm|part/.test(name)),
    [],
  );
});

test(
  'a still with transparency is shown on black; published pictures are the network’s',
  { skip: ONLY_LONG },
  async (t) => {
    const folder = tempFolder(t);
    const picture = await still(folder, 'clear.png', 'gbrap16');
    const notes: string[] = [];
    const points = join(folder, 'points.json');
    const own = await (async () => {
      await using engine = await (await findFomm('tiny')).open({ width: 72, height: 64, threads: 1, device: 'cpu' });
      const { frame } = await readStill(await still(folder));
      return await engine.points(frame);
    })();
    const moved = own.map(({ x, ...rest }) => ({ x: x + 0.1, ...rest }));
    const window = { source: 'hand', index: 0, stride: 1, frames: [own, moved] };
    writeFileSync(points, pointsBytes({ model: 'other', points: 10, windows: [window] }, points));
    const strip = join(folder, 'strip.png');
    const made = await renderPoints(picture, points, strip, {
      ...options({ onNote: (note) => notes.push(note) }),
      window: 0,
    });
    assert.equal(made.frames, 2);
    assert.ok(
      notes.some((note) => /on black/.test(note)) && notes.some((note) => /found by other/.test(note)),
      notes.join(),
    );
    const { frame } = await readStill(strip);
    assert.deepEqual([frame.width, frame.height, frame.planes.length], [144, 64, 3]);
    const published = join(folder, 'published.png');
    await renderPoints(picture, points, published, { ...options({ published: true, relative: false }), window: 0 });
    assert.ok(maxDifference((await readStill(published)).frame, frame) > 1000);
    const missing = renderPoints(picture, points, strip, { ...options({ force: true }), window: 1 });
    await assert.rejects(missing, { code: 'bad-keypoints', message: /has one window, counted from 0: there is no 1/ });
    const few = join(folder, 'few.json');
    writeFileSync(few, pointsBytes(FILE, few));
    const unlike = renderPoints(picture, few, strip, { ...options({ force: true }), window: 0 });
    await assert.rejects(unlike, { code: 'bad-keypoints', message: /2 key points a frame, and the model 10/ });
    await assert.rejects(
      renderPoints(picture, points, strip, { ...options({ force: true, model: 'film' }), window: 0 }),
      { code: 'engine-kind' },
    );
  },
);

test('the verbs say what they need, and show draws', async (t: TestContext) => {
  const folder = tempFolder(t);
  const said: string[] = [];
  const io = { json: true, signal: never, out: (line: string) => said.push(line), err: () => {} };
  const usage = async (run: Promise<number>, message: RegExp): Promise<void> =>
    await assert.rejects(run, { code: 'usage', message });
  await usage(animateVerb.run(['a.png'], io), /takes a still and a video/);
  await usage(animateVerb.run(['a.png', 'b.mp4'], io), /output is missing/);
  await usage(
    animateVerb.run(['a.png', 'b.mp4', '-o', 'c.webm', '--relative', '--absolute'], io),
    /exclude each other/,
  );
  await usage(
    animateVerb.run(['a.png', 'b.mp4', '-o', 'c.webm', '--absolute', '--scale', 'adapt'], io),
    /of relative movement/,
  );
  await usage(animateVerb.run(['a.png', 'b.mp4', '-o', 'c.webm', '--scale', '2'], io), /one of none, adapt/);
  await usage(keypointsVerb.run(['draw', 'a.png'], io), /keypoints is used so/);
  await usage(keypointsVerb.run(['extract', 'a.mp4', '-o', 'x.json', '--count', '1'], io), /from 2 to 256/);
  await assert.rejects(keypointsVerb.run(['extract', join(folder, 'none.mp4'), '-o', 'x.json'], io), {
    code: 'not-found',
  });
  const picture = await still(folder);
  const output = join(folder, 'points.png');
  assert.equal(await keypointsVerb.run(['show', picture, '-o', output, '--engine', 'tiny', '--device', 'cpu'], io), 0);
  const { points } = JSON.parse(said.at(-1)!) as { points: KeyPoint[] };
  assert.equal(points.length, 10);
  const [drawn, own] = [(await readStill(output)).frame, (await readStill(picture)).frame];
  assert.ok(maxDifference(drawn, own) > 50);
  const extracted = join(folder, 'x.safetensors');
  clip(folder, 'a.mkv', 8);
  await keypointsVerb.run(['extract', folder, '-o', extracted, '--count', '4', '--engine', 'tiny'], io);
  assert.equal((await readPoints(extracted)).windows.length, 2);
});

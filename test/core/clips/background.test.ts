import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openHome } from '../../../app/core/base/home.ts';
import { addFiles } from '../../../app/core/clips/add.ts';
import { ClipBackground } from '../../../app/core/clips/background.ts';
import { clipById } from '../../../app/core/library/clip-rows.ts';
import { openLibrary } from '../../../app/core/library/db.ts';
import { clipFiles } from '../../../app/core/clips/thumbnails.ts';
import { readStill } from '../../../app/core/media/stills.ts';
import { ffmpegOutput, makeClip } from '../../support/clips.ts';
import { openTestLibrary } from '../../support/library.ts';

const folder = mkdtempSync(join(tmpdir(), 'inbetween-clips-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const films = join(folder, 'films');
before(() => {
  mkdirSync(join(films, 'sub'), { recursive: true });
  makeClip(join(films, 'one.mp4'), { seconds: 2 });
  copyFileSync(join(films, 'one.mp4'), join(films, 'sub', 'same.mov'));
  writeFileSync(join(films, 'notes.txt'), 'walk, then run');
  writeFileSync(join(films, 'broken.mp4'), 'not a film');
  for (let i = 1; i <= 6; i++) {
    ffmpegOutput(...['-f', 'lavfi', '-i', `color=red:size=64x36`, '-frames:v', '1', '-y', join(films, `f${i}.png`)]);
  }
});

const page = { offset: 0, limit: 100 };

test('a folder is there at once, and found out about in the background', async () => {
  await using library = await openTestLibrary(join(folder, 'home'));
  const report = await library.call('library.add', { paths: [films] });
  assert.equal(report.added, 5);
  const early = await library.call('library.query', { query: { order: 'name' }, ...page });
  assert.ok(early.clips.every(({ state }) => state === 'probing'));
  assert.equal(early.total, 5);
  await library.part.whenIdle();
  const { clips } = await library.call('library.query', { query: { order: 'name' }, ...page });
  assert.deepEqual(
    clips.map(({ name, state }) => [name, state]),
    [
      ['broken.mp4', 'refused'],
      ['f%d.png', 'ready'],
      ['one.mp4', 'ready'],
      ['same.mov', 'ready'],
    ],
  );
  assert.match(clips[0]!.problem!, /damaged/);
  const one = clips[2]!;
  assert.deepEqual([one.width, one.height, one.duration, one.rate?.num, one.hasAudio], [320, 180, 2, 24, true]);
  assert.equal(one.thumbs, 24);
  assert.equal(one.duplicates, 1);
  const [details] = await library.call('library.get', { ids: [one.id] });
  assert.deepEqual(details!.duplicateOf, [clips[3]!.id]);
  const hash = createHash('sha256').update(readFileSync(one.path)).digest('hex');
  assert.equal(details!.contentHash, hash);
  assert.ok(library.heard.some(({ topic, payload }) => topic === 'notice' && /no video/.test(JSON.stringify(payload))));

  const files = clipFiles(library.context.home, one.id);
  const sprite = await readStill(files.sprite);
  assert.deepEqual([sprite.frame.width, sprite.frame.height], [24 * 192, 108]);
  const peaks = readFileSync(files.peaks);
  assert.ok(Math.abs(peaks.length - 2 * 200) <= 8, `${peaks.length} bytes of peaks`);
  const values = new Int8Array(peaks.buffer, peaks.byteOffset, peaks.length);
  assert.ok(Math.max(...values) > 8 && Math.min(...values) < -8, 'the beep is seen');

  const again = await library.call('library.add', { paths: [films] });
  assert.deepEqual([again.added, again.known], [1, 4], 'the notes are looked at once more');
  await library.part.whenIdle();

  assert.deepEqual(await library.call('library.remove', { ids: [one.id, 'none'], force: false }), { removed: 1 });
  assert.ok(!existsSync(files.folder));
  assert.equal((await library.call('library.query', { query: { duplicates: true }, ...page })).total, 0);
});

test('what was not done goes on after a restart; a file that changed is looked at again', async () => {
  const home = join(folder, 'again');
  const film = join(folder, 'changing.mp4');
  makeClip(film, { seconds: 1, sound: false });
  let id: string;
  {
    await using library = await openTestLibrary(home);
    const report = await library.call('library.add', { paths: [film, join(films, 'notes.txt')] });
    id = report.ids[0]!;
  }
  {
    await using library = await openTestLibrary(home);
    await library.part.whenIdle();
    const { clips } = await library.call('library.query', { query: { order: 'name' }, ...page });
    assert.deepEqual(
      clips.map(({ state }) => state),
      ['ready', 'refused'],
      'named by the user, so it stays',
    );
    assert.equal(clips[0]!.thumbs, 24);
  }
  makeClip(film, { seconds: 1, size: '160x90', sound: false });
  await using library = await openTestLibrary(home);
  await library.call('library.check', {});
  await library.part.whenIdle();
  const [clip] = await library.call('library.get', { ids: [id] });
  assert.deepEqual([clip!.state, clip!.width], ['ready', 160]);
});

test('clips that projects show are not taken out unless forced', async () => {
  await using library = await openTestLibrary(join(folder, 'used'), { usedBy: () => ['My film'] });
  const { ids } = await library.call('library.add', { paths: [join(films, 'one.mp4')] });
  await assert.rejects(library.call('library.remove', { ids, force: false }), {
    code: 'clip-in-use',
    message: /My film/,
  });
  assert.deepEqual(await library.call('library.remove', { ids, force: true }), { removed: 1 });
});

test('what a decoding pass says, and what cards fetch', async () => {
  await using library = await openTestLibrary(join(folder, 'facts'));
  const { ids } = await library.call('library.add', { paths: [join(films, 'one.mp4')] });
  await library.part.whenIdle();
  const [a, b] = await Promise.all([1, 2].map(() => library.call('library.facts', { id: ids[0]! })));
  assert.deepEqual(a, b);
  assert.equal(a!.frames, 48);
  assert.equal(a!.end, 2);
  assert.deepEqual(a!.times.slice(0, 3), [0, 1 / 24, 2 / 24]);
  await assert.rejects(library.call('library.facts', { id: 'none' }), { code: 'clip-unknown' });

  const fetched = async (...path: string[]): Promise<Response | undefined> =>
    await library.part.media['clip']!([...path], new Request('http://here/', { headers: { range: 'bytes=4-7' } }));
  const source = await fetched(ids[0]!, 'source');
  assert.deepEqual(
    [source?.status, source?.headers.get('content-type'), await source?.text()],
    [206, 'video/mp4', 'ftyp'],
  );
  assert.equal((await fetched(ids[0]!, 'thumb'))?.headers.get('content-type'), 'image/jpeg');
  assert.equal(await fetched(ids[0]!, 'library.db'), undefined);
  assert.equal(await fetched('none', 'source'), undefined);
  await library.part.clearThumbnails();
  assert.equal(await fetched(ids[0]!, 'sprite'), undefined);
  await library.part.whenIdle();
  assert.equal((await fetched(ids[0]!, 'sprite'))?.status, 206);
});

test('a page sees no file outside the opened folders', async () => {
  await using library = await openTestLibrary(join(folder, 'shut'), { roots: [join(films, 'sub')] });
  const report = await library.call('library.add', {
    paths: [films, join(films, 'sub', '..', 'one.mp4'), '/etc/passwd'],
  });
  assert.equal(report.added, 0);
  assert.equal(report.refused.length, 3);
  const { ids } = await library.call('library.add', { paths: [join(films, 'sub')] });
  await assert.rejects(library.call('library.relink', { id: ids[0]!, path: join(films, 'one.mp4'), force: true }), {
    code: 'path-refused',
  });
  await assert.rejects(library.call('library.relinkFolder', { folder: films }), { code: 'path-refused' });
});

test('a file that is still being copied is looked at again', async () => {
  const whole = readFileSync(join(films, 'one.mp4'));
  const copy = join(folder, 'copying.mp4');
  writeFileSync(copy, whole.subarray(0, whole.length / 2));
  const home = await openHome({ library: join(folder, 'copying') });
  using db = openLibrary(home);
  const stop = new AbortController();
  const background = new ClipBackground({
    db,
    home,
    signal: stop.signal,
    changed: () => {},
    probed: () => {},
    notice: () => {},
    againMs: 50,
  });
  const check = (path: string): Promise<string> => Promise.resolve(path);
  const { ids } = await addFiles(db, [copy], { check, skip: [] });
  await background.whenIdle();
  assert.equal(clipById(db, ids[0]!)?.state, 'refused');
  writeFileSync(copy, whole);
  for (let tries = 0; tries < 100 && clipById(db, ids[0]!)?.state !== 'ready'; tries++) await delay(50);
  assert.equal(clipById(db, ids[0]!)?.state, 'ready');
  stop.abort();
  await background.close();
});

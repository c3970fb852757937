import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeExample, type Feature } from '../../../app/core/dataset/example.ts';
import { makeWindows, type MakeWindowsOptions } from '../../../app/core/dataset/make-windows.ts';
import { showWindows } from '../../../app/core/dataset/show.ts';
import { readTfRecords, TfRecordWriter } from '../../../app/core/dataset/tfrecord.ts';
import { decodeWindow, type Window } from '../../../app/core/dataset/window.ts';
import { listedAmong, parseWindowList } from '../../../app/core/dataset/window-list.ts';
import { sourceKey, startsBySize, windowStarts, type WindowSource } from '../../../app/core/dataset/window-source.ts';
import { centreSquare, resized } from '../../../app/core/media/area.ts';
import { ffmpegOutput } from '../../support/clips.ts';
import { inbetween, tempFolder } from '../../support/command.ts';

const OPTIONS: MakeWindowsOptions = {
  ...{ count: 4, stride: 2, step: 8, size: 16, channels: 1, view: 'image_aux1', force: false },
};

async function windowsIn(folder: string): Promise<Window[]> {
  const windows: Window[] = [];
  for (const name of readdirSync(folder)
    .filter((one) => one.endsWith('.tfrecord'))
    .toSorted())
    for await (const record of readTfRecords(join(folder, name))) windows.push(decodeWindow(record));
  return windows;
}

/** 64x48, 40 frames: frame n is grey of 5 n + 16, but from frame 24 on it is a chequered picture: a cut. */
function clip(folder: string): WindowSource {
  const path = join(folder, 'grey.mkv');
  const luma = 'if(lt(N,24),5*N+16,if(eq(mod(floor(X/8)+floor(Y/8),2),0),235,16+N))';
  const source = `nullsrc=s=64x48:r=25:d=1.6,geq=lum='${luma}':cb=128:cr=128,format=yuv420p`;
  ffmpegOutput('-f', 'lavfi', '-i', source, '-c:v', 'ffv1', '-y', `file:${path}`);
  return { path, name: 'grey.mkv', ranges: [] };
}

test('shrinking averages, enlarging is linear, and the square is the middle one', () => {
  const planes = Float32Array.from({ length: 2 * 4 * 6 }, (_, i) => i);
  const size = { width: 6, height: 4, channels: 2 };
  const middle = centreSquare(6, 4);
  assert.deepEqual(middle, { x: 1, y: 0, width: 4, height: 4 });
  const half = resized(planes, size, middle, { width: 2, height: 2 });
  const mean = (...at: number[]) => at.reduce((sum, i) => sum + i, 0) / at.length;
  assert.deepEqual([...half.slice(0, 2)], [mean(1, 2, 7, 8), mean(3, 4, 9, 10)]);
  assert.equal(half[4], 24 + half[0]!);
  const third = resized(
    Float32Array.of(0, 3, 6, 9),
    { width: 4, height: 1, channels: 1 },
    { x: 0, y: 0, width: 4, height: 1 },
    { width: 3, height: 1 },
  );
  assert.ok(Math.abs(third[0]! - (0 + 3 / 3) / (4 / 3)) < 1e-5, `${third[0]}`);
  const larger = resized(
    Float32Array.of(0, 8),
    { width: 2, height: 1, channels: 1 },
    { x: 0, y: 0, width: 2, height: 1 },
    { width: 4, height: 1 },
  );
  assert.deepEqual([...larger], [0, 2, 6, 8]);
});

test('windows are the frames they say, and none lies across a cut', async (t) => {
  const folder = tempFolder(t);
  const out = join(folder, 'out');
  const made = await makeWindows([clip(folder)], out, OPTIONS);
  const windows = await windowsIn(out);
  assert.equal(made.windows, windows.length);
  assert.deepEqual(
    windows.map(({ index }) => index),
    [0, 8, 16, 24, 32],
  );
  for (const { frames, index, stride, data } of windows.slice(0, 3))
    for (let k = 0; k < frames; k++) {
      const grey = Math.round((5 * (index + k * stride) * 255) / 219);
      const seen = data[k * 256 + 100]!;
      assert.ok(Math.abs(seen - grey) <= 1, `frame ${index + k * stride} is ${seen}, not ${grey}`);
    }
  const colour = await makeWindows([clip(folder)], join(folder, 'rgb'), { ...OPTIONS, channels: 3, size: 20 });
  assert.equal((await windowsIn(join(folder, 'rgb')))[0]!.data.length, 4 * 20 * 20 * 3);
  assert.equal(colour.windows, 5);
  assert.deepEqual(windowStarts(3, 9, { count: 4, stride: 2, step: 1 }), [3]);
  assert.deepEqual(windowStarts(3, 8, { count: 4, stride: 2, step: 1 }), []);
});

test('a list chooses videos and frames as KTH has it', async (t) => {
  const text = [
    'The sequences of the data set are listed below. See http://example.test/actions for more.',
    'person01_boxing_d1\t\tframes\t1-95, 96-185, 186-245',
    'person13_handclapping_d3\t*missing*',
    'walk.avi # all of it',
  ].join('\r\n');
  const list = parseWindowList(text.split('\r\n').slice(1).join('\n'));
  assert.deepEqual(list, [
    {
      name: 'person01_boxing_d1',
      ranges: [
        [0, 94],
        [95, 184],
        [185, 244],
      ],
    },
    { name: 'walk.avi', ranges: [] },
  ]);
  assert.equal(parseWindowList(text).length, 2, 'prose is passed over');
  assert.throws(() => parseWindowList('a_b frames 9-3'), { code: 'bad-protocol', message: /Line 1 .*9-3/ });
  assert.throws(() => parseWindowList('# nothing'), { code: 'bad-protocol' });
  const names = ['in/person01_boxing_d1_uncomp.avi', 'day/walk.avi'];
  assert.equal(listedAmong('person01_boxing_d1', names), names[0]);
  assert.equal(listedAmong('walk.avi', names), names[1]);
  assert.equal(listedAmong('person0', names), undefined);
  const folder = tempFolder(t);
  const out = join(folder, 'out');
  await makeWindows(
    [
      {
        ...clip(folder),
        ranges: [
          [4, 13],
          [20, 30],
        ],
      },
    ],
    out,
    { ...OPTIONS, step: 2 },
  );
  const starts = (await windowsIn(out)).map(({ index }) => index);
  assert.deepEqual(starts, [4, 6, 24], 'ranges end where they end, and at the cut');
});

test('work is told by bytes, not by files', async (t) => {
  const folder = tempFolder(t);
  const files = [60_000, 20_000, 80_000].map((bytes, n) => {
    const path = join(folder, `${n}`);
    writeFileSync(path, Buffer.alloc(bytes));
    return { path, name: `${n}`, ranges: [] };
  });
  assert.deepEqual(await startsBySize(files), [0, 0.375, 0.5, 1]);
  assert.equal((await startsBySize([...files, { ...files[0]!, path: join(folder, 'none') }])).length, 5);
  assert.notEqual(await sourceKey(files[0]!), await sourceKey({ ...files[0]!, ranges: [[0, 5]] }));
});

test('what was stopped goes on; other options are refused; what cannot be read is said', async (t) => {
  const folder = tempFolder(t);
  const out = join(folder, 'out');
  const first = clip(folder);
  const [second, third] = ['b.mkv', 'c.mkv'].map((name) => ({ ...first, name }));
  const broken = { path: join(folder, 'broken.mp4'), name: 'broken.mp4', ranges: [] };
  writeFileSync(broken.path, 'no video');
  const sources = [first, broken, second!, third!];
  const stop = new AbortController();
  const onProgress = ({ source }: { source: string }) => source === 'b.mkv' && stop.abort(new Error('enough'));
  await assert.rejects(makeWindows(sources, out, { ...OPTIONS, signal: stop.signal, onProgress }), /enough/);
  assert.deepEqual(readdirSync(out).toSorted(), ['windows-00000.tfrecord', 'windows.json']);
  const before = statSync(join(out, 'windows-00000.tfrecord')).mtimeMs;
  const done = await makeWindows(sources, out, OPTIONS);
  assert.equal(done.kept, 1);
  assert.equal(statSync(join(out, 'windows-00000.tfrecord')).mtimeMs, before);
  assert.equal(done.sources[1]?.error?.code, 'unreadable');
  assert.equal(done.windows, 15);
  assert.ok(done.complete);
  // Another video of the same name is another video.
  ffmpegOutput('-i', `file:${first.path}`, '-frames:v', '16', '-c', 'copy', '-y', `file:${join(folder, 'd.mkv')}`);
  const other = [first, broken, { ...second!, path: join(folder, 'd.mkv') }, third!];
  assert.deepEqual(
    (await makeWindows(other, out, OPTIONS)).sources.map(({ windows }) => windows),
    [5, 0, 2, 5],
  );
  // A file that was cut off since is made again.
  writeFileSync(join(out, 'windows-00002.tfrecord'), 'x');
  assert.equal((await makeWindows(other, out, OPTIONS)).kept, 2);
  assert.equal((await showWindows(out)).records, 12);
  await assert.rejects(makeWindows(other, out, { ...OPTIONS, size: 32 }), {
    code: 'output-exists',
    message: /other options/,
  });
  await makeWindows([first], out, { ...OPTIONS, size: 32, force: true });
  assert.deepEqual(readdirSync(out).toSorted(), ['windows-00000.tfrecord', 'windows.json']);
  await assert.rejects(makeWindows([first], folder, OPTIONS), { code: 'output-exists', message: /not empty/ });
  const none = makeWindows([first], join(folder, 'none'), { ...OPTIONS, stride: 20 });
  await assert.rejects(none, { code: 'no-frames' });
});

test("BAIR's records: the view, frames 0 and 15, and checksums", async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'bair_test_traj_0_to_255.tfrecords');
  const raw = (value: number): Feature => ({ kind: 'bytes', values: [new Uint8Array(64 * 64 * 3).fill(value)] });
  {
    await using writer = await TfRecordWriter.create(path);
    for (const record of [0, 1]) {
      const frames = Array.from({ length: 30 }, (_, n) => [
        [`${n}/image_aux1/encoded`, raw(100 * record + n)] as const,
        [`${n}/image_main/encoded`, raw(255 - n)] as const,
      ]).flat();
      await writer.write(encodeExample(Object.fromEntries(frames)));
    }
  }
  const run = (...words: string[]) => inbetween(join(folder, 'home'), ['dataset', 'windows', path, ...words, '--json']);
  const out = join(folder, 'out');
  const made = await run('-o', out, '--count', '2', '--stride', '15');
  assert.equal(made.status, 0, made.stderr);
  const windows = await windowsIn(out);
  assert.deepEqual(
    windows.map(({ index, data }) => [index, data[0], data[64 * 64 * 3]]),
    [
      [0, 0, 15],
      [1, 100, 115],
    ],
  );
  const main = await run('-o', join(folder, 'main'), '--view', 'image_main', '--channels', '1', '--size', '32');
  assert.equal(main.status, 0, main.stderr);
  const [first] = await windowsIn(join(folder, 'main'));
  assert.deepEqual([first!.frames, first!.width, first!.data[0], first!.data.at(-1)], [16, 32, 255, 240]);
  const bytes = readFileSync(path);
  bytes[5000]! ^= 1;
  writeFileSync(path, bytes);
  rmSync(out, { recursive: true });
  const damaged = await run('-o', out);
  assert.equal(damaged.status, 3);
  assert.match(damaged.stdout + damaged.stderr, /does not fit its checksum/);
  assert.deepEqual(readdirSync(out), []);
  assert.equal((await run('-o', out, '--view', 'top')).status, 2);
});

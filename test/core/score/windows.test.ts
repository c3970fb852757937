import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseProtocol } from '../../../app/core/score/protocol.ts';
import { windowEngine } from '../../../app/core/score/window-engines.ts';
import { windowJson, windowTable, type WindowMeans } from '../../../app/core/score/window-report.ts';
import { scoreWindows } from '../../../app/core/score/window-run.ts';
import { squareAt } from '../../../app/core/score/windows.ts';
import { ffmpegOutput } from '../../support/clips.ts';

const folder = await mkdtemp(join(tmpdir(), 'inbetween-windows-'));
after(() => rm(folder, { recursive: true, force: true }));

/** Two-dimensional waves that go two pixels to the right a frame. */
ffmpegOutput(
  ...[
    '-f',
    'lavfi',
    '-i',
    `nullsrc=s=96x64:r=24:d=1,geq=lum='126+50*sin((X-2*N)/5)*cos(Y/6)+40*sin((X-2*N+Y)/9)':cb=128:cr=128`,
  ],
  ...['-pix_fmt', 'yuv420p', '-c:v', 'ffv1', '-y', `file:${join(folder, 'waves.mkv')}`],
);

const windowsOf = (entries: readonly object[]) =>
  parseProtocol(JSON.stringify(entries), join(folder, 'p.json')).filter((item) => item.kind === 'window');
const entry = { set: 'waves', id: 'w', video: 'waves.mkv', window: [3, 1], frames: 6, size: 64 };

test('windows are filled and measured: what moves beats what fades, on flow too', async () => {
  const told: number[] = [];
  const entries = [entry, { ...entry, id: 'x', window: [0, 2] }, { ...entry, set: 'later', window: [10, 1] }];
  const { sets } = await scoreWindows(windowsOf(entries), {
    engines: ['glide', 'blend'],
    onProgress: ({ done }) => told.push(done),
  });
  assert.deepEqual(
    sets.map(({ name, windows }) => [name, windows]),
    [
      ['waves', 2],
      ['later', 1],
    ],
  );
  assert.deepEqual(told, [1, 2, 3]);
  for (const { engines } of sets) {
    const [glide, blend] = [engines.get('glide')![0]!, engines.get('blend')![0]!];
    assert.ok(glide.psnr > blend.psnr + 3, `${glide.psnr} dB, blend ${blend.psnr}`);
    assert.ok(glide.flow < blend.flow / 2, `${glide.flow} px, blend ${blend.flow}`);
    assert.ok(glide.gmsd < blend.gmsd && glide.ssim > blend.ssim);
    assert.equal(glide.diversity, null);
  }
});

test('two takes are made where a seed makes a difference', async () => {
  const { sets } = await scoreWindows(windowsOf([entry]), { engines: ['fomm:linear', 'fomm:adversarial'] });
  const [linear, adversarial] = [...sets[0]!.engines.values()].map(([row]) => row!.diversity);
  assert.equal(linear, null);
  assert.ok(adversarial! > 0, String(adversarial));
});

test('a window past the end of its video is refused by name', async () => {
  const items = windowsOf([{ ...entry, id: 'late', window: [20, 1] }]);
  await assert.rejects(scoreWindows(items, { engines: ['blend'] }), {
    code: 'bad-protocol',
    message: /'late'.*frame 25.*24 frames/,
  });
});

test('an engine may have a motion model and be without guidance', async () => {
  const named = async (name: string) => {
    const { entry: found, motion, guided } = await windowEngine(name);
    return [found.id, motion, guided];
  };
  assert.deepEqual(await named('glide:draft'), ['glide:draft', 'linear', true]);
  assert.deepEqual(await named('glide:draft:adversarial:enlarged'), ['glide:draft', 'adversarial', false]);
  assert.deepEqual(await named('blend:autoregressive'), ['blend', 'autoregressive', true]);
  await assert.rejects(windowEngine('blend:sideways'), { code: 'engine-unknown' });
});

test('the square is the middle of the picture, reduced by area', () => {
  const [width, height] = [8, 4];
  const columns = Uint8Array.from({ length: width * height }, (_, i) => 10 * (i % width));
  const square = squareAt({ width, height, r: columns, g: columns, b: columns }, 2);
  assert.deepEqual([square.width, square.height, [...square.r]], [2, 2, [25, 45, 25, 45]]);
});

test('a protocol has windows or other entries, not both', () => {
  const other = { set: 'v', id: 'clip', video: 'waves.mkv' };
  assert.throws(() => parseProtocol(JSON.stringify([entry, other]), '/p.json'), {
    code: 'bad-protocol',
    message: /windows only/,
  });
  for (const wrong of [{ window: [0, 0] }, { window: [-1, 1] }, { frames: 2 }, { size: 8 }, { size: 4096 }])
    assert.throws(() => parseProtocol(JSON.stringify([{ ...entry, ...wrong }]), '/p.json'), { code: 'bad-protocol' });
});

test('the report: means of sets weigh each set alike, takes are told of where there are any', () => {
  const row = (psnr: number, diversity: number | null): WindowMeans => {
    return { psnr, ssim: 0.5, gmsd: 0.1, flow: 0.25, diversity, difference: diversity, seconds: 1 };
  };
  const sets = [
    {
      name: 'a',
      windows: 2,
      engines: new Map([
        ['one', [row(10, null), row(20, null)]],
        ['two', [row(30, 0.1), row(30, 0.3)]],
      ]),
    },
    {
      name: 'b',
      windows: 1,
      engines: new Map([
        ['one', [row(25, null)]],
        ['two', [row(40, 0)]],
      ]),
    },
  ];
  const json = windowJson({ sets });
  assert.deepEqual(Object.keys(json.sets['a']!), ['windows', 'one', 'two']);
  assert.equal(json.mean['one']!.psnr, 20);
  assert.deepEqual([json.mean['one']!.diversity, json.mean['two']!.diversity], [null, 0.1]);
  const table = windowTable({ sets });
  assert.match(table, /^a +2 +one +15\.00 +0\.5000 +0\.1000 +0\.250 +- +1\.00$/m);
  assert.match(table, /^mean of sets +one +20\.00.*\n +two +35\.00 +0\.5000 +0\.1000 +0\.250 +0\.1000/m);
});

test('the committed protocols are windows of people and scenes nothing was trained on', async () => {
  for (const [name, size] of [
    ['actions-windows.json', 64],
    ['actions-windows-256.json', 256],
  ] as const) {
    const path = join(import.meta.dirname, '../../eval', name);
    const items = parseProtocol(await readFile(path, 'utf8'), path);
    for (const item of items) {
      assert.ok(item.kind === 'window' && item.size === size && item.frames === 16, item.id);
      assert.match(item.id, /_p[56]_o|PS7A\dP3|^fight_surv_160|^samples/);
    }
    assert.equal(new Set(items.map(({ id }) => id)).size, items.length);
  }
});

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { writeRgbPng } from '../../../app/core/demo/png.ts';
import { parseProtocol, readProtocol, type ScoreItem } from '../../../app/core/score/protocol.ts';
import { readBaselines, scoreJson, scoreTable } from '../../../app/core/score/report.ts';
import { runScore, type ScoreProgress } from '../../../app/core/score/run.ts';
import { ffmpegOutput } from '../../support/clips.ts';
import { ONLY_LONG } from '../../support/few.ts';

const folder = await mkdtemp(join(tmpdir(), 'inbetween-score-'));
after(() => rm(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);

/** A PNG of one colour. */
async function flat(
  name: string,
  [r, g, b]: readonly [number, number, number],
  width = 40,
  height = 24,
): Promise<void> {
  const plane = (level: number) => new Uint8Array(width * height).fill(level);
  await writeRgbPng(at(name), { width, height, r: plane(r), g: plane(g), b: plane(b) });
}

/** A lossless grey video whose luma code in frame N is `luma`. */
function greyVideo(name: string, luma: string, frames: number): void {
  const picture = `nullsrc=s=48x32:r=24:d=${frames / 24},geq=lum='${luma}':cb=128:cr=128,format=yuv420p`;
  ffmpegOutput('-f', 'lavfi', '-i', picture, '-c:v', 'ffv1', '-y', `file:${at(name)}`);
}

const framesOf = (items: readonly ScoreItem[]) => items.filter((item) => item.kind !== 'window');

const score = async (entries: readonly object[], engines = ['blend']) =>
  runScore(framesOf(parseProtocol(JSON.stringify(entries), at('p.json'))), { engines });

const close = (got: number, want: number) => assert.ok(Math.abs(got - want) < 1e-6, `${got} is not ${want}`);

await flat('dark.png', [100, 0, 40]);
await flat('light.png', [200, 0, 40]);
await flat('middle.png', [153, 0, 40]);
await flat('wide.png', [0, 0, 0], 42);

test('blend between two flat images scores what arithmetic says', async () => {
  const entry = { set: 'flat', id: 'a', f0: 'dark.png', f1: 'light.png', gt: 'middle.png' };
  const { sets, identical } = await score([entry, { ...entry, id: 'b', t: 0.25 }]);
  assert.equal(sets.length, 1);
  assert.equal(sets[0]!.n, 2);
  // 150 and 125 against 153 in one of three channels.
  const expected = [3, 28].map((d) => 10 * Math.log10((3 * 255 * 255) / (d * d)));
  close(sets[0]!.engines.get('blend')!.psnr, (expected[0]! + expected[1]!) / 2);
  // Grey is (9798 R + 3735 * 40) / 2^15: 49, 42 and 50. Without texture SSIM is the luminance term.
  const c1 = 2.55 ** 2;
  const similar = (p: number, q: number) => (2 * p * q + c1) / (p * p + q * q + c1);
  close(sets[0]!.engines.get('blend')!.ssim, (similar(49, 50) + similar(42, 50)) / 2);
  // Of flat pictures only the border, where the zeros outside begin, has a gradient: gmsd() of metrics.twin.py on
  // greys 49 and 42 against 50.
  close(sets[0]!.engines.get('blend')!.gmsd, 0.0031667277);
  assert.equal(identical.get('blend'), 0);
});

test('a video loses its odd frames and gets them back', async () => {
  greyVideo('line.mkv', '50+10*N', 8);
  greyVideo('curve.mkv', '50+N*N', 8);
  const { sets, identical } = await score([
    { set: 'v', id: 'line', video: 'line.mkv' },
    { set: 'v', id: 'curve', video: 'curve.mkv' },
  ]);
  assert.deepEqual(
    sets.map(({ name, n }) => [name, n]),
    [
      ['v:line.mkv', 3],
      ['v:curve.mkv', 3],
    ],
  );
  // Luma rises evenly: the mean of two is the one between, to the bit.
  assert.equal(sets[0]!.engines.get('blend')!.psnr, 100);
  assert.equal(identical.get('blend'), 3);
  const grey = (n: number, more = 0) => Math.round(((50 + n * n + more - 16) * 255) / 219);
  const each = [1, 3, 5].map((n) => 20 * Math.log10(255 / (grey(n, 1) - grey(n))));
  close(sets[1]!.engines.get('blend')!.psnr, each.reduce((sum, value) => sum + value) / 3);
});

test('triplets out of a video, by number and timestep, in any order', async () => {
  greyVideo('line.mkv', '50+10*N', 8);
  const entry = { set: 't', video: 'line.mkv' };
  const { sets } = await score(
    [
      { ...entry, id: 'late', frames: [3, 6, 7], t: 0.75 },
      { ...entry, id: 'early', frames: [0, 1, 4], t: 0.25 },
      { ...entry, set: 'u', id: 'wrong t', frames: [1, 3, 5], t: 0.25 },
    ],
    ['blend', 'hold'],
  );
  const [t, u] = sets;
  assert.equal(t!.engines.get('blend')!.psnr, 100);
  assert.ok(t!.engines.get('hold')!.psnr < 30);
  // A quarter of the way from frame 1 to 5 is frame 2, luma 70; the truth given is frame 3, luma 80.
  const grey = (code: number) => Math.round(((code - 16) * 255) / 219);
  close(u!.engines.get('blend')!.psnr, 20 * Math.log10(255 / (grey(80) - grey(70))));
});

test('entries that cannot be scored are refused by name', async () => {
  const entry = { set: 's', id: 'odd one', f0: 'dark.png', f1: 'light.png', gt: 'wide.png' };
  await assert.rejects(score([entry]), { code: 'size-mismatch', message: /'odd one'.*40x24.*42x24/ });
  await assert.rejects(score([{ ...entry, gt: 'middle.png' }], ['glimmer']), { code: 'engine-unknown' });
  greyVideo('short.mkv', '50+10*N', 2);
  const past = { set: 's', id: 'past', video: 'short.mkv', frames: [0, 1, 2] };
  await assert.rejects(score([past]), { code: 'bad-protocol', message: /'past'.*frame 2.*2 frames/ });
  await assert.rejects(score([{ ...past, frames: undefined }]), { code: 'no-frames' });
  await writeFile(at('not.png'), 'this is no picture');
  await assert.rejects(score([{ ...entry, gt: 'not.png' }]), { code: /^(unreadable|no-frames)$/ });
});

test('the report: JSON has sets alone, the table has the published rows, mean and median', async () => {
  await writeFile(
    at('p.json'),
    JSON.stringify([{ set: 'flat', id: 'a', f0: 'dark.png', f1: 'light.png', gt: 'middle.png' }]),
  );
  await writeFile(at('baselines.json'), JSON.stringify({ flat: { n: 1, dis_psnr: 30.125, dis_ssim: 0.5 } }));
  const seen: ScoreProgress[] = [];
  const result = await runScore(framesOf(await readProtocol(at('p.json'))), {
    engines: ['blend', 'hold'],
    onProgress: (p) => seen.push(p),
  });
  assert.deepEqual(
    seen.map(({ done, total }) => [done, total]),
    [[1, 1]],
  );
  const json = scoreJson(result);
  assert.deepEqual(Object.keys(json), ['sets']);
  assert.deepEqual(Object.keys(json.sets['flat']!), ['n', 'blend', 'hold']);
  const table = scoreTable(result, await readBaselines(at('p.json')));
  assert.match(table, /^flat +1 +blend +43\.36 +0\.99\d\d/m);
  assert.match(table, /dis \* +30\.1[23] +0\.5000 +-$/m);
  const two = {
    sets: [1, 2, 6].map((psnr) => ({ name: `s${psnr}`, n: 1, engines: new Map([['e', { psnr, ssim: 0, gmsd: 0 }]]) })),
    identical: new Map([['e', 2]]),
  };
  assert.match(scoreTable(two), /mean of sets +e +3\.00 .*\nmedian of sets +e +2\.00/);
  assert.match(scoreTable(two), /2 frames by e are identical/);
});

test('an abort ends a score with its own reason', async () => {
  const cancelled = new AbortController();
  const entry = { set: 'flat', id: 'a', f0: 'dark.png', f1: 'light.png', gt: 'middle.png' };
  const items = parseProtocol(JSON.stringify(Array.from({ length: 50 }, () => entry)), at('p.json'));
  const running = runScore(framesOf(items), {
    engines: ['blend'],
    signal: cancelled.signal,
    onProgress: ({ done }) => done === 3 && cancelled.abort(Object.assign(new Error('enough'), { name: 'AbortError' })),
  });
  await assert.rejects(running, { name: 'AbortError' });
});

const shared = process.env['INBETWEEN_SHARED'];
test(
  'blend reproduces the published numbers',
  { skip: shared ? ONLY_LONG : 'INBETWEEN_SHARED is not set: the evaluation clips are not here' },
  async () => {
    const protocol = join(shared!, 'clips', 'eval', 'protocol.json');
    const baselines = await readBaselines(protocol);
    const items = (await readProtocol(protocol)).filter(({ set }) => !set.startsWith('x4k') && set !== 'sam2_bedroom');
    const { sets } = await runScore(framesOf(items), { engines: ['blend'] });
    assert.equal(sets.length, 3);
    for (const { name, engines } of sets) {
      const [got, want] = [engines.get('blend')!, baselines.get(name)!.get('blend')!];
      // Videos are blended as their own planes, not as RGB: rounding twice costs a little more than the stills'
      // rounding.
      const tolerance = name.includes(':') ? 0.04 : 0.02;
      assert.ok(Math.abs(got.psnr - want.psnr!) < tolerance, `${name}: ${got.psnr} dB, published ${want.psnr}`);
      assert.ok(Math.abs(got.ssim - want.ssim!) < 0.001, `${name}: SSIM ${got.ssim}, published ${want.ssim}`);
    }
  },
);

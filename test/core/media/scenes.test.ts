import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { AppError } from '../../../app/contract/errors.ts';
import { capabilities } from '../../../app/core/media/capabilities.ts';
import { runFfmpeg } from '../../../app/core/media/ffmpeg.ts';
import { CutDetector, readCuts } from '../../../app/core/media/scenes.ts';
import { makeReel, seeded } from '../../../app/core/media/shot-reel.ts';
import { scoreCuts } from '../../../app/core/media/shot-score.ts';
import { ONLY_LONG } from '../../support/few.ts';

const folder = mkdtempSync(join(tmpdir(), 'inbetween-scenes-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const [W, H] = [128, 72];

/** A soft random texture, larger than the picture; the same for the same seed. */
function texture(seed: number, width = 512): Float32Array {
  const random = seeded(seed);
  const coarse = Float32Array.from({ length: 65 * 33 }, () => random() * 200 + 20);
  const out = new Float32Array(width * 256);
  for (let y = 0; y < 256; y++) {
    for (let x = 0; x < width; x++) {
      const [u, v] = [x / 8, y / 8];
      const [i, j] = [Math.floor(u), Math.floor(v)];
      const [fu, fv] = [u - i, v - j];
      const at = (a: number, b: number): number => coarse[(b % 33) * 65 + (a % 65)]!;
      const top = at(i, j) * (1 - fu) + at(i + 1, j) * fu;
      out[y * width + x] = top * (1 - fv) + (at(i, j + 1) * (1 - fu) + at(i + 1, j + 1) * fu) * fv;
    }
  }
  return out;
}

function view(of: Float32Array, x: number, gain = 1, lift = 0, noise?: () => number): Uint8Array {
  const out = new Uint8Array(W * H);
  for (let j = 0; j < H; j++) {
    for (let i = 0; i < W; i++) {
      const value = of[(j + 40) * 512 + Math.round(x) + i]! * gain + lift + (noise ? noise() : 0);
      out[j * W + i] = Math.max(0, Math.min(255, value));
    }
  }
  return out;
}

function cutsOf(frames: readonly Uint8Array[], width = W, height = H): number[] {
  const detector = new CutDetector({ width, height });
  for (const [i, frame] of frames.entries()) detector.push(i, frame);
  const { cuts } = detector.finish();
  for (const { score } of cuts) assert.ok(score > 0.5 && score <= 1);
  return cuts.map((cut) => cut.frame);
}

const [A, B] = [texture(1), texture(2)];
const times = (n: number, frame: (i: number) => Uint8Array): Uint8Array[] =>
  Array.from({ length: n }, (_, i) => frame(i));

test('a hard cut is found at its frame, in motion, dark or noisy', () => {
  assert.deepEqual(cutsOf([...times(20, (i) => view(A, 2 * i)), ...times(20, (i) => view(B, 90 - 2 * i))]), [20]);
  const random = seeded(3);
  const noise = (): number => (random() - 0.5) * 3;
  const dark = (of: Float32Array) => (i: number) => view(of, i, 0.12, 8, noise);
  assert.deepEqual(cutsOf([...times(15, dark(A)), ...times(15, dark(B))]), [15]);
  const twos = (of: Float32Array) => (i: number) => view(of, 6 * (i >> 1));
  assert.deepEqual(cutsOf([...times(17, twos(A)), ...times(17, twos(B))]), [17]);
  assert.deepEqual(
    cutsOf([...times(6, (i) => view(A, i)), ...times(6, (i) => view(B, i)), ...times(6, (i) => view(A, i))]),
    [6, 12],
  );
});

test('flashes, pans, dissolves, fades and exposure are no cuts', () => {
  const flash = times(40, (i) => (i === 12 || i === 25 || i === 26 ? view(A, i, 1.5, 90) : view(A, i)));
  assert.deepEqual(cutsOf(flash), []);
  assert.deepEqual(cutsOf(times(40, (i) => view(A, 8 * i))), [], 'a pan by a sixteenth of the picture a frame');
  const dissolve = times(40, (i) => {
    const t = Math.max(0, Math.min(1, (i - 12) / 14));
    const [a, b] = [view(A, i), view(B, i)];
    return a.map((v, k) => v + (b[k]! - v) * t);
  });
  assert.deepEqual(cutsOf(dissolve), []);
  const fade = times(60, (i) => view(i < 30 ? A : B, i, Math.min(1, Math.abs(i - 30) / 12), 0));
  assert.deepEqual(cutsOf(fade), []);
  assert.deepEqual(cutsOf(times(30, (i) => view(A, i, i < 15 ? 1 : 0.6))), [], 'exposure that jumps');
  assert.deepEqual(cutsOf(times(30, () => view(A, 0))), [], 'a still');
});

test('any shape of thumbnail, and any number of frames, is taken', () => {
  for (const [width, height] of [
    [32, 18],
    [32, 128],
    [128, 8],
    [20, 4],
    [16, 16],
  ] as const) {
    const random = seeded(width * height);
    const noisy = times(12, () => Uint8Array.from({ length: width * height }, () => random() * 255));
    assert.ok(Array.isArray(cutsOf(noisy, width, height)));
  }
  assert.deepEqual(cutsOf([]), []);
  assert.deepEqual(cutsOf([view(A, 0)]), []);
  assert.throws(() => new CutDetector({ width: 8, height: 8 }).push(0, new Uint8Array(3)), RangeError);
});

test('a reel of generated clips: every cut at its frame, and nothing else', { skip: ONLY_LONG }, async (t) => {
  if (!(await capabilities()).filters.has('gradients'))
    return t.skip('this ffmpeg has no filter gradients to make a clip with');
  const sources = [
    'testsrc2=size=320x180:rate=25',
    'mandelbrot=size=320x180:rate=25',
    'life=size=320x180:rate=25:mold=10:ratio=0.2:seed=5',
    'gradients=size=320x180:rate=25:seed=9:nb_colors=8:speed=0.1',
    'smptebars=size=320x180:rate=25,rotate=0.02*n',
  ];
  const clips = [];
  for (const [i, source] of sources.entries()) {
    const path = join(folder, `clip ${i}.mp4`);
    await runFfmpeg([
      '-y',
      '-f',
      'lavfi',
      '-i',
      source,
      '-frames:v',
      '80',
      '-pix_fmt',
      'yuv420p',
      '-c:v',
      'libx264',
      '-preset',
      'veryfast',
      path,
    ]);
    clips.push({ path, cuts: [] });
  }
  const options = { clips, seed: 13, scratch: folder, reels: 1, shots: 12 };
  const score = await scoreCuts(options);
  assert.ok(score.cuts.found >= 9, `${score.cuts.found} cuts`);
  assert.ok(score.cuts.f1 === 1, JSON.stringify(score));
  const again = await makeReel(clips, { seed: 11, shots: 3, to: join(folder, 'again.mp4') });
  const more = await makeReel(clips, { seed: 11, shots: 3, to: join(folder, 'more.mp4') });
  assert.deepEqual(again, more, 'the same seed gives the same reel');
});

test('cuts from a file: JSON or lines; anything else is refused with a sentence', async () => {
  const file = (text: string): string => {
    const path = join(folder, "cuts 'x' %.txt");
    writeFileSync(path, text);
    return path;
  };
  assert.deepEqual(await readCuts(file('{"cuts": [3, 1.5, 3]}')), [1.5, 3]);
  assert.deepEqual(await readCuts(file('\uFEFF# my cuts\n1.5\r\n00:01:02.250 # here\n\n10\n')), [1.5, 10, 62.25]);
  assert.deepEqual(await readCuts(file('')), []);
  for (const bad of ['{"cuts": [-1]}', '{"cuts": "1"}', '{"cuts": [1', 'soon', '123f', '1 2']) {
    await assert.rejects(readCuts(file(bad)), (error) => error instanceof AppError && error.code === 'bad-cuts', bad);
  }
  await assert.rejects(
    readCuts(join(folder, 'none')),
    (error) => error instanceof AppError && error.code === 'not-found',
  );
  await assert.rejects(readCuts(folder), (error) => error instanceof AppError && error.code === 'not-a-file');
});

/** Transparency beside the picture of VP8 and VP9: read from WebM, written into WebM and Matroska, and said to be lost elsewhere. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { JobEvent } from '../../../app/contract/jobs.ts';
import { openHome } from '../../../app/core/base/home.ts';
import { runJob } from '../../../app/core/jobs/runner.ts';
import { openLibrary } from '../../../app/core/library/db.ts';
import { alphaLayerOf } from '../../../app/core/media/alpha-layer.ts';
import { capabilities } from '../../../app/core/media/capabilities.ts';
import { decodeFrames } from '../../../app/core/media/decode.ts';
import type { Frame } from '../../../app/core/media/frame.ts';
import { indexSource } from '../../../app/core/media/index-source.ts';
import { seekPlan } from '../../../app/core/media/lock-step.ts';
import { muxOutput } from '../../../app/core/media/mux.ts';
import { chunkRecipe } from '../../../app/core/media/output-format.ts';
import { pixelFormat } from '../../../app/core/media/pixel-format.ts';
import { checkRawProbe } from '../../../app/core/media/probe-raw.ts';
import { probe } from '../../../app/core/media/probe.ts';
import { verifyOutput } from '../../../app/core/media/verify.ts';
import { FIGURE } from '../../guarantees/promise.ts';
import { ffmpegOutput } from '../../support/clips.ts';
import { ONLY_LONG } from '../../support/few.ts';
import { lendListings } from '../../support/listings.ts';
import { encodeChunk, encodes, gradient, planesOf, planFor, scratch, shownAt } from './output-kit.ts';

const [WIDTH, HEIGHT, COUNT] = [64, 48, 12];

/** Of frame n: a bar that goes to the right by three samples a frame, with an edge on its left that grows clear. */
function bar(n: number): Uint8Array {
  const alpha = new Uint8Array(WIDTH * HEIGHT);
  for (let i = 0; i < alpha.length; i++) {
    const x = (i % WIDTH) - 4 - 3 * n;
    alpha[i] = x < 0 || x >= 24 ? 0 : Math.min(255, x * 21);
  }
  return alpha;
}

function mean(a: Uint8Array, of: (i: number) => number): number {
  return a.reduce((sum, value, i) => sum + Math.abs(value - of(i)), 0) / a.length;
}

async function read(path: string, first = 0, count?: number): Promise<Frame[]> {
  const info = await probe(path);
  const index = await indexSource(path, info, { thumbnails: { width: 32 } });
  const last = count === undefined ? index.times.length - 1 : first + count - 1;
  const frames: Frame[] = [];
  for await (const frame of decodeFrames(path, info, { first, last, index })) frames.push(frame);
  return frames;
}

/** Alpha of every frame of VP9 as ffmpeg itself gives it. */
function alphas(path: string, [width, height] = [WIDTH, HEIGHT]): Uint8Array[] {
  const every = ['-vf', 'alphaextract', '-vsync', 'passthrough'];
  const all = ffmpegOutput('-c:v', 'libvpx-vp9', '-i', path, ...every, '-f', 'rawvideo', '-');
  const size = width * height;
  return Array.from({ length: all.length / size }, (_, n) => all.subarray(n * size, (n + 1) * size));
}

/** Whether this ffmpeg can; where it cannot, the test says that it leaves it out. */
async function layers(t: Parameters<typeof encodes>[0]): Promise<boolean> {
  const { bsfs, decoders } = await capabilities();
  if (!(await encodes(t, 'vp9'))) return false;
  if (bsfs.has('setts') && decoders.has('libvpx-vp9')) return true;
  t.diagnostic('left out, this ffmpeg cannot write the transparency of vp9');
  return false;
}

test('half the speed of a WebM with transparency has that of its frames, and between them what is between', async (t) => {
  if (!(await layers(t))) return;
  const folder = await scratch(t);
  const plan = await planFor('yuva420p', { codec: 'vp9', path: 'in.webm', width: WIDTH, height: HEIGHT, quality: 4 });
  const drawn = Array.from({ length: COUNT }, (_, n) => {
    const frame = gradient(pixelFormat('yuva420p'), WIDTH, HEIGHT, n);
    frame.planes[3]!.data.set(bar(n));
    return frame;
  });
  const half = COUNT / 2;
  const chunks = [
    await encodeChunk(join(folder, '0.webm'), plan, drawn.slice(0, half)),
    await encodeChunk(join(folder, '1.webm'), plan, drawn.slice(half)),
  ];
  const [source, slow] = [join(folder, 'in.webm'), join(folder, 'slow.webm')];
  await muxOutput({ chunks, plan, to: source, scratch: folder });
  const { video, warnings } = await probe(source);
  assert.deepEqual([video.pixelFormat, video.hasAlpha, video.decoder], ['yuva420p', true, 'libvpx-vp9']);
  assert.doesNotMatch(warnings.join(' '), /ransparen/);

  const home = await openHome({ library: join(folder, 'library') });
  lendListings(join(folder, 'library'));
  using db = openLibrary(home);
  const notes: string[] = [];
  const onEvent = (event: JobEvent) => event.type === 'note' && notes.push(event.message);
  const halved = { speed: { num: 1, den: 2 }, factor: 1, cuts: 'off', holds: 'off', maxHold: 2, shutter: 0 } as const;
  const spec = {
    kind: 'retime',
    input: source,
    output: slow,
    engine: 'blend',
    codec: 'vp9',
    quality: 4,
    force: false,
  } as const;
  const result = await runJob({ ...spec, ...halved }, { db, home, threads: 1, onEvent });
  const { frames, pictureHash } = result;
  assert.doesNotMatch(notes.join(' '), /ransparen/);
  assert.equal(frames, 2 * COUNT);
  const hashed = ['-c:v', 'libvpx-vp9', '-i', slow, '-f', 'hash', '-hash', 'sha256', '-'];
  assert.equal(
    ffmpegOutput(...hashed)
      .toString()
      .trim()
      .toLowerCase(),
    `sha256=${pictureHash}`,
  );

  const before = (await read(source)).map(({ planes }) => planes[3]!.data as Uint8Array);
  const after = alphas(slow);
  assert.equal(after.length, 2 * COUNT);
  let [worst, real, made] = [0, 0, 0];
  for (const [n, alpha] of before.entries()) {
    worst = Math.max(
      worst,
      mean(alpha, (i) => bar(n)[i]!),
    );
    real = Math.max(
      real,
      mean(after[2 * n]!, (i) => alpha[i]!),
    );
    const next = before[n + 1];
    if (next)
      made = Math.max(
        made,
        mean(after[2 * n + 1]!, (i) => (alpha[i]! + next[i]!) / 2),
      );
  }
  t.diagnostic(
    `${FIGURE}alpha is off by ${worst.toFixed(2)} once written, ${real.toFixed(2)} again; between by ${made.toFixed(2)}`,
  );
  assert.ok(worst < 3 && real < 3 && made < 3, [worst, real, made].join());
  // A film whose frames have lost it, some or all, is not taken for one that has it.
  const opaque = await encodeChunk(join(folder, 'opaque.webm'), { ...plan, pixelFormat: 'yuv420p' }, drawn.slice(half));
  const lost = join(folder, 'lost.webm');
  await muxOutput({ chunks: [chunks[0]!, opaque], plan, to: lost, scratch: folder });
  const expected = { plan, frames: COUNT, timestamp: (k: number) => k };
  await assert.rejects(verifyOutput(lost, expected), /: 6 of its 12 frames have transparency/);
  await muxOutput({ chunks: [opaque], plan, to: lost, scratch: folder });
  const { video: without, warnings: why } = await probe(lost);
  assert.deepEqual([without.hasAlpha, without.decoder], [false, undefined]);
  assert.match(why.join(' '), /left behind, .* missing or damaged/);
});

test('frames with transparency keep their own times to the millisecond, odd sizes as well', async (t) => {
  if (!(await layers(t))) return;
  const folder = await scratch(t);
  const more = {
    codec: 'vp9',
    path: 'a.mkv',
    width: 33,
    height: 17,
    rate: 'vfr',
    timeBase: { num: 1, den: 90_000 },
  } as const;
  const plan = await planFor('yuva420p', more);
  const stamps = [
    [0, 3003, 4000, 9009, 12_012],
    [0, 1500, 3003, 7000],
  ];
  const chunks = [];
  for (const [i, timestamps] of stamps.entries()) {
    const frames = timestamps.slice(1).map((_, n) => gradient(plan.carrier, 33, 17, 10 * i + n));
    chunks.push(await encodeChunk(join(folder, `${i}.webm`), plan, frames, timestamps));
  }
  const to = join(folder, 'a.mkv');
  await muxOutput({ chunks, plan, to, scratch: folder });
  const starts = [0, 3003, 4000, 9009, 12_012, 13_512, 15_015];
  assert.deepEqual(await shownAt(to), {
    times: starts.map((at) => Math.round(at / 90)),
    timeBase: { num: 1, den: 1000 },
  });
  const found = alphas(to, [33, 17]);
  assert.equal(found.length, 7);
  assert.ok(mean(found[0]!, (i) => gradient(plan.carrier, 33, 17, 0).planes[3]!.data[i]!) < 3);
});

test('what cannot be read or written says so, and what has no transparency is encoded as ever', async (t) => {
  const stream = (pix_fmt: string, tags: object, codec_name = 'vp9') =>
    checkRawProbe(
      { format: { format_name: 'webm', tags: {} }, streams: [{ index: 0, codec_name, pix_fmt, tags }] },
      'x',
    ).streams[0]!;
  const decoders = new Set(['libvpx', 'libvpx-vp9']);
  const [lower, upper] = [{ alpha_mode: '1' }, { ALPHA_MODE: '1' }];
  const found = { pixelFormat: 'yuva420p', decoder: 'libvpx-vp9' };
  assert.deepEqual(alphaLayerOf(stream('yuv420p', lower), decoders), found);
  assert.deepEqual(alphaLayerOf(stream('yuv420p', upper, 'vp8'), decoders), { ...found, decoder: 'libvpx' });
  assert.deepEqual(alphaLayerOf(stream('yuv420p', { alpha_mode: '0' }), decoders), {});
  assert.deepEqual(alphaLayerOf(stream('yuva420p', lower), decoders), {}, 'a decoder that needs no asking');
  assert.match(alphaLayerOf(stream('yuv420p10le', lower), decoders).warning!, /left behind.*none beside yuv420p10le/);
  assert.match(alphaLayerOf(stream('yuv420p', lower), new Set()).warning!, /left behind.*without libvpx-vp9/);
  if (!(await layers(t))) return;
  const notes = async (format: string, path: string) => (await planFor(format, { codec: 'vp9', path })).notes.join(' ');
  assert.match(await notes('yuva420p', 'a.mp4'), /not kept: vp9 holds it in \.webm and \.mkv, not in \.mp4/);
  assert.match(await notes('yuva444p', 'a.webm'), /not kept: vp9 holds it beside 8 bits of 4:2:0 only/);
  assert.match(await notes('gbrap16le', 'a.webm'), /written as yuva420p .* of its 16 bits 8 are kept/);
  assert.doesNotMatch(await notes('yuva420p', 'a.mkv'), /ransparen/);
  const recipe = chunkRecipe(await planFor('yuv420p', { codec: 'vp9', path: 'a.webm' }));
  assert.doesNotMatch(recipe, /decoder|stamped|keyint_min|"alpha"/);
  assert.match(recipe, /"chunkMuxer":"mp4"/);
});

test('seeking in VP8 whose two streams have other key frames finds the same frames', { skip: ONLY_LONG }, async (t) => {
  if (!(await capabilities()).encoders.has('libvpx')) return t.skip('this ffmpeg does not encode vp8');
  const path = join(await scratch(t), 'keys.webm');
  const colours = 'testsrc2=s=64x48:r=24:d=2.5[a];mandelbrot=s=64x48:r=24,trim=duration=3.5[b];[a][b]concat';
  const moving = "color=black:s=64x48:r=24:d=6,geq=lum='255*lt(abs(X-8-mod(N,50)),10)':cb=128:cr=128";
  const graph = `${colours},format=yuv420p[c];${moving},format=gray[m];[c][m]alphamerge`;
  const codec = ['-pix_fmt', 'yuva420p', '-c:v', 'libvpx', '-g', '50', '-b:v', '200k', '-auto-alt-ref', '0'];
  ffmpegOutput('-filter_complex', graph, ...codec, '-y', path);
  const info = await probe(path);
  const index = await indexSource(path, info, { thumbnails: { width: 32 } });
  const whole = (await read(path)).map(planesOf);
  assert.equal(whole.length, 144);
  let sought = 0;
  for (const first of [50, 61, 75, 99, 120, 141]) {
    if (seekPlan(info, index, first, first + 1)) sought++;
    const got = await read(path, first, 2);
    got.forEach((frame, i) => assert.ok(planesOf(frame).equals(whole[first + i]!), `frame ${first + i}`));
    assert.equal(got.length, 2);
  }
  t.diagnostic(`${sought} of 6 were seeks`);
});

import assert from 'node:assert/strict';
import { copyFile, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { fileUrl, locateFfmpeg, runFfmpeg } from '../../../app/core/media/ffmpeg.ts';
import { muxOutput } from '../../../app/core/media/mux.ts';
import { byFfmpeg, readPackets } from '../../../app/core/media/packets.ts';
import { verifyOutput } from '../../../app/core/media/verify.ts';
import { encodeChunk, gradient, planFor, scratch } from './output-kit.ts';

const FRAMES = 24;
const expected = { frames: FRAMES, timestamp: (k: number) => k, sounds: [1] };

async function film(
  t: TestContext,
  ending: 'mp4' | 'mkv',
): Promise<{ folder: string; path: string; plan: Awaited<ReturnType<typeof planFor>> }> {
  const folder = await scratch(t);
  const path = join(folder, `film.${ending}`);
  const wav = join(folder, 'sound.wav');
  await runFfmpeg(['-f', 'lavfi', '-i', 'sine=sample_rate=48000:duration=1', '-y', fileUrl(wav)]);
  const plan = await planFor('yuv420p', { path, sound: true });
  const frames = Array.from({ length: FRAMES }, (_, k) => gradient(plan.carrier, 48, 32, k));
  const chunk = await encodeChunk(join(folder, 'chunk.mp4'), plan, frames);
  await muxOutput({ chunks: [chunk], plan, sounds: [{ path: wav, channels: 1 }], to: path, scratch: folder });
  return { folder, path, plan };
}

test('of several sounds the one that is furthest off is told', async (t) => {
  const folder = await scratch(t);
  const path = join(folder, 'film.mkv');
  const plan = await planFor('yuv420p', { path, sound: true });
  const pictures = Array.from({ length: FRAMES }, (_, k) => gradient(plan.carrier, 48, 32, k));
  const chunks = [await encodeChunk(join(folder, 'chunk.mp4'), plan, pictures)];
  const lengths = [1, 0.9, 1.02];
  const made = [];
  for (const seconds of lengths) {
    const wav = join(folder, `${seconds}.wav`);
    await runFfmpeg(['-f', 'lavfi', '-i', `sine=sample_rate=48000:duration=${seconds}`, '-y', fileUrl(wav)]);
    made.push({ path: wav, channels: 1 });
  }
  await muxOutput({ chunks, plan, sounds: made, to: path, scratch: folder });
  const { avDriftMs } = await verifyOutput(path, { ...expected, plan, sounds: lengths });
  assert.ok(Math.abs(avDriftMs + 100) < 2, String(avDriftMs));
});

test('a file as planned is verified, and anything else is not', async (t) => {
  const { folder, path, plan } = await film(t, 'mp4');
  const good = await verifyOutput(path, { ...expected, plan });
  assert.equal(good.verified, true);
  assert.equal(good.frames, FRAMES);
  assert.ok(Math.abs(good.duration - 1) < 1e-3);
  const fails = async (
    what: RegExp,
    change: Partial<Parameters<typeof verifyOutput>[1]>,
    file = path,
  ): Promise<void> => {
    await assert.rejects(verifyOutput(file, { ...expected, plan, ...change }), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'verify-failed');
      assert.match(error.message, what);
      return true;
    });
  };
  await fails(/24 frames, not 25/, { frames: 25 });
  await fails(/frame 7 is shown/, { timestamp: (k) => (k === 7 ? 7.5 : k) });
  await fails(/picture ends/, { timestamp: (k) => (k === FRAMES ? k + 1 : k) });
  await fails(/sound streams/, { sounds: [] });
  await fails(/sound ends/, { sounds: [1.2] });
  await fails(/48x32, not 50x32/, { plan: { ...plan, input: { ...plan.input, width: 50 } } });
  await fails(/pixel format/, { plan: { ...plan, readsAs: ['yuv444p'] } });
  await fails(/codec/, { plan: { ...plan, codec: 'hevc' } });
  await fails(/matrix/, { plan: { ...plan, colour: { ...plan.colour, matrix: 'bt2020nc' } } });
  await fails(/range/, { plan: { ...plan, colour: { ...plan.colour, range: 'full' } } });

  const cut = join(folder, 'cut.mp4');
  await copyFile(path, cut);
  await truncate(cut, Math.floor((await readFile(path)).length / 2));
  await fails(/./, {}, cut);
  await writeFile(cut, 'nothing of the kind');
  await fails(/cannot be read/, {}, cut);
  const turned = join(folder, 'turned.mp4');
  await runFfmpeg(['-i', fileUrl(path), '-c', 'copy', '-metadata:s:v', 'rotate=90', fileUrl(turned)]);
  await fails(/turned|matrix|48x32/, {}, turned);
});

test('ffmpeg reads the same times as ffprobe', async (t) => {
  if (!(await locateFfmpeg()).ffprobe) return t.skip('there is no ffprobe of the same build as ffmpeg');
  for (const ending of ['mp4', 'mkv'] as const) {
    const { path } = await film(t, ending);
    const [one, other] = [await readPackets(path), await byFfmpeg(path)];
    assert.deepEqual(
      one.map(({ type, times, timeBase }) => ({ type, times, timeBase })),
      other.map(({ type, times, timeBase }) => ({ type, times, timeBase })),
    );
  }
});

test('a missing numbered image, or one too many, is noticed', async (t) => {
  const folder = await scratch(t);
  const plan = await planFor('gbrp', { path: 'x/%05d.png' });
  const frames = [0, 1, 2].map((k) => gradient(plan.carrier, 48, 32, k));
  const chunk = await encodeChunk(join(folder, 'chunk.mov'), plan, frames);
  const to = join(folder, 'images');
  await muxOutput({ chunks: [chunk], plan, to, scratch: folder });
  const want = { plan, frames: 3, timestamp: (k: number) => k };
  assert.deepEqual(await verifyOutput(to, want), { verified: true, frames: 3, duration: 3 / 24, avDriftMs: 0 });
  await writeFile(join(to, '00004.png'), '');
  await assert.rejects(verifyOutput(to, want), { code: 'verify-failed' });
  await rm(join(to, '00004.png'));
  await rm(join(to, '00002.png'));
  await assert.rejects(verifyOutput(to, want), /00002\.png is missing/);
});

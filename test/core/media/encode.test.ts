import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { AppError } from '../../../app/contract/errors.ts';
import { openChunkEncoder } from '../../../app/core/media/encode.ts';
import { frameFromBytes, frameBytes } from '../../../app/core/media/frame.ts';
import { pixelFormat, PIXEL_FORMATS } from '../../../app/core/media/pixel-format.ts';
import { probe } from '../../../app/core/media/probe.ts';
import { muxOutput } from '../../../app/core/media/mux.ts';
import { tree } from '../../support/command.ts';
import { few } from '../../support/few.ts';
import { decoded, encodeChunk, encodes, gradient, noise, planesOf, planFor, scratch, shownAt } from './output-kit.ts';

test('ffv1 gives back every carrier exactly', async (t) => {
  const folder = await scratch(t);
  let done = 0;
  // Every family at 10 bits, which most codecs have to widen or shift somewhere.
  const chosen = few(
    [...PIXEL_FORMATS.values()],
    ({ bits, name }) => bits === 10 || /^(yuv411p|gbrp|gray)$/.test(name),
  );
  for (const format of chosen) {
    await t.test(format.name, async () => {
      const [width, height] = [38, 26];
      const plan = await planFor(format.name, { codec: 'ffv1', path: 'out.mkv', width, height });
      const frames = [noise(format, width, height, 1), noise(format, width, height, 2)];
      const { path } = await encodeChunk(join(folder, `${format.name}.mov`), plan, frames);
      // In the file's own layout: no swscale between the file and us.
      const raw = await decoded(path, plan.pixelFormat);
      const size = raw.length / 2;
      frames.forEach((frame, i) => assertHolds(raw.subarray(i * size, (i + 1) * size), plan.input.pixelFormat, frame));
      done++;
    });
  }
  assert.equal(done, chosen.length);
});

/** Checks that `raw`, of layout `layout`, has the frame's samples in it, widened and repeated as need be. */
function assertHolds(raw: Buffer, layout: string, frame: ReturnType<typeof noise>): void {
  if (layout === 'bgr0' || layout === 'bgra') {
    const order = { b: 0, g: 1, r: 2, a: 3 } as Record<string, number>;
    frame.format.planes.forEach(({ channel }, p) => {
      const from = order[channel]!;
      frame.planes[p]!.data.forEach((value, i) => assert.equal(raw[i * 4 + from], value));
    });
    return;
  }
  const format = pixelFormat(layout);
  const bytes = new Uint8Array(frameBytes(format, frame.width, frame.height));
  bytes.set(raw);
  const read = frameFromBytes(format, frame.width, frame.height, bytes, 0, 0);
  if (layout === frame.format.name) {
    assert.ok(planesOf(read).equals(planesOf(frame)), 'planes differ');
    return;
  }
  const down = format.bits - frame.format.bits;
  frame.format.planes.forEach(({ channel, shiftX, shiftY }, p) => {
    const at = format.planes.findIndex((plane) => plane.channel === channel);
    const [own, other] = [frame.planes[p]!, read.planes[at]!];
    const layoutOf = format.planes[at]!;
    own.data.forEach((value, i) => {
      const x = (i % own.width) << (shiftX - layoutOf.shiftX);
      const y = Math.floor(i / own.width) << (shiftY - layoutOf.shiftY);
      assert.equal(other.data[y * other.width + x]! >> down, value);
    });
  });
}

test('lossless h264 and hevc hand the planes through untouched, full and limited range', async (t) => {
  const folder = await scratch(t);
  const all = [
    ['h264', 'yuv420p', 'limited'],
    ['h264', 'yuv420p', 'full'],
    ['h264', 'yuv422p', 'full'],
    ['h264', 'yuv444p', 'limited'],
    ['hevc', 'yuv420p', 'full'],
    ['hevc', 'yuv420p10le', 'limited'],
    ['hevc', 'yuv422p10le', 'full'],
    ['hevc', 'yuv444p12le', 'limited'],
  ] as const;
  for (const [codec, name, range] of few(all, ([, , one], at) => (one === 'full' ? at < 3 : at > 4))) {
    const format = pixelFormat(name);
    const size = { width: 64, height: 64 };
    const plan = await planFor(name, { codec, ...size, quality: 0, video: { colour: { range, matrix: 'bt709' } } });
    // x265's lossless is not quite so for noise in B frames (3.5: 19 of 24576 samples).
    const encoderArgs = plan.encoderArgs.map((arg) =>
      arg.startsWith('log-level=') ? `${arg}:lossless=1:bframes=0` : arg,
    );
    const frames = [1, 2, 3, 4].map((seed) => noise(format, 64, 64, seed));
    const chunk = await encodeChunk(join(folder, `${codec}-${name}-${range}.mp4`), { ...plan, encoderArgs }, frames);
    const { video } = await probe(chunk.path);
    const raw = await decoded(chunk.path, video.pixelFormat);
    assert.ok(raw.equals(Buffer.concat(frames.map(planesOf))), `${codec} ${name} ${range}`);
    assert.equal(video.colour.range, range);
  }
});

test('every codec takes 8 and 10 bits and says so', async (t) => {
  const folder = await scratch(t);
  const hdr10 = { range: 'limited', matrix: 'bt2020nc', primaries: 'bt2020', transfer: 'smpte2084' } as const;
  const cases = [
    ['h264', 'mp4', 'yuv420p', 'yuv420p'],
    ['h264', 'mkv', 'yuv422p10le', 'yuv422p10le'],
    ['hevc', 'mp4', 'yuv420p', 'yuv420p'],
    ['hevc', 'mov', 'yuv420p10le', 'yuv420p10le'],
    ['hevc', 'mkv', 'yuv444p12le', 'yuv444p12le'],
    ['vp9', 'webm', 'yuv420p', 'yuv420p'],
    ['vp9', 'webm', 'yuv444p10le', 'yuv444p10le'],
    ['av1', 'webm', 'yuv420p', 'yuv420p'],
    ['av1', 'mp4', 'yuv420p10le', 'yuv420p10le'],
    ['prores', 'mov', 'yuv420p', 'yuv422p10le'],
    ['prores', 'mov', 'yuv422p10le', 'yuv422p10le'],
    ['prores', 'mov', 'yuva444p10le', 'yuva444p12le'],
  ] as const;
  for (const [codec, ending, name, reads] of few(cases, ([, , , one], at) => at > 8 || one === 'yuv444p10le')) {
    if (!(await encodes(t, codec))) continue;
    const [width, height] = [96, 64];
    const path = `${codec}-${name}.${ending}`;
    const colour = name.includes('p1') ? hdr10 : { ...hdr10, transfer: 'bt709', primaries: 'bt709', matrix: 'bt709' };
    const plan = await planFor(name, { codec, path, width, height, video: { colour } });
    const frames = [0, 1, 2, 3, 4].map((at) => gradient(pixelFormat(name), width, height, at));
    const to = join(folder, path);
    await muxOutput({
      chunks: [await encodeChunk(join(folder, 'chunk'), plan, frames)],
      plan,
      to,
      scratch: folder,
    });
    const { video } = await probe(to);
    assert.equal(video.codec, codec, path);
    assert.equal(video.pixelFormat, reads, path);
    const { range, matrix, primaries, transfer } = video.colour;
    assert.deepEqual({ range, matrix, primaries, transfer }, colour, path);
    assert.equal((await shownAt(to)).times.length, frames.length, path);
    // The picture is the picture: luma within a few code values.
    const raw = await decoded(to, reads);
    const read = pixelFormat(reads);
    const at = raw.length / frames.length;
    const want = frames[4]!.planes[0]!.data;
    let sum = 0;
    for (let i = 0; i < want.length; i++) {
      const value = read.bytesPerSample === 1 ? raw[4 * at + i]! : raw.readUInt16LE(4 * at + 2 * i);
      sum += Math.abs(value / 2 ** read.bits - want[i]! / 2 ** plan.carrier.bits);
    }
    assert.ok(sum / want.length < 0.02, `${path}: off by ${sum / want.length}`);
  }
});

test('an encode repeated gives the same frames', async (t) => {
  const folder = await scratch(t);
  for (const codec of few(['h264', 'hevc', 'av1', 'vp9'] as const, (one) => one === 'h264' || one === 'av1')) {
    if (!(await encodes(t, codec))) continue;
    const plan = await planFor('yuv420p', { codec, width: 128, height: 96 });
    const frames = Array.from({ length: 12 }, (_, at) => gradient(plan.carrier, 128, 96, at));
    const files = [join(folder, `${codec}1.mp4`), join(folder, `${codec}2.mp4`)];
    const raws: Buffer[] = [];
    for (const file of files) raws.push(await decoded((await encodeChunk(file, plan, frames)).path, 'yuv420p'));
    assert.ok(raws[0]!.equals(raws[1]!), codec);
    assert.equal(raws[0]!.length, (frames.length * 128 * 96 * 3) / 2);
  }
});

test('odd and tiny sizes keep every pixel', async (t) => {
  const folder = await scratch(t);
  const all = [
    ['h264', 35, 21, [36, 22]],
    ['h264', 1, 1, [2, 2]],
    ['hevc', 75, 67, [76, 68]],
    ['av1', 35, 81, [35, 81]],
    ['vp9', 35, 21, [35, 21]],
  ] as const;
  for (const [codec, width, height, padded] of few(all, ([one], at) => at < 2 || one === 'vp9')) {
    if (!(await encodes(t, codec))) continue;
    const plan = await planFor('yuv420p', { codec, width, height, path: 'out.mp4' });
    assert.deepEqual([plan.input.width, plan.input.height], padded, codec);
    assert.equal(plan.notes.length, padded[0] === width ? 0 : 1);
    const frames = [gradient(plan.carrier, width, height, 0), gradient(plan.carrier, width, height, 1)];
    const chunk = await encodeChunk(join(folder, 'chunk.mp4'), plan, frames);
    const raw = await decoded(chunk.path, 'yuv420p');
    const want = frames[0]!.planes[0]!;
    let [sum, worst] = [0, 0];
    for (let y = 0; y < padded[1]; y++) {
      for (let x = 0; x < padded[0]; x++) {
        const source = want.data[Math.min(height - 1, y) * width + Math.min(width - 1, x)]!;
        const off = Math.abs(raw[y * padded[0] + x]! - source);
        [sum, worst] = [sum + off, Math.max(worst, off)];
      }
    }
    // A picture that was shifted or scaled is off by 50 and more at the edges of the gradient, and by 5 on average.
    assert.ok(sum / (padded[0] * padded[1]) < 3 && worst < 100, `${codec} ${width}x${height}: ${sum}, ${worst}`);
  }
});

test(
  'an encoder that is killed says so at once, on write or on finish',
  {
    skip: process.platform !== 'linux' && 'needs /proc',
  },
  async (t) => {
    const folder = await scratch(t);
    const plan = await planFor('yuv420p', { width: 640, height: 480 });
    const timestamps = Array.from({ length: 1001 }, (_, i) => i);
    const path = join(folder, 'killed.mp4');
    const encoder = await openChunkEncoder(path, plan, { timestamps });
    t.after(() => encoder.abort());
    const frame = gradient(plan.carrier, 640, 480, 0);
    await encoder.write(frame);
    const running = tree(process.pid).filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(path));
    assert.equal(running.length, 1);
    process.kill(running[0]!, 'SIGKILL');
    const since = performance.now();
    await assert.rejects(
      async () => {
        for (let i = 1; i < 1000; i++) await encoder.write(frame);
        await encoder.finish();
      },
      (error: AppError) => error.code === 'encode-failed' && /SIGKILL/.test(error.message),
    );
    assert.ok(performance.now() - since < 3000);
  },
);

test('an abort ends the encoder with the first cause', async (t) => {
  const folder = await scratch(t);
  const plan = await planFor('yuv420p', { width: 640, height: 480 });
  const controller = new AbortController();
  const timestamps = Array.from({ length: 1001 }, (_, i) => i);
  const encoder = await openChunkEncoder(join(folder, 'aborted.mp4'), plan, { timestamps, signal: controller.signal });
  const frame = gradient(plan.carrier, 640, 480, 0);
  await encoder.write(frame);
  controller.abort(new AppError('source-changed', 'Changed.'));
  await assert.rejects(
    async () => {
      for (let i = 1; i < 1000; i++) await encoder.write(frame);
    },
    { code: 'source-changed' },
  );
});

test('a full disk is said as such', { skip: process.platform !== 'linux' && 'needs /dev/full' }, async () => {
  const plan = await planFor('yuv420p', { width: 640, height: 480, codec: 'ffv1', path: 'out.mkv' });
  // mov seeks, which /dev/full takes for an error of its own; NUT only writes.
  const full = { ...plan, chunkMuxer: 'nut' as 'mov' };
  const encoder = await openChunkEncoder('/dev/full', full, { timestamps: Array.from({ length: 61 }, (_, i) => i) });
  await assert.rejects(
    async () => {
      for (let i = 0; i < 60; i++) await encoder.write(noise(plan.carrier, 640, 480, i + 1));
      await encoder.finish();
    },
    { code: 'disk-full' },
  );
});

test('planes in shared memory are written as they are', async (t) => {
  const folder = await scratch(t);
  const plan = await planFor('yuv420p10le', { codec: 'ffv1', path: 'out.mkv' });
  const shared = new Uint8Array(new SharedArrayBuffer(frameBytes(plan.carrier, 48, 32)));
  shared.set(planesOf(noise(plan.carrier, 48, 32, 5)));
  const frame = frameFromBytes(plan.carrier, 48, 32, shared, 0, 0);
  const chunk = await encodeChunk(join(folder, 'shared.mov'), plan, [frame]);
  assert.ok((await decoded(chunk.path, 'yuv420p10le')).equals(Buffer.from(shared)));
});

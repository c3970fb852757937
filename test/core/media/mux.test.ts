import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Rational } from '../../../app/contract/time.ts';
import type { Chunk } from '../../../app/core/media/concat-list.ts';
import { fileUrl, locateFfmpeg, runFfmpeg } from '../../../app/core/media/ffmpeg.ts';
import type { Frame } from '../../../app/core/media/frame.ts';
import { muxOutput } from '../../../app/core/media/mux.ts';
import type { OutputPlan } from '../../../app/core/media/output-format.ts';
import { probe } from '../../../app/core/media/probe.ts';
import { verifyOutput } from '../../../app/core/media/verify.ts';
import { few } from '../../support/few.ts';
import { decoded, encodeChunk, encodes, gradient, noise, planesOf, planFor, scratch, shownAt } from './output-kit.ts';

/** Encodes frames in chunks of these lengths; `timestamp(k)` is the start of frame k in the plan's time base. */
async function chunksOf(
  folder: string,
  plan: OutputPlan,
  lengths: readonly number[],
  timestamp: (k: number) => number,
  frame: (k: number) => Frame = (k) => gradient(plan.carrier, plan.frameWidth, plan.frameHeight, k),
): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  let at = 0;
  for (const [i, length] of lengths.entries()) {
    const first = at;
    const timestamps = Array.from({ length: length + 1 }, (_, k) => timestamp(first + k) - timestamp(first));
    const frames = Array.from({ length }, (_, k) => frame(first + k));
    chunks.push(await encodeChunk(join(folder, `chunk ${i}.${plan.chunkMuxer}`), plan, frames, timestamps));
    at += length;
  }
  return chunks;
}

function exactly(time: number, unit: Rational, scale: number): number {
  return (time * unit.num * scale) / unit.den;
}

test('every packet lies on the grid after concatenation, at any rate', async (t) => {
  const folder = await scratch(t);
  const lengths = [9, 1, 15];
  const rates = [
    [24000, 1001],
    [24, 1],
    [25, 1],
    [30000, 1001],
    [60, 1],
    [120000, 1001],
    [25, 2],
    [1000, 33],
    [960, 1],
  ] as const;
  for (const [num, den] of few(rates, ([rate]) => rate === 24000 || rate === 1000 || rate === 960)) {
    const rate = { num, den };
    const plan = await planFor('yuv420p', { rate });
    const chunks = await chunksOf(folder, plan, lengths, (k) => k);
    for (const ending of num === 24000 || num === 960 ? ['mp4', 'mkv'] : ['mp4']) {
      const path = join(folder, `out.${ending}`);
      const to = await planFor('yuv420p', { rate, path });
      await muxOutput({ chunks, plan: to, to: path, scratch: folder });
      const { times, timeBase } = await shownAt(path);
      assert.equal(times.length, 25);
      times.forEach((time, k) => {
        const seconds = exactly(time, timeBase, 1);
        // Rational equality in .mp4; in Matroska the nearest millisecond.
        if (ending === 'mp4')
          assert.equal(time * timeBase.num * num, k * den * timeBase.den, `${num}/${den} frame ${k}`);
        else assert.ok(Math.abs(seconds - (k * den) / num) <= 0.0005001, `${num}/${den} frame ${k} at ${seconds}`);
      });
      if (num === 960) await verifyOutput(path, { plan: to, frames: 25, timestamp: (k) => k });
    }
  }
});

test('uneven chunks of every codec have the times of one piece', async (t) => {
  const folder = await scratch(t);
  const rate = { num: 30000, den: 1001 };
  const all = [
    ['h264', 'mov'],
    ['hevc', 'mp4'],
    ['av1', 'mp4'],
    ['prores', 'mov'],
    ['ffv1', 'mkv'],
    ['vp9', 'webm'],
  ] as const;
  for (const [codec, ending] of few(all, ([name]) => name === 'h264' || name === 'ffv1')) {
    if (!(await encodes(t, codec))) continue;
    const path = join(folder, `${codec}.${ending}`);
    const plan = await planFor('yuv420p', { codec, path, rate });
    const whole = await planFor('yuv420p', { codec, path: join(folder, `${codec}-whole.${ending}`), rate });
    await muxOutput({
      chunks: await chunksOf(folder, plan, [9, 1, 4, 2], (k) => k),
      plan,
      to: path,
      scratch: folder,
    });
    const one = await chunksOf(folder, whole, [16], (k) => k);
    await muxOutput({ chunks: one, plan: whole, to: whole.path, scratch: folder });
    assert.deepEqual(await shownAt(path), await shownAt(whole.path), codec);
    for (const file of [path, whole.path]) await verifyOutput(file, { plan, frames: 16, timestamp: (k) => k });
    // The frames are in order: brightness follows what was put in.
    if (codec === 'ffv1') {
      const want = Array.from({ length: 16 }, (_, k) => planesOf(gradient(plan.carrier, 48, 32, k)));
      assert.ok((await decoded(path, 'yuv420p')).equals(Buffer.concat(want)));
    }
  }
});

test('variable timing is kept to the tick', async (t) => {
  const folder = await scratch(t);
  const steps = [1, 3003, 1501, 2, 9000, 3003, 3003, 1, 1, 700, 45000, 2, 3003, 1502, 1501, 6, 7, 2999, 3001];
  const starts = [0];
  for (const step of steps) starts.push(starts.at(-1)! + step);
  const all = [
    ['h264', 'mp4', { num: 1, den: 90_000 }],
    ['hevc', 'mov', { num: 1, den: 90_000 }],
    ['av1', 'mp4', { num: 1, den: 15_360 }],
    ['prores', 'mov', { num: 1, den: 600 }],
    ['vp9', 'mp4', { num: 1, den: 1_000_000 }],
    ['h264', 'mp4', { num: 1001, den: 30_000 }],
    ['ffv1', 'mkv', { num: 1, den: 1000 }],
    ['vp9', 'webm', { num: 1, den: 1000 }],
  ] as const;
  // B frames, a clock of milliseconds, one finer than all.
  for (const [codec, ending, timeBase] of few(all, ([, , { den }]) => den === 90_000 || den === 1_000_000)) {
    if (!(await encodes(t, codec))) continue;
    const path = join(folder, `${codec}-${timeBase.den}.${ending}`);
    const plan = await planFor('yuv420p', { codec, path, rate: 'vfr', timeBase });
    const timestamp = (k: number): number => starts[k]!;
    const chunks = await chunksOf(folder, plan, [5, 1, 3, 2, 8], timestamp);
    await muxOutput({ chunks, plan, to: path, scratch: folder });
    const found = await shownAt(path);
    const unit = (timeBase.num * found.timeBase.den) / (timeBase.den * found.timeBase.num);
    assert.deepEqual(
      found.times,
      starts.slice(0, -1).map((start) => start * unit),
      path,
    );
    const { duration } = await verifyOutput(path, { plan, frames: steps.length, timestamp });
    // Without setts nobody tells the file how long the last frame is.
    const nominal = plan.nominalRate.den / plan.nominalRate.num;
    const allowed = plan.retime === 'setts' ? 0.001 : Math.max(nominal, exactly(steps.at(-1)!, timeBase, 1)) + 1e-6;
    assert.ok(Math.abs(duration - exactly(starts.at(-1)!, timeBase, 1)) < allowed, `${path}: ${duration}`);
  }
});

test('an ffmpeg without the setts filter keeps times too', async (t) => {
  const folder = await scratch(t);
  const starts = [0, 1, 3004, 4505, 4507, 13507, 16510, 19513, 19514];
  for (const rate of [{ num: 24000, den: 1001 }, 'vfr'] as const) {
    const all = [
      ['h264', 'mp4'],
      ['hevc', 'mov'],
      ['vp9', 'mp4'],
      ['ffv1', 'mkv'],
    ] as const;
    for (const [codec, ending] of few(all, ([name]) => name === 'h264' || (name === 'ffv1' && rate === 'vfr'))) {
      const path = join(folder, `${codec}.${ending}`);
      const plan = await planFor('yuv420p', {
        codec,
        path,
        rate,
        timeBase: { num: 1, den: 90_000 },
        withoutSetts: true,
      });
      assert.equal(plan.retime, 'setpts');
      const timestamp = (k: number): number => (rate === 'vfr' ? starts[k]! : k);
      const chunks = await chunksOf(folder, plan, [4, 1, 3], timestamp);
      await muxOutput({ chunks, plan, to: path, scratch: folder });
      const { times, timeBase } = await shownAt(path);
      assert.equal(times.length, 8);
      times.forEach((time, k) => {
        const off = exactly(time, timeBase, 1) - exactly(timestamp(k), plan.timeBase, 1);
        assert.ok(
          Math.abs(off) <= (ending === 'mkv' ? 0.00051 : 1e-9),
          `${path} ${JSON.stringify(rate)} frame ${k}: ${off}`,
        );
      });
    }
  }
});

test('a long chunk may have a different step at every frame, on a clock finer than microseconds', async (t) => {
  const folder = await scratch(t);
  const path = join(folder, 'long.mp4');
  const plan = await planFor('yuv420p', { path, rate: 'vfr', timeBase: { num: 1, den: 705_600_000 } });
  assert.equal(plan.timescale, 1_000_000);
  const starts = [0];
  for (let k = 0; k < 130; k++) starts.push(starts[k]! + 5_000_000 + ((k * 7919 * 7919) % 40_000_000));
  const timestamp = (k: number): number => starts[k]!;
  await muxOutput({ chunks: await chunksOf(folder, plan, [120, 10], timestamp), plan, to: path, scratch: folder });
  await verifyOutput(path, { plan, frames: 130, timestamp });
});

/** A WAV of a tone, `samples` long at 48 kHz. */
async function tone(path: string, samples: number, channels = 2): Promise<void> {
  const source = `sine=frequency=440:sample_rate=48000,atrim=end_sample=${samples}`;
  await runFfmpeg(['-f', 'lavfi', '-i', source, '-ac', String(channels), '-y', fileUrl(path)]);
}

test('sound begins and ends with the picture in every container', async (t) => {
  const folder = await scratch(t);
  const rate = { num: 24000, den: 1001 };
  const frames = 37;
  const sound = (frames * rate.den) / rate.num;
  const wav = join(folder, 'tone.wav');
  await tone(wav, Math.round(sound * 48000));
  const all = [
    ['h264', 'mp4', 'aac'],
    ['h264', 'mov', 'aac'],
    ['prores', 'mov', 'pcm_s24le'],
    ['h264', 'mkv', 'opus'],
    ['ffv1', 'mkv', 'flac'],
    ['vp9', 'webm', 'opus'],
  ] as const;
  for (const [codec, ending, want] of few(all, ([name, place]) => name === 'h264' && place !== 'mov')) {
    const path = join(folder, `${codec}.${ending}`);
    const plan = await planFor('yuv420p', { codec, path, rate, sound: true });
    const chunks = await chunksOf(folder, plan, [20, 17], (k) => k);
    const audio = { path: wav, channels: 2, language: 'eng' };
    const fractions: number[] = [];
    await muxOutput({ chunks, plan, sounds: [audio], to: path, scratch: folder, onProgress: (f) => fractions.push(f) });
    const info = await probe(path);
    assert.equal(info.audio[0]?.codec, want);
    assert.equal(info.audio[0]?.language, 'eng', path);
    assert.equal(fractions.at(-1), 1);
    const { times } = await shownAt(path);
    assert.equal(times[0], 0, path);
    const { avDriftMs } = await verifyOutput(path, { plan, frames, timestamp: (k) => k, sounds: [sound] });
    assert.ok(Math.abs(avDriftMs) < 2, `${path}: ${avDriftMs}`);
    // What is heard, by decoding: as many samples as were put in. Only of AAC ffmpeg 5.1 does not drop the padding of the last packet.
    const padding = want === 'aac' ? 1024 : 96;
    const heard = await runFfmpeg(['-i', fileUrl(path), '-map', '0:a', '-ar', '48000', '-ac', '1', '-f', 's16le', '-']);
    assert.ok(Math.abs(heard.stdout.length / 2 - sound * 48000) < padding, `${path}: ${heard.stdout.length / 2}`);
  }
});

test('a click is heard where it was put', async (t) => {
  const folder = await scratch(t);
  const wav = join(folder, 'click.wav');
  // One second of silence with a click of one sample at 0.5 s.
  const samples = new Int16Array(48_000);
  samples[24_000] = 32_000;
  const input = new Uint8Array(samples.buffer);
  await runFfmpeg(['-f', 's16le', '-ar', '48000', '-ac', '1', '-i', 'pipe:0', '-y', fileUrl(wav)], { input });
  const all = [
    ['h264', 'mp4'],
    ['h264', 'mov'],
    ['prores', 'mov'],
    ['h264', 'mkv'],
    ['ffv1', 'mkv'],
    ['vp9', 'webm'],
  ] as const;
  for (const [codec, ending] of few(all, ([name, place]) => name === 'h264' && place !== 'mov')) {
    const path = join(folder, `${codec}.${ending}`);
    const plan = await planFor('yuv420p', { codec, path, sound: true });
    const chunks = await chunksOf(folder, plan, [24], (k) => k);
    await muxOutput({ chunks, plan, sounds: [{ path: wav, channels: 1 }], to: path, scratch: folder });
    const onClock = ['-af', 'aresample=async=1:first_pts=0', '-ar', '48000', '-f', 's16le', '-'];
    // On the file's own clock: without -copyts all streams move so that the earliest packet is at 0.
    const { stdout } = await runFfmpeg(['-copyts', '-i', fileUrl(path), '-map', '0:a', ...onClock]);
    let loudest = 0;
    for (let i = 0; i < stdout.length / 2; i++) {
      if (Math.abs(stdout.readInt16LE(2 * i)) > Math.abs(stdout.readInt16LE(2 * loudest))) loudest = i;
    }
    assert.ok(Math.abs(loudest - 24_000) <= 48, `${path}: ${(loudest - 24_000) / 48} ms off`);
  }
});

test('six channels go into opus', async (t) => {
  const folder = await scratch(t);
  const wav = join(folder, 'six.wav');
  await runFfmpeg(['-f', 'lavfi', '-i', 'aevalsrc=0|0|0|0|0|0:c=5.1(side):d=1', '-y', fileUrl(wav)]);
  const path = join(folder, 'six.webm');
  const plan = await planFor('yuv420p', { codec: 'vp9', path, sound: true });
  const chunks = await chunksOf(folder, plan, [24], (k) => k);
  await muxOutput({ chunks, plan, sounds: [{ path: wav, channels: 6 }], to: path, scratch: folder });
  assert.equal((await probe(path)).audio[0]?.channels, 6);
});

const HOSTILE = [
  'it\'s a "test".mp4',
  'percent %05d %s 100%.mp4',
  '[brackets] {and} $money;rm -rf `x`.mkv',
  'new\nline and \t tab.mp4',
  '-y.mov',
  'ünïcødé 日本語 العربية 🎬.webm',
  "concat:a|b'c\\d.mp4",
];

test('hostile names of chunks, folders and outputs', async (t) => {
  const folder = await scratch(t);
  for (const [i, name] of few(HOSTILE, (_, at) => at % 2 === 1).entries()) {
    // Each also as a folder that holds the chunks and the scratch.
    const place = join(folder, `${i}`, name);
    await mkdir(place, { recursive: true });
    const to = join(place, name);
    const codec = name.endsWith('webm') ? 'vp9' : 'h264';
    const plan = await planFor('yuv420p', { codec, path: to });
    const chunks: Chunk[] = [];
    for (const k of [0, 1])
      chunks.push(await encodeChunk(join(place, `${k}${name}`), plan, [noise(plan.carrier, 48, 32, k + 1)]));
    await muxOutput({ chunks, plan, to, scratch: place });
    await verifyOutput(to, { plan, frames: 2, timestamp: (k) => k });
    const left = await readdir(place);
    assert.deepEqual(left.toSorted(), [name, `0${name}`, `1${name}`].toSorted());
  }
});

test('tags of the film are kept, those of the file are not; nothing says to turn it; mp4 starts with its index', async (t) => {
  const folder = await scratch(t);
  const path = join(folder, 'tags.mp4');
  const plan = await planFor('yuv420p', { path, video: { rotation: 90 } });
  const chunks = await chunksOf(folder, plan, [5], (k) => k);
  const tags = {
    title: 'A = B; "c"\nd',
    creation_time: '2024-02-03T04:05:06.000000Z',
    encoder: 'something else',
    major_brand: 'qt',
  };
  await muxOutput({ chunks, plan, to: path, scratch: folder, tags });
  const info = await probe(path);
  assert.equal(info.tags['title'], tags.title);
  assert.equal(info.tags['creation_time'], tags.creation_time);
  assert.notEqual(info.tags['encoder'], tags.encoder);
  assert.equal(info.video.rotation, 0);
  const { stdout } = await runFfmpeg(['-i', fileUrl(path), '-f', 'null', '-']);
  assert.equal(stdout.length, 0);
  const head = (await import('node:fs')).readFileSync(path);
  assert.ok(head.indexOf('moov') < head.indexOf('mdat'));
  assert.ok(head.includes('colr'));
});

function bigEndian(value: number): Buffer {
  return Buffer.from([value >> 8, value & 255]);
}

function numberOf(value: string | number | undefined): number {
  const [num, den = '1'] = String(value).split('/');
  return Number(num) / Number(den);
}

test('HDR10 light levels and chroma location survive in hevc', async (t) => {
  const folder = await scratch(t);
  const path = join(folder, 'hdr.mp4');
  const mastering = {
    red_x: '34000/50000',
    red_y: '16000/50000',
    green_x: '13250/50000',
    green_y: '34500/50000',
    blue_x: '7500/50000',
    blue_y: '3000/50000',
    white_point_x: '15635/50000',
    white_point_y: '16450/50000',
    min_luminance: '50/10000',
    max_luminance: '10000000/10000',
  };
  const contentLight = { max: 1000, average: 400 };
  const colour = {
    range: 'limited',
    matrix: 'bt2020nc',
    primaries: 'bt2020',
    transfer: 'smpte2084',
    chromaLocation: 'topleft',
  } as const;
  const { ffprobe } = await locateFfmpeg();
  for (const codec of few(['hevc', 'av1'] as const, (one) => one === 'hevc')) {
    if (!(await encodes(t, codec))) continue;
    const plan = await planFor('yuv420p10le', {
      codec,
      path,
      width: 96,
      height: 64,
      video: { colour, hdr: { mastering, contentLight } },
    });
    const chunks = await chunksOf(folder, plan, [3, 2], (k) => k);
    await muxOutput({ chunks, plan, to: path, scratch: folder });
    if (!ffprobe) {
      t.diagnostic(
        'without ffprobe the metadata is looked for in the bytes of the file, and the chroma location is not asked',
      );
      // Green, blue, red, white (D.2.28 of H.265), and MaxCLL, MaxFALL; the luminances hold emulation prevention bytes.
      const numbers = [13250, 34500, 7500, 3000, 34000, 16000, 15635, 16450].map(bigEndian);
      const bytes = await readFile(path);
      assert.ok(bytes.includes(Buffer.concat(numbers)), `${codec}: mastering`);
      assert.ok(bytes.includes(Buffer.concat([1000, 400].map(bigEndian))), `${codec}: light levels`);
      continue;
    }
    const { video } = await probe(path);
    assert.deepEqual(video.hdr?.contentLight, contentLight, codec);
    for (const [key, value] of Object.entries(mastering)) {
      const off = Math.abs(numberOf(video.hdr?.mastering?.[key]) - numberOf(value));
      assert.ok(off < 0.001, `${codec} ${key} ${video.hdr?.mastering?.[key]}`);
    }
    assert.equal(video.colour.chromaLocation, 'topleft', codec);
  }
});

test('numbered images: png gives back RGB exactly, exr is written', async (t) => {
  const folder = await scratch(t);
  const all = [
    ['gbrp', '%05d.png', 'rgb24'],
    ['gbrap', 'a%%b-%03d.png', 'rgba'],
    ['gbrp10le', 'x%d.png', 'rgb48be'],
    ['gray12le', '%05d.png', 'gray16be'],
    ['yuv420p10le', '%05d.png', 'rgb48be'],
    ['yuv420p', '%04d.exr', 'gbrpf32le'],
  ] as const;
  for (const [name, pattern, reads] of few(all, ([one]) => one === 'gbrap' || one === 'yuv420p10le')) {
    if (pattern.endsWith('.exr') && !(await encodes(t, 'exr'))) continue;
    const to = join(folder, `${name} 100%`);
    const plan = await planFor(name, { path: join(to, pattern), width: 31, height: 17 });
    const frames = [1, 2, 3].map((seed) => noise(plan.carrier, 31, 17, seed));
    const chunks = [
      await encodeChunk(join(folder, 'a.mov'), plan, frames.slice(0, 2)),
      await encodeChunk(join(folder, 'b.mov'), plan, frames.slice(2)),
    ];
    await muxOutput({ chunks, plan, to, scratch: folder });
    await verifyOutput(to, { plan, frames: 3, timestamp: (k) => k });
    const files = (await readdir(to)).toSorted();
    const { video } = await probe(join(to, files[1]!));
    assert.equal(video.pixelFormat, reads);
    if (name === 'gbrp' || name === 'gbrap') {
      const raw = await decoded(join(to, files[1]!), reads);
      const channels = reads.length - (reads === 'rgb24' ? 2 : 0);
      frames[1]!.planes.forEach(({ data }, p) => {
        const at = [1, 2, 0, 3][p]!;
        data.forEach((value, i) => assert.equal(raw[i * channels + at], value));
      });
    }
  }
});

test('what cannot be muxed is said', async (t) => {
  const folder = await scratch(t);
  const plan = await planFor('yuv420p');
  const broken = join(folder, 'broken.mp4');
  await writeFile(broken, 'not a film');
  const to = join(folder, 'out.mp4');
  const chunks = [{ path: broken, timestamps: [0, 1] }];
  await assert.rejects(muxOutput({ chunks, plan, to, scratch: folder }), { code: 'encode-failed' });
  await assert.rejects(muxOutput({ chunks: [], plan, to, scratch: folder }), { code: 'no-frames' });
  const signal = AbortSignal.abort();
  await assert.rejects(muxOutput({ chunks, plan, to, scratch: folder, signal }), { code: 'cancelled' });
});

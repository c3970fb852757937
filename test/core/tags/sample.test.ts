import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeFrames } from '../../../app/core/media/decode.ts';
import { floatRgb } from '../../../app/core/media/float-rgb.ts';
import { indexSource } from '../../../app/core/media/index-source.ts';
import { probe } from '../../../app/core/media/probe.ts';
import { sampledContent, samplePictures, type SampleOptions } from '../../../app/core/tags/sample.ts';
import { TICKS } from '../../../app/contract/time.ts';
import { ffmpegOutput } from '../../support/clips.ts';
import { shared, tempFolder } from '../../support/command.ts';

async function pictures(path: string, options: SampleOptions): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  for await (const picture of samplePictures(await probe(path), { threads: 1, ...options })) found.push(picture);
  return found;
}

const mean = (values: Uint8Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

test('picture i is the frame shown at i / rate, at a varying rate too, and going on gives the same pictures', async (t) => {
  const path = join(tempFolder(t), 'vfr.mkv');
  // Frame n is grey 4n. Ten frames a second, then one every 0.37 s, then ten in a quarter of a second.
  const times = 'if(lt(N,20),N*0.1,if(lt(N,40),2+(N-20)*0.37,9.4+(N-40)*0.025))';
  ffmpegOutput(
    ...[
      '-f',
      'lavfi',
      '-i',
      'color=black:s=64x48:r=10:d=5,format=gray,geq=lum=4*N',
      '-vf',
      `settb=1/1000,setpts='(${times})/TB'`,
    ],
    ...['-fps_mode', 'passthrough', '-enc_time_base', '1:1000', '-c:v', 'ffv1', path],
  );
  const info = await probe(path);
  const index = await indexSource(path, info);
  // Scores of HDR from before its curve changed are of other pictures, those of everything else are not.
  const hdr = { video: { ...info.video, colour: { ...info.video.colour, transfer: 'arib-std-b67' } } };
  assert.deepEqual([sampledContent('it', info), sampledContent('it', hdr)], ['it/2', 'it/3']);
  for (const rate of [5, 12.5]) {
    const found = await pictures(path, { size: 16, rate });
    assert.equal(found.length, Math.ceil((rate * index.end) / TICKS - 1e-6), `${rate}`);
    for (const [i, picture] of found.entries()) {
      const shown = index.times.findLastIndex((time) => time <= Math.round((i / rate) * TICKS));
      assert.ok(
        Math.abs(mean(picture) - 4 * shown) < 1.5,
        `${rate}: picture ${i} is ${mean(picture) / 4}, not ${shown}`,
      );
    }
    const on = await pictures(path, { size: 16, rate, first: 17 });
    assert.deepEqual(on, found.slice(17));
  }
});

test('the middle is cut out of wide and of turned pictures, in the shape they are shown', async (t) => {
  const folder = tempFolder(t);
  // Columns of grey 0, 10, 20, ... of a picture that is shown twice as wide as high.
  const make = (name: string, size: string, filter: string): string => {
    const path = join(folder, name);
    ffmpegOutput('-f', 'lavfi', '-i', `nullsrc=s=${size}:d=0.2:r=10,format=gray,${filter}`, '-c:v', 'ffv1', path);
    return path;
  };
  const wide = make('wide.mkv', '256x128', 'geq=lum=X');
  const [first] = await pictures(wide, { size: 64, rate: 10 });
  // 4:3 of 128 lines are 171 columns: from 43 to 213.
  const row = Array.from({ length: 64 }, (_, x) => first![3 * (32 * 64 + x)]!);
  assert.ok(Math.abs(row[0]! - 43.8) < 2 && Math.abs(row[63]! - 212) < 2, `${row[0]} to ${row[63]}`);
  const tall = make('tall.mkv', '64x256', 'geq=lum=Y,setsar=2');
  const [second] = await pictures(tall, { size: 64, rate: 10 });
  const column = Array.from({ length: 64 }, (_, y) => second![3 * (y * 64 + 32)]!);
  assert.ok(Math.abs(column[0]! - 43.8) < 2 && Math.abs(column[63]! - 212) < 2, `${column[0]} to ${column[63]}`);
});

test('what is no footage is refused in words', async (t) => {
  const folder = tempFolder(t);
  const still = join(folder, 'still.png');
  ffmpegOutput('-f', 'lavfi', '-i', 'testsrc=s=64x48:d=1', '-frames:v', '1', still);
  await assert.rejects(pictures(still, { size: 16, rate: 5 }), {
    code: 'no-video',
    message: /still\.png is a picture/,
  });
});

test('ending early ends the decoder, and nobody decodes far ahead', async (t) => {
  const path = join(tempFolder(t), 'long.mp4');
  ffmpegOutput('-f', 'lavfi', '-i', 'testsrc2=s=64x48:r=30:d=60', '-c:v', 'mpeg4', path);
  const before = process.memoryUsage().arrayBuffers;
  let taken = 0;
  for await (const picture of samplePictures(await probe(path), { size: 256, rate: 30, threads: 1 })) {
    assert.equal(picture.length, 3 * 256 * 256);
    if (++taken < 5) continue;
    await new Promise((resolve) => setTimeout(resolve, 50));
    break;
  }
  const grown = process.memoryUsage().arrayBuffers - before;
  assert.ok(grown < 24 * 3 * 256 * 256, `${grown} bytes`);
});

const odd = shared && join(shared, 'clips', 'odd');

test(
  'turned files are upright',
  { skip: odd ? false : 'INBETWEEN_SHARED is not set: the turned files are not here' },
  async () => {
    for (const name of ['decord__video_90.mov', 'decord__video_270.mov', 'media__sample_rotate_and_reflect.mp4']) {
      const path = join(odd!, name);
      const info = await probe(path);
      const index = await indexSource(path, info);
      const [sample] = await pictures(path, { size: 32, rate: 10 });
      for await (const frame of decodeFrames(path, info, { first: 0, last: 0, index })) {
        const expected = middleOf(floatRgb(frame, info.video.colour), frame.width, frame.height, 32);
        const off = expected.reduce((sum, value, i) => sum + Math.abs(value - sample![i]!), 0) / expected.length;
        assert.ok(off < 3, `${name}: ${off} of 255 off`);
      }
    }
  },
);

/** [Note: the square] in plain words: each pixel the mean of those it covers, packed 0..255. */
function middleOf(rgb: Float32Array, width: number, height: number, size: number): number[] {
  const [across, down] = [Math.min(width, (4 / 3) * height), Math.min(height, (4 / 3) * width)];
  const [left, top] = [(width - across) / 2, (height - down) / 2];
  const out: number[] = [];
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const [x0, x1] = [Math.round(left + (x * across) / size), Math.round(left + ((x + 1) * across) / size)];
      const [y0, y1] = [Math.round(top + (y * down) / size), Math.round(top + ((y + 1) * down) / size)];
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let v = y0; v < y1; v++) for (let u = x0; u < x1; u++) sum += rgb[c * width * height + v * width + u]!;
        out.push((255 * sum) / ((x1 - x0) * (y1 - y0)));
      }
    }
  }
  return out;
}

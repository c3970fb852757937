/** Every engine goes its own way: between two real stills none of them is a crossfade, nor another. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runMorph } from '../../../app/core/morph/run.ts';
import { ffmpegOutput } from '../../support/clips.ts';
import { shared, tempFolder } from '../../support/command.ts';
import { gap, morphOf } from './support.ts';
import { ONLY_LONG } from '../../support/few.ts';

const CLIP = shared === undefined ? undefined : join(shared, 'clips/actions/weizmann_mini/wave_two_hands_p5_o.mp4');
const SIDE = 96;
const BYTES = 3 * SIDE * SIDE;

function psnr(a: Buffer, b: Buffer): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum === 0 ? Infinity : 10 * Math.log10((255 ** 2 * a.length) / sum);
}

/** RGB of every frame. */
function framesOf(path: string): Buffer[] {
  const raw = ffmpegOutput('-i', `file:${path}`, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-');
  return Array.from({ length: raw.length / BYTES }, (_, n) => raw.subarray(n * BYTES, (n + 1) * BYTES));
}

const skip = CLIP !== undefined && existsSync(CLIP) ? false : 'needs INBETWEEN_SHARED with clips/actions';

test(
  'no engine is a crossfade or another engine, and films begin and end with the stills',
  { skip: skip || ONLY_LONG },
  async (t) => {
    const folder = tempFolder(t);
    const [first, last] = [0, 15].map((frame) => {
      const path = join(folder, `${frame}.png`);
      const filters = `select=eq(n\\,${frame}),crop='min(iw,ih)':'min(iw,ih)',scale=${SIDE}:${SIDE}`;
      ffmpegOutput('-i', `file:${CLIP!}`, '-vf', filters, '-frames:v', '1', '-update', '1', `file:${path}`);
      return path;
    }) as [string, string];
    const engines = ['blend', 'glide', 'film', 'cvi', 'fomm'];
    const middles = new Map<string, Buffer>();
    const ends = [first, last].map((path) => framesOf(path)[0]!);
    for (const engine of engines) {
      const output = join(folder, `${engine}.mkv`);
      await runMorph(morphOf([first, last], output, [gap(14, { engine })], { codec: 'ffv1' }));
      const frames = framesOf(output);
      assert.equal(frames.length, 16, engine);
      for (const [n, end] of [frames[0]!, frames[15]!].entries())
        assert.ok(psnr(end, ends[n]!) >= 30, `${engine}: end ${n} is the still`);
      for (let n = 1; n < 16; n++) assert.ok(!frames[n]!.equals(frames[n - 1]!), `${engine} repeats frame ${n}`);
      middles.set(engine, frames[7]!);
    }
    for (const [one, a] of middles)
      for (const [other, b] of middles) {
        if (one >= other) continue;
        const apart = psnr(a, b);
        t.diagnostic(`${one} and ${other}: ${apart.toFixed(1)} dB`);
        assert.ok(apart <= 45, `${one} and ${other} are alike: ${apart} dB`);
      }
    const lossy = join(folder, 'film.webm');
    await runMorph(morphOf([first, last], lossy, [gap(3, { engine: 'film' })]));
    const written = framesOf(lossy);
    for (const [n, end] of [written[0]!, written.at(-1)!].entries())
      assert.ok(psnr(end, ends[n]!) >= 30, `${psnr(end, ends[n]!)} dB of end ${n} in a lossy film`);
  },
);

/** Sound and picture in the written file: 20 flashes with a click each, through a drawn curve, measured on what was written. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ffmpegOutput } from '../support/clips.ts';
import { inbetween, tempFolder } from '../support/command.ts';

const RATE = 24;
const SOUND_RATE = 48_000;

/** A flash of one frame and a click of a millisecond at every half second but the first. */
function makeFlashes(path: string): void {
  const flash = `drawbox=color=white:t=fill:enable='eq(mod(n,12),0)*gt(n,0)'`;
  const click = `aevalsrc='if(gt(t,0.25)*lt(mod(t,0.5),0.001),0.9,0)':s=${SOUND_RATE}:d=11`;
  ffmpegOutput(
    ...['-f', 'lavfi', '-t', '11', '-i', `color=c=black:s=64x64:r=${RATE},${flash}`, '-f', 'lavfi', '-i', click],
    ...['-c:v', 'libx264', '-crf', '10', '-pix_fmt', 'yuv420p', '-c:a', 'pcm_s16le', '-y', `file:${path}`],
  );
}

/** Centre of what is above the floor within `around` seconds of `near`, in seconds. */
function centre(values: ArrayLike<number>, rate: number, near: number, around: number, floor: number): number {
  let [sum, weighted] = [0, 0];
  for (
    let i = Math.max(0, Math.ceil((near - around) * rate));
    i < Math.min(values.length, (near + around) * rate);
    i++
  ) {
    const weight = Math.max(0, Math.abs(values[i]!) - floor);
    sum += weight;
    weighted += (weight * i) / rate;
  }
  assert.ok(sum > 0, `there is something near ${near.toFixed(3)} s`);
  return weighted / sum;
}

test('20 flashes and their clicks stay together through a curve', async (t) => {
  const folder = tempFolder(t);
  const source = join(folder, 'flashes.mkv');
  makeFlashes(source);
  // Slower, faster, slower: 0.6x to 1.7x.
  const keys = [
    { output: 0, source: 0, ease: 'smooth' },
    { output: 5, source: 3, ease: 'smooth' },
    { output: 8, source: 8, ease: 'smooth' },
    { output: 12, source: 10.6, ease: 'linear' },
  ];
  writeFileSync(join(folder, 'curve.json'), JSON.stringify({ keys }));
  const output = join(folder, 'out.mp4');
  const run = await inbetween(join(folder, 'home'), [
    ...['slowmo', source, '-o', output, '--curve', join(folder, 'curve.json'), '--engine', 'blend', '--cuts', 'off'],
    ...['--audio', 'keep-pitch', '--json'],
  ]);
  assert.equal(run.status, 0, run.stderr + run.stdout);
  assert.ok(Math.abs(JSON.parse(run.stdout).avDriftMs) < 1000 / RATE);

  const luma = ffmpegOutput('-i', `file:${output}`, '-vf', 'scale=1:1:flags=area,format=gray', '-f', 'rawvideo', '-');
  const raw = ffmpegOutput('-i', `file:${output}`, '-ac', '1', '-ar', String(SOUND_RATE), '-f', 'f32le', '-');
  const sound = new Float32Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + (raw.length & ~3)));
  assert.equal(luma.length, 12 * RATE);
  // Where the flashes came out: local maxima of brightness.
  const peaks = [...luma].flatMap((value, i) => {
    const highest = value > 60 && value >= (luma[i - 1] ?? 0) && value > (luma[i + 1] ?? 0);
    return highest ? [i / RATE] : [];
  });
  const flashes = peaks.filter((time, i) => i === 0 || time - peaks[i - 1]! > 0.15);
  assert.ok(flashes.length >= 20, `${flashes.length} flashes`);
  for (const near of flashes.slice(0, 20)) {
    const seen = centre(luma, RATE, near, 0.13, 20);
    const heard = centre(sound, SOUND_RATE, near, 0.13, 0.05);
    assert.ok(Math.abs(seen - heard) < 1 / RATE, `seen at ${seen.toFixed(3)}, heard at ${heard.toFixed(3)}`);
  }
});

/** What the sound tests share: making sound, reading it back, and measuring it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { AudioStreamInfo } from '../../../../app/contract/media.ts';
import { runFfmpeg } from '../../../../app/core/media/ffmpeg.ts';
import { renderAudio } from '../../../../app/core/media/audio/render.ts';
import type { RenderAudio } from '../../../../app/core/media/audio/render.ts';
import { WavWriter } from '../../../../app/core/media/audio/wav.ts';
import type { TimeMap } from '../../../../app/core/time/map.ts';

/** A folder that goes away with the test file. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'inbetween-audio-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function stream(channels: number, sampleRate: number, more: Partial<AudioStreamInfo> = {}): AudioStreamInfo {
  return { index: 0, codec: 'pcm_f32le', sampleRate, channels, ...more };
}

/** Writes `sample(n, channel)` as a WAV file. */
export async function writeSound(
  path: string,
  seconds: number,
  rate: number,
  channels: number,
  sample: (n: number, channel: number) => number,
  layout?: string,
): Promise<string> {
  const writer = await WavWriter.open(path, rate, channels, layout);
  const length = Math.round(seconds * rate);
  for (let at = 0; at < length; at += rate) {
    const block = new Float32Array(Math.min(rate, length - at) * channels);
    for (let i = 0; i < block.length; i++) block[i] = sample(at + Math.floor(i / channels), i % channels);
    await writer.append(block);
  }
  await writer.close();
  return path;
}

/** The samples of a file's first sound, by ffmpeg, one array a channel. */
export async function readSound(path: string, channels: number): Promise<Float32Array[]> {
  const { stdout } = await runFfmpeg(['-i', path, '-map', '0:a:0', '-f', 'f32le', 'pipe:1'], { maxOutput: 1 << 30 });
  const all = new Float32Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + stdout.length));
  return Array.from({ length: channels }, (_, c) =>
    Float32Array.from({ length: all.length / channels }, (_unused, n) => all[n * channels + c]!),
  );
}

/** Renders and reads back. */
export async function render(
  options: Omit<RenderAudio, 'sourceStart'> & { sourceStart?: number },
): Promise<Float32Array[]> {
  const { samples, channels } = await renderAudio({ sourceStart: 0, ...options });
  const planes = await readSound(options.to, channels);
  if (planes[0]!.length !== samples) throw new Error(`${planes[0]!.length} samples in the file, ${samples} promised`);
  return planes;
}

export function steady(speed: number, duration: number, from = 0): TimeMap {
  return { duration, pieces: [0], sourceAt: (t) => from + speed * t };
}

/** Amplitude of the sine of `frequency` Hz in the samples. */
export function amplitude(samples: Float32Array, rate: number, frequency: number): number {
  let re = 0;
  let im = 0;
  let weight = 0;
  for (const [n, value] of samples.entries()) {
    const w = 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / samples.length);
    const phase = (2 * Math.PI * frequency * n) / rate;
    re += w * value * Math.cos(phase);
    im += w * value * Math.sin(phase);
    weight += w;
  }
  return (2 * Math.hypot(re, im)) / weight;
}

/** A click: 4 ms of 2 kHz under a cosine window around sample `centre`. */
export function click(n: number, centre: number, rate: number): number {
  const x = (n - centre) / (rate * 0.002);
  return Math.abs(x) >= 1
    ? 0
    : Math.cos(2 * Math.PI * 2000 * ((n - centre) / rate)) * 0.5 * (1 + Math.cos(Math.PI * x));
}

/** Second of the greatest sample within `radius` seconds of `near`. */
export function loudest(samples: Float32Array, rate: number, near: number, radius: number): number {
  let best = Math.max(0, Math.round((near - radius) * rate));
  for (let n = best; n < Math.min(samples.length, (near + radius) * rate); n++) {
    if (Math.abs(samples[n]!) > Math.abs(samples[best]!)) best = n;
  }
  return best / rate;
}

export function rms(samples: Float32Array): number {
  let sum = 0;
  for (const value of samples) sum += value * value;
  return Math.sqrt(sum / Math.max(1, samples.length));
}

/** Output second at which the ascending map shows `source`. */
export function outputAt(map: TimeMap, source: number): number {
  let [low, high] = [0, map.duration];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (map.sourceAt(middle) < source) low = middle;
    else high = middle;
  }
  return low;
}

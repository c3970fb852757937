/** Clips made by ffmpeg for tests, and what ffmpeg says of files. */
import { execFileSync } from 'node:child_process';
import { locateFfmpeg } from '../../app/core/media/ffmpeg.ts';

const { path: ffmpeg } = await locateFfmpeg();

/** Runs ffmpeg and returns its standard output. */
export function ffmpegOutput(...args: string[]): Buffer {
  return execFileSync(ffmpeg, ['-v', 'error', '-nostdin', ...args], { maxBuffer: 2 ** 30 });
}

export interface ClipOptions {
  size?: string;
  rate?: string;
  seconds?: number;
  /** Shots of equal length with a hard cut between. */
  shots?: number;
  sound?: boolean;
  codec?: string[];
}

/** A clip with moving detail: shots of ffmpeg's test sources, scrolled, with a beeping sound track. */
export function makeClip(path: string, options: ClipOptions = {}): void {
  const { size = '320x180', rate = '24', seconds = 3, shots = 1, sound = true } = options;
  const codec = options.codec ?? ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '12', '-pix_fmt', 'yuv420p'];
  const sources = ['testsrc2', 'mandelbrot', 'testsrc'];
  const length = seconds / shots;
  const inputs = Array.from({ length: shots }, (_, i) => {
    const kind = sources[i % sources.length]!;
    return ['-f', 'lavfi', '-t', String(length), '-i', `${kind}=size=${size}:rate=${rate}`];
  }).flat();
  const labels = Array.from({ length: shots }, (_, i) => `[${i}:v]setsar=1[s${i}];`).join('');
  const joined = Array.from({ length: shots }, (_, i) => `[s${i}]`).join('');
  const graph = `${labels}${joined}concat=n=${shots}:v=1[v]`;
  const audio = sound
    ? ['-f', 'lavfi', '-t', String(seconds), '-i', `sine=frequency=440:beep_factor=4:sample_rate=48000`]
    : [];
  const map = sound ? ['-map', `${shots}:a`, '-c:a', 'aac'] : [];
  ffmpegOutput(...inputs, ...audio, '-filter_complex', graph, '-map', '[v]', ...map, ...codec, '-y', `file:${path}`);
}

/** A hash of every decoded video frame, in order. */
export function frameHashes(path: string): string[] {
  const lines = ffmpegOutput(
    '-i',
    `file:${path}`,
    '-map',
    '0:v:0',
    '-vsync',
    'passthrough',
    '-f',
    'framemd5',
    '-',
  ).toString();
  return lines
    .split('\n')
    .filter((line) => line && !line.startsWith('#'))
    .map((line) => line.split(',').at(-1)!.trim());
}

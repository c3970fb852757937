/** Stills and specs for the tests of morphs. */
import { writeFileSync } from 'node:fs';
import type { MorphGap, MorphSpec } from '../../../app/contract/morph.ts';
import { ffmpegOutput } from '../../support/clips.ts';

/** A picture file made by ffmpeg of one of its sources; the ending says which kind. */
export function picture(path: string, source: string, more: readonly string[] = []): string {
  ffmpegOutput('-f', 'lavfi', '-i', source, '-frames:v', '1', ...more, '-update', '1', '-y', `file:${path}`);
  return path;
}

/** An 8-bit RGBA PNG; `pixel` gives r, g, b, a of a place. */
export function rgba(
  path: string,
  width: number,
  height: number,
  pixel: (x: number, y: number) => readonly [number, number, number, number],
): string {
  const data = Buffer.from(
    Array.from({ length: width * height }, (_, i) => [...pixel(i % width, Math.floor(i / width))]).flat(),
  );
  const raw = `${path}.raw`;
  writeFileSync(raw, data);
  const input = ['-f', 'rawvideo', '-pix_fmt', 'rgba', '-s', `${width}x${height}`, '-i', `file:${raw}`];
  ffmpegOutput(...input, '-frames:v', '1', '-update', '1', '-y', `file:${path}`);
  return path;
}

export const gap = (frames: number, changes: Partial<MorphGap> = {}): MorphGap => ({
  ...{ frames, engine: 'blend', motion: 'linear', ease: 'linear', seed: 0 },
  ...changes,
});

/** A morph of stills with blend; one gap's settings for all, or each its own. */
export function morphOf(
  stills: readonly string[],
  output: string,
  gaps: number | MorphGap[],
  changes: Partial<MorphSpec> = {},
): MorphSpec {
  const count = changes.loop ? stills.length : stills.length - 1;
  return {
    kind: 'morph',
    title: 'A test',
    keyframes: stills.map((path) => ({ path, at: null, points: null })),
    gaps: typeof gaps === 'number' ? Array.from({ length: count }, () => gap(gaps)) : gaps,
    loop: false,
    fps: { num: 25, den: 1 },
    fit: 'crop',
    device: 'cpu',
    output,
    force: false,
    ...changes,
  };
}

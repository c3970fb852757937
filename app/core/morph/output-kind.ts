/** What an output's name asks for. */
import { basename, extname, join, resolve, sep } from 'node:path';
import { NUMBER_PATTERN } from '../media/containers.ts';

/** 'film': a video, or numbered images by a pattern. */
export type OutputKind = 'film' | 'strip' | 'gif';

/** Names of the frames in a folder. */
const FRAMES = '%05d.png';

/** The pattern of the numbered frames that an output which is a folder ('DIR/') stands for, absolute; undefined where it is none. */
export function framesPattern(output: string): string | undefined {
  return output.endsWith('/') || output.endsWith(sep) ? join(resolve(output), FRAMES) : undefined;
}

/** Whether all frames go onto one picture, into a GIF or into a film. */
export function outputKind(output: string): OutputKind {
  const ending = extname(output).toLowerCase();
  if (ending === '.gif') return 'gif';
  return ending === '.png' && !NUMBER_PATTERN.test(basename(output)) && !framesPattern(output) ? 'strip' : 'film';
}

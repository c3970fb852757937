/** From a board to the morph that makes its film. */
import type { Codec, DeviceChoice } from '../../contract/jobs.ts';
import type { Board, MorphSpec } from '../../contract/morph.ts';
import { gapsOf } from './problem.ts';

export interface FilmOptions {
  readonly output: string;
  readonly device: DeviceChoice;
  readonly codec?: Codec | undefined;
  readonly quality?: number | undefined;
  readonly force: boolean;
}

/** The morph of the takes that are chosen. */
export function morphOf(board: Board, { output, device, codec, quality, force }: FilmOptions): MorphSpec {
  const { name, keyframes, loop, fps, fit, size } = board;
  return {
    kind: 'morph',
    title: name,
    keyframes: keyframes.map(({ path, at, points, fields }) => ({ path, at, points, ...(fields && { fields }) })),
    gaps: gapsOf(board).map(({ frames, engine, motion, ease, takes, take }) => {
      return { frames, engine, motion, ease, seed: takes[take]! };
    }),
    loop,
    fps,
    fit,
    ...(size && { size }),
    output,
    ...(codec !== undefined && { codec }),
    ...(quality !== undefined && { quality }),
    device,
    force,
  };
}

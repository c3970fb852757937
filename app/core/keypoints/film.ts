/** A film of one still that is moved: from frames in order to the finished output, which is a morph's in all its kinds. */
import { mkdtemp, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, extname, basename, join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { Codec } from '../../contract/choices.ts';
import { MOST_MORPH_FRAMES, type MorphSpec } from '../../contract/morph.ts';
import type { Rational } from '../../contract/time.ts';
import type { EngineSetup } from '../engines/engine.ts';
import type { Frame } from '../media/frame.ts';
import { NUMBER_PATTERN } from '../media/containers.ts';
import { openChunkEncoder } from '../media/encode.ts';
import { renameIntoPlace, withTemporary } from '../media/output-file.ts';
import { pixelFormat } from '../media/pixel-format.ts';
import { hasAlpha } from '../morph/alpha.ts';
import { finishMorph } from '../morph/finish.ts';
import { fitStill } from '../morph/fit.ts';
import { readKeyframe } from '../morph/keyframe.ts';
import { framesPattern } from '../morph/output-kind.ts';
import { planMorphOutput, type MorphOutput } from '../morph/output.ts';
import { LEAST_SIDE, MOST_SIDE } from '../morph/spec.ts';

export interface FilmRequest {
  /** The still that is moved. */
  readonly still: string;
  /** As MorphSpec.output. */
  readonly output: string;
  readonly fps: Rational;
  readonly frames: number;
  readonly codec?: Codec | undefined;
  readonly quality?: number | undefined;
  readonly force: boolean;
  readonly signal: AbortSignal;
}

/** A planned film, and the still as its frames are. */
export interface StillFilm {
  readonly request: FilmRequest;
  readonly frame: Frame;
  readonly output: MorphOutput;
  /** For opening an engine. */
  readonly setup: Pick<EngineSetup, 'width' | 'height' | 'colour'>;
  readonly notes: readonly string[];
}

/** Reads the still and plans the output. Throws what reading and planning throw, and 'too-large'. */
export async function planFilm(request: FilmRequest): Promise<StillFilm> {
  const { still: path, frames, fps, codec, quality, force, signal } = request;
  if (frames > MOST_MORPH_FRAMES)
    throw new AppError('too-large', `A film has at most ${MOST_MORPH_FRAMES} frames, not ${frames}.`);
  const keyframe = await readKeyframe({ path, at: null, points: null }, { signal });
  const notes = [...keyframe.notes];
  const transparent = hasAlpha(keyframe.frame.format);
  if (transparent) notes.push('What is transparent in the still is shown on black: its outline would not move.');
  const { width, height, format } = keyframe.frame;
  const { frame } = transparent ? fitStill(keyframe, { width, height, fit: 'stretch', alpha: false }) : keyframe;
  if (Math.min(width, height) < LEAST_SIDE || Math.max(width, height) > MOST_SIDE)
    throw new AppError(
      'too-large',
      `The still is ${width}x${height}, and a film is from ${LEAST_SIDE} to ${MOST_SIDE} pixels a side.`,
    );
  const opaque = transparent ? pixelFormat(format.bits > 8 ? 'gbrp16le' : 'gbrp') : format;
  const info = { ...keyframe.info, video: { ...keyframe.info.video, pixelFormat: opaque.name, hasAlpha: false } };
  const facts = {
    width,
    height,
    format: opaque,
    info: transparent ? info : keyframe.info,
    at: null,
    notes: [],
    content: '',
  };
  const spec: MorphSpec = {
    ...{ kind: 'morph', title: '', loop: false, fps, fit: 'stretch', output: request.output, force },
    keyframes: [{ path, at: null, points: null }],
    // A morph counts its frames by keyframes and gaps: one and the rest.
    gaps: [{ frames: frames - 1, engine: 'fomm', motion: 'linear', ease: 'linear', seed: 0 }],
    ...(codec && { codec }),
    ...(quality !== undefined && { quality }),
  };
  const output = await planMorphOutput(spec, [facts]);
  return {
    ...{ request, frame, output, notes: [...notes, ...output.notes] },
    setup: { width, height, colour: output.canvas.colour },
  };
}

/** Before any work: throws 'output-folder', 'output-is-input' where the output is one of the files read, and 'output-exists'. */
export async function requireOutput(output: string, reads: readonly string[], force: boolean): Promise<void> {
  const path = framesPattern(output) ?? output;
  const folder = framesPattern(output) ? dirname(dirname(path)) : dirname(path);
  if (!(await stat(folder).catch(() => undefined))?.isDirectory())
    throw new AppError('output-folder', `The folder ${folder} for the output does not exist.`);
  // Of numbered images the first one stands for all.
  const real = await realpath(
    path.replace(NUMBER_PATTERN, (_, digits?: string) => '1'.padStart(Number(digits ?? 1), '0')),
  ).catch(() => undefined);
  if (real === undefined) return;
  for (const input of reads)
    if ((await realpath(input).catch(() => undefined)) === real)
      throw new AppError('output-is-input', `${output} is one of the inputs; choose another name for the film.`);
  if (!force) throw new AppError('output-exists', `${output} exists already.`);
}

/** Writes `frames` (as many as were planned), whole or not at all; seconds of the film. `onFrame` is told how many are there. Throws what making and encoding throw. */
export async function writeFilm(
  { request, output }: StillFilm,
  frames: AsyncIterable<Frame>,
  onFrame: (done: number) => void,
): Promise<number> {
  const { frames: count, force, signal } = request;
  const target = framesPattern(request.output) ?? request.output;
  const timestamps = Array.from({ length: count + 1 }, (_, k) => k);
  const scratch = await mkdtemp(join(tmpdir(), 'inbetween-film-'));
  try {
    return await withTemporary(target, async (to) => {
      const path = join(scratch, `frames.${output.plan.chunkMuxer}`);
      const encoder = await openChunkEncoder(path, output.plan, { timestamps, signal });
      try {
        let done = 0;
        for await (const frame of frames) {
          await encoder.write(frame);
          onFrame(++done);
        }
        if (done !== count)
          throw new AppError('source-changed', `There were ${done} frames and not ${count}: run the command again.`);
        await encoder.finish();
      } catch (error) {
        await encoder.abort();
        throw error;
      }
      const title = basename(request.output, extname(request.output));
      const chunks = [{ path, timestamps }];
      const seconds = await finishMorph({
        output,
        chunks,
        frames: count,
        title,
        to,
        scratch,
        signal,
        onStage: () => {},
      });
      signal.throwIfAborted();
      await renameIntoPlace(to, target, { force });
      return seconds;
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

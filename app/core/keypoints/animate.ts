/** A still moved as a video moves, or along a file of key points: FOMM's own use. */
import { basename } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { DeviceChoice } from '../../contract/choices.ts';
import type { KeyPoint } from '../../contract/morph.ts';
import type { Rational } from '../../contract/time.ts';
import type { FommInbetweener } from '../engines/fomm/fill.ts';
import { findFomm } from '../engines/fomm/index.ts';
import { drivenBy, spreadRatio } from '../engines/fomm/points.ts';
import { inbetweenDevice } from '../engines/engine-device.ts';
import { findInbetweener } from '../engines/registry.ts';
import { decodeFrames } from '../media/decode.ts';
import { floatRgb } from '../media/float-rgb.ts';
import type { Frame } from '../media/frame.ts';
import { findTreated } from '../media/fields/find-treated.ts';
import { probe } from '../media/probe.ts';
import { sourceTiming } from '../time/regular.ts';
import { format } from '../time/rational.ts';
import { planFilm, requireOutput, writeFilm, type FilmRequest, type StillFilm } from './film.ts';
import { fromSquare, readPoints, type PointsFile } from './points-file.ts';

export interface MoveOptions extends Pick<FilmRequest, 'codec' | 'quality' | 'force' | 'signal'> {
  /** Id of a model of the family fomm. */
  readonly model: string;
  readonly device?: DeviceChoice | undefined;
  readonly threads: number;
  /** By how the points move (the default), or to where they are. */
  readonly relative: boolean;
  /** Relative movement in proportion to how far the points are spread in either picture. */
  readonly adaptScale: boolean;
  /** The generator's own picture, enlarged, instead of the still guided by it. */
  readonly published: boolean;
  readonly fps?: Rational | undefined;
  readonly onNote: (message: string) => void;
  readonly onFrame: (done: number, total: number) => void;
}

export interface Moved {
  readonly output: string;
  readonly model: string;
  readonly device: string;
  readonly frames: number;
  readonly fps: string;
  /** Of relative movement; 1 unless it was adapted. */
  readonly scale: number;
  readonly seconds: number;
}

/** Frames of key points in order; the first is what the movement is measured from. */
interface Driving {
  readonly count: number;
  readonly fps: Rational;
  /** Of the whole picture; `still` is what is moved. */
  frames(engine: FommInbetweener, still: Frame): AsyncIterable<readonly KeyPoint[]>;
}

/**
 * Writes `still` moved as the video `driving` moves. Throws 'no-video' for a driving picture that does not move, 'output-exists', 'output-is-input',
 * 'output-folder', and what reading, the engine and writing throw.
 */
export async function animate(still: string, driving: string, output: string, options: MoveOptions): Promise<Moved> {
  await requireOutput(output, [still, driving], options.force);
  await findFomm(options.model);
  return await moveStill(still, await videoDriving(driving, options), output, options);
}

/**
 * Writes `still` with the key points of a window of the file at `points`. Throws 'bad-keypoints' for a file that is none, a window it does not have, or
 * another number of points than the model's.
 */
export async function renderPoints(
  still: string,
  points: string,
  output: string,
  { window, ...options }: MoveOptions & { readonly window: number },
): Promise<Moved> {
  await requireOutput(output, [still, points], options.force);
  const file = await readPoints(points);
  const found = file.windows[window];
  if (!found)
    throw new AppError(
      'bad-keypoints',
      `${points} has ${file.windows.length === 1 ? 'one window' : `${file.windows.length} windows`}, counted from 0: there is no ${window}.`,
    );
  const { id } = await findFomm(options.model);
  if (file.model !== id)
    options.onNote(`The key points were found by ${file.model}: to ${id} they may mean other places.`);
  const driving: Driving = {
    ...{ count: found.frames.length, fps: options.fps ?? { num: 30, den: 1 } },
    frames: (engine, frame) => fittingFrames(engine, file, window, frame),
  };
  return await moveStill(still, driving, output, options);
}

async function* fittingFrames(
  engine: FommInbetweener,
  { points, windows }: PointsFile,
  window: number,
  frame: Frame,
): AsyncGenerator<readonly KeyPoint[]> {
  if (points !== engine.count)
    throw new AppError('bad-keypoints', `The file has ${points} key points a frame, and the model ${engine.count}.`);
  for (const found of windows[window]!.frames) yield found.map((point) => fromSquare(point, frame));
}

async function videoDriving(path: string, { signal, fps, onNote }: MoveOptions): Promise<Driving> {
  const { info, facts, notes } = await findTreated(await probe(path, { signal }), { signal });
  const { index } = facts;
  for (const note of notes) onNote(note.replace(/^This clip/, basename(path)));
  const { nominalRate, averageRate, colour } = info.video;
  if (index.times.length < 2)
    throw new AppError(
      'no-video',
      `${path} is one picture: animate needs a video, which says how the still is to move.`,
    );
  const timing = sourceTiming(index.times, index.end, index.stamps.timeBase, [nominalRate, averageRate]);
  if (timing.vfr)
    onNote(`${path} has frames of several lengths: in the film all are shown ${format(timing.rate)} a second.`);
  return {
    ...{ count: index.times.length, fps: fps ?? timing.rate },
    async *frames(engine) {
      const range = { first: 0, last: index.times.length - 1, index, signal };
      for await (const frame of decodeFrames(path, info, range)) {
        const { width, height } = frame;
        yield await engine.detect({ width, height, data: floatRgb(frame, colour) }, signal);
      }
    },
  };
}

async function moveStill(still: string, driving: Driving, output: string, options: MoveOptions): Promise<Moved> {
  const started = performance.now();
  const { codec, quality, force, signal, threads, onNote, onFrame } = options;
  const model = await findFomm(options.model);
  const { count: frames, fps } = driving;
  const film = await planFilm({ still, output, fps, frames, codec, quality, force, signal });
  for (const note of film.notes) onNote(note);
  const { device } = await inbetweenDevice(await findInbetweener(model.id), options.device, { threads, signal });
  await using engine = await model.open({ ...film.setup, threads, ...(device && { device }) });
  const facts = { scale: 1 };
  await writeFilm(film, movedFrames(film, driving, engine, { ...options, facts }), (done) => onFrame(done, frames));
  return {
    ...{ output, model: model.id, device: engine.device, frames, fps: format(fps), scale: facts.scale },
    seconds: (performance.now() - started) / 1000,
  };
}

async function* movedFrames(
  { frame }: StillFilm,
  driving: Driving,
  engine: FommInbetweener,
  { relative, adaptScale, published, signal, facts }: MoveOptions & { facts: { scale: number } },
): AsyncGenerator<Frame> {
  const from = await engine.points(frame, signal);
  let initial: readonly KeyPoint[] | undefined;
  for await (const now of driving.frames(engine, frame)) {
    if (!initial) {
      initial = now;
      facts.scale = relative && adaptScale ? spreadRatio(from, initial) : 1;
    }
    const to = drivenBy(from, now, { initial, relative, scale: facts.scale });
    yield await engine.move(frame, from, to, { guided: !published, signal });
  }
}

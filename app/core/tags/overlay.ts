/**
 * A recogniser's probabilities as a film: the clip above, the curves of its strongest labels below on a logarithmic scale, a playhead that moves along. The picture is
 * that of the MoViNet notebook (tensorflow/models, official/projects/movinet).
 *
 * [Note: overlay] A video shows every frame at its own time, with the clip's sound; a VFR clip stays VFR. A GIF shows ten pictures a second and a strip
 * eight pictures spread over the clip, each the frame that is shown at that time. HDR is shown as an ordinary screen shows it, and of interlaced and
 * telecined video the pictures that are made of its fields.
 */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, extname, join, resolve } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { VideoInfo } from '../../contract/media.ts';
import { TICKS } from '../../contract/time.ts';
import { renderAudio } from '../media/audio/render.ts';
import { capabilities } from '../media/capabilities.ts';
import type { Chunk } from '../media/concat-list.ts';
import { decodeFrames } from '../media/decode.ts';
import { openChunkEncoder } from '../media/encode.ts';
import type { Frame } from '../media/frame.ts';
import { findTreated } from '../media/fields/find-treated.ts';
import type { TreatedSource } from '../media/fields/treat.ts';
import { muxOutput, type MuxAudio } from '../media/mux.ts';
import { renameIntoPlace, withTemporary } from '../media/output-file.ts';
import { planOutput, type OutputPlan } from '../media/output-format.ts';
import { pixelFormat } from '../media/pixel-format.ts';
import { probe } from '../media/probe.ts';
import type { SourceIndex } from '../media/source.ts';
import { verifyOutput } from '../media/verify.ts';
import { finishMorph } from '../morph/finish.ts';
import { outputKind } from '../morph/output-kind.ts';
import { frameOfRgb } from '../score/rgb.ts';
import { constantRatePlan, firstIndex, sourceTimingPlan, speedPiece, type FramePlan } from '../time/plan.ts';
import { rational } from '../time/rational.ts';
import { sourceTiming, type SourceTiming } from '../time/regular.ts';
import { chooseCurves, type Scores } from './curves.ts';
import { decodedAt, layOut, OverlayPainter, type OverlayLayout, type OverlaySize } from './overlay-pictures.ts';

export interface OverlayOptions {
  /** The clip. */
  readonly input: string;
  readonly scores: Scores;
  /** Labels at a time: of these the oftenest are drawn, no more than MOST_TOP. */
  readonly top: number;
  /** .mp4, .mov, .mkv or .webm, .gif, or .png for a strip. */
  readonly output: string;
  readonly force?: boolean;
  /** The clip with its fields treated, where it is known; otherwise it is decoded once for that. */
  readonly source?: TreatedSource | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Pictures made, of how many. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface OverlayResult {
  readonly output: string;
  readonly width: number;
  readonly height: number;
  /** Pictures in it. */
  readonly frames: number;
  /** Of the curves, as the legend has them. */
  readonly labels: string[];
}

/** More curves than this are a tangle. */
const MOST_TOP = 10;

const SIZES: Readonly<Record<'film' | 'gif' | 'strip', OverlaySize>> = {
  film: { most: { width: 1280, height: 720 }, least: { width: 640, height: 360 } },
  gif: { most: { width: 480, height: 320 }, least: { width: 480, height: 320 } },
  strip: { most: { width: 640, height: 360 }, least: { width: 480, height: 270 } },
};
const GIF_RATE = rational(10);
/** Pictures of a GIF: two minutes, which is tens of megabytes. */
const GIF_MOST = 1200;
const STRIP = { columns: 4, rows: 2 };
/** Pictures encoded by one process. */
const CHUNK = 240;

/** Which frame each picture shows, and when. */
interface Showing {
  readonly count: number;
  readonly rate: FramePlan['rate'];
  readonly timeBase: FramePlan['timeBase'];
  /** Of picture k in units of timeBase, the first 0; k = count is the end. */
  timestamp(k: number): number;
  /** Source frame of picture k, ascending. */
  frame(k: number): number;
  /** Where in the source picture k is, in ticks: the playhead goes on while a frame stands still. */
  at(k: number): number;
  readonly map?: FramePlan['map'];
}

interface Work {
  readonly info: VideoInfo;
  readonly index: SourceIndex;
  readonly layout: OverlayLayout;
  readonly showing: Showing;
  readonly plan: OutputPlan;
  readonly scratch: string;
  readonly to: string;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

/**
 * Writes the overlay ([Note: overlay]); it appears whole or not at all. Throws 'output-exists', 'output-is-input' and as `makeOverlay`.
 */
export async function writeOverlay(options: OverlayOptions): Promise<OverlayResult> {
  refuseOverlay(options.output);
  const output = resolve(options.output);
  if ((await realpath(output).catch(() => output)) === (await realpath(options.input).catch(() => ''))) {
    throw new AppError('output-is-input', `The overlay ${basename(output)} would be written over its clip.`);
  }
  return await withTemporary(output, async (to) => {
    const made = await makeOverlay({ ...options, to });
    options.signal?.throwIfAborted();
    await renameIntoPlace(to, output, { force: options.force ?? false });
    return made;
  });
}

/**
 * As `writeOverlay`, to the file `to`, which is checked but not put in place; what it left there when it throws is the caller's to remove. Throws 'output-format',
 * 'no-frames' without scores, 'too-large' for a GIF that is too long, and what probing, decoding and encoding throw; the signal's reason on abort.
 */
export async function makeOverlay(options: OverlayOptions & { readonly to: string }): Promise<OverlayResult> {
  const { to, scores, onProgress = () => {} } = options;
  refuseOverlay(options.output);
  const output = resolve(options.output);
  const signal = options.signal ?? new AbortController().signal;
  const kind = outputKind(output);
  const curves = chooseCurves(scores, Math.min(MOST_TOP, options.top));
  const { info, facts } = options.source ?? (await findTreated(await probe(options.input, { signal }), { signal }));
  const { index } = facts;
  const claimed = [info.video.nominalRate, info.video.averageRate];
  const timing = sourceTiming(index.times, index.end, index.stamps.timeBase, claimed);
  const layout = layOut(info, SIZES[kind], { curves, rate: scores.rate, seconds: timing.end / TICKS });
  const showing = kind === 'film' ? ownTimes(timing) : kind === 'gif' ? tenth(timing, output) : spread(timing);
  const scratch = await mkdtemp(join(tmpdir(), 'inbetween-overlay-'));
  try {
    const plan = await planPictures(info, layout, showing, kind === 'film' ? output : join(scratch, '%05d.png'));
    const work: Work = { info, index, layout, showing, plan, scratch, to, signal, onProgress };
    const chunks = await paint(work);
    await (kind === 'film' ? finishFilm(work, chunks) : finishPicture(work, kind, chunks));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  const { width, height } = layout;
  return { output, width, height, frames: showing.count, labels: curves.map(({ label }) => label) };
}

/** Throws 'output-format' for a name that says no kind of overlay. */
export function refuseOverlay(output: string): void {
  const ending = extname(output).toLowerCase();
  const known = ['.mp4', '.m4v', '.mov', '.qt', '.mkv', '.webm', '.gif', '.png'];
  if (known.includes(ending) && (ending !== '.png' || outputKind(output) === 'strip')) return;
  throw new AppError(
    'output-format',
    `The overlay ${basename(output)} cannot be written: use .mp4, .mov, .mkv or .webm, .gif, or .png for a strip of pictures.`,
  );
}

function ownTimes(timing: SourceTiming): Showing {
  const { times, end, vfr, rate } = timing;
  const source = { times, end, cuts: [], holds: [] };
  const whole = { first: 0, last: times.length - 1, to: end };
  // Fine enough for any clock that clips have.
  const plan = vfr
    ? sourceTimingPlan(source, whole, 1, rational(1), timing.timeBase)
    : constantRatePlan(
        source,
        [speedPiece({ from: times[0]!, last: times.at(-1)!, to: end }, rational(1), rate)],
        rate,
        0,
      );
  const origin = plan.timestamp(0);
  return {
    ...{ count: plan.count, rate: plan.rate, timeBase: plan.timeBase, map: plan.map },
    timestamp: (k) => plan.timestamp(k) - origin,
    frame: (k) => firstIndex(plan.frame(k)),
    at: (k) => plan.sourceTime(k),
  };
}

function tenth(timing: SourceTiming, output: string): Showing {
  const count = Math.max(1, Math.round((timing.end / TICKS) * 10));
  if (count <= GIF_MOST) return sampled(timing, count, TICKS / 10);
  throw new AppError(
    'too-large',
    `A GIF of ${Math.round(count / 600)} minutes would be too large to be shown: write ${basename(output, extname(output))}.mp4 instead.`,
  );
}

function spread(timing: SourceTiming): Showing {
  const count = Math.min(STRIP.columns * STRIP.rows, timing.times.length);
  return sampled(timing, count, timing.end / count, 0.5);
}

/** `count` pictures at equal distances: the frame shown at (k + offset) * step ticks. */
function sampled({ times }: SourceTiming, count: number, step: number, offset = 0): Showing {
  const frames: number[] = [];
  const at = (k: number): number => (k + offset) * step;
  for (let k = 0, frame = 0; k < count; k++) {
    while (frame + 1 < times.length && times[frame + 1]! <= at(k)) frame++;
    frames.push(frame);
  }
  const timeBase = rational(GIF_RATE.den, GIF_RATE.num);
  return { count, rate: GIF_RATE, timeBase, timestamp: (k) => k, frame: (k) => frames[k]!, at };
}

async function planPictures(info: VideoInfo, { width, height }: OverlayLayout, showing: Showing, path: string) {
  const format = pixelFormat('gbrp');
  const size = { width, height, codedWidth: width, codedHeight: height, rotation: 0 as const, mirrored: false };
  const { hdr: _, ...video } = info.video;
  const drawn: VideoInfo = {
    ...info,
    video: {
      ...{ ...video, ...size, sampleAspect: rational(1), pixelFormat: format.name, bitDepth: 8, hasAlpha: false },
      colour: { range: 'full', primaries: 'bt709', transfer: 'bt709' },
    },
  };
  const { rate, timeBase, map } = showing;
  const sound = map !== undefined && info.audio.length > 0;
  const request = { carrier: format, width, height, path, codec: 'h264' as const, codecChosen: false, timeBase, sound };
  return await planOutput({ info: drawn, ...request, rate: rate ?? 'vfr' }, await capabilities());
}

/** Encodes all pictures, in order. */
async function paint(work: Work): Promise<Chunk[]> {
  const { info, index, layout, showing, plan, scratch, signal, onProgress } = work;
  const decoded = decodedAt(info, layout.frame);
  const painter = new OverlayPainter(layout, info.video.colour);
  const last = showing.frame(showing.count - 1);
  const frames = decodeFrames(info.path, decoded, { first: showing.frame(0), last, index, signal });
  const chunks: Chunk[] = [];
  try {
    let frame: Frame | undefined;
    for (let start = 0; start < showing.count; start += CHUNK) {
      const count = Math.min(CHUNK, showing.count - start);
      const origin = showing.timestamp(start);
      const timestamps = Array.from({ length: count + 1 }, (_, i) => showing.timestamp(start + i) - origin);
      const path = join(scratch, `${chunks.length}.${plan.chunkMuxer}`);
      const encoder = await openChunkEncoder(path, plan, { timestamps, signal });
      try {
        for (let k = start; k < start + count; k++) {
          const wanted = showing.frame(k);
          while (frame === undefined || frame.index < wanted) frame = await following(frames);
          await encoder.write(frameOfRgb(painter.paint(frame, showing.at(k) / TICKS)));
          onProgress(k + 1, showing.count);
        }
        await encoder.finish();
      } catch (error) {
        await encoder.abort();
        throw error;
      }
      chunks.push({ path, timestamps });
    }
  } finally {
    await frames.return();
  }
  return chunks;
}

async function following(frames: AsyncGenerator<Frame, void>): Promise<Frame> {
  const { value } = await frames.next();
  if (value) return value;
  throw new AppError('source-changed', 'The clip ended before all of its frames were shown: it has changed.');
}

async function finishFilm(work: Work, chunks: readonly Chunk[]): Promise<void> {
  const { info, plan, showing, scratch, to, signal } = work;
  const sound = await soundOf(work);
  const audio = sound && { sounds: [sound.audio] };
  await muxOutput({ chunks, plan, ...audio, tags: info.tags, to, scratch, signal });
  await verifyOutput(to, {
    ...{ plan, frames: showing.count, timestamp: (k) => showing.timestamp(k), signal },
    ...(sound && { sounds: [sound.seconds] }),
  });
}

async function soundOf({ info, index, plan, showing, scratch, signal }: Work) {
  const [stream] = info.audio;
  if (!stream || !plan.audio || !showing.map) return undefined;
  const path = join(scratch, 'sound.wav');
  const { map } = showing;
  const made = await renderAudio({
    path: info.path,
    stream,
    map,
    mode: 'original',
    sourceStart: index.start,
    to: path,
    signal,
  });
  const { language } = stream;
  const audio: MuxAudio = { path, channels: made.channels, ...(language !== undefined && { language }) };
  return { audio, seconds: made.samples / made.sampleRate };
}

async function finishPicture(
  { info, layout, plan, showing, scratch, to, signal }: Work,
  kind: 'gif' | 'strip',
  chunks: readonly Chunk[],
): Promise<void> {
  const columns = Math.min(STRIP.columns, showing.count);
  const grid = kind === 'gif' ? null : { columns, rows: Math.ceil(showing.count / columns) };
  const { width, height } = layout;
  const canvas = {
    ...{ width, height, format: plan.carrier, sampleAspect: rational(1), colour: plan.fed },
    ...{ native: false, fit: 'pad' as const, info },
  };
  await finishMorph({
    ...{
      output: { kind, plan, canvas, grid, notes: [] },
      chunks,
      frames: showing.count,
      title: '',
      to,
      scratch,
      signal,
    },
    onStage: () => {},
  });
}

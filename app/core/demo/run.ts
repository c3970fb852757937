/**
 * The demo: a clip made by code is slowed to a quarter by the real job, and every synthesised frame is held against
 * the truth drawn at its time, beside plain blending. See [Note: the demo's truth].
 */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { JobEvent, RetimeResult, RetimeSpec } from '../../contract/jobs.ts';
import { findEngine } from '../engines/registry.ts';
import { capabilities } from '../media/capabilities.ts';
import type { Frame } from '../media/frame.ts';
import { pixelFormat } from '../media/pixel-format.ts';
import { psnr } from '../score/metrics.ts';
import { mean } from '../score/report.ts';
import { toRgb8, type Rgb8 } from '../score/rgb.ts';
import { openVideo } from '../score/sources.ts';
import { writeRgbPng } from './png.ts';
import { CLIP_RATE, writeClip } from './clip.ts';
import { contactSheet, difference, type Tile } from './contact-sheet.ts';
import { DEMO_COLOUR, draw, toFrame } from './render.ts';
import { createScene, DESIGN_HEIGHT, DESIGN_WIDTH, type Layer, type Scene } from './scene.ts';

/** Runs a slow-motion job to its end; App.run is one. */
export type Slowmo = (
  spec: RetimeSpec,
  options: { signal?: AbortSignal; onEvent?: (event: JobEvent) => void },
) => Promise<RetimeResult>;

export interface DemoOptions {
  /** Made where missing; the demo's own files in it are replaced. */
  readonly folder: string;
  readonly slowmo: Slowmo;
  readonly signal?: AbortSignal;
  /** One sentence when something new begins. */
  readonly onStage?: (sentence: string) => void;
  readonly onEvent?: (event: JobEvent) => void;
  /** Frames of the clip; default SOURCE_FRAMES. */
  readonly frames?: number;
}

/** PSNR in dB over RGB, the mean over all synthesised frames. Paths are absolute. */
export interface DemoResult {
  readonly psnrGlide: number;
  readonly psnrBlend: number;
  readonly video: string;
  readonly sheet: string;
}

const SOURCE_FRAMES = 28;
const SLOWER = 4;
const ENGINE = 'glide';

/**
 * The columns of the contact sheet: the frame in the middle of a pair so far along the clip, around the object
 * followed.
 */
const MOMENTS: readonly { along: number; follow: Layer['name'] }[] = [
  { along: 0.3, follow: 'kite' },
  { along: 0.46, follow: 'wheel' },
  { along: 0.82, follow: 'star' },
];
const MIDDLE = SLOWER / 2;
const TILE = [416, 234] as const;

/**
 * Runs the demo. Throws what the job, the engines and ffmpeg throw, and 'verify-failed' when the result has too few
 * frames.
 */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const { slowmo, signal, onStage, onEvent, frames = SOURCE_FRAMES } = options;
  const folder = resolve(options.folder);
  await mkdir(folder, { recursive: true });
  onStage?.(`Drawing ${frames} frames of a scene whose truth is known at any time`);
  const scene = createScene(DESIGN_WIDTH);
  const { encoders } = await capabilities();
  const h264 = encoders.has('libx264');
  const source = join(folder, `source.${h264 ? 'mp4' : 'mkv'}`);
  await writeClip(source, sourceFrames(scene, frames, signal), signal);
  const video = join(folder, `quarter-speed.${h264 ? 'mp4' : 'mkv'}`);
  onStage?.(`Slowing it to a quarter with ${ENGINE}`);
  await slowmo(demoSpec(source, video, h264), { ...(signal ? { signal } : {}), ...(onEvent ? { onEvent } : {}) });
  onStage?.('Holding every new frame against the truth, and blending beside it');
  const compared = await compare(scene, source, video, signal);
  const sheet = join(folder, 'contact-sheet.png');
  await writeRgbPng(sheet, contactSheet(rowsOf(compared.moments), ...TILE), signal);
  return { psnrGlide: mean(compared.glide), psnrBlend: mean(compared.blend), video, sheet };
}

function demoSpec(input: string, output: string, h264: boolean): RetimeSpec {
  return {
    kind: 'retime',
    input,
    output,
    speed: { num: 1, den: SLOWER },
    factor: 1,
    engine: ENGINE,
    cuts: 'auto',
    holds: 'auto',
    maxHold: 4,
    shutter: 0,
    // Near lossless, so that the figures tell of the engine and not of the encoder.
    ...(h264 ? { codec: 'h264' as const, quality: 10 } : { codec: 'ffv1' as const }),
    force: true,
  };
}

async function* sourceFrames(scene: Scene, count: number, signal?: AbortSignal): AsyncGenerator<Frame> {
  for (let i = 0; i < count; i++) {
    signal?.throwIfAborted();
    yield truthAt(scene, i);
  }
}

/** The scene as a video frame, `position` source frames after the first. */
export function truthAt(scene: Scene, position: number): Frame {
  const seconds = position / CLIP_RATE;
  const drawing = draw(scene, seconds, DESIGN_WIDTH, DESIGN_HEIGHT);
  return toFrame(drawing, pixelFormat('yuv420p'), seconds, Number.isInteger(position) ? position : -1);
}

/** One column of the sheet. */
interface Moment {
  readonly position: number;
  readonly centre: readonly [number, number];
  readonly source: Rgb8;
  readonly truth: Rgb8;
  readonly glide: Rgb8;
  readonly blend: Rgb8;
}

interface Compared {
  readonly glide: number[];
  readonly blend: number[];
  readonly moments: Moment[];
}

async function compare(scene: Scene, source: string, video: string, signal?: AbortSignal): Promise<Compared> {
  const rgb = (frame: Frame) => toRgb8(frame, DEMO_COLOUR, 'replicate');
  const sources: Frame[] = [];
  for await (const frame of (await openVideo(source, signal)).frames()) sources.push(frame);
  const blend = await findEngine('blend');
  await using blender = await blend.open({ width: DESIGN_WIDTH, height: DESIGN_HEIGHT, threads: 1 });
  const compared: Compared = { glide: [], blend: [], moments: [] };
  for await (const frame of (await openVideo(video, signal)).frames()) {
    const [pair, step] = [Math.floor(frame.index / SLOWER), frame.index % SLOWER];
    const [a, b] = [sources[pair], sources[pair + 1]];
    // Source frames are shown as they are, and after the last one there is nothing to go to.
    if (step === 0 || !a || !b) continue;
    signal?.throwIfAborted();
    const position = pair + step / SLOWER;
    const [truth, glide] = [rgb(truthAt(scene, position)), rgb(frame)];
    for await (const made of blender.between(a, b, [step / SLOWER])) {
      const blend = rgb(made.frame);
      compared.glide.push(psnr(glide, truth));
      compared.blend.push(psnr(blend, truth));
      if (step !== MIDDLE) continue;
      for (const { along, follow } of MOMENTS) {
        if (Math.floor(along * sources.length) !== pair) continue;
        const { x, y } = scene.layers.find(({ name }) => name === follow)!.pose(position / CLIP_RATE);
        compared.moments.push({ position, centre: [x, y], source: rgb(a), truth, glide, blend });
      }
    }
  }
  const missing = (SLOWER - 1) * (sources.length - 1) - compared.glide.length;
  if (missing === 0) return compared;
  throw new AppError('verify-failed', `The slow motion lacks ${missing} of its new frames.`);
}

function rowsOf(moments: readonly Moment[]): Tile[][] {
  const dB = (value: number) => `${value.toFixed(1)} dB`;
  const row = (make: (moment: Moment) => Omit<Tile, 'centre'>) =>
    moments.map((moment) => ({ centre: moment.centre, ...make(moment) }));
  return [
    row((m) => ({ picture: m.source, label: `source frame ${Math.floor(m.position)}` })),
    row((m) => ({ picture: m.truth, label: `truth at ${m.position.toFixed(2)}` })),
    row((m) => ({ picture: m.glide, label: `glide ${dB(psnr(m.glide, m.truth))}` })),
    row((m) => ({ picture: m.blend, label: `blend ${dB(psnr(m.blend, m.truth))}` })),
    row((m) => ({ picture: difference(m.glide, m.truth), label: 'glide: 4 x difference' })),
    row((m) => ({ picture: difference(m.blend, m.truth), label: 'blend: 4 x difference' })),
  ];
}

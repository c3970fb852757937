/** What a morph's output will be, decided before anything runs. */
import { basename, dirname, extname, join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { MorphSpec } from '../../contract/morph.ts';
import { capabilities } from '../media/capabilities.ts';
import { containerFor } from '../media/containers.ts';
import { PIXEL_FORMATS } from '../media/pixel-format.ts';
import { planOutput, type OutputPlan } from '../media/output-format.ts';
import { toNumber } from '../time/rational.ts';
import { hasAlpha } from './alpha.ts';
import { canvasOf, type Canvas } from './canvas.ts';
import type { KeyframeFacts } from './keyframes.ts';
import { filmFrames } from './layout.ts';
import { framesPattern, outputKind, type OutputKind } from './output-kind.ts';

export interface MorphOutput {
  readonly kind: OutputKind;
  /** What frames are encoded by: of a strip and a GIF the pictures they are made of. Its path is that of a film. */
  readonly plan: OutputPlan;
  readonly canvas: Canvas;
  /** Of a strip: frames side by side, and rows of them. */
  readonly grid: { readonly columns: number; readonly rows: number } | null;
  readonly notes: readonly string[];
}

/** Longest side of a strip: viewers and browsers show no larger picture. */
const STRIP_SIDE = 16_384;
/** Pixels of a strip: it is put together in memory. */
const STRIP_PIXELS = 2 ** 26;
/** Frames a second beyond which players slow a GIF down to ten. */
const GIF_RATE = 50;

const USE =
  'Use .webm, .mp4, .mov, .mkv or .gif, .png for one strip of all frames, or a folder (DIR/) for numbered frames.';

/** Throws what `planOutput` throws, 'output-format', and 'too-large' for a strip. */
export async function planMorphOutput(spec: MorphSpec, facts: readonly KeyframeFacts[]): Promise<MorphOutput> {
  const kind = outputKind(spec.output);
  const whole = canvasOf(facts, spec, true);
  const plan = await planFrames(spec, kind, whole);
  const keeps = !hasAlpha(whole.format) || kind !== 'film' || holdsAlpha(plan);
  const canvas = keeps ? whole : canvasOf(facts, spec, false);
  const final = keeps ? plan : await planFrames(spec, kind, canvas);
  const notes = kind === 'film' ? [...final.notes] : [];
  if (!keeps) {
    notes.push(
      `What is transparent is shown on black: ${final.codec} in ${extname(spec.output)} has no transparency; vp9 in .webm, prores in .mov, ffv1 in .mkv, .png and .gif have.`,
    );
  }
  const grid = kind === 'strip' ? gridOf(spec, canvas) : null;
  if (grid && grid.rows > 1) {
    notes.push(`The strip has ${grid.rows} rows of ${grid.columns} frames: one row would be too wide for viewers.`);
  }
  if (kind !== 'film' && spec.codec !== undefined)
    notes.push(`The codec ${spec.codec} changes nothing: ${extname(spec.output)} has its own.`);
  if (kind === 'gif') notes.push(...gifNotes(spec, canvas));
  return { kind, plan: final, canvas, grid, notes };
}

async function planFrames(spec: MorphSpec, kind: OutputKind, canvas: Canvas): Promise<OutputPlan> {
  const { width, height, format, info } = canvas;
  const path = kind === 'film' ? (framesPattern(spec.output) ?? spec.output) : join(dirname(spec.output), '%05d.png');
  const container = containerFor(path, USE);
  const transparent = hasAlpha(format)
    ? ({ mov: 'prores', mkv: 'ffv1' } as const)[container.name as string]
    : undefined;
  const own = container.codecs.find((codec) => codec !== 'png' && codec !== 'exr') as MorphSpec['codec'];
  const codec = (kind === 'film' ? spec.codec : undefined) ?? transparent ?? own ?? 'h264';
  return await planOutput(
    {
      ...{ info, carrier: format, width, height, path, codec, rate: spec.fps, sound: false },
      codecChosen: spec.codec !== undefined || transparent !== undefined,
      ...(spec.quality !== undefined && kind === 'film' && { quality: spec.quality }),
    },
    await capabilities(),
  );
}

function holdsAlpha({ pixelFormat }: OutputPlan): boolean {
  const planar = PIXEL_FORMATS.get(pixelFormat);
  return planar ? hasAlpha(planar) : /^(rgba|bgra|gbrap|ya)/.test(pixelFormat);
}

function gridOf(spec: MorphSpec, { width, height }: Canvas): { columns: number; rows: number } {
  const frames = filmFrames(spec);
  const columns = Math.min(frames, Math.floor(STRIP_SIDE / width));
  const rows = Math.ceil(frames / columns);
  if (rows * height <= STRIP_SIDE && columns * width * rows * height <= STRIP_PIXELS) return { columns, rows };
  throw new AppError(
    'too-large',
    `A strip of ${frames} frames of ${width}x${height} is too large for one picture: write them into a folder (${basename(spec.output, '.png')}/), or make the film smaller with --size.`,
  );
}

function gifNotes({ fps, output }: MorphSpec, canvas: Canvas): string[] {
  const rate = toNumber(fps);
  if (rate > GIF_RATE) {
    throw new AppError(
      'output-format',
      `Players show no more than ${GIF_RATE} frames a second of a GIF: ask for a lower rate, or write ${basename(output, '.gif')}.webm.`,
    );
  }
  const notes = ['A GIF has 256 colours: a video or PNG frames hold all.'];
  if (!Number.isInteger(100 / rate))
    notes.push('A GIF counts hundredths of a second: its frames are not all shown equally long.');
  if (hasAlpha(canvas.format)) notes.push('What is half transparent in a GIF is either opaque or not there.');
  return notes;
}

/** A chart through an output: what the plan says, what is written, what is read back of it, and how far it is from the chart. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../app/contract/errors.ts';
import type { Codec } from '../../app/contract/jobs.ts';
import type { ColourInfo, VideoInfo } from '../../app/contract/media.ts';
import { capabilities } from '../../app/core/media/capabilities.ts';
import { matrixWeights } from '../../app/core/media/colour-matrix.ts';
import type { Chunk } from '../../app/core/media/concat-list.ts';
import { openChunkEncoder } from '../../app/core/media/encode.ts';
import { fileUrl, runFfmpeg } from '../../app/core/media/ffmpeg.ts';
import { frameBytes, frameFromBytes, type Frame } from '../../app/core/media/frame.ts';
import { muxOutput } from '../../app/core/media/mux.ts';
import { chunkRecipe, planOutput, type OutputPlan } from '../../app/core/media/output-format.ts';
import { pictureFilters, pictureOf, pictureSetup } from '../../app/core/media/picture.ts';
import { probe } from '../../app/core/media/probe.ts';
import { RATE, type Chart } from './colour-charts.ts';

export interface Target {
  readonly codec: Codec | 'png' | 'exr';
  readonly ending: string;
}

/** Every codec in every container that is written. */
export const TARGETS: readonly Target[] = [
  ...(['mp4', 'mov', 'mkv'] as const).flatMap((ending) => [
    { codec: 'h264', ending } as const,
    { codec: 'hevc', ending } as const,
  ]),
  ...['mp4', 'mkv', 'webm'].flatMap((ending) => [{ codec: 'av1', ending } as const, { codec: 'vp9', ending } as const]),
  { codec: 'prores', ending: 'mov' },
  { codec: 'prores', ending: 'mkv' },
  { codec: 'ffv1', ending: 'mkv' },
  { codec: 'png', ending: 'png' },
  { codec: 'exr', ending: 'exr' },
];

/** The best quality of each, in its own measure. */
function bestQuality({ codec }: Target, { format }: Chart): number | undefined {
  if (codec === 'ffv1' || codec === 'exr') return undefined;
  if (codec !== 'prores') return 0;
  return /444|gbr/.test(format.name) ? 5 : 3;
}

/** The plan of frames of `info` into a target. Throws its refusal. */
async function planTarget(info: VideoInfo, chart: Chart, target: Target): Promise<OutputPlan> {
  const { codec, ending } = target;
  const images = codec === 'png' || codec === 'exr';
  const quality = bestQuality(target, chart);
  return await planOutput(
    {
      info,
      carrier: pictureSetup(info.video).format,
      width: info.video.width,
      height: info.video.height,
      path: images ? `%03d.${ending}` : `out.${ending}`,
      codec: images ? 'h264' : codec,
      codecChosen: !images,
      ...(quality !== undefined && { quality }),
      rate: RATE,
      sound: false,
    },
    await capabilities(),
  );
}

/** Chunks by what makes them: containers that hold the same stream share it. */
export type Chunks = Map<string, Chunk>;

/** Writes frames by a plan; the file, or the folder of images. */
async function write(folder: string, plan: OutputPlan, frames: readonly Frame[], chunks: Chunks): Promise<string> {
  const recipe = chunkRecipe(plan);
  let chunk = chunks.get(recipe);
  if (!chunk) {
    const timestamps = Array.from({ length: frames.length + 1 }, (_, i) => i);
    chunk = { path: join(folder, `chunk-${chunks.size}.${plan.chunkMuxer}`), timestamps };
    const encoder = await openChunkEncoder(chunk.path, plan, { timestamps });
    for (const frame of frames) await encoder.write(frame);
    await encoder.finish();
    chunks.set(recipe, chunk);
  }
  const to = plan.container.images
    ? await mkdtemp(join(folder, 'images-'))
    : join(folder, `out.${plan.container.name}`);
  await muxOutput({ chunks: [chunk], plan, to, scratch: folder });
  return plan.container.images ? join(to, plan.path) : to;
}

/** The frames of a file in its own planes. */
async function readBack(path: string, { video }: VideoInfo): Promise<Frame[]> {
  const setup = pictureSetup(video);
  const { passthrough } = await capabilities();
  const more = path.includes('%') ? ['-f', 'image2'] : [];
  const { stdout } = await runFfmpeg(
    [
      ...[...more, '-i', path.includes('%') ? path : fileUrl(path), '-map', '0:v:0'],
      ...['-vf', pictureFilters(video).join(','), ...passthrough, '-f', 'rawvideo', 'pipe:1'],
    ],
    { logLevel: 'error', maxOutput: 1 << 28 },
  );
  const { carrier, format } = setup;
  const bytes =
    carrier.packedBytes > 0
      ? video.width * video.height * bytesPerPixel(setup.carrier)
      : frameBytes(format, video.width, video.height);
  return Array.from({ length: stdout.length / bytes }, (_, i) => {
    const raw = pictureOf(setup, Buffer.copyBytesFrom(stdout, i * bytes, bytes));
    return frameFromBytes(format, video.width, video.height, raw, i, 0);
  });
}

function bytesPerPixel({ packedBytes, unpack, format }: ReturnType<typeof pictureSetup>['carrier']): number {
  return unpack === 'float' ? packedBytes * format.planes.length : packedBytes;
}

export interface Difference {
  /** In code values of the source, of all planes that need no resampling: the mean of absolute differences, the largest, the largest mean of signed ones of a plane. */
  readonly mean: number;
  readonly max: number;
  readonly bias: number;
  /** The mean of absolute differences of planes that were resampled, which have no exact values; 0 without any. */
  readonly resampled: number;
}

const SPREAD = { y: 0, g: 0, b: 0, r: 0, a: 0, u: 1, v: 1 } as const;

interface Codes {
  readonly black: number;
  readonly span: number;
}

function codesOf(frame: Frame, channel: keyof typeof SPREAD, range: string | undefined): Codes {
  const { bits, name } = frame.format;
  const [scale, top] = [2 ** (bits - 8), 2 ** bits - 1];
  const chroma = SPREAD[channel] === 1;
  const full = range === 'full' || name.startsWith('gbr') || channel === 'a';
  if (full) return chroma ? { black: 2 ** (bits - 1), span: top } : { black: 0, span: top };
  return chroma ? { black: 128 * scale, span: 224 * scale } : { black: 16 * scale, span: 219 * scale };
}

/** A picture of planes as numbers: of a frame, or of the arithmetic that is the reference. */
interface Planes {
  readonly channel: keyof typeof SPREAD;
  readonly width: number;
  readonly height: number;
  /** Of the signal: 0..1, chroma around 0. */
  at(x: number, y: number): number;
}

function signals(frame: Frame, { range }: ColourInfo): Planes[] {
  return frame.format.planes.map(({ channel }, p) => {
    const { data, width, height } = frame.planes[p]!;
    const { black, span } = codesOf(frame, channel, range);
    return { channel, width, height, at: (x, y) => (data[y * width + x]! - black) / span };
  });
}

/**
 * How far `found` is from `wanted`. Where one has finer chroma, it is averaged over what the coarser covers; where one is RGB and the other
 * Y'CbCr, the source is converted in double precision first and clipped to what the other can say.
 */
export function difference(wanted: Frame, colour: ColourInfo, found: Frame, foundColour: ColourInfo): Difference {
  const theirs = signals(found, foundColour);
  const rgbFound = theirs.some(({ channel }) => channel === 'r');
  const coarse = [wanted, found].some(({ format }) => format.planes.some(({ shiftX }) => shiftX > 0));
  const rgbWanted = wanted.format.name.startsWith('gbr');
  let ours = signals(wanted, colour);
  const grey = ours.length === 1;
  if (rgbFound && !rgbWanted) ours = toRgb(ours, grey, colour.matrix);
  if (!rgbFound && rgbWanted) ours = toYuv(ours, foundColour.matrix);
  let [sum, count, max, bias, resampledSum, resampledCount] = [0, 0, 0, 0, 0, 0];
  for (const plane of ours) {
    const other = theirs.find(({ channel }) => channel === plane.channel);
    if (!other) throw new Error(`no ${plane.channel} in ${found.format.name}`);
    const { span } = codesOf(wanted, plane.channel, colour.range);
    const resampled =
      rgbFound !== rgbWanted ? coarse && (rgbFound || plane.channel !== 'y') : interpolated(plane, other);
    let signed = 0;
    const [w, h] = [Math.min(plane.width, other.width), Math.min(plane.height, other.height)];
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++) {
        const off = (averaged(other, x, y, w, h) - averaged(plane, x, y, w, h)) * span;
        if (resampled) {
          resampledSum += Math.abs(off);
          continue;
        }
        signed += off;
        sum += Math.abs(off);
        max = Math.max(max, Math.abs(off));
      }
    if (resampled) resampledCount += w * h;
    else count += w * h;
    bias = Math.max(bias, Math.abs(signed / (w * h)));
  }
  return { mean: sum / Math.max(1, count), max, bias, resampled: resampledSum / Math.max(1, resampledCount) };
}

/** ProRes gets chroma of 4:2:0 between its lines, not repeated. */
function interpolated(ours: Planes, theirs: Planes): boolean {
  return SPREAD[ours.channel] === 1 && theirs.height > ours.height && theirs.width === ours.width;
}

/** The mean of the samples of `plane` that sample (x, y) of a plane of w x h covers. */
function averaged(plane: Planes, x: number, y: number, w: number, h: number): number {
  const [across, down] = [plane.width / w, plane.height / h];
  let sum = 0;
  for (let j = 0; j < down; j++) for (let i = 0; i < across; i++) sum += plane.at(x * across + i, y * down + j);
  return sum / (across * down);
}

const clip = (value: number): number => Math.min(1, Math.max(0, value));

function toRgb(planes: readonly Planes[], grey: boolean, matrix: string | undefined): Planes[] {
  const [y, u, v] = planes as [Planes, Planes, Planes];
  const [kr, kb] = matrixWeights(matrix);
  const chroma = (plane: Planes, i: number, j: number): number =>
    grey ? 0 : plane.at(Math.floor((i * plane.width) / y.width), Math.floor((j * plane.height) / y.height));
  const red = (i: number, j: number): number => y.at(i, j) + 2 * (1 - kr) * chroma(v, i, j);
  const blue = (i: number, j: number): number => y.at(i, j) + 2 * (1 - kb) * chroma(u, i, j);
  const green = (i: number, j: number): number => (y.at(i, j) - kr * red(i, j) - kb * blue(i, j)) / (1 - kr - kb);
  const { width, height } = y;
  return [
    { channel: 'r', width, height, at: (i, j) => clip(red(i, j)) },
    { channel: 'g', width, height, at: (i, j) => clip(green(i, j)) },
    { channel: 'b', width, height, at: (i, j) => clip(blue(i, j)) },
  ];
}

function toYuv(planes: readonly Planes[], matrix: string | undefined): Planes[] {
  const of = (channel: string): Planes => planes.find((plane) => plane.channel === channel)!;
  const [r, g, b] = [of('r'), of('g'), of('b')];
  const [kr, kb] = matrixWeights(matrix);
  const luma = (x: number, y: number): number => kr * r.at(x, y) + (1 - kr - kb) * g.at(x, y) + kb * b.at(x, y);
  const { width, height } = g;
  return [
    { channel: 'y', width, height, at: luma },
    { channel: 'u', width, height, at: (x, y) => (b.at(x, y) - luma(x, y)) / (2 * (1 - kb)) },
    { channel: 'v', width, height, at: (x, y) => (r.at(x, y) - luma(x, y)) / (2 * (1 - kr)) },
  ];
}

export type Outcome =
  | { readonly refused: string; readonly says: string }
  | {
      readonly plan: OutputPlan;
      readonly difference: Difference;
      /** What the file says otherwise than the source; [] where all is alike. */
      readonly tags: readonly string[];
    };

export type Refusal = Extract<Outcome, { refused: string }>;

/** The plan of a chart, as probed, into a target, or how it is refused. */
export async function planOrRefusal(info: VideoInfo, chart: Chart, target: Target): Promise<OutputPlan | Refusal> {
  try {
    return await planTarget(info, chart, target);
  } catch (error) {
    if (error instanceof AppError) return { refused: error.code, says: error.message };
    throw error;
  }
}

/** What comes of a plan: written and read back. */
export async function written(
  folder: string,
  info: VideoInfo,
  frames: readonly Frame[],
  plan: OutputPlan,
  chunks: Chunks,
): Promise<Outcome> {
  const path = await write(folder, plan, frames, chunks);
  const told = await probe(path.replace('%03d', '001'));
  const found = await readBack(path, told);
  if (found.length !== frames.length) throw new Error(`${found.length} frames instead of ${frames.length}`);
  const all = frames.map((frame, i) => difference(frame, info.video.colour, found[i]!, told.video.colour));
  const most = (key: keyof Difference): number => Math.max(...all.map((one) => one[key]));
  await rm(path.includes('%') ? join(path, '..') : path, { recursive: true, force: true });
  const worst = { mean: most('mean'), max: most('max'), bias: most('bias'), resampled: most('resampled') };
  return { plan, difference: worst, tags: tagDifferences(info, told, plan) };
}

/**
 * What the written file says otherwise than the source, or, where the plan says that it converts, than the plan. Where chroma lies is only a question at
 * 4:2:0. Images say nothing of primaries and transfer, grey nothing of a matrix, and ffprobe 5.1 does not read where `vpcC` says that chroma lies.
 */
function tagDifferences(source: VideoInfo, told: VideoInfo, plan: OutputPlan): string[] {
  const wrong: string[] = [];
  const [ours, theirs] = [source.video, told.video];
  for (const key of ['range', 'matrix', 'primaries', 'transfer', 'chromaLocation'] as const) {
    const said = plan.notes.length > 0 && plan.colour[key] !== undefined;
    const wanted = said ? plan.colour[key] : ours.colour[key];
    const found = theirs.colour[key];
    if (wanted === found) continue;
    const rgb = theirs.colour.matrix === 'gbr';
    if (key === 'matrix' && (rgb || theirs.pixelFormat.startsWith('gray'))) continue;
    if ((key === 'primaries' || key === 'transfer') && plan.container.images) continue;
    if (key === 'chromaLocation') {
      if (!/420/.test(ours.pixelFormat) || !/420/.test(theirs.pixelFormat)) continue;
      if (plan.codec === 'vp9' && plan.container.name === 'mp4') continue;
      if (plan.notes.some((note) => note.startsWith('Where chroma lies'))) continue;
    }
    wrong.push(`${key} ${found ?? 'unsaid'} for ${wanted ?? 'unsaid'}`);
  }
  return wrong;
}

/** The made frames into the finished output, which is read back before it counts. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, toAppError } from '../../contract/errors.ts';
import { writeConcatList, type Chunk } from '../media/concat-list.ts';
import { asEncodeError } from '../media/encode.ts';
import { fileUrl, spawnFfmpeg } from '../media/ffmpeg.ts';
import { muxOutput } from '../media/mux.ts';
import { inputArgs } from '../media/input.ts';
import { probe } from '../media/probe.ts';
import { verifyOutput } from '../media/verify.ts';
import { runFfmpeg } from '../media/ffmpeg.ts';
import { toNumber } from '../time/rational.ts';
import type { MorphOutput } from './output.ts';

export interface FinishRequest {
  readonly output: MorphOutput;
  readonly chunks: readonly Chunk[];
  readonly frames: number;
  readonly title: string;
  /** A file, or for numbered images a folder. */
  readonly to: string;
  /** An existing folder for small files. */
  readonly scratch: string;
  readonly signal: AbortSignal;
  readonly onStage: (stage: 'writing' | 'verifying', fraction: number) => void;
}

/** Writes and checks the output; its length in seconds. Throws 'encode-failed', 'disk-full', 'verify-failed', the signal's reason. */
export async function finishMorph(request: FinishRequest): Promise<number> {
  const { output, frames, onStage, signal, to, scratch, chunks, title } = request;
  const { plan } = output;
  if (output.kind === 'film') {
    const onProgress = (fraction: number): void => onStage('writing', fraction);
    await muxOutput({ chunks, plan, tags: title === '' ? {} : { title }, to, scratch, signal, onProgress });
    onStage('verifying', 0);
    return (await verifyOutput(to, { plan, frames, timestamp: (k) => k, signal })).duration;
  }
  const folder = await mkdtemp(join(scratch, 'finish-'));
  try {
    const list = ['-f', 'concat', '-safe', '0', '-i', fileUrl(await writeConcatList(chunks, plan, folder))];
    onStage('writing', 0);
    if (output.grid) await writeStrip(list, request, output.grid);
    else await writeGif(list, request, join(folder, 'palette.png'));
    onStage('verifying', 0);
    await (output.grid ? checkStrip(request, output.grid) : checkGif(request));
    return frames / toNumber(plan.rate!);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Grid = NonNullable<MorphOutput['grid']>;

async function encode(args: readonly string[], { to, signal }: FinishRequest): Promise<void> {
  const ffmpeg = await spawnFfmpeg(['-y', ...args], { signal });
  try {
    ffmpeg.stdout.resume();
    await ffmpeg.done;
  } catch (error) {
    await ffmpeg.stop();
    throw asEncodeError(error, ffmpeg.tail(), to);
  }
}

async function writeStrip(list: readonly string[], request: FinishRequest, { columns, rows }: Grid): Promise<void> {
  const { pixelFormat } = request.output.plan;
  // What is left of the last row is transparent where the format knows that.
  const tile = `tile=${columns}x${rows}:color=black@0`;
  const png = ['-frames:v', '1', '-c:v', 'png', '-pix_fmt', pixelFormat, '-f', 'image2', '-update', '1'];
  await encode([...list, '-vf', tile, ...png, fileUrl(request.to)], request);
}

async function writeGif(list: readonly string[], request: FinishRequest, palette: string): Promise<void> {
  const { output } = request;
  const alpha = output.plan.pixelFormat.startsWith('rgba');
  const one = ['-frames:v', '1', '-c:v', 'png', '-f', 'image2', '-update', '1', fileUrl(palette)];
  // Of the whole film, so that colours do not flicker.
  await encode([...list, '-vf', `palettegen=reserve_transparent=${alpha ? 1 : 0}:stats_mode=full`, ...one], request);
  const use = `[0:v][1:v]paletteuse=dither=sierra2_4a${alpha ? ':alpha_threshold=128' : ''}`;
  const gif = ['-c:v', 'gif', '-loop', '0', '-f', 'gif', fileUrl(request.to)];
  await encode([...list, '-f', 'png_pipe', '-i', fileUrl(palette), '-lavfi', use, ...gif], request);
}

function failed(why: string, cause?: unknown): AppError {
  return new AppError('verify-failed', `The written file is not as planned: ${why}.`, { cause });
}

async function checkStrip({ output, to, signal }: FinishRequest, { columns, rows }: Grid): Promise<void> {
  const { video } = await readBack(to, signal);
  const [width, height] = [columns * output.canvas.width, rows * output.canvas.height];
  if (video.codedWidth !== width || video.codedHeight !== height)
    throw failed(`it is ${video.codedWidth}x${video.codedHeight} instead of ${width}x${height}`);
  if (!output.plan.readsAs.includes(video.pixelFormat)) throw failed(`it is ${video.pixelFormat}`);
}

async function checkGif({ output, to, frames, signal }: FinishRequest): Promise<void> {
  const { video } = await readBack(to, signal);
  const { width, height } = output.canvas;
  if (video.codedWidth !== width || video.codedHeight !== height)
    throw failed(`it is ${video.codedWidth}x${video.codedHeight} instead of ${width}x${height}`);
  const all = [...(await inputArgs(to)), '-map', '0:v:0', ...output.plan.passthrough, '-f', 'framecrc', 'pipe:1'];
  const { stdout } = await runFfmpeg(all, { signal, maxOutput: 1 << 24 });
  const shown = Buffer.from(stdout)
    .toString('latin1')
    .split('\n')
    .filter((line) => /^\d/.test(line)).length;
  if (shown !== frames) throw failed(`it has ${shown} frames, not ${frames}`);
}

async function readBack(path: string, signal: AbortSignal) {
  return await probe(path, { signal }).catch((error: unknown) => {
    const known = toAppError(error);
    if (known.code === 'cancelled' || known.code === 'ffmpeg-missing') throw known;
    throw failed(`it cannot be read back: ${known.message}`, error);
  });
}

/** One picture between two stills. */
import { realpath, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { DeviceChoice } from '../../contract/jobs.ts';
import { engineDevice } from '../engines/engine-device.ts';
import { findEngine } from '../engines/registry.ts';
import type { Frame } from '../media/frame.ts';
import { pixelFormat } from '../media/pixel-format.ts';
import { readStill, writeStill, type Still } from '../media/stills.ts';
import { atDepth, toRgb } from '../score/rgb.ts';

export interface BetweenRequest {
  readonly a: string;
  readonly b: string;
  readonly output: string;
  /** Where on the way from a to b, 0..1; at 0 and 1 the picture is the still itself. */
  readonly t: number;
  readonly engine: string;
  readonly device?: DeviceChoice;
  /** Replace an existing output. */
  readonly force: boolean;
  readonly signal?: AbortSignal;
}

export interface BetweenResult {
  readonly output: string;
  readonly engine: string;
  readonly device: string;
  readonly t: number;
  /** 0..1, as the engine says; 1 for a still itself. */
  readonly confidence: number;
  /** Wall time. */
  readonly seconds: number;
}

/**
 * Writes the picture at `t` between two stills of one size. Depth and alpha are kept; stills that differ in format
 * are brought to RGB of the deeper one's depth first. Throws 'engine-unknown', 'output-exists', 'output-is-input',
 * 'size-mismatch', and what reading and writing throw.
 */
export async function betweenStills(request: BetweenRequest): Promise<BetweenResult> {
  const started = performance.now();
  const { a, b, t, signal } = request;
  const entry = await findEngine(request.engine);
  const output = resolve(request.output);
  await requireFree(output, request);
  const options = signal ? { signal } : {};
  const [first, second] = [await readStill(a, options), await readStill(b, options)];
  requireSameSize(first, second, request);
  const write = async (still: Still, device: string, confidence: number): Promise<BetweenResult> => {
    await writeStill(still.frame, output, { ...options, colour: still.info.video.colour, force: request.force });
    return { output, engine: entry.id, device, t, confidence, seconds: (performance.now() - started) / 1000 };
  };
  if (t === 0) return await write(first, 'none', 1);
  if (t === 1) return await write(second, 'none', 1);
  const pair = inCommon(first, second);
  const { width, height } = first.frame;
  const { colour } = first.info.video;
  const threads = availableParallelism();
  const { device } = await engineDevice(entry, request.device, { threads, signal });
  await using engine = await entry.open({ width, height, threads, colour, device });
  for await (const { frame, confidence } of engine.between(pair.a, pair.b, [t], options)) {
    return await write({ frame, info: first.info }, engine.device, confidence);
  }
  throw new AppError('engine-failed', `${entry.id} made no picture.`);
}

/** Two stills and what is made of them. */
type Pair = Pick<BetweenRequest, 'a' | 'b' | 'force'>;

/** Throws 'output-is-input' where the output is one of the stills, 'output-exists' where it is there and may not be replaced. */
export async function requireFree(output: string, { a, b, force }: Pair): Promise<void> {
  if (!(await stat(output).catch(() => undefined))) return;
  const real = await realpath(output);
  for (const input of [a, b]) {
    if ((await realpath(input).catch(() => undefined)) !== real) continue;
    throw new AppError('output-is-input', `'${output}' is one of the two stills; choose another name for the new one.`);
  }
  if (!force) throw new AppError('output-exists', `'${output}' exists already.`);
}

/** Throws 'size-mismatch' unless both are of one size. */
export function requireSameSize(first: Still, second: Still, { a, b }: Omit<Pair, 'force'>): void {
  const size = ({ frame: { width, height } }: Still) => `${width}x${height}`;
  if (size(first) === size(second)) return;
  throw new AppError(
    'size-mismatch',
    `'${a}' is ${size(first)} and '${b}' is ${size(second)}; both stills must have one size.`,
  );
}

/** The two frames in one format: their own where that is the same, else RGB. */
export function inCommon(first: Still, second: Still): { a: Frame; b: Frame } {
  const [a, b] = [first.frame, second.frame];
  const colours = [first, second].map(({ info: { video } }) => `${video.colour.range} ${video.colour.matrix}`);
  const yuv = a.format.planes.some(({ channel }) => channel === 'u');
  if (a.format.name === b.format.name && (!yuv || colours[0] === colours[1])) return { a, b };
  const deep = Math.max(a.format.bits, b.format.bits) > 8;
  const alpha = [a, b].some(({ format }) => format.planes.some(({ channel }) => channel === 'a'));
  return { a: asRgb(first, deep, alpha), b: asRgb(second, deep, alpha) };
}

/** The still as planar RGB of 8 or 16 bits; without an alpha of its own it is opaque. */
export function asRgb({ frame, info }: Still, deep: boolean, alpha: boolean): Frame {
  const bits = deep ? 16 : 8;
  const { r, g, b } = toRgb(frame, info.video.colour, 'linear-centre', bits);
  const own = frame.format.planes.findIndex(({ channel }) => channel === 'a');
  const opaque = () => (deep ? new Uint16Array(r.length) : new Uint8Array(r.length)).fill(2 ** bits - 1);
  const a = own < 0 ? opaque() : atDepth(frame.planes[own]!.data, frame.format.bits, bits);
  const { width, height } = frame;
  const format = pixelFormat(`${alpha ? 'gbrap' : 'gbrp'}${deep ? '16le' : ''}`);
  return { ...frame, format, planes: [g, b, r, ...(alpha ? [a] : [])].map((data) => ({ width, height, data })) };
}

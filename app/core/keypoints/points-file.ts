/**
 * Files of key points: JSON or safetensors, by the file's name when written and by its content when read.
 *
 * [Note: key point files] JSON: {format: 'inbetween-keypoints', version: 1, model, points, windows: [{source, index, stride, frames}]}; a frame has a row
 * for each key point, six numbers: x and y from -1 (left, top) to 1 of the largest square in the middle of the picture, and the jacobian, row-major. Safetensors: `values` [windows, frames, points, 2] and
 * `jacobians` [windows, frames, points, 2, 2], float32; the rest is in the metadata, `windows` as JSON. Only windows of one length fit into safetensors.
 */
import { open, readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import type { KeyPoint } from '../../contract/morph.ts';
import { parseJson } from '../base/json.ts';
import { openCheckpoint } from '../import/registry.ts';
import { toFloat32 } from '../import/tensor.ts';

export interface PointWindow {
  /** Name of the video. */
  readonly source: string;
  /** Number of its first frame in the video, and frames of the video from one to the next. */
  readonly index: number;
  readonly stride: number;
  readonly frames: readonly (readonly KeyPoint[])[];
}

/** A key point of a file as one of a whole picture of this size: what the square does is done in the picture's own, and stays as round as it was. */
export function fromSquare(
  { x, y, jacobian: [a, b, c, d] }: KeyPoint,
  picture: { readonly width: number; readonly height: number },
): KeyPoint {
  const { width, height } = picture;
  const side = Math.min(width, height);
  const [across, down] = [side / width, side / height];
  return { x: x * across, y: y * down, jacobian: [a * across, b * across, c * down, d * down] };
}

export interface PointsFile {
  /** Id of the model that found them. */
  readonly model: string;
  /** Key points a frame. */
  readonly points: number;
  readonly windows: readonly PointWindow[];
}

const FORMAT = 'inbetween-keypoints';
/** A million frames of ten points as safetensors. As JSON some 200,000: its text is one string. */
const MOST_BYTES = 2 ** 28;

const figure = z.number().finite();
const row = z.tuple([figure, figure, figure, figure, figure, figure]);
const placeSchema = z.object({ source: z.string(), index: z.number().int(), stride: z.number().int() });
export const windowSchema = placeSchema.extend({ frames: z.array(z.array(row)).min(1) });
const MOST_POINTS = 1000;
const count = z.number().int().min(1).max(MOST_POINTS);
const jsonSchema = z.object({
  format: z.literal(FORMAT),
  version: z.literal(1),
  model: z.string(),
  points: count,
  windows: z.array(windowSchema).min(1),
});

export type WindowJson = z.infer<typeof windowSchema>;

export function windowJson({ source, index, stride, frames }: PointWindow): WindowJson {
  const rows = frames.map((points) =>
    points.map(({ x, y, jacobian }): WindowJson['frames'][0][0] => [x, y, ...jacobian]),
  );
  return { source, index, stride, frames: rows };
}

export function windowOf({ frames, ...place }: WindowJson): PointWindow {
  return { ...place, frames: frames.map((rows) => rows.map(([x, y, ...jacobian]) => ({ x, y, jacobian }))) };
}

/** Throws 'not-found', and 'bad-keypoints' for what is no such file. */
export async function readPoints(path: string): Promise<PointsFile> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new AppError('not-found', `There is no ${path}.`, { cause });
  });
  if (!found.isFile() || found.size > MOST_BYTES) throw bad(path, 'it is no file, or larger than any');
  const file = (await startsAsJson(path)) ? fromJson(await readFile(path, 'utf8')) : await fromTensors(path);
  if (!file) throw bad(path, 'keypoints extract writes such files');
  if (file.windows.some(({ frames }) => frames.some((points) => points.length !== file.points)))
    throw bad(path, `not every frame has the ${file.points} points it says`);
  return file;
}

function bad(path: string, why: string): AppError {
  return new AppError('bad-keypoints', `${path} holds no key points: ${why}.`);
}

async function startsAsJson(path: string): Promise<boolean> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
  return /^\s*\{/.test(buffer.toString('latin1', 0, bytesRead));
}

function fromJson(text: string): PointsFile | undefined {
  const file = parseJson(jsonSchema, text);
  return file && { model: file.model, points: file.points, windows: file.windows.map(windowOf) };
}

async function fromTensors(path: string): Promise<PointsFile | undefined> {
  await using file = await openCheckpoint(path).catch((cause: unknown) => {
    throw new AppError('bad-keypoints', `${path} holds no key points: it is neither JSON nor safetensors.`, { cause });
  });
  const said = z.object({ format: z.literal(FORMAT), model: z.string(), windows: z.string() }).safeParse(file.metadata);
  if (!said.success || !['values', 'jacobians'].every((name) => file.names().includes(name))) return undefined;
  const places = parseJson(z.array(placeSchema).min(1), said.data.windows);
  const [windows, frames, points] = file.info('values').shape as [number, number, number];
  const wanted = [windows, frames, points, 2].join();
  if (!places || file.info('values').shape.join() !== wanted) return undefined;
  if (file.info('jacobians').shape.join() !== `${wanted},2` || places.length !== windows) return undefined;
  if (!(frames > 0 && points > 0 && points <= MOST_POINTS)) return undefined;
  const values = toFloat32(await file.tensor('values'));
  const jacobians = toFloat32(await file.tensor('jacobians'));
  const point = (i: number): KeyPoint => ({
    ...{ x: values[2 * i]!, y: values[2 * i + 1]! },
    jacobian: [...jacobians.subarray(4 * i, 4 * i + 4)] as KeyPoint['jacobian'],
  });
  if (!values.every(Number.isFinite) || !jacobians.every(Number.isFinite)) return undefined;
  const all = places.map((place, w): PointWindow => {
    const frame = (f: number) => Array.from({ length: points }, (_, p) => point((w * frames + f) * points + p));
    return { ...place, frames: Array.from({ length: frames }, (_, f) => frame(f)) };
  });
  return { model: said.data.model, points, windows: all };
}

/**
 * The file as `path`'s name asks for it. Throws 'output-format' for another name than .json and .safetensors, 'bad-keypoints' for windows of several lengths
 * in safetensors.
 */
export function pointsBytes(file: PointsFile, path: string): Uint8Array {
  const { model, points, windows } = file;
  requireFormat(path);
  if (extname(path).toLowerCase() === '.json') {
    const json = { format: FORMAT, version: 1, model, points };
    // A window a line: large files stay readable.
    const lines = windows.map((window) => JSON.stringify(windowJson(window)));
    return Buffer.from(`${JSON.stringify(json).slice(0, -1)},"windows":[\n${lines.join(',\n')}\n]}\n`);
  }
  const frames = windows[0]!.frames.length;
  if (windows.some((window) => window.frames.length !== frames))
    throw new AppError('bad-keypoints', 'Windows of several lengths fit into no safetensors file: write .json.');
  const all = windows.flatMap((window) => window.frames.flat());
  const values = Float32Array.from(all.flatMap(({ x, y }) => [x, y]));
  const jacobians = Float32Array.from(all.flatMap(({ jacobian }) => jacobian));
  const places = windows.map(({ source, index, stride }) => ({ source, index, stride }));
  const dims = [windows.length, frames, points];
  const header = {
    __metadata__: { format: FORMAT, version: '1', model, windows: JSON.stringify(places) },
    values: { dtype: 'F32', shape: [...dims, 2], data_offsets: [0, values.byteLength] },
    jacobians: {
      ...{ dtype: 'F32', shape: [...dims, 2, 2] },
      data_offsets: [values.byteLength, values.byteLength + jacobians.byteLength],
    },
  };
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, new Uint8Array(values.buffer), new Uint8Array(jacobians.buffer)]);
}

/** Throws 'output-format'. */
export function requireFormat(path: string): void {
  if (/\.(json|safetensors)$/i.test(path)) return;
  throw new AppError('output-format', `Key points are written as .json or .safetensors; ${path} is neither.`);
}

/**
 * A data set of key points: windows of frames of videos, as `dataset windows` cuts them, each frame as its key points.
 *
 * [Note: resuming] What is done is kept beside the output, in OUT.part: a line that says what is asked for, then a line for each video, appended and synced
 * when it is done. The next run with the same options goes on after the last whole line; a line cut short by a crash is no line. A video is the same one by
 * its content, not by its name alone.
 */
import { appendFile, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { AppError, toAppError } from '../../contract/errors.ts';
import { asDiskFull, renameDurably, renameTo, syncFile } from '../base/durable.ts';
import { createEta } from '../base/eta.ts';
import { parseJson } from '../base/json.ts';
import type { Window } from '../dataset/window.ts';
import { sourceKey, startsBySize, VIEWS, windowsOf, type WindowSource } from '../dataset/window-source.ts';
import type { FommInbetweener } from '../engines/fomm/fill.ts';
import type { Picture } from '../engines/guide/fields.ts';
import { temporaryName } from '../media/output-file.ts';
import { pointsBytes, requireFormat, windowJson, windowOf, windowSchema, type PointWindow } from './points-file.ts';

/** Of a file's name, at most. */
const NAME_BYTES = 255;

export interface ExtractOptions {
  /** Frames of a window, frames of the source from one to the next, and from window to window. */
  readonly count: number;
  readonly stride: number;
  readonly step: number;
  readonly force: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: ExtractProgress) => void;
}

export interface ExtractProgress {
  readonly fraction: number;
  readonly source: string;
  readonly windows: number;
  readonly etaSeconds?: number;
}

export interface Extracted {
  readonly windows: number;
  readonly frames: number;
  /** Sources taken from what a former run left. */
  readonly kept: number;
  readonly sources: readonly { readonly name: string; readonly windows: number; readonly error?: string }[];
}

const lineSchema = z.object({
  key: z.string(),
  name: z.string(),
  windows: z.array(windowSchema),
  error: z.string().optional(),
});
type Line = z.infer<typeof lineSchema>;
type Done = Omit<Line, 'key'>;

/**
 * Writes the key points that `engine`, of the model `model` (its id and version), finds in windows of `sources` to `out`, .json or .safetensors; [Note:
 * resuming]. A source that cannot be read is noted and left out. Throws 'output-exists' (unless `force`), 'output-format', 'no-frames' when no source gives
 * a window, 'disk-full', the signal's reason.
 */
export async function extractPoints(
  sources: readonly WindowSource[],
  out: string,
  engine: FommInbetweener,
  model: { readonly id: string; readonly version: string },
  options: ExtractOptions,
): Promise<Extracted> {
  requireFormat(out);
  const { count, stride, step, force, signal, onProgress } = options;
  if (!force && (await stat(out).catch(() => undefined))) throw new AppError('output-exists', `${out} exists already.`);
  const part = partOf(out);
  // The number changes when the same video would give other windows.
  const header = JSON.stringify({ keypoints: 2, model: model.version, count, stride, step });
  const before = await doneBefore(part, header);
  const starts = await startsBySize(sources);
  const eta = createEta();
  const all: Done[] = [];
  let [windows, kept] = [0, 0];
  for (const [n, source] of sources.entries()) {
    signal?.throwIfAborted();
    const tell = (share: number, more = 0): void => {
      const fraction = starts[n]! + share * (starts[n + 1]! - starts[n]!);
      const etaSeconds = eta.update(fraction, performance.now() / 1000);
      const progress = { fraction, source: source.name, windows: windows + more };
      onProgress?.(etaSeconds === undefined ? progress : { ...progress, etaSeconds });
    };
    const key = await sourceKey(source);
    const old = before.get(key);
    if (old) kept++;
    const done = old ?? (await extractOne(source, engine, options, tell));
    if (!old && !done.error) await append(part, { key, ...done }, out);
    all.push(done);
    windows += done.windows.length;
    tell(1);
  }
  const found = all.flatMap((done) => done.windows.map((window): PointWindow => windowOf(window)));
  if (found.length === 0) {
    await rm(part, { force: true });
    throw new AppError('no-frames', noneMessage(all));
  }
  await write(out, pointsBytes({ model: model.id, points: engine.count, windows: found }, out));
  await rm(part, { force: true });
  const told = all.map(({ name, windows: own, error }) => ({ name, windows: own.length, ...(error && { error }) }));
  return { windows: found.length, frames: found.length * count, kept, sources: told };
}

/** What a former run of the same options left, by key; where it was another, it is begun anew. */
async function doneBefore(part: string, header: string): Promise<ReadonlyMap<string, Line>> {
  const [first, ...lines] = (await readFile(part, 'utf8').catch(() => '')).split('\n');
  if (first !== header) {
    await writeFile(part, `${header}\n`).catch((cause: unknown) => {
      throw new AppError('output-folder', `${part} cannot be written.`, { cause });
    });
    return new Map();
  }
  // The last piece is what follows the last whole line.
  const whole = lines.slice(0, -1).flatMap((line) => parseJson(lineSchema, line) ?? []);
  const aside = temporaryName(part);
  await writeFile(aside, `${[header, ...whole.map((line) => JSON.stringify(line))].join('\n')}\n`);
  await renameTo(aside, part);
  return new Map(whole.map((line) => [line.key, line]));
}

async function append(part: string, line: Line, out: string): Promise<void> {
  try {
    await appendFile(part, `${JSON.stringify(line)}\n`);
    await syncFile(part);
  } catch (error) {
    throw asDiskFull(error, out);
  }
}

async function extractOne(
  source: WindowSource,
  engine: FommInbetweener,
  { count, stride, step, signal }: ExtractOptions,
  tell: (share: number, windows: number) => void,
): Promise<Done> {
  const windows: Done['windows'] = [];
  const { size } = engine.sees;
  const onProgress = (share: number): void => tell(share, windows.length);
  try {
    const cut = {
      count,
      stride,
      step,
      size,
      channels: 3,
      view: VIEWS[0],
      onProgress,
      ...(signal && { signal }),
    } as const;
    for await (const window of windowsOf(source, cut)) {
      const frames = [];
      for (let n = 0; n < count; n++) frames.push(await engine.detect(pictureOf(window, n), signal));
      windows.push(windowJson({ source: source.name, index: window.index, stride, frames }));
    }
    return { name: source.name, windows };
  } catch (thrown) {
    signal?.throwIfAborted();
    const { code, message } = toAppError(thrown);
    if (['internal', 'ffmpeg-missing', 'engine-failed'].includes(code)) throw thrown;
    return { name: source.name, windows: [], error: message };
  }
}

/** Frame n of a window of three channels as planes of 0..1. */
function pictureOf({ width, height, data }: Window, n: number): Picture {
  const pixels = width * height;
  const from = 3 * n * pixels;
  const planes = Float32Array.from({ length: 3 * pixels }, (_, i) => {
    return data[from + 3 * (i % pixels) + Math.floor(i / pixels)]! / 255;
  });
  return { width, height, data: planes };
}

async function write(out: string, bytes: Uint8Array): Promise<void> {
  const temporary = temporaryName(out);
  try {
    await writeFile(temporary, bytes);
    await syncFile(temporary);
    await renameDurably(temporary, out);
  } catch (error) {
    await rm(temporary, { force: true });
    throw asDiskFull(error, out);
  }
}

function noneMessage(all: readonly Done[]): string {
  const failed = all.find(({ error }) => error !== undefined);
  return `No window fits into these videos: nothing was written. ${failed ? `${failed.name}: ${failed.error}` : 'They are too short.'}`;
}

/** OUT.part, cut to a name that a folder takes. */
function partOf(out: string): string {
  let name = basename(out);
  while (Buffer.byteLength(name) > NAME_BYTES - '.part'.length) name = [...name].slice(0, -1).join('');
  return join(dirname(out), `${name}.part`);
}

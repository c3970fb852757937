/** A morph: the animation that leads from one still to another, by halving the way between them. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { DeviceChoice } from '../../contract/jobs.ts';
import type { ColourInfo } from '../../contract/media.ts';
import type { Rational } from '../../contract/time.ts';
import { createEta } from '../base/eta.ts';
import { prefetch } from '../base/prefetch.ts';
import type { Interpolator } from '../engines/engine.ts';
import { engineDevice } from '../engines/engine-device.ts';
import { findEngine } from '../engines/registry.ts';
import { capabilities } from '../media/capabilities.ts';
import { openChunkEncoder } from '../media/encode.ts';
import type { Frame } from '../media/frame.ts';
import { muxOutput } from '../media/mux.ts';
import { renameIntoPlace, withTemporary } from '../media/output-file.ts';
import { planOutput, type OutputPlan } from '../media/output-format.ts';
import { readStill } from '../media/stills.ts';
import { verifyOutput } from '../media/verify.ts';
import { inCommon, requireFree, requireSameSize } from '../stills/between.ts';
import { format } from '../time/rational.ts';

/** Halvings: at most 255 new frames. */
export const MOST_RECURSIONS = 8;

export interface MorphRequest {
  readonly a: string;
  readonly b: string;
  /** A .webm file, or another container that holds VP9. */
  readonly output: string;
  /** n of the 2^n - 1 new frames, 1 to MOST_RECURSIONS. */
  readonly recursions: number;
  readonly engine: string;
  readonly device?: DeviceChoice;
  readonly fps: Rational;
  /** Replace an existing output. */
  readonly force: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: MorphProgress) => void;
  /** What a user should know of the output; one sentence each. */
  readonly onNote?: (message: string) => void;
  /**
   * Shows the way before it is done: both stills at once, and the picture halfway as the first of all that are made. That one is made twice: engines go
   * through the times in order. What it throws ends the morph.
   */
  readonly onPicture?: (which: 'first' | 'middle' | 'last', picture: Frame, colour: ColourInfo) => Promise<void>;
}

export interface MorphProgress {
  /** New frames made, and how many there will be. */
  readonly done: number;
  readonly total: number;
  readonly etaSeconds?: number;
}

export interface MorphResult {
  readonly output: string;
  readonly engine: string;
  readonly device: string;
  /** Frames of the file: both stills and what lies between. */
  readonly frames: number;
  /** Those that were made. */
  readonly made: number;
  readonly fps: string;
  /** Of the least certain frame made, 0..1. */
  readonly confidence: number;
  /** Wall time. */
  readonly seconds: number;
}

/**
 * Writes the stills with 2^recursions - 1 frames between them as VP9. The file appears whole or not at all, and is read back before. Throws
 * 'usage', 'engine-unknown', 'output-exists', 'output-is-input', 'output-folder', 'size-mismatch', and what reading, the engine and encoding
 * throw; the signal's reason on abort.
 */
export async function morphStills(request: MorphRequest): Promise<MorphResult> {
  const started = performance.now();
  const { a, b, recursions, fps, signal } = request;
  if (!Number.isInteger(recursions) || recursions < 1 || recursions > MOST_RECURSIONS)
    throw new AppError('usage', `A morph takes 1 to ${MOST_RECURSIONS} recursions, not ${recursions}.`);
  const entry = await findEngine(request.engine);
  const output = resolve(request.output);
  await requireFree(output, request);
  await requireFolder(dirname(output));
  const options = signal ? { signal } : {};
  const [first, second] = [await readStill(a, options), await readStill(b, options)];
  requireSameSize(first, second, request);
  const pair = inCommon(first, second);
  const { width, height } = pair.a;
  const plan = await planOutput(
    { info: first.info, carrier: pair.a.format, width, height, path: output, codec: 'vp9', rate: fps, sound: false },
    await capabilities(),
  );
  plan.notes.forEach((note) => request.onNote?.(note));
  const threads = availableParallelism();
  const { device } = await engineDevice(entry, request.device, { threads, signal });
  await using engine = await entry.open({ width, height, threads, colour: first.info.video.colour, device });
  const total = 2 ** recursions - 1;
  await showWay(pair, engine, first.info.video.colour, request);
  const made = await withTemporary(output, (temporary) => write(temporary, pair, { plan, engine, total, request }));
  const seconds = (performance.now() - started) / 1000;
  return { output, engine: entry.id, device: engine.device, ...made, made: total, fps: format(fps), seconds };
}

async function showWay(
  { a, b }: { readonly a: Frame; readonly b: Frame },
  engine: Interpolator,
  colour: ColourInfo,
  { onPicture, signal }: MorphRequest,
): Promise<void> {
  if (!onPicture) return;
  await onPicture('first', a, colour);
  await onPicture('last', b, colour);
  for await (const { frame } of engine.between(a, b, [0.5], signal ? { signal } : {})) {
    await onPicture('middle', frame, colour);
  }
}

async function requireFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) throw new AppError('output-folder', `The folder ${folder} for the output does not exist.`);
}

interface Work {
  readonly plan: OutputPlan;
  readonly engine: Interpolator;
  readonly total: number;
  readonly request: MorphRequest;
}

async function write(
  temporary: string,
  pair: { readonly a: Frame; readonly b: Frame },
  { plan, engine, total, request }: Work,
): Promise<{ frames: number; confidence: number }> {
  const { signal, force } = request;
  const options = signal ? { signal } : {};
  const frames = total + 2;
  const timestamps = Array.from({ length: frames + 1 }, (_, k) => k);
  const scratch = await mkdtemp(join(tmpdir(), 'inbetween-morph-'));
  try {
    const path = join(scratch, `chunk.${plan.chunkMuxer}`);
    const encoder = await openChunkEncoder(path, plan, { timestamps, ...options });
    let confidence = 1;
    try {
      await encoder.write(pair.a);
      const report = reporter(total, request.onProgress);
      const times = Array.from({ length: total }, (_, k) => (k + 1) / (total + 1));
      // The next frame is made while this one goes down the pipe.
      for await (const between of prefetch(engine.between(pair.a, pair.b, times, options), 1)) {
        await encoder.write(between.frame);
        confidence = Math.min(confidence, between.confidence);
        report();
      }
      await encoder.write(pair.b);
      await encoder.finish();
    } catch (error) {
      await encoder.abort();
      throw error;
    }
    await muxOutput({ chunks: [{ path, timestamps }], plan, to: temporary, scratch, ...options });
    await verifyOutput(temporary, { plan, frames, timestamp: (k) => k, ...options });
    signal?.throwIfAborted();
    await renameIntoPlace(temporary, plan.path, { force });
    return { frames, confidence };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** To be called once a frame. */
function reporter(total: number, tell: MorphRequest['onProgress']): () => void {
  const eta = createEta();
  eta.update(0, performance.now() / 1000);
  let done = 0;
  return () => {
    done++;
    const left = eta.update(done / total, performance.now() / 1000);
    tell?.({ done, total, ...(left !== undefined && { etaSeconds: left }) });
  };
}

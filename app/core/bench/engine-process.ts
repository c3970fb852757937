/** Runs in a process of its own: takes one request, measures one engine, answers once. Started by engines.ts. */
import type { DeviceChoice } from '../../contract/jobs.ts';
import { frameFromBytes, type PixelFormat } from '../media/frame.ts';
import { answerOnce } from './ask.ts';
import { framesNeeded, measureEngine, QUICK, type EngineCost } from './measure.ts';

export interface Request {
  readonly engine: string;
  readonly threads: number;
  readonly device?: DeviceChoice | undefined;
  readonly format: PixelFormat;
  readonly width: number;
  readonly height: number;
  /** One rawvideo frame each; null: it draws a moving picture itself and measures quickly. */
  readonly frames: readonly Uint8Array[] | null;
}

async function measure(request: Request): Promise<EngineCost> {
  const { engine, threads, device, format, width, height } = request;
  if (request.frames === null) {
    // Only here: what draws is no part of an engine's memory.
    const { drawFrames } = await import('./frames.ts');
    return await measureEngine(engine, drawFrames(width, height, framesNeeded(QUICK)), threads, device, QUICK);
  }
  const frames = request.frames.map((bytes, i) => frameFromBytes(format, width, height, bytes, i, i));
  return await measureEngine(engine, frames, threads, device);
}

answerOnce(measure);

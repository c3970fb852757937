/** Measures engines one after the other, each in a fresh process. */
import type { DeviceChoice } from '../../contract/jobs.ts';
import { ownModulePath } from '../base/own-files.ts';
import type { Frame } from '../media/frame.ts';
import { pixelFormat } from '../media/pixel-format.ts';
import { askProcess } from './ask.ts';
import type { Request } from './engine-process.ts';
import type { EngineCost } from './measure.ts';

const PROCESS = ownModulePath('./engine-process', import.meta.url);

export interface EngineCostOptions {
  readonly threads: number;
  readonly device?: DeviceChoice | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The cost of engine `id` on consecutive frames of one size. Throws what the engine throws, and 'worker-died'. */
export async function engineCost(
  id: string,
  frames: readonly Frame[],
  options: EngineCostOptions,
): Promise<EngineCost> {
  const { format, width, height } = frames[0]!;
  return await ask({ ...requestOf(id, options), format, width, height, frames: frames.map(bytesOf) }, options.signal);
}

/** About how long engine `id` takes for a new frame of `width`x`height` here, in milliseconds, and on what. Throws as `engineCost`. */
export async function engineSpeed(
  id: string,
  { width, height, ...options }: EngineCostOptions & { readonly width: number; readonly height: number },
): Promise<{ milliseconds: number; device: string }> {
  const format = pixelFormat('yuv420p');
  const cost = await ask({ ...requestOf(id, options), format, width, height, frames: null }, options.signal);
  return { milliseconds: 1000 * Object.values(cost.secondsPerFrame)[0]!, device: cost.device };
}

function requestOf(engine: string, { threads, device }: EngineCostOptions) {
  return { engine, threads, device };
}

async function ask(request: Request, signal: AbortSignal | undefined): Promise<EngineCost> {
  return await askProcess(PROCESS, request, request.engine, signal);
}

/** The frame as rawvideo. */
export function bytesOf(frame: Frame): Uint8Array {
  const parts = frame.planes.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return new Uint8Array(Buffer.concat(parts));
}

/**
 * Which device an engine's network runs on.
 *
 * [Note: one device an engine] The choice falls before the engine is opened, and it is opened for that device alone: an engine has
 * several networks, and a job several chunks, and their pixels depend on the device. 'auto' tries the likely devices (nn/devices.ts) with
 * the engine itself on a small pair, takes the first that works and is faster than the CPU, and remembers it.
 */
import type { Device, DeviceChoice } from '../../contract/jobs.ts';
import { toAppError } from '../../contract/errors.ts';
import { frameBytes, frameFromBytes, type Frame } from '../media/frame.ts';
import { pixelFormat } from '../media/pixel-format.ts';
import { recall, remember, trialKey } from '../nn/device-memory.ts';
import { likelyDevices } from '../nn/devices.ts';
import { runtimeVersion } from '../nn/ort.ts';
import type { Trial } from '../nn/trial.ts';
import type { EngineEntry } from './engine.ts';
import { asInbetween, type InbetweenEntry } from './inbetween.ts';

/** Side of the pictures devices are compared on: large enough for a GPU to be worth its trouble. */
const SIDE = 256;

export interface EngineDeviceOptions {
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What to open the engine with; undefined for an engine without a network. Does not check a device that was chosen: opening does, by
 * 'device-unavailable'. Throws the signal's reason.
 */
export async function engineDevice(
  entry: EngineEntry,
  choice: DeviceChoice = 'auto',
  options: EngineDeviceOptions,
): Promise<{ readonly device: Device | undefined }> {
  return await inbetweenDevice(asInbetween(entry), choice, options);
}

/** The same for an engine that in-betweens. */
export async function inbetweenDevice(
  entry: InbetweenEntry,
  choice: DeviceChoice = 'auto',
  { threads, signal }: EngineDeviceOptions,
): Promise<{ readonly device: Device | undefined }> {
  if (!entry.network) return { device: undefined };
  if (choice !== 'auto') return { device: choice };
  for (const device of await likelyDevices(threads, signal)) {
    const { reason, ms, cpuMs } = await comparison(entry, device, threads, signal);
    if (reason === undefined && ms !== undefined && cpuMs !== undefined && ms < cpuMs) return { device };
  }
  return { device: 'cpu' };
}

async function comparison(
  entry: InbetweenEntry,
  device: Device,
  threads: number,
  signal?: AbortSignal,
): Promise<Trial> {
  const name = new TextEncoder().encode(`${entry.id}@${entry.version}`);
  const key = trialKey(device, name, await runtimeVersion(), threads);
  const found = await recall(key);
  if (found) return found;
  const trial = await compare(entry, device, threads, signal);
  signal?.throwIfAborted();
  await remember(key, trial);
  return trial;
}

async function compare(entry: InbetweenEntry, device: Device, threads: number, signal?: AbortSignal): Promise<Trial> {
  try {
    return { ms: await time(entry, device, threads, signal), cpuMs: await time(entry, 'cpu', threads, signal) };
  } catch (error) {
    return { reason: toAppError(error).message };
  }
}

/** Milliseconds of one frame between two, the second of its kind: the first also compiles. */
async function time(entry: InbetweenEntry, device: Device, threads: number, signal?: AbortSignal): Promise<number> {
  await using engine = await entry.open({ width: SIDE, height: SIDE, threads, device });
  const frames = [0, 1, 2, 3].map(picture);
  let started = 0;
  for (const n of [0, 2]) {
    started = performance.now();
    const gap = { first: { frame: frames[n]! }, last: { frame: frames[n + 1]! } };
    const made = engine.fill(gap, [0.5], { seed: 0, motion: 'linear', signal });
    for await (const { frame } of made) if (frame.width !== SIDE) throw new Error('a frame of another size');
  }
  return performance.now() - started;
}

/** Waves that move two pixels a frame. */
function picture(n: number): Frame {
  const format = pixelFormat('yuv420p');
  const bytes = new Uint8Array(frameBytes(format, SIDE, SIDE)).fill(128);
  for (let i = 0; i < SIDE * SIDE; i++)
    bytes[i] = 128 + 100 * Math.sin(((i % SIDE) + 2 * n) / 5) * Math.cos(Math.floor(i / SIDE) / 7);
  return frameFromBytes(format, SIDE, SIDE, bytes, n, n);
}

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
import type { TaggerEntry } from './tagger.ts';

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
  const time = (device: Device): Promise<number> => timeFrame(entry, device, threads, signal);
  return { device: await fastest({ entry, choice, threads, signal, time }) };
}

/** The same for a recogniser, which `open` opens for one device. */
export async function taggerDevice(
  { open, ...entry }: Pick<TaggerEntry, 'id' | 'version' | 'open'>,
  choice: DeviceChoice = 'auto',
  { threads, signal }: EngineDeviceOptions,
): Promise<Device> {
  const time = async (device: Device): Promise<number> => {
    await using tagger = await open({ threads, device });
    const pixels = new Float32Array(3 * tagger.size ** 2).fill(0.5);
    let started = 0;
    // The first also compiles. A network of whole windows says nothing before its end.
    for (let n = 0; n < 2; n++) {
      tagger.reset();
      started = performance.now();
      await tagger.push(pixels, 1, signal);
      await tagger.finish(signal);
    }
    return performance.now() - started;
  };
  return await fastest({ entry, choice, threads, signal, time });
}

interface Candidates extends EngineDeviceOptions {
  readonly entry: Pick<EngineEntry, 'id' | 'version'>;
  readonly choice: DeviceChoice;
  /** Milliseconds of the same work on each device. */
  readonly time: (device: Device) => Promise<number>;
}

/** [Note: one device an engine]. */
async function fastest({ choice, ...candidates }: Candidates): Promise<Device> {
  if (choice !== 'auto') return choice;
  const { threads, signal } = candidates;
  for (const device of await likelyDevices(threads, signal)) {
    const { reason, ms, cpuMs } = await comparison(candidates, device);
    if (reason === undefined && ms !== undefined && cpuMs !== undefined && ms < cpuMs) return device;
  }
  return 'cpu';
}

async function comparison(
  { entry, threads, signal, time }: Omit<Candidates, 'choice'>,
  device: Device,
): Promise<Trial> {
  const name = new TextEncoder().encode(`${entry.id}@${entry.version}`);
  const key = trialKey(device, name, await runtimeVersion(), threads);
  const found = await recall(key);
  if (found) return found;
  const trial = await compare(time, device);
  signal?.throwIfAborted();
  await remember(key, trial);
  return trial;
}

async function compare(time: Candidates['time'], device: Device): Promise<Trial> {
  try {
    return { ms: await time(device), cpuMs: await time('cpu') };
  } catch (error) {
    return { reason: toAppError(error).message };
  }
}

/** Milliseconds of one frame between two, the second of its kind: the first also compiles. */
async function timeFrame(
  entry: InbetweenEntry,
  device: Device,
  threads: number,
  signal: AbortSignal | undefined,
): Promise<number> {
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

/**
 * Which device a network runs on: the one that was chosen, or the first of the platform's chain that works and beats the CPU.
 *
 * [Note: the device chain] A device has to show twice that it computes what the CPU does ([Note: parity]): on a small network of everyday
 * operators (does it work here at all), and on the very network, or a small build of it. It does so in a process of its own, once:
 * the answer is kept (device-memory.ts). A device that was chosen and fails is an error, never another device in silence; 'auto' goes on
 * to the next one, and passes over one that is slower than the CPU, as WebGPU is where a program plays the GPU.
 */
import { AppError } from '../../contract/errors.ts';
import { decodeModel } from '../onnx/decode.ts';
import { encodeModel } from '../onnx/encode.ts';
import type { Graph } from '../onnx/graph.ts';
import type { Device, DeviceChoice } from '../../contract/jobs.ts';
import { chainOf, DEVICE_FACTS } from './device.ts';
import { recall, remember, trialKey } from './device-memory.ts';
import { compiledProviders, runtimeVersion } from './ort.ts';
import { refusal, tryDevice, type Trial } from './trial.ts';
import { trialModel } from './trial-model.ts';
import { webgpuGraph } from './webgpu-graph.ts';

export type Model = Graph | Uint8Array;

/** The ONNX file that a device is given for a model. Bytes that are no graph of ours are left as they are. */
export function modelFor(device: Device, model: Model): Uint8Array {
  if (device !== 'webgpu') return model instanceof Uint8Array ? model : encodeModel(model);
  if (!(model instanceof Uint8Array)) return encodeModel(webgpuGraph(model));
  try {
    return encodeModel(webgpuGraph(decodeModel(model)));
  } catch (error) {
    if (error instanceof AppError) return model;
    throw error;
  }
}

export interface DeviceRequest {
  readonly device: DeviceChoice;
  /** What the device is tried on: the network, best in a size of about 256x256. */
  readonly model: () => Model;
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
}

export interface ChosenDevice {
  readonly device: Device;
  /** Nodes that it hands to the CPU, as 'Resize name'. */
  readonly onCpu: readonly string[];
}

/** The device to use. Throws 'device-unavailable' for one that was chosen and does not work, and the signal's reason. */
export async function chooseDevice(request: DeviceRequest): Promise<ChosenDevice> {
  const cpu: ChosenDevice = { device: 'cpu', onCpu: [] };
  if (request.device === 'cpu') return cpu;
  if (request.device !== 'auto') {
    const trial = await trialOf(request.device, request);
    if (trial.reason === undefined) return { device: request.device, onCpu: trial.onCpu ?? [] };
    throw new AppError('device-unavailable', refusal(request.device, trial.reason));
  }
  for (const device of await likelyDevices(request.threads, request.signal)) {
    const { reason, ms, cpuMs, onCpu } = await trialOf(device, request);
    if (reason === undefined && ms !== undefined && cpuMs !== undefined && ms < cpuMs)
      return { device, onCpu: onCpu ?? [] };
  }
  return cpu;
}

/** A program that plays the GPU is slower than the CPU by hundreds even where networks are too small for a GPU to show what it can. */
const HOPELESS = 30;

/** The devices 'auto' may take here, in the order it tries them: those that work on the everyday network. Without the CPU. */
export async function likelyDevices(threads: number, signal?: AbortSignal): Promise<Device[]> {
  const likely: Device[] = [];
  for (const device of chainOf()) {
    if (device === 'cpu') break;
    if (isLikely(await trialOnce(device, trialModel(), { threads, signal }))) likely.push(device);
  }
  return likely;
}

function isLikely({ reason, ms = 0, cpuMs = 0 }: Trial): boolean {
  return reason === undefined && ms < HOPELESS * cpuMs;
}

/** What the device does with the model; with the everyday network where that already fails. */
async function trialOf(device: Device, request: DeviceRequest): Promise<Trial> {
  const trust = request.device === 'auto' ? 'all' : 'success';
  const everyday = await trialOnce(device, trialModel(), request, trust);
  return everyday.reason === undefined ? await trialOnce(device, request.model(), request, trust) : everyday;
}

const known = new Map<string, Trial>();

/** `trust`: what is remembered and counts; a refusal does not where somebody chose the device and may have mended it. */
async function trialOnce(
  device: Device,
  model: Model,
  { threads, signal }: Pick<DeviceRequest, 'threads' | 'signal'>,
  trust: 'all' | 'success' | 'nothing' = 'all',
): Promise<Trial> {
  signal?.throwIfAborted();
  if (!(await compiledProviders()).includes(DEVICE_FACTS[device].provider))
    return { reason: `this build of ONNX Runtime (${process.platform}, ${process.arch}) is without it` };
  const key = trialKey(device, model, await runtimeVersion(), threads);
  const found = known.get(key) ?? (await recall(key));
  if (found && trust !== 'nothing' && (trust === 'all' || found.reason === undefined)) return found;
  const reference = modelFor('cpu', model);
  const own = device === 'webgpu' ? modelFor(device, model) : reference;
  const trial = await tryDevice(device, [reference, own], { threads, signal });
  known.set(key, trial);
  await remember(key, trial);
  return trial;
}

/** A device as `doctor` tells of it. */
export interface DeviceReport extends Trial {
  readonly device: Device;
  /** What it takes to run there. */
  readonly needs: string;
  /** Whether 'auto' considers it; the engine itself then has to be faster there than on the CPU. */
  readonly auto: boolean;
  /** No test of ours has ever run it: none of the machines it was built on has what it needs. */
  readonly unrun: boolean;
}

/** Devices that no test of ours has run. */
const UNRUN: readonly Device[] = ['cuda', 'tensorrt', 'directml', 'coreml'];

/**
 * Tries the devices this system can have (or those of `only` among them) on the everyday network, anew unless `remembered` answers will do. Throws
 * the signal's reason.
 */
export async function examineDevices(
  threads: number,
  signal?: AbortSignal,
  { remembered = false, only = chainOf() }: { remembered?: boolean; only?: readonly Device[] } = {},
): Promise<DeviceReport[]> {
  const reports: DeviceReport[] = [];
  for (const device of chainOf().filter((one) => only.includes(one))) {
    const trial = await trialOnce(device, trialModel(), { threads, signal }, remembered ? 'all' : 'nothing');
    const { needs } = DEVICE_FACTS[device];
    reports.push({ device, needs, auto: isLikely(trial), unrun: UNRUN.includes(device), ...trial });
  }
  return reports;
}

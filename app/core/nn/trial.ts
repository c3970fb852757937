/** Tries a device on a model in a process of its own and judges what it did. [Note: parity] */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Device } from '../../contract/jobs.ts';
import { parseJson } from '../base/json.ts';
import { runProcess } from '../base/node-process.ts';
import { ownModulePath } from '../base/own-files.ts';
import { DEVICE_FACTS } from './device.ts';
import { TOLERANCE } from './parity.ts';

export interface TrialOrder {
  readonly device: Device;
  /** Paths of an ONNX file for the CPU and of one for the device, in a folder that the trial may write to. */
  readonly reference: string;
  readonly model: string;
  readonly threads: number;
}

const measured = z.object({
  /** The largest error as a part of the outputs' range; null (JSON has no infinity) when there was no comparing. */
  error: z.number().nullable(),
  /** Of one run. */
  ms: z.number(),
  cpuMs: z.number(),
  /** How many nodes ran on the device itself. */
  own: z.number(),
  /** Nodes that were handed to the CPU, as 'Resize name'. */
  onCpu: z.array(z.string()),
});
const answerSchema = z.union([measured, z.object({ reason: z.string() })]);
export type TrialAnswer = z.input<typeof answerSchema>;

/** What became of a device on a model. `reason` is there when it is refused: the end of a sentence. */
export const trialSchema = z.object({ reason: z.string().optional(), ...measured.partial().shape });
export type Trial = z.infer<typeof trialSchema>;

/** How long one device may take: a GPU's first start compiles its shaders, TensorRT's builds an engine. */
const TRIAL_MS: Readonly<Partial<Record<Device, number>>> = { tensorrt: 600_000 };
const OTHER_MS = 60_000;

const CHILD = ownModulePath('./trial-child', import.meta.url);

/**
 * Runs the first of two ONNX files, given as bytes, on the CPU and the second on `device`, on the same made-up inputs. Never throws for what the device does: that is in `reason`.
 * Throws the signal's reason.
 */
export async function tryDevice(
  device: Device,
  files: readonly [Uint8Array, Uint8Array],
  { threads, signal }: { threads: number; signal?: AbortSignal | undefined },
): Promise<Trial> {
  const folder = await mkdtemp(join(tmpdir(), 'inbetween-model-'));
  try {
    const [reference, model] = [join(folder, 'reference.onnx'), join(folder, 'model.onnx')];
    await writeFile(reference, files[0]);
    if (files[1] === files[0]) return await inChild({ device, reference, model: reference, threads }, signal);
    await writeFile(model, files[1]);
    return await inChild({ device, reference, model, threads }, signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function inChild(order: TrialOrder, signal?: AbortSignal): Promise<Trial> {
  const ms = TRIAL_MS[order.device] ?? OTHER_MS;
  const limit = AbortSignal.timeout(ms);
  const { text, tail, exit } = await runProcess(
    CHILD,
    [JSON.stringify(order)],
    signal ? AbortSignal.any([limit, signal]) : limit,
  );
  signal?.throwIfAborted();
  const answer = parseJson(answerSchema, /^@(.*)$/m.exec(text)?.[1] ?? '');
  if (answer) return 'reason' in answer ? answer : judged(order.device, answer);
  const last = tail.at(-1);
  if (limit.aborted) return { reason: `it was not done within ${ms / 1000} s` };
  return { reason: `it ended its process (${exit.signal ?? exit.code})${last === undefined ? '' : `: ${last}`}` };
}

function judged(device: Device, trial: z.infer<typeof measured>): Trial {
  const { error, own } = trial;
  if (error === null || error > TOLERANCE) {
    const off = error === null ? 'results that are no numbers' : `results that are off by ${error.toPrecision(2)}`;
    return { ...trial, reason: `it gives ${off} of their range, more than ${TOLERANCE.toPrecision(2)}` };
  }
  if (device !== 'cpu' && own === 0) return { ...trial, reason: 'it hands all its work to the CPU' };
  return trial;
}

/** `reason` as a sentence, with what the device needs. */
export function refusal(device: Device, reason: string): string {
  return `${device} does not work here: ${reason.replace(/\.$/, '')}. It needs ${DEVICE_FACTS[device].needs}.`;
}

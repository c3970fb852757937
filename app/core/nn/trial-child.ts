/**
 * Entry of a process that tries a device on a model and says what came of it, as one line of JSON. A process of its own: a broken driver
 * takes its process down, and an engine that hangs can be killed.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Device } from '../../contract/jobs.ts';
import { parseJson } from '../base/json.ts';
import { toAppError } from '../../contract/errors.ts';
import { DEVICE_FACTS } from './device.ts';
import { loadModel, type LoadedModel, type Tensors } from './ort.ts';
import { largestError, trialInputs } from './parity.ts';
import type { TrialAnswer, TrialOrder } from './trial.ts';

/** Runs timed after the first; one where that took long. */
const RUNS = 3;
const LONG_MS = 3000;
const PROFILE = 'profile';

const profileSchema = z.array(
  z.looseObject({
    cat: z.string().optional(),
    args: z.looseObject({ provider: z.string().optional(), op_name: z.string().optional() }).optional(),
    name: z.string().optional(),
  }),
);

async function attempt({ device, reference, model, threads }: TrialOrder): Promise<TrialAnswer> {
  const folder = dirname(model);
  try {
    const cpu = await loadModel(reference, { provider: 'cpu', threads });
    const inputs = trialInputs(cpu.inputs);
    const wanted = await timed(cpu, inputs);
    await cpu.release();
    const profile = join(folder, PROFILE);
    const other = await loadModel(model, { provider: DEVICE_FACTS[device].provider, threads, profile });
    const got = await timed(other, inputs);
    other.endProfiling();
    await other.release();
    const { own, onCpu } = placement(folder, device);
    return { error: largestError(wanted.outputs, got.outputs), ms: got.ms, cpuMs: wanted.ms, own, onCpu };
  } catch (error) {
    return { reason: said(error) };
  }
}

/** Outputs, and the milliseconds of the fastest run after the first, which also compiles shaders. */
async function timed(model: LoadedModel, inputs: Tensors): Promise<{ outputs: Tensors; ms: number }> {
  const times: number[] = [];
  for (;;) {
    const started = performance.now();
    const outputs = await model.run(inputs);
    times.push(performance.now() - started);
    if (times.length > (times[0]! > LONG_MS ? 1 : RUNS)) return { outputs, ms: Math.min(...times.slice(1)) };
  }
}

/** How many nodes ran on the device, and which on the CPU, by operator and name. */
function placement(folder: string, device: Device): { own: number; onCpu: string[] } {
  const files = readdirSync(folder).filter((file) => file.startsWith(PROFILE));
  const text = files.map((file) => readFileSync(join(folder, file), 'utf8'));
  const events = text.flatMap((json) => parseJson(profileSchema, json) ?? []);
  const own = new Set<string>();
  const onCpu = new Set<string>();
  for (const { cat, name, args } of events) {
    if (cat !== 'Node' || !name?.endsWith('_kernel_time')) continue;
    const node = name.slice(0, -'_kernel_time'.length);
    if (args?.provider === DEVICE_FACTS[device].profiled) own.add(node);
    else if (args?.provider === DEVICE_FACTS.cpu.profiled) onCpu.add(`${args.op_name ?? 'a node'} ${node}`);
  }
  return { own: own.size, onCpu: [...onCpu] };
}

/** The first line of an error. ONNX Runtime's begin with the source line they come from, and some repeat what follows. */
function said(error: unknown): string {
  const { message } = toAppError(error instanceof Error && error.cause instanceof Error ? error.cause : error);
  return (message.trim().split('\n')[0] ?? '')
    .replace(/^Something went wrong inside Inbetween: /, '')
    .replace(/^\/\S+:\d+ .* was false\. /, '');
}

const order = JSON.parse(process.argv[2] ?? '') as TrialOrder;
process.stdout.write(`\n@${JSON.stringify(await attempt(order))}\n`, () => process.exit(0));

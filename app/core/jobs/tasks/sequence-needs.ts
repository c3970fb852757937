/** What an export of a sequence needs before it can begin: room on disks, devices for its engines. */
import { dirname } from 'node:path';
import { engineDevice } from '../../engines/engine-device.ts';
import { audioBytes } from '../../media/audio/render.ts';
import { toNumber } from '../../time/rational.ts';
import type { ClipPlan } from './clip-plan.ts';
import { windowMap } from './clip-sound.ts';
import type { Devices, SequencePlan } from './sequence-plan.ts';

/** Bytes an export needs and where: chunks that are to be made, sound, the file. */
export function spaceNeeds(
  plan: SequencePlan,
  { scratch, chunks }: { readonly scratch: string; readonly chunks: string },
  bytes: number,
  missing: number,
): { path: string; bytes: number }[] {
  const { rate, sampleRate, channels } = plan.spec.settings;
  const wav = plan.output.audio ? ((plan.spec.to - plan.spec.from) / toNumber(rate)) * sampleRate * channels * 4 : 0;
  const clipSound = plan.clips.reduce((most, clip) => Math.max(most, soundBytes(clip, sampleRate)), 0);
  return [
    { path: chunks, bytes: Math.ceil(bytes * missing) },
    { path: scratch, bytes: Math.ceil(wav) + clipSound },
    { path: dirname(plan.spec.output), bytes },
  ];
}

function soundBytes({ sound, frames, clip }: ClipPlan, sampleRate: number): number {
  if (!sound) return 0;
  const map = windowMap(frames, clip.first, clip.frames);
  const { output, scratch } = audioBytes({ ...sound, map, sampleRate });
  return output + scratch;
}

/** The device of each engine that a plan asks for. Throws the signal's reason. */
export async function devicesOf(
  plan: SequencePlan,
  options: { readonly signal: AbortSignal; readonly threads: number },
): Promise<Devices> {
  const devices = new Map<string, Awaited<ReturnType<typeof engineDevice>>['device']>();
  for (const engine of plan.clips.flatMap((clip) => clip.engines)) {
    if (devices.has(engine.id)) continue;
    devices.set(engine.id, (await engineDevice(engine, plan.spec.device, options)).device);
  }
  return devices;
}

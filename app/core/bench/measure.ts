/** What an engine costs: the part that runs in a process of its own, so that its memory is its own. */
import type { DeviceChoice } from '../../contract/jobs.ts';
import { engineDevice } from '../engines/engine-device.ts';
import { findEngine } from '../engines/registry.ts';
import type { Frame } from '../media/frame.ts';

/** How many frames a second is cut into when slowed: what a pair's analysis is shared by. */
export const FACTORS = [2, 4, 8] as const;
/** Pairs measured for each factor; the median counts. */
const RUNS = 3;

/** How much is measured: so many pairs for each factor. */
export interface Effort {
  readonly factors: readonly number[];
  readonly runs: number;
}

const FULL: Effort = { factors: FACTORS, runs: RUNS };
/** One new frame between two, twice: enough for "about so long on this machine". */
export const QUICK: Effort = { factors: [2], runs: 2 };
/**
 * Frames that `measureEngine` needs: one pair to warm up, then each run its own, so nothing is found in a cache that
 * a real clip would not have there.
 */
export const FRAMES_NEEDED = framesNeeded(FULL);

export function framesNeeded({ factors, runs }: Effort): number {
  return 2 + runs * factors.length;
}

export interface EngineCost {
  /** As the engine tells of it. */
  readonly device: string;
  /** Seconds for one new frame of a pair, by factor N: the pair's whole time over its N - 1 new frames. */
  readonly secondsPerFrame: Readonly<Record<string, number>>;
  readonly analysisMs: number;
  /** Of one frame. */
  readonly synthesisMs: number;
  /** Peak resident memory of a process that holds the frames and the engine, in units of 10^6 bytes. */
  readonly memoryMB: number;
}

/**
 * Measures engine `id` on consecutive `frames` (at least `framesNeeded` of one size). Throws 'engine-unknown' and what
 * the engine throws.
 */
export async function measureEngine(
  id: string,
  frames: readonly Frame[],
  threads: number,
  choice?: DeviceChoice,
  effort: Effort = FULL,
): Promise<EngineCost> {
  const { width, height } = frames[0]!;
  const entry = await findEngine(id);
  const { device } = await engineDevice(entry, choice, { threads });
  await using engine = await entry.open({ width, height, threads, device });
  let pair = 0;
  const run = async (factor: number) => {
    const timesteps = Array.from({ length: factor - 1 }, (_, i) => (i + 1) / factor);
    const before = { ...engine.spent };
    const start = performance.now();
    for await (const { frame } of engine.between(frames[pair]!, frames[pair + 1]!, timesteps)) {
      if (frame.width !== width) throw new Error(`${id} returned a frame of another size`);
    }
    const ms = performance.now() - start;
    pair++;
    return {
      seconds: ms / 1000 / timesteps.length,
      analysisMs: engine.spent.analysisMs - before.analysisMs,
      synthesisMs: (engine.spent.synthesisMs - before.synthesisMs) / timesteps.length,
    };
  };
  await run(2);
  const runs = new Map<number, Awaited<ReturnType<typeof run>>[]>();
  for (const factor of effort.factors) {
    const list = [];
    for (let i = 0; i < effort.runs; i++) list.push(await run(factor));
    runs.set(factor, list);
  }
  const all = [...runs.values()].flat();
  return {
    secondsPerFrame: Object.fromEntries(
      [...runs].map(([factor, list]) => [factor, middle(list.map((r) => r.seconds))]),
    ),
    analysisMs: middle(all.map((r) => r.analysisMs)),
    synthesisMs: middle(all.map((r) => r.synthesisMs)),
    memoryMB: (process.resourceUsage().maxRSS * 1024) / 1e6,
    device: engine.device,
  };
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

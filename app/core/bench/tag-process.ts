/** Runs in a process of its own: one streaming network over drawn frames. Started by tags.ts. */
import { published } from '../engines/movinet/config.ts';
import { openMovinet } from '../engines/movinet/index.ts';
import { seededWeights } from '../engines/movinet/seeded.ts';
import type { Tagger } from '../engines/tagger.ts';
import { answerOnce } from './ask.ts';
import type { TagCost, TagRequest } from './tags.ts';

/** Frames of a push, as a decoder gives them. */
const PUSH = 16;

async function measure({ variant, threads, device, frames }: TagRequest): Promise<TagCost> {
  const config = published(variant, 'stream');
  const started = performance.now();
  await using tagger = await openMovinet(config, seededWeights(config, 1), { threads, device });
  const openSeconds = (performance.now() - started) / 1000;
  const pixels = Float32Array.from({ length: PUSH * 3 * tagger.size ** 2 }, (_, i) => (i % 251) / 250);
  await push(tagger, pixels, PUSH);
  const alone = await each(frames, () => push(tagger, pixels, 1));
  tagger.reset();
  const memoryMB: TagCost['memoryMB'][number][] = [];
  const many: number[] = [];
  const before = process.cpuUsage();
  for (const until of [frames, 2 * frames, 4 * frames]) {
    many.push(...(await each(until / PUSH - many.length, () => push(tagger, pixels, PUSH))));
    memoryMB.push({ frames: many.length * PUSH, memory: (process.resourceUsage().maxRSS * 1024) / 1e6 });
  }
  const { user, system } = process.cpuUsage(before);
  const cpuMilliseconds = (user + system) / 1000 / (many.length * PUSH);
  const framesPerSecond = (1000 * PUSH) / middle(many);
  const costs = { framesPerSecond, cpuMilliseconds, millisecondsAlone: middle(alone) };
  return { device: tagger.device, openSeconds, ...costs, memoryMB };
}

async function push(tagger: Tagger, pixels: Float32Array, frames: number): Promise<void> {
  const scores = await tagger.push(pixels.subarray(0, frames * 3 * tagger.size ** 2), frames);
  if (scores.length !== frames) throw new Error(`${scores.length} scores for ${frames} frames`);
}

/** Milliseconds of each of `times` runs. */
async function each(times: number, work: () => Promise<void>): Promise<number[]> {
  const spent: number[] = [];
  for (let i = 0; i < times; i++) {
    const begun = performance.now();
    await work();
    spent.push(performance.now() - begun);
  }
  return spent;
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

answerOnce(measure);

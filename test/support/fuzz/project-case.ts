/** Which spoilt project file a number stands for. */
import { spoilText } from './mutate-text.ts';
import type { ProjectSeed } from './project-seeds.ts';

/** Neighbours are of different kinds; the same number is always the same file. */
export function projectCase(seeds: readonly ProjectSeed[], number: number): { seed: ProjectSeed; bytes: Buffer } {
  const turns = seeds.flatMap((seed) => Array.from({ length: seed.share }, () => seed));
  const seed = turns[(number * 611_953) % turns.length]!;
  return { seed, bytes: spoilText(seed.bytes, seed.kind, number + 1) };
}

/** Which spoilt file a number stands for. */
import type { Seed } from './media-seeds.ts';
import { spoil } from './mutate-media.ts';
import type { Case } from './watched.ts';

export interface MediaCase {
  readonly seed: Seed;
  readonly bytes: Buffer;
  /** How it was spoilt. */
  readonly ways: readonly string[];
  readonly how: Case['ways'];
}

const WAYS: readonly Case['ways'][] = ['slow', 'library'];

/** The seeds take turns; of six films one is looked at as the library does, one is slowed, for the others that is planned. */
export function mediaCase(seeds: readonly Seed[], number: number): MediaCase {
  const seed = seeds[number % seeds.length]!;
  const other = seeds[(number * 7 + Math.floor(number / seeds.length)) % seeds.length]!;
  const { bytes, ways } = spoil(seed.bytes, number + 1, other.bytes);
  return { seed, bytes, ways, how: WAYS[Math.floor(number / seeds.length) % 6] ?? 'plan' };
}

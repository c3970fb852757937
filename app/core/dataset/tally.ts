/** What came of everything in a video that could have been taken. */
import { FLAWS, type Flaw } from './choose.ts';

/** Why three frames are not looked at. 'unlooked': enough others were. */
export const UNFIT = ['across a cut', 'with a repeat', 'uneven in time', 'unlooked'] as const;
export type Unfit = (typeof UNFIT)[number];

/** Counts. `sound` patches that were not `taken` were not needed. */
export interface Tally {
  readonly triples: { total: number } & Record<Unfit, number>;
  readonly patches: { tried: number; sound: number; taken: number } & Record<Flaw, number>;
}

export function emptyTally(): Tally {
  const zeros = <K extends string>(keys: readonly K[]) =>
    Object.fromEntries(keys.map((key) => [key, 0])) as Record<K, number>;
  return { triples: { total: 0, ...zeros(UNFIT) }, patches: { tried: 0, sound: 0, taken: 0, ...zeros(FLAWS) } };
}

/** Adds `more` to `sum`. */
export function addTally(sum: Tally, more: Tally): void {
  const add = <K extends string>(to: Record<K, number>, from: Record<K, number>): void => {
    for (const key of Object.keys(from) as K[]) to[key] += from[key];
  };
  add(sum.triples, more.triples);
  add(sum.patches, more.patches);
}

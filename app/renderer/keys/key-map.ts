/** What keys do, from a preset and the user's changes. */
import type { Settings } from '../../contract/settings.ts';
import { ACTIONS } from './actions.ts';
import { normalChord } from './chords.ts';
import { KEY_MAPS } from './presets.ts';

/** Action id to its chords, for every action of the table; changes win, and what is no chord is left out. */
export function keysOf({ preset, changed }: Settings['keys']): ReadonlyMap<string, readonly string[]> {
  const map = KEY_MAPS[preset];
  return new Map(
    ACTIONS.map(({ id }) => {
      const chords = Object.hasOwn(changed, id) ? changed[id]! : (map[id] ?? []);
      return [id, chords.flatMap((chord) => normalChord(chord) ?? [])];
    }),
  );
}

/** Chord to the actions that have it, in the order of the table. */
export function actionsByChord(keys: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, readonly string[]> {
  const by = new Map<string, string[]>();
  for (const [id, chords] of keys) for (const chord of chords) by.set(chord, [...(by.get(chord) ?? []), id]);
  return by;
}

/** Chords that more than one action has: only one of them can be meant. */
export function conflicts(keys: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, readonly string[]> {
  return new Map([...actionsByChord(keys)].filter(([, ids]) => ids.length > 1));
}

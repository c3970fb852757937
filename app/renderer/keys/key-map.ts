/** What keys do, from a preset and the user's changes. */
import type { Settings } from '../../contract/settings.ts';
import { ACTIONS, ALSO_IN_TAGS } from './actions.ts';
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

/**
 * [Note: two desks] Actions of the group Tags are offered while its view is shown, most others while it is not: A accepts a cut there and a span here. So a chord may have
 * two actions as long as they never meet.
 */
type Desk = 'tags' | 'editor';

const DESKS: ReadonlyMap<string, readonly Desk[]> = new Map(
  ACTIONS.map(({ id, group }) => {
    if (group === 'Tags') return [id, ['tags']];
    const everywhere = group === 'Views' || group === 'Help' || ALSO_IN_TAGS.has(id);
    return [id, everywhere ? ['tags', 'editor'] : ['editor']];
  }),
);

/** Chords that more than one action has where both are offered: only one of them can be meant. */
export function conflicts(keys: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, readonly string[]> {
  return new Map(
    [...actionsByChord(keys)].flatMap(([chord, ids]) => {
      const clash = ids.filter((id) => ids.some((other) => other !== id && meet(id, other)));
      return clash.length > 0 ? [[chord, clash] as const] : [];
    }),
  );
}

/** Whether the two are ever offered together. */
export function meet(one: string, other: string): boolean {
  const desks = DESKS.get(other) ?? [];
  return (DESKS.get(one) ?? []).some((desk) => desks.includes(desk));
}

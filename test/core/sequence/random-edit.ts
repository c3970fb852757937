/** Edits at random, for tests. */
import type { CurveKey, Ease } from '../../../app/contract/jobs.ts';
import type { Change, ProjectState } from '../../../app/contract/project.ts';
import * as edits from '../../../app/core/sequence/edits.ts';
import { sequenceLength } from '../../../app/core/sequence/geometry.ts';
import { SPEED_PRESETS } from '../../../app/core/sequence/presets.ts';
import { clip, linear } from './sequence-fixture.ts';

export type Random = (below: number) => number;

/** Edits that only decide where clips are and how much of them is shown. */
export const PLACING = ['split', 'ripple', 'lift', 'start', 'end', 'move', 'swap', 'insert', 'over', 'close'] as const;
/** Edits of speed, markers and what belongs to clips. */
export const RETIMING = ['keys', 'speed', 'preset', 'marker', 'unmark', 'remedy', 'cut', 'rate'] as const;

/** An edit such as a user might do, and its name. */
export function randomEdit(state: ProjectState, random: Random, kinds: readonly string[]): [string, Change[]] {
  const ids = Object.keys(state.clips);
  const id = ids[random(ids.length)] ?? 'none';
  const some = ids.filter(() => random(4) === 0);
  const at = random(sequenceLength(state) + 20);
  const delta = random(120) - 60;
  const ripple = random(2) === 0;
  const fresh = () => {
    const n = 1 + random(80);
    return clip(`n${random(1e9)}`, random(30), n, { keys: linear(n / 25) });
  };
  const kind = kinds[random(kinds.length)]!;
  const { rate } = state.settings;
  switch (kind) {
    case 'split':
      return [kind, edits.splitAt(state, at)];
    case 'ripple':
      return [kind, ids.length > 6 ? edits.rippleDelete(state, some) : []];
    case 'lift':
      return [kind, ids.length > 6 ? edits.lift(state, [id]) : []];
    case 'start':
      return [kind, edits.trimStart(state, id, delta, { ripple })];
    case 'end':
      return [kind, edits.trimEnd(state, id, delta, { ripple })];
    case 'move':
      return [kind, edits.moveClips(state, some, delta * 3, { how: 'overwrite' })];
    case 'swap':
      return [kind, edits.moveClips(state, some, delta * 3, { how: 'insert' })];
    case 'insert':
      return [kind, edits.insertClips(state, at, [fresh(), fresh()], 'insert')];
    case 'over':
      return [kind, edits.insertClips(state, at, [fresh()], 'overwrite')];
    case 'close':
      return [kind, edits.closeGap(state, at)];
    case 'keys':
      return [kind, edits.setKeys(state, id, randomKeys(random))];
    case 'speed':
      return [kind, edits.setSpeed(state, id, (random(2) ? 1 : -1) * ((1 + random(40)) / 10))];
    case 'preset':
      return [
        kind,
        edits.setKeys(state, id, SPEED_PRESETS[random(SPEED_PRESETS.length)]!.keys(0, random(5) + 0.3, rate)),
      ];
    case 'marker':
      return [kind, edits.addMarker(state, { frame: at, frames: 1 + random(3) * 20 })];
    case 'unmark':
      return [kind, edits.removeMarker(state, Object.keys(state.markers)[0] ?? '')];
    case 'remedy':
      return [kind, edits.setRemedy(state, id, random(1e9), random(3) ? 'hold' : null)];
    case 'cut':
      return [kind, edits.changeCut(state, id, random(5), (['add', 'remove', 'accept'] as const)[random(3)]!)];
    default: {
      const rates = [24, 25, 30, 60].map((num) => ({ num, den: 1 })).concat([{ num: 30_000, den: 1001 }]);
      return [kind, edits.changeSettings(state, { ...state.settings, rate: rates[random(rates.length)]! })];
    }
  }
}

function randomKeys(random: Random): CurveKey[] {
  let output = 0;
  return Array.from({ length: 2 + random(5) }, () => {
    const ease = (['hold', 'linear', 'smooth', 'bezier'] as Ease[])[random(4)]!;
    const key: CurveKey = { output, source: random(600) / 100, ease };
    output += (1 + random(300)) / 100;
    return ease === 'bezier' && random(2)
      ? { ...key, handles: [0.3, random(40) / 10 - 2, 0.7, random(40) / 10 - 2] }
      : key;
  });
}

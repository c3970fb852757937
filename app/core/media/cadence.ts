/**
 * How a shot is drawn: a new picture for every frame, every second, every third. [Note: cadence]
 *
 * Worked out from the holds and cuts that are known already; nothing is decoded for it. Of each shot the lengths of its pictures are counted, in
 * frames: the share of frames whose picture lasts one, two, three, four. What lasts longer than six frames is a rest, as drawings have between
 * moves, and says nothing of the cadence; nor do the first and the last picture, which the cuts may have shortened.
 * A repeat is one of the whole picture. Where a small part moves on ones over a still drawing (a mouth, smoke), or the background pans on ones
 * under a figure on twos, no frame repeats: the shot is on ones, its real frames are kept, and the figure still steps.
 * A shot in which nothing moves looks the same as one on ones: no frame of it is a hold, and none needs to be.
 */
import type { Cadence, ShotCadence } from '../../contract/library.ts';
import type { Hold } from './holds.ts';

/** Pictures that last longer rest. */
const LONGEST = 6;
/** Frames and pictures below which nothing is said. */
const LEAST_FRAMES = 8;
const LEAST_PICTURES = 4;
/** Share of the frames in motion that a cadence must have. */
const MOST = 0.7;
const NAMES: readonly Cadence[] = ['ones', 'twos', 'threes', 'fours'];

/** The cadence of each shot. `cuts` are the frames at which shots begin but the first; holds ascend and are apart. */
export function cadences(frames: number, cuts: readonly number[], holds: readonly Hold[]): ShotCadence[] {
  const shots: ShotCadence[] = [];
  let next = 0;
  const starts = [0, ...cuts.filter((cut) => cut > 0 && cut < frames)];
  for (const [i, first] of starts.entries()) {
    const end = starts[i + 1] ?? frames;
    const lengths: number[] = [];
    let at = first;
    while (at < end) {
      while (next < holds.length && holds[next]!.last <= at) next++;
      const hold = holds[next];
      // A hold that a cut divides belongs to both shots with its part.
      const length = hold && hold.first <= at ? Math.min(hold.last + 1, end) - at : 1;
      lengths.push(length);
      at += length;
    }
    shots.push({ first, frames: end - first, ...cadenceOf(lengths) });
  }
  return shots;
}

/** From the lengths of a shot's pictures in frames. */
export function cadenceOf(
  lengths: readonly number[],
): Pick<ShotCadence, 'cadence' | 'share' | 'regularity' | 'repeated'> {
  const frames = lengths.reduce((sum, length) => sum + length, 0);
  const repeated = frames === 0 ? 0 : (frames - lengths.length) / frames;
  const inner = lengths.length > 2 ? lengths.slice(1, -1) : lengths;
  const moving = inner.filter((length) => length <= LONGEST);
  const inMotion = moving.reduce((sum, length) => sum + length, 0);
  if (moving.length < LEAST_PICTURES || inMotion < LEAST_FRAMES) {
    return { cadence: 'none', share: 0, regularity: 0, repeated };
  }
  const shares = NAMES.map((_, i) => (i + 1) * moving.filter((length) => length === i + 1).length);
  const share = Math.max(...shares) / inMotion;
  let alike = 0;
  for (let i = 1; i < moving.length; i++) if (moving[i] === moving[i - 1]) alike++;
  return {
    cadence: share >= MOST ? NAMES[shares.indexOf(Math.max(...shares))]! : 'mixed',
    share,
    regularity: alike / (moving.length - 1),
    repeated,
  };
}

/** Shots that repeat fewer of their frames than this are not worth a word. */
const WORTH_TELLING = 0.1;

/** What a user should know of the shots of a retime, by what it does about repeated frames. One sentence for each cadence there is. */
export function cadenceNotes(
  shots: readonly ShotCadence[],
  { holds, maxHold }: { readonly holds: 'auto' | 'off'; readonly maxHold: number },
): string[] {
  const notes: string[] = [];
  for (const cadence of [...NAMES.slice(1), 'mixed'] as const) {
    const of = shots.flatMap((shot, i) => (shot.cadence === cadence && shot.repeated >= WORTH_TELLING ? [i + 1] : []));
    if (of.length === 0) continue;
    const which = shots.length === 1 ? 'The clip is' : `${listed(of)} ${of.length === 1 ? 'is' : 'are'}`;
    const how = cadence === 'mixed' ? 'drawn on a mixed cadence, some frames repeat' : `drawn on ${cadence}`;
    const them = of.length === 1 ? 'it' : 'them';
    const too = cadence !== 'mixed' && NAMES.indexOf(cadence) + 1 > maxHold;
    const made = cadence === 'mixed' ? `every frame of ${them} new` : `${them} ones`;
    let then = `frames are made in place of the repeats.`;
    if (holds === 'off') then = `--holds auto makes ${made}.`;
    else if (too) then = `--max-hold ${maxHold} leaves ${them} so.`;
    notes.push(`${which} ${how}: ${then}`);
  }
  return notes;
}

/** 'Shots 1, 3 to 5 and 9'; beyond a dozen places the rest is counted. */
function listed(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const n of numbers) {
    const last = runs.at(-1);
    if (last && last[1] === n - 1) last[1] = n;
    else runs.push([n, n]);
  }
  const places = runs
    .slice(0, 12)
    .flatMap(([a, b]) => (a === b ? [`${a}`] : b === a + 1 ? [`${a}`, `${b}`] : [`${a} to ${b}`]));
  const told = runs.slice(0, 12).reduce((sum, [a, b]) => sum + b - a + 1, 0);
  if (told < numbers.length) places.push(`${numbers.length - told} more`);
  const text = places.length === 1 ? places[0]! : `${places.slice(0, -1).join(', ')} and ${places.at(-1)!}`;
  return `${numbers.length === 1 ? 'Shot' : 'Shots'} ${text}`;
}

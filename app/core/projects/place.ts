/** Putting clips of the library into a sequence. */
import type { Change, ProjectState, ProjectUpdate, SequenceSettings, TimelineClip } from '../../contract/project.ts';
import type { Rational } from '../../contract/time.ts';
import type { Library } from '../library/db.ts';
import { applyChanges } from '../sequence/apply.ts';
import { changesBetween, changeSettings, clockKeys, insertClips, newId } from '../sequence/edits.ts';
import { retimeFrames, sequenceLength } from '../sequence/geometry.ts';
import { toNumber } from '../time/rational.ts';
import { measureClip, type MeasuredClip } from './clip-measure.ts';
import { editProject, projectState } from './edit.ts';
import { projectRow } from './rows.ts';
import { settingsOf } from './settings.ts';

/** A clip of the library, and the part of it that is to be shown, in seconds of its source; all of it unless given. */
export interface Placed {
  readonly media: string;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

export interface PlaceOptions {
  readonly version: number;
  readonly clips: readonly Placed[];
  /** Frame of the sequence; not looked at when appending. */
  readonly at: number;
  readonly how: 'insert' | 'append';
  readonly engine: string;
  readonly signal: AbortSignal;
}

/**
 * Puts clips in, one after another, as one edit. The first clip of a project whose settings nobody has said decides them. Throws what measureClip and
 * editProject throw.
 */
export async function placeClips(db: Library, id: string, options: PlaceOptions): Promise<ProjectUpdate> {
  const measured = new Map<string, MeasuredClip>();
  for (const { media } of options.clips) {
    if (!measured.has(media)) measured.set(media, await measureClip(db, media, options.signal));
  }
  return db.write(() => {
    const { state } = projectState(db, id);
    const first = options.clips[0] && measured.get(options.clips[0].media);
    const open = projectRow(db, id).settingsFromClip && Object.keys(state.clips).length === 0;
    const settings = open && first ? settingsOf(first) : state.settings;
    const clips = options.clips.map((one) => newClip(measured.get(one.media)!, settings.rate, options.engine, one));
    const changes = placing(state, settings, clips, options);
    const label = clips.length === 1 ? 'Add clip' : `Add ${clips.length} clips`;
    return editProject(db, id, options.version, { label, changes });
  });
}

function placing(
  state: ProjectState,
  settings: SequenceSettings,
  clips: readonly TimelineClip[],
  { at, how }: Pick<PlaceOptions, 'at' | 'how'>,
): Change[] {
  const conformed = changeSettings(state, settings);
  const next = applyChanges(state, conformed);
  const where = how === 'append' ? sequenceLength(next) : at;
  return changesBetween(state, applyChanges(next, insertClips(next, where, clips, 'insert')));
}

/** A timeline clip, at frame 0, that plays a clip of the library at its own speed; a part of it can be made longer again. */
export function newClip(
  { id, name, duration, info }: Pick<MeasuredClip, 'id' | 'name' | 'duration' | 'info'>,
  rate: Rational,
  engine: string,
  part: { from?: number | undefined; to?: number | undefined } = {},
): TimelineClip {
  const keys = clockKeys(info.recorded, undefined, { from: 0, to: duration }, rate);
  const total = retimeFrames(keys, rate);
  const frame = (seconds: number) => Math.round(seconds * toNumber(rate));
  const first = Math.min(Math.max(frame(part.from ?? 0), 0), total - 1);
  const end = part.to === undefined ? total : Math.min(Math.max(frame(part.to), first + 1), total);
  return {
    ...{ id: newId(), media: id, name: name.slice(0, 1000), start: 0, keys, first, frames: end - first, engine },
    ...{ audio: 'auto', cuts: { auto: true, added: [], removed: [], accepted: [] }, holds: 'auto', maxHold: 6 },
    ...{ shutter: 0, remedies: [] },
  };
}

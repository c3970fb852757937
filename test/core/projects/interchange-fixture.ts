/** A sequence that uses everything an interchange format might lose. */
import type { CurveKey } from '../../../app/contract/jobs.ts';
import type { ProjectState, TimelineClip } from '../../../app/contract/project.ts';
import type { Rational } from '../../../app/contract/time.ts';
import type { BuildMedia } from '../../../app/core/projects/interchange/build.ts';
import { buildState } from '../../../app/core/projects/interchange/build.ts';
import type { ForeignSequence } from '../../../app/core/projects/interchange/foreign.ts';
import type { Outgoing, OutgoingMedia } from '../../../app/core/projects/interchange/outgoing.ts';
import { applyChanges } from '../../../app/core/sequence/apply.ts';
import { addMarker, changeCut, speedKeys, wholeKeys } from '../../../app/core/sequence/edits.ts';
import { clipsInOrder } from '../../../app/core/sequence/geometry.ts';
import { clip, sequence } from '../sequence/sequence-fixture.ts';

export const NAMES = [
  'plain.mov',
  'half & "slow" <1>.mp4',
  "it's ünï – 日本.mkv",
  'back.mov',
  'freeze.mov',
  'curve.mov',
];

export function media(rate: Rational, timecode?: OutgoingMedia['timecode']): Map<string, OutgoingMedia> {
  const all = NAMES.map((name, i): OutgoingMedia => ({
    ...{
      id: `m${i}`,
      name,
      path: `/clips/a b/${name}`,
      hash: null,
      bytes: 1,
      duration: (400 * rate.den) / rate.num,
      rate,
    },
    ...{ size: { width: 1920, height: 1080 }, sound: { channels: 2, sampleRate: 48_000 }, timecode, tags: ['holiday'] },
  }));
  return new Map(all.map((one) => [one.id, one]));
}

/** Plain, half speed, four times, backwards, a freeze, a curve; a gap; markers, a stretch, a cut. */
export function everything(rate: Rational): Outgoing {
  const seconds = (400 * rate.den) / rate.num;
  const at = (speed: number) => speedKeys({ from: 0, to: seconds }, speed, rate);
  const second = rate.num / rate.den;
  const curve: CurveKey[] = [
    { output: 0, source: 0, ease: 'smooth' },
    { output: 100 / second, source: 40 / second, ease: 'bezier', handles: [0.3, 0.1, 0.6, 0.9] },
    { output: 200 / second, source: 240 / second, ease: 'linear' },
    { output: 260 / second, source: 400 / second, ease: 'linear' },
  ];
  const still: CurveKey[] = [
    { output: 0, source: 50 / second, ease: 'hold' },
    { output: 30 / second, source: 50 / second, ease: 'hold' },
  ];
  const rows: [CurveKey[], number, number][] = [
    [at(1), 10, 90],
    [at(0.5), 31, 100],
    [at(4), 5, 60],
    [at(-1), 100, 80],
    [still, 0, 30],
    [curve, 20, 200],
  ];
  let start = 0;
  const clips = rows.map(([keys, first, frames], i) => {
    const one = clip(`c${i}`, start, frames, { keys: wholeKeys(keys, rate), first, media: `m${i}`, name: NAMES[i]! });
    start += frames + (i === 1 ? 12 : 0);
    return one;
  });
  let state = sequence(clips, rate);
  const edit = (change: (now: ProjectState) => Parameters<typeof applyChanges>[1]) => {
    state = applyChanges(state, change(state));
  };
  edit((now) => addMarker(now, { frame: 5, name: 'first & <best>', colour: 'red' }));
  edit((now) => addMarker(now, { frame: 195, name: 'in the gap', colour: 'green' }));
  edit((now) => addMarker(now, { frame: 150, frames: 60, name: 'a stretch', colour: 'purple' }));
  edit((now) => addMarker(now, { frame: 700, name: 'behind the end', colour: 'blue' }));
  edit((now) => changeCut(now, 'c0', 50 / second, 'add'));
  return { name: 'Everything & more', state, media: media(rate) };
}

/** What was read, built with the media that were written. */
export function rebuilt(foreign: ForeignSequence, out: Outgoing): ProjectState {
  const found = foreign.clips.map((one): BuildMedia => {
    const file = [...out.media.values()].find(({ name }) => name === one.media.name);
    if (!file) throw new Error(`No media named ${one.media.name}`);
    const timecode = file.timecode ? (file.timecode.frames * file.rate!.den) / file.rate!.num : 0;
    return { id: file.id, duration: file.duration, timecode };
  });
  return buildState(foreign, { settings: out.state.settings, media: found, engine: 'glide' }).state;
}

export const inOrder = (state: ProjectState): TimelineClip[] => clipsInOrder(state);
export const markersOf = (state: ProjectState): unknown[] =>
  Object.values(state.markers)
    .map(({ frame, frames, name, colour }) => [frame, frames, name, colour])
    .toSorted((a, b) => Number(a[0]) - Number(b[0]));

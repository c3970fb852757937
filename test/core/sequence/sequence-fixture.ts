/** Sequences to edit in tests. */
import type { CurveKey } from '../../../app/contract/jobs.ts';
import type { ProjectState, TimelineClip } from '../../../app/contract/project.ts';
import type { Rational } from '../../../app/contract/time.ts';
import { speedKeys } from '../../../app/core/sequence/edits.ts';

export const RATE: Rational = { num: 25, den: 1 };

export function linear(seconds: number, speed = 1, rate = RATE): CurveKey[] {
  return speedKeys({ from: 0, to: seconds }, speed, rate);
}

export function clip(id: string, start: number, frames: number, more: Partial<TimelineClip> = {}): TimelineClip {
  const keys = more.keys ?? linear(frames / 25);
  return {
    ...{ id, media: `media-${id}`, name: id, start, keys, first: 0, frames, engine: 'glide', audio: 'auto' },
    ...{
      cuts: { auto: true, added: [], removed: [], accepted: [] },
      holds: 'auto',
      maxHold: 4,
      shutter: 0,
      remedies: [],
    },
    ...more,
  };
}

/** A sequence of these clips. */
export function sequence(clips: readonly TimelineClip[], rate = RATE): ProjectState {
  return {
    settings: {
      ...{ rate, width: 1920, height: 1080, pixelFormat: 'yuv420p', colour: { range: 'limited', matrix: 'bt709' } },
      ...{ sampleRate: 48_000, channels: 2 },
    },
    clips: Object.fromEntries(clips.map((one) => [one.id, one])),
    markers: {},
  };
}

/** The same random numbers every time. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** 'a 0+10@0, b ...': id, start, frames and first frame of the retime. */
export function layout(state: ProjectState): string {
  return Object.values(state.clips)
    .toSorted((a, b) => a.start - b.start)
    .map(({ id, start, frames, first }) => `${id.length > 8 ? '*' : id} ${start}+${frames}@${first}`)
    .join(', ');
}

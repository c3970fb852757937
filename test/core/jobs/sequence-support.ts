/** Sequences for tests. */
import type { SequenceClip, SequenceSpec } from '../../../app/contract/jobs.ts';
import type { SequenceSettings } from '../../../app/contract/project.ts';

export const SETTINGS: SequenceSettings = {
  rate: { num: 25, den: 1 },
  width: 160,
  height: 90,
  pixelFormat: 'yuv420p',
  colour: { range: 'limited', matrix: 'bt709', primaries: 'bt709', transfer: 'bt709' },
  sampleRate: 48_000,
  channels: 2,
};

/** `frames` frames of `input` at `speed`, in a sequence of 25 frames a second unless `changes` say otherwise. */
export function sequenceClip(
  input: string,
  start: number,
  frames: number,
  speed = 1,
  changes: Partial<SequenceClip> = {},
): SequenceClip {
  return {
    id: `clip-${start}`,
    media: 'media',
    name: input,
    start,
    keys: [
      { output: 0, source: 0, ease: 'linear' },
      { output: frames / 25, source: (frames / 25) * speed, ease: 'linear' },
    ],
    first: 0,
    frames,
    engine: 'blend',
    audio: 'auto',
    cuts: { auto: true, added: [], removed: [], accepted: [] },
    holds: 'off',
    maxHold: 2,
    shutter: 0,
    remedies: [],
    input,
    ...changes,
  };
}

/** The whole of a sequence of `clips`. */
export function sequenceSpec(clips: SequenceClip[], output: string, changes: Partial<SequenceSpec> = {}): SequenceSpec {
  return {
    kind: 'sequence',
    title: 'A test',
    settings: SETTINGS,
    clips,
    from: 0,
    to: Math.max(...clips.map((clip) => clip.start + clip.frames)),
    output,
    codec: 'h264',
    force: false,
    ...changes,
  };
}

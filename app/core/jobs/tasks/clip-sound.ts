/** The sound of clips: each led through its own time map, in the sequence's rate and channels. */
import type { TimeMap } from '../../time/map.ts';
import { renderAudio } from '../../media/audio/render.ts';
import { toNumber } from '../../time/rational.ts';
import type { ClipPlan } from './clip-plan.ts';

/** The map of `frames` frames of a retime from frame `first` on, at `rate` frames a second. */
export function windowMap({ map, rate }: ClipPlan['frames'], first: number, frames: number): TimeMap {
  const perSecond = toNumber(rate!);
  const [start, duration] = [first / perSecond, frames / perSecond];
  const later = map.pieces.filter((piece) => piece > start && piece < start + duration);
  return {
    duration,
    pieces: [0, ...later.map((piece) => piece - start)],
    sourceAt: (output) => map.sourceAt(start + output),
  };
}

export interface ClipSoundOptions {
  /** Frames of the clip's retime. */
  readonly first: number;
  readonly frames: number;
  readonly sampleRate: number;
  /** The WAV file to write; a scratch file lives beside it meanwhile. */
  readonly to: string;
  readonly signal: AbortSignal;
  readonly onProgress?: (fraction: number) => void;
}

/** Writes the sound of a part of a clip that has one, with its source's channels. Samples of each channel. Throws as renderAudio. */
export async function renderClipSound(
  { sound, source, frames }: ClipPlan,
  { first, frames: count, ...options }: ClipSoundOptions,
): Promise<{ samples: number; channels: number }> {
  return await renderAudio({
    path: source.info.path,
    stream: sound!.stream,
    mode: sound!.mode,
    map: windowMap(frames, first, count),
    sourceStart: source.facts.index.start,
    ...options,
  });
}

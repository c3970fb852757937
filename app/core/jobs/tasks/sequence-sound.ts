/** The sound of a sequence: that of its clips one after another, exactly as long as the picture. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RetimeResult } from '../../../contract/jobs.ts';
import { SoundJoiner } from '../../media/audio/join.ts';
import { mulDivRound } from '../../time/rational.ts';
import type { ClipPlan } from './clip-plan.ts';
import { renderClipSound } from './clip-sound.ts';
import type { SequencePlan } from './sequence-plan.ts';

/** What is heard in one go: a clip, or clips that were one before they were split. Frames of the sequence. */
interface Stretch {
  readonly clip: ClipPlan;
  readonly start: number;
  end: number;
}

/**
 * The clips that are heard, what belongs together put together: where a clip goes on as the one before it left off, the sound is made in one piece, so that
 * nobody hears a split.
 */
export function soundStretches({ spec, clips }: SequencePlan): Stretch[] {
  const stretches: Stretch[] = [];
  let before: ClipPlan | undefined;
  for (const clip of clips) {
    const start = Math.max(clip.clip.start, spec.from);
    const end = Math.min(clip.clip.start + clip.clip.frames, spec.to);
    const last = stretches.at(-1);
    if (clip.sound) {
      if (last && before?.sound && last.end === start && goesOn(before, clip)) last.end = end;
      else stretches.push({ clip, start, end });
    }
    before = clip;
  }
  return stretches;
}

function goesOn({ clip: a, sound: as }: ClipPlan, { clip: b, sound: bs }: ClipPlan): boolean {
  const same = a.input === b.input && as?.mode === bs?.mode && as?.mode !== 'original';
  const joined = a.start + a.frames === b.start && a.first + a.frames === b.first;
  return same && joined && JSON.stringify(a.keys) === JSON.stringify(b.keys);
}

/** Writes the sound of a sequence that has any into `scratch`. Throws as renderAudio. */
export async function renderSequenceSound(
  plan: SequencePlan,
  { scratch, signal }: { readonly scratch: string; readonly signal: AbortSignal },
  onProgress: (fraction: number) => void,
): Promise<{ path: string; channels: number; seconds: number }> {
  const { rate, sampleRate, channels } = plan.spec.settings;
  const { from, to } = plan.spec;
  const sampleOf = (frame: number): number => mulDivRound(frame - from, sampleRate * rate.den, rate.num);
  const path = join(scratch, 'sound.wav');
  const part = join(scratch, 'clip.wav');
  const joiner = await SoundJoiner.open(path, sampleRate, channels);
  try {
    for (const { clip, start, end } of soundStretches(plan)) {
      const made = await renderClipSound(clip, {
        first: start - clip.clip.start + clip.clip.first,
        frames: end - start,
        sampleRate,
        to: part,
        signal,
        onProgress: (fraction) => onProgress((start - from + fraction * (end - start)) / (to - from)),
      });
      await joiner.add({ path: part, channels: made.channels, start: sampleOf(start), end: sampleOf(end) });
      await rm(part, { force: true });
    }
    await joiner.silence(sampleOf(to));
  } catch (error) {
    await joiner.abandon();
    throw error;
  }
  const samples = await joiner.close();
  return { path, channels, seconds: samples / sampleRate };
}

/** What became of the sound, in a word. */
export function soundMode({ clips, output }: SequencePlan): RetimeResult['audio'] {
  const modes = new Set(clips.flatMap((clip) => clip.sound?.mode ?? []));
  if (output.audio === undefined || modes.size === 0) {
    return clips.some(({ source }) => source.info.audio.length > 0) && !output.container.images ? 'mute' : 'none';
  }
  return modes.size === 1 ? [...modes][0]! : 'mixed';
}

/** Everything but the picture of a retime: its sounds made, its other tracks made ready, and what could not be. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RetimeResult, TrackFate } from '../../../contract/jobs.ts';
import { toAppError } from '../../../contract/errors.ts';
import { TICKS } from '../../../contract/time.ts';
import { audioBytes, renderAudio } from '../../media/audio/render.ts';
import type { MuxAudio } from '../../media/mux.ts';
import { leftOut, trackNotes, withFailed, type PlannedSound } from '../../media/tracks/plan.ts';
import { prepareTracks, type ReadyTracks } from '../../media/tracks/prepare.ts';
import type { Report } from './report.ts';
import type { RetimePlan } from './retime-plan.ts';

interface Room {
  readonly scratch: string;
  readonly signal: AbortSignal;
}

/** Reads and retimes what there is beside picture and sound. Throws the signal's reason, disk-full. */
export async function readyTracks(
  { info, facts, frames, output, tracks }: RetimePlan,
  room: Room,
): Promise<ReadyTracks> {
  const origin = facts.index.start / TICKS;
  return await prepareTracks(tracks, { info, container: output.container.name, map: frames.map, origin, ...room });
}

/** Bytes of scratch that the sounds take: every one is kept until the file is written, what it was made of is not. */
export function soundBytes({ tracks, frames }: RetimePlan): number {
  const each = tracks.sounds.map(({ stream, mode }) => audioBytes({ stream, map: frames.map, mode }));
  return each.reduce((sum, { output }) => sum + output, 0) + Math.max(0, ...each.map(({ scratch }) => scratch));
}

export interface MadeSound extends MuxAudio {
  readonly seconds: number;
}

export interface MadeSounds {
  readonly sounds: readonly MadeSound[];
  /** Sounds that could not be decoded after all. */
  readonly failed: readonly TrackFate[];
}

/** Makes every sound. One that cannot be decoded is left out, by name. Throws disk-full, ffmpeg-missing, or the signal's reason. */
export async function makeSounds(plan: RetimePlan, room: Room, report: Report): Promise<MadeSounds> {
  const made: MadeSound[] = [];
  const failed: TrackFate[] = [];
  const { sounds } = plan.tracks;
  const { duration } = plan.frames.map;
  for (const [i, sound] of sounds.entries()) {
    const to = join(room.scratch, `sound-${i}.wav`);
    try {
      const done = (fraction: number) =>
        report('sound', (i + fraction) * duration, sounds.length * duration, 'seconds');
      made.push(await makeSound(plan, sound, to, room.signal, done));
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.code !== 'decode-failed') throw error;
      await rm(to, { force: true });
      failed.push(leftOut(sound.what, 'it cannot be decoded'));
    }
  }
  return { sounds: made, failed };
}

async function makeSound(
  { info, facts, frames }: RetimePlan,
  { stream, mode }: PlannedSound,
  to: string,
  signal: AbortSignal,
  onProgress: (fraction: number) => void,
): Promise<MadeSound> {
  const { samples, sampleRate, channels } = await renderAudio({
    ...{ path: info.path, stream, map: frames.map, mode, sourceStart: facts.index.start, to, signal, onProgress },
  });
  const { language, title, handler, dispositions = [] } = stream;
  const labels = { ...(language && { language }), ...(title && { title }), ...(handler && { handler }), dispositions };
  return { path: to, channels, seconds: samples / sampleRate, ...labels };
}

/** What the result says of tracks: of all of them, of the sound, and what only came out while they were made. */
export function trackResult(
  { tracks, silence }: RetimePlan,
  ready: ReadyTracks,
  { sounds, failed }: MadeSounds,
): Pick<RetimeResult, 'audio' | 'tracks'> {
  return {
    audio: sounds.length > 0 ? tracks.sounds[0]!.mode : silence,
    tracks: withFailed(tracks.fates, [...ready.failed, ...failed]),
  };
}

/** Notes of what came out while the tracks were made. */
export function lateNotes(ready: ReadyTracks, sounds?: MadeSounds): string[] {
  return sounds ? trackNotes({ fates: sounds.failed }) : [...ready.notes, ...trackNotes({ fates: ready.failed })];
}

/**
 * Opus begins with 312 samples that are not heard, and Matroska says how many. ffmpeg 5.1 says so and yet does not move the packets: the sound
 * comes 6.5 ms early. Other versions move them. What this one does is tried out once and remembered.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileUrl, locateFfmpeg, runFfmpeg } from './ffmpeg.ts';
import { remembered } from './ffmpeg-memory.ts';
import { readPackets } from './packets.ts';

const DELAY_SECONDS = 312 / 48_000;

const tried = new Map<string, Promise<number>>();

/** Seconds by which Opus must be delayed to be in time in a Matroska file of the located ffmpeg: 0 or 0.0065. */
export async function opusDelay(): Promise<number> {
  const { path } = await locateFfmpeg();
  const known = tried.get(path);
  if (known) return await known;
  const trial = remembered(path, ['opus-delay'], async () => String(await tryOut())).then(Number);
  tried.set(path, trial);
  trial.catch(() => tried.delete(path));
  return await trial;
}

async function tryOut(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'inbetween-opus-'));
  try {
    const file = join(folder, 'silence.mkv');
    const silence = ['-f', 's16le', '-ar', '48000', '-ac', '1', '-i', 'pipe:0'];
    const to = ['-c:a', 'libopus', '-avoid_negative_ts', 'disabled', '-f', 'matroska', fileUrl(file)];
    await runFfmpeg([...silence, ...to], { input: new Uint8Array(9600) });
    const [stream] = await readPackets(file);
    const first = ((stream?.times[0] ?? 0) * (stream?.timeBase.num ?? 1)) / (stream?.timeBase.den ?? 1000);
    return first < -1.5 * DELAY_SECONDS ? DELAY_SECONDS : 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `setup`: fetches an ffmpeg where the machine has none, or says why it cannot. */
import { AppError } from '../../contract/errors.ts';
import { fetchFfmpegStatic } from '../../core/media/ffmpeg-fetch.ts';
import { forgetFfmpeg, locateFfmpeg } from '../../core/media/ffmpeg.ts';
import type { FfmpegBuild } from '../../core/media/ffmpeg.ts';
import type { Verb } from '../verb.ts';

/** A slow line gets this long for 30 MB. */
const FETCH_MS = 180_000;

export const setup: Verb = {
  name: 'setup',
  summary: 'Fetch an ffmpeg where the machine has none, and say which one is used',
  usage: 'setup [--json]   (INBETWEEN_OFFLINE=1 fetches nothing)',
  async run(args, io) {
    if (args.length > 0) throw new AppError('usage', `setup takes no '${args[0]}'.`);
    const before = await locateFfmpeg().catch((error: unknown) => {
      if (error instanceof AppError && error.code === 'ffmpeg-missing') return undefined;
      throw error;
    });
    let reason: string | undefined;
    let build: FfmpegBuild | undefined = before;
    if (!before || before.origin === '@ffmpeg-installer') {
      io.err("Fetching ffmpeg-static's binary ...");
      const fetched = await fetchFfmpegStatic({
        env: process.env,
        timeoutMs: FETCH_MS,
        again: true,
        signal: io.signal,
      });
      io.signal.throwIfAborted();
      reason = fetched.reason;
      forgetFfmpeg();
      build = await locateFfmpeg();
    }
    if (!build) throw new AppError('ffmpeg-missing', reason ?? 'There is no ffmpeg.');
    const { path, version, origin, ffprobe, notes } = build;
    if (io.json) {
      io.out(
        JSON.stringify({ ffmpeg: { path, version, origin, ffprobe: ffprobe ?? null }, notes, reason: reason ?? null }),
      );
      return 0;
    }
    if (reason) io.out(reason);
    io.out(`ffmpeg ${version} is used: ${path} (${origin}).`);
    for (const note of notes) if (note !== reason) io.out(note);
    return 0;
  },
};

/** `setup`: fetches an ffmpeg where the machine has none, or says why it cannot; `setup cuda` what CUDA needs. */
import { AppError, EXIT_STATUS } from '../../contract/errors.ts';
import { fetchFfmpegStatic } from '../../core/media/ffmpeg-fetch.ts';
import { forgetFfmpeg, locateFfmpeg } from '../../core/media/ffmpeg.ts';
import type { FfmpegBuild } from '../../core/media/ffmpeg.ts';
import { examineDevices, type DeviceReport } from '../../core/nn/devices.ts';
import { refusal } from '../../core/nn/trial.ts';
import { installCuda } from '../../core/nn/cuda-install.ts';
import type { Verb, VerbIo } from '../verb.ts';

/** A slow line gets this long for 30 MB. */
const FETCH_MS = 180_000;
/** And this long for 300 MB. */
const CUDA_MS = 1800_000;

export const setup: Verb = {
  name: 'setup',
  summary: 'Fetch an ffmpeg where the machine has none, and say which one is used',
  usage: `setup [--json]        an ffmpeg, where there is none
setup cuda [--json]   ONNX Runtime's libraries for CUDA and TensorRT (Linux on x64; CUDA 12 and cuDNN 9 are NVIDIA's);
                      ends with 4 where networks do not run with them

  INBETWEEN_OFFLINE=1 fetches nothing.`,
  async run(args, io) {
    if (args.length === 1 && args[0] === 'cuda') return await setupCuda(io);
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

/** Fetches the libraries, then says whether networks run with them; 4 where they do not. */
async function setupCuda(io: VerbIo): Promise<number> {
  io.err("Fetching ONNX Runtime's libraries for CUDA ...");
  const libraries = await installCuda({ env: process.env, timeoutMs: CUDA_MS, signal: io.signal });
  const devices = (await examineDevices(1, io.signal)).filter(
    ({ device }) => device === 'cuda' || device === 'tensorrt',
  );
  const works = worksOn(devices);
  if (io.json) io.out(JSON.stringify({ libraries, devices, works }));
  else for (const line of describeCuda(libraries, devices)) io.out(line);
  return works ? 0 : EXIT_STATUS.failed;
}

type Tried = Pick<DeviceReport, 'device' | 'reason'>;

/** Whether one of them runs networks, which is what the libraries are for. */
export function worksOn(devices: readonly Tried[]): boolean {
  return devices.some(({ reason }) => reason === undefined);
}

/** What was fetched, what became of each device, and, where none works, that. */
export function describeCuda(libraries: readonly string[], devices: readonly Tried[]): string[] {
  const lines = devices.map(({ device, reason }) =>
    reason === undefined ? `${device} works.` : refusal(device, reason),
  );
  const none =
    'The libraries are there, but no network runs on CUDA or TensorRT here: put right what is said above, then run this again (inbetween doctor tries all devices).';
  return [...libraries, ...lines, ...(worksOn(devices) ? [] : [none])];
}

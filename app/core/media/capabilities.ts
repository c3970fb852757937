/** What an ffmpeg can do: its lists parsed, and trial encodes, since a listed encoder may still not work (no GPU, no licence). */
import { locateFfmpeg, runFfmpeg } from './ffmpeg.ts';
import type { FfmpegBuild } from './ffmpeg.ts';
import { listing } from './ffmpeg-listing.ts';
import { remembered } from './ffmpeg-memory.ts';

export interface FfmpegPixelFormat {
  readonly components: number;
  readonly bitsPerPixel: number;
  /** swscale reads and writes it. */
  readonly input: boolean;
  readonly output: boolean;
  readonly hardware: boolean;
}

/** One build's lists, by ffmpeg's names. `decodes` and `encodes` are codec names as ffprobe says them ('hevc'). */
export interface Capabilities {
  readonly build: FfmpegBuild;
  readonly decodes: ReadonlySet<string>;
  readonly encodes: ReadonlySet<string>;
  readonly decoders: ReadonlySet<string>;
  readonly encoders: ReadonlySet<string>;
  readonly filters: ReadonlySet<string>;
  readonly muxers: ReadonlySet<string>;
  readonly demuxers: ReadonlySet<string>;
  readonly bsfs: ReadonlySet<string>;
  readonly pixelFormats: ReadonlyMap<string, FfmpegPixelFormat>;
  /** The option that keeps every frame with its own time: ['-fps_mode', 'passthrough'], '-vsync' before ffmpeg 5.1. */
  readonly passthrough: readonly string[];
  /** Demuxers that open nothing but the file they are given ([Note: hostile names]). */
  readonly safeDemuxers: readonly string[];
}

/** Demuxers that open further files, devices or addresses named by the file, or that go by a name rather than a file's content. */
const OPENING_DEMUXERS = new Set(
  `image2 applehttp avisynth concat concatf dash hls imf lavfi libcdio libdc1394 libopenmpt msnwc_tcp rtp rtsp sap sdp srt_live
  tedcaptions tty vapoursynth webm_dash_manifest alsa android_camera avfoundation bktr caca decklink dshow fbdev gdigrab
  iec61883 jack kmsgrab openal oss pulse sndio v4l2 video4linux2 vfwcap x11grab xcbgrab`.split(/\s+/),
);

const known = new Map<string, Promise<Capabilities>>();

/** The capabilities of `build` (default: the located one), asked once for each binary; a failure is forgotten. Throws ffmpeg-missing, ffmpeg-failed. */
export async function capabilities(build?: FfmpegBuild): Promise<Capabilities> {
  const of = build ?? (await locateFfmpeg());
  const found = known.get(of.path);
  if (found) return await found;
  const asked = ask(of).catch((error: unknown) => {
    known.delete(of.path);
    throw error;
  });
  known.set(of.path, asked);
  return await asked;
}

async function ask(build: FfmpegBuild): Promise<Capabilities> {
  const list = async (name: string): Promise<string[]> => (await listing([`-${name}`], build)).split(/\r?\n/);
  const codecs = await list('codecs');
  const [decoders, encoders] = [await list('decoders'), await list('encoders')];
  const [filters, formats] = [await list('filters'), await list('formats')];
  const [bsfs, pixelFormats] = [await list('bsfs'), await list('pix_fmts')];
  const help = await listing(['-h', 'long'], build);
  const demuxers = column(formats, /^ D[ .E][ d.]? *([\w,]+) /);
  return {
    build,
    decodes: column(codecs, /^ D[.E][VASDT.][.I][.L][.S] (\w+) /),
    encodes: column(codecs, /^ [.D]E[VASDT.][.I][.L][.S] (\w+) /),
    decoders: column(decoders, /^ [VASD][A-Z.]{5} (\w\S*) /),
    encoders: column(encoders, /^ [VASD][A-Z.]{5} (\w\S*) /),
    filters: column(filters, /^ [A-Z.]{2,3} (\w+) +[AVN|]+->[AVN|]+ /),
    muxers: column(formats, /^ [ .D]E[ d.]? *([\w,]+) /),
    demuxers,
    bsfs: new Set(bsfs.map((line) => line.trim()).filter((line) => /^\w+$/.test(line))),
    pixelFormats: readPixelFormats(pixelFormats),
    passthrough: /^-fps_mode\b/m.test(help) ? ['-fps_mode', 'passthrough'] : ['-vsync', '0'],
    safeDemuxers: [...demuxers].filter((name) => !OPENING_DEMUXERS.has(name)),
  };
}

/** The first group of every line that matches, names joined by commas taken apart. */
function column(lines: readonly string[], pattern: RegExp): Set<string> {
  const names = new Set<string>();
  for (const line of lines) {
    const name = pattern.exec(line)?.[1];
    if (name) for (const one of name.split(',')) names.add(one);
  }
  return names;
}

function readPixelFormats(lines: readonly string[]): Map<string, FfmpegPixelFormat> {
  const formats = new Map<string, FfmpegPixelFormat>();
  for (const line of lines) {
    const match = /^([I.])([O.])([H.])[P.][B.] (\w+) +(\d+) +(\d+)/.exec(line);
    if (!match?.[4]) continue;
    formats.set(match[4], {
      input: match[1] === 'I',
      output: match[2] === 'O',
      hardware: match[3] === 'H',
      components: Number(match[5]),
      bitsPerPixel: Number(match[6]),
    });
  }
  return formats;
}

const trials = new Map<string, Promise<{ works: boolean; reason?: string }>>();

/** Encoders of a device and its driver, which come and go. */
const HARDWARE = /_(nvenc|qsv|vaapi|amf|videotoolbox|v4l2m2m|omx|mf|vulkan|rkmpp|mediacodec|d3d12va)$/;

/**
 * Whether the encoder `name` (of video or audio) really encodes: two frames of grey or a tenth of a second of silence through it, once a process; that
 * one without a device works is remembered. `reason` is ffmpeg's word when it does not. Never throws for an encoder that fails.
 */
export async function encoderTrial(name: string, build?: FfmpegBuild): Promise<{ works: boolean; reason?: string }> {
  const of = build ?? (await locateFfmpeg());
  const key = `${of.path}\n${name}`;
  const found = trials.get(key);
  if (found) return await found;
  const tried = trial(name, of);
  trials.set(key, tried);
  return await tried;
}

/** `encoderTrial` as yes or no. */
export async function encoderWorks(name: string, build?: FfmpegBuild): Promise<boolean> {
  return (await encoderTrial(name, build)).works;
}

async function trial(name: string, build: FfmpegBuild): Promise<{ works: boolean; reason?: string }> {
  let reason = '';
  const ask = async (): Promise<string | undefined> => {
    const failure = await encode(name, build);
    reason = failure ?? '';
    return failure === undefined ? 'yes' : undefined;
  };
  const works = HARDWARE.test(name) ? await ask() : await remembered(build.path, ['works', name], ask);
  return works === undefined ? { works: false, reason } : { works: true };
}

/** Why the encoder does not encode; undefined when it does. */
async function encode(name: string, build: FfmpegBuild): Promise<string | undefined> {
  const { encoders } = await capabilities(build);
  if (!encoders.has(name)) return 'this ffmpeg was built without it';
  const help = await listing(['-h', `encoder=${name}`], build);
  const audio = /Supported sample (rates|formats):/.test(help) || name.startsWith('pcm_');
  // 256x256: hardware encoders refuse less.
  const [width, height] = [256, 256];
  const source = audio
    ? ['-f', 's16le', '-ar', '48000', '-ac', '2', '-i', 'pipe:0', '-c:a', name]
    : ['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${width}x${height}`, '-r', '25', '-i', 'pipe:0', '-c:v', name];
  const input = audio ? new Uint8Array(4800 * 4) : new Uint8Array(((width * height * 3) / 2) * 2).fill(128);
  try {
    const signal = AbortSignal.timeout(20_000);
    await runFfmpeg([...source, '-f', 'null', '-'], { build, input, signal, logLevel: 'error' });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * Films that say in every frame which one it is, flash, and beep at the same moment; and what a player would see and hear of a film made of one.
 *
 * The picture is 64x48, twelve squares of 16: eleven are the bits of the frame's number, the last is the flash. A beep is 40 ms of 1 kHz that starts at once.
 *
 * [Note: how exact] Times in MP4 and MOV are counted in the track's own units, so a written time is the rational it should be. Matroska counts milliseconds: half of
 * one is the most a time can be off. A beep's start is found where the sound first passes a third of that beep's height: to a sample where sound is copied, to
 * some 3 ms after a lossy codec. Stretched with its pitch kept, a beep is smeared over blocks of 120 ms (at a quarter of the speed it starts some 30 ms early), so
 * there the middle of its energy is measured instead.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { locateFfmpeg } from '../../app/core/media/ffmpeg.ts';
import { putEdits, putSteps } from './phone-clips.ts';

const { path: ffmpeg, ffprobe } = await locateFfmpeg();
const [WIDTH, HEIGHT, SQUARE] = [64, 48, 16];
const BITS = 11;
/** Frames are counted on their way out: times that round to one upset ffmpeg's muxer. */
const COUNT = ['-vf', 'settb=1/25,setpts=N', '-enc_time_base', '1/25', '-vsync', 'passthrough'];
export const SAMPLE_RATE = 48_000;
export const BEEP_SECONDS = 0.04;
const BEEP_HZ = 1000;

export interface FlashBeepOptions {
  /** Frames a second as num/den. */
  readonly rate: readonly [num: number, den: number];
  readonly frames: number;
  /** Lengths of the frames in 1/90000 s: a varying rate (MP4 and MOV). */
  readonly steps?: readonly number[];
  /** Frames between two flashes; the first flash is that far from the start. */
  readonly every: number;
  readonly sound?: boolean;
  /** Samples a second; 48000 unless given. */
  readonly sampleRate?: number;
  /** Seconds that are cut off the beginning by an edit list (MP4 and MOV): a whole number of frames. */
  readonly edit?: number;
  /** Seconds on the container's clock at which the film begins. */
  readonly offset?: number;
  readonly openGop?: boolean;
  /** Matroska that does not say how long it is. */
  readonly noDuration?: boolean;
  /** Options for the encoder besides. */
  readonly more?: readonly string[];
}

/** A film as it is: what its frames are and when, in seconds as a/base from its first shown frame. */
export interface FlashBeep {
  readonly path: string;
  readonly base: number;
  readonly times: readonly number[];
  readonly end: number;
  /** Number of the first frame shown; that of frame i is first + i. */
  readonly first: number;
  /** Frames that flash. */
  readonly flashes: readonly number[];
  readonly sound: boolean;
}

/** Writes a film at `path`; its ending says the container. */
export function makeFlashBeep(path: string, options: FlashBeepOptions): FlashBeep {
  const { rate, frames, every, steps, edit = 0, sound = true, sampleRate = SAMPLE_RATE } = options;
  const base = steps ? 90_000 : rate[0];
  const times = [0];
  for (let i = 0; i < frames; i++) times.push(times[i]! + (steps?.[i] ?? rate[1]));
  const flashes = Array.from({ length: frames }, (_, i) => i).filter((i) => i > 0 && i % every === 0);
  writeFileSync(`${path}.gray`, pictures(frames, flashes));
  writeFileSync(
    `${path}.pcm`,
    beeps(
      flashes.map((i) => times[i]! / base),
      times[frames]! / base,
      sampleRate,
    ),
  );
  const mp4 = /\.(mp4|mov)$/.test(path);
  const gop = options.openGop
    ? ['-x264-params', 'open-gop=1:keyint=12:min-keyint=12:bframes=3:scenecut=0']
    : steps
      ? ['-bf', '0']
      : ['-bf', '2'];
  const args = [
    ...['-f', 'rawvideo', '-pix_fmt', 'gray', '-s', `${WIDTH}x${HEIGHT}`, '-r', rate.join('/'), '-i', `${path}.gray`],
    ...(sound
      ? ['-f', 'f32le', '-ar', String(sampleRate), '-ac', '1', '-i', `${path}.pcm`, '-map', '0:v', '-map', '1:a']
      : []),
    ...[
      '-threads',
      '1',
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-crf',
      '16',
      '-g',
      '24',
      ...gop,
      '-pix_fmt',
      'yuv420p',
    ],
    ...['-c:a', mp4 ? 'alac' : 'flac', ...(steps ? ['-video_track_timescale', '90000'] : []), ...(options.more ?? [])],
    ...(options.offset ? ['-output_ts_offset', String(options.offset)] : []),
  ];
  if (options.noDuration)
    writeFileSync(
      path,
      execFileSync(ffmpeg, ['-v', 'error', ...args, '-f', 'matroska', 'pipe:1'], { maxBuffer: 1 << 30 }),
    );
  else run([...args, '-y', path]);
  if (steps) putSteps(path, steps);
  for (const raw of ['gray', 'pcm']) rmSync(`${path}.${raw}`);
  const first = Math.round((edit * rate[0]) / rate[1]);
  if (edit > 0) putEdits(path, [{ duration: times[frames]! / base - edit, media: edit, rate: 1 }]);
  const shown = times.slice(first).map((time) => time - times[first]!);
  return {
    ...{ path, base, first, sound },
    times: shown.slice(0, -1),
    end: shown.at(-1)!,
    flashes: flashes.filter((i) => i > first).map((i) => i - first),
  };
}

function pictures(frames: number, flashes: readonly number[]): Buffer {
  const all = Buffer.alloc(frames * WIDTH * HEIGHT, 32);
  const flash = new Set(flashes);
  const square = (frame: number, at: number): void => {
    const [x, y] = [(at % 4) * SQUARE, Math.floor(at / 4) * SQUARE];
    const start = frame * WIDTH * HEIGHT;
    for (let line = y; line < y + SQUARE; line++)
      all.fill(224, start + line * WIDTH + x, start + line * WIDTH + x + SQUARE);
  };
  for (let frame = 0; frame < frames; frame++) {
    for (let bit = 0; bit < BITS; bit++) if ((frame >> bit) & 1) square(frame, bit);
    if (flash.has(frame)) square(frame, BITS);
  }
  return all;
}

function beeps(at: readonly number[], seconds: number, rate: number): Buffer {
  const samples = new Float32Array(Math.round(seconds * rate));
  for (const start of at) {
    const from = Math.round(start * rate);
    for (let n = 0; n < BEEP_SECONDS * rate && from + n < samples.length; n++)
      samples[from + n] = 0.8 * Math.cos((2 * Math.PI * BEEP_HZ * n) / rate);
  }
  return Buffer.from(samples.buffer);
}

/** What is in a written film, which begins at 0. */
export interface Seen {
  /** Times of the packets in order of showing, in units of timeBase, exactly as the file has them. */
  readonly pts: readonly number[];
  readonly timeBase: readonly [num: number, den: number];
  /** Of each decoded frame, the number in it. */
  readonly numbers: readonly number[];
  /** Which of them flash. */
  readonly flashes: readonly number[];
  /** Seconds at which the sound ends as the file says it; undefined without. */
  readonly soundEnd: number | undefined;
  /** Seconds at which this ffmpeg stops decoding sound: AAC fills its last block, at most 21 ms, where nothing is heard. */
  readonly decodedEnd: number | undefined;
  /** Seconds at which beeps start. */
  readonly beeps: readonly number[];
  /** Where the middle of each beep's energy is, of beeps at least half a second apart. */
  readonly middles: readonly number[];
}

export function look(path: string): Seen {
  const asked = [
    '-v',
    'error',
    '-select_streams',
    'v:0',
    '-show_entries',
    'stream=time_base:packet=pts',
    '-of',
    'json',
    path,
  ];
  const told = JSON.parse(execFileSync(ffprobe!, asked, { maxBuffer: 1 << 30 }).toString()) as {
    packets: { pts: number }[];
    streams: { time_base: string }[];
  };
  const [num = 1, den = 1] = told.streams[0]!.time_base.split('/').map(Number);
  const gray = run(['-i', path, '-map', '0:v:0', ...COUNT, '-f', 'rawvideo', '-pix_fmt', 'gray', 'pipe:1']);
  const size = WIDTH * HEIGHT;
  const bits = Array.from({ length: Math.floor(gray.length / size) }, (_, k) =>
    squares(gray.subarray(k * size, (k + 1) * size)),
  );
  const sound = soundOf(path);
  return {
    pts: told.packets.map(({ pts }) => pts).toSorted((a, b) => a - b),
    timeBase: [num, den],
    numbers: bits.map((value) => value & ((1 << BITS) - 1)),
    flashes: bits.flatMap((value, k) => (value >> BITS ? [k] : [])),
    soundEnd: sound && endOfSound(path),
    decodedEnd: sound && sound.length / SAMPLE_RATE,
    beeps: sound ? onsets(sound) : [],
    middles: sound ? onsets(sound).map((at) => middleOf(sound, at)) : [],
  };
}

/** The same of a long film: its times, every so many frames and the last ones, and the beeps, to an eighth of a millisecond. */
export function lookHere(
  path: string,
  { every, last, frames }: { readonly every: number; readonly last: number; readonly frames: number },
): Pick<Seen, 'pts' | 'timeBase' | 'beeps'> & { readonly numbers: readonly { frame: number; number: number }[] } {
  const asked = ['-select_streams', 'v:0', '-show_entries', 'packet=pts', '-of', 'csv=p=0', path];
  const told = execFileSync(ffprobe!, ['-v', 'error', ...asked], { maxBuffer: 1 << 30 }).toString();
  const base = execFileSync(ffprobe!, [
    '-v',
    'error',
    '-select_streams',
    'v:0',
    '-show_entries',
    'stream=time_base',
    '-of',
    'csv=p=0',
    path,
  ]);
  const [num = 1, den = 1] = base.toString().trim().split('/').map(Number);
  const few = `select='not(mod(n,${every}))+gte(n,${frames - last})',settb=1/25,setpts=N`;
  const out = ['-enc_time_base', '1/25', '-vsync', 'passthrough', '-f', 'rawvideo', '-pix_fmt', 'gray', 'pipe:1'];
  const gray = run(['-i', path, '-map', '0:v:0', '-vf', few, ...out]);
  const size = WIDTH * HEIGHT;
  const which = Array.from({ length: frames }, (_, k) => k).filter((k) => k % every === 0 || k >= frames - last);
  const rate = 8000;
  const sound = run([
    '-copyts',
    '-i',
    path,
    '-map',
    '0:a:0',
    '-af',
    `aresample=${rate}:first_pts=0`,
    '-ac',
    '1',
    '-f',
    'f32le',
    'pipe:1',
  ]);
  return {
    pts: told
      .split('\n')
      .flatMap((line) => (line.trim() === '' ? [] : [Number.parseInt(line, 10)]))
      .toSorted((a, b) => a - b),
    timeBase: [num, den],
    numbers: which.map((frame, i) => ({
      frame,
      number: squares(gray.subarray(i * size, (i + 1) * size)) & ((1 << BITS) - 1),
    })),
    beeps: onsets(new Float32Array(sound.buffer, sound.byteOffset, Math.floor(sound.length / 4)), rate),
  };
}

/** The twelve squares of a picture as bits. */
function squares(picture: Uint8Array): number {
  let value = 0;
  for (let at = 0; at <= BITS; at++) {
    const [x, y] = [(at % 4) * SQUARE + SQUARE / 2, Math.floor(at / 4) * SQUARE + SQUARE / 2];
    if (picture[y * WIDTH + x]! > 128) value |= 1 << at;
  }
  return value;
}

/** When the last packet of sound ends, less the padding it says it has. */
function endOfSound(path: string): number {
  const asked = ['-show_entries', 'stream=sample_rate:packet=pts_time,duration_time:packet_side_data=discard_padding'];
  const args = ['-v', 'error', '-select_streams', 'a:0', ...asked, '-of', 'json', path];
  const told = JSON.parse(execFileSync(ffprobe!, args, { maxBuffer: 1 << 30 }).toString()) as {
    packets: { pts_time: string; duration_time?: string; side_data_list?: { discard_padding?: number }[] }[];
    streams: { sample_rate: string }[];
  };
  const ends = told.packets.map(({ pts_time, duration_time, side_data_list }) => {
    const padding = side_data_list?.find(({ discard_padding }) => discard_padding)?.discard_padding ?? 0;
    return Number(pts_time) + Number(duration_time ?? 0) - padding / Number(told.streams[0]!.sample_rate);
  });
  return ends.reduce((latest, end) => Math.max(latest, end), 0);
}

/** The sound from the film's time 0 on. */
function soundOf(path: string): Float32Array | undefined {
  const place = ['-af', 'aresample=48000:async=1:first_pts=0', '-ac', '1', '-f', 'f32le', 'pipe:1'];
  // Opus begins before zero: without -copyts ffmpeg would move everything by that.
  const made = spawnSync(ffmpeg, ['-v', 'error', '-copyts', '-i', path, '-map', '0:a:0?', ...place], {
    maxBuffer: 1 << 30,
  });
  if (made.status !== 0 || made.stdout.length === 0) return undefined;
  return new Float32Array(
    made.stdout.buffer.slice(made.stdout.byteOffset, made.stdout.byteOffset + (made.stdout.length & ~3)),
  );
}

/** The centre of gravity of the sound's energy from a tenth of a second before `at` to three tenths after. */
function middleOf(samples: Float32Array, at: number): number {
  const [from, to] = [Math.max(0, Math.round((at - 0.1) * SAMPLE_RATE)), Math.round((at + 0.3) * SAMPLE_RATE)];
  let [sum, weighted] = [0, 0];
  for (let n = from; n < Math.min(to, samples.length); n++) {
    const energy = samples[n]! ** 2;
    sum += energy;
    weighted += energy * n;
  }
  return weighted / sum / SAMPLE_RATE;
}

/** Seconds at which a beep starts: loud after 100 ms in which nothing was. */
export function onsets(samples: Float32Array, rate = SAMPLE_RATE): number[] {
  const quiet = Math.round(0.1 * rate);
  const found: number[] = [];
  for (let n = 0, last = -quiet; n < samples.length; n++) {
    if (Math.abs(samples[n]!) < 0.1) continue;
    if (n - last >= quiet) {
      let peak = 0;
      for (let k = n; k < Math.min(samples.length, n + 0.03 * rate); k++) peak = Math.max(peak, Math.abs(samples[k]!));
      let start = n;
      while (start < samples.length && Math.abs(samples[start]!) < peak / 3) start++;
      found.push(start / rate);
    }
    last = n;
  }
  return found;
}

function run(args: readonly string[]): Buffer {
  return execFileSync(ffmpeg, ['-v', 'error', '-nostdin', ...args], { maxBuffer: 1 << 30 });
}

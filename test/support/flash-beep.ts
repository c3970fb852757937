/**
 * Films that say in every frame which one it is, flash, and beep at the same moment; and what a player would see and hear of a film made of one.
 *
 * The picture is 64x48, twelve squares of 16: eleven are the bits of the frame's number, the last is the flash. A beep is 40 ms of 1 kHz that starts at once.
 *
 * [Note: how exact] Times in MP4 and MOV are counted in the track's own units, so a written time is the rational it should be. Matroska counts milliseconds: half of
 * one is the most a time can be off. A beep's start is found where the sound first passes a third of that beep's height: to a sample where sound is copied, to
 * some 3 ms after a lossy codec, and to 20 ms where it was stretched with its pitch kept, whose blocks are 120 ms long.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { locateFfmpeg } from '../../app/core/media/ffmpeg.ts';
import { putEdits, putSteps } from './phone-clips.ts';

const { path: ffmpeg, ffprobe } = await locateFfmpeg();
const [WIDTH, HEIGHT, SQUARE] = [64, 48, 16];
const BITS = 11;
export const SAMPLE_RATE = 48_000;
const BEEP_SECONDS = 0.04;
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
  const { rate, frames, every, steps, edit = 0, sound = true } = options;
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
      ? ['-f', 'f32le', '-ar', String(SAMPLE_RATE), '-ac', '1', '-i', `${path}.pcm`, '-map', '0:v', '-map', '1:a']
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

function beeps(at: readonly number[], seconds: number): Buffer {
  const samples = new Float32Array(Math.round(seconds * SAMPLE_RATE));
  for (const start of at) {
    const from = Math.round(start * SAMPLE_RATE);
    for (let n = 0; n < BEEP_SECONDS * SAMPLE_RATE && from + n < samples.length; n++)
      samples[from + n] = 0.8 * Math.cos((2 * Math.PI * BEEP_HZ * n) / SAMPLE_RATE);
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
  /** Seconds at which the sound ends as it is decoded; undefined without. */
  readonly soundEnd: number | undefined;
  /** Seconds at which beeps start. */
  readonly beeps: readonly number[];
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
  const gray = run([
    '-i',
    path,
    '-map',
    '0:v:0',
    '-vsync',
    'passthrough',
    '-f',
    'rawvideo',
    '-pix_fmt',
    'gray',
    'pipe:1',
  ]);
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
    soundEnd: sound && sound.length / SAMPLE_RATE,
    beeps: sound ? onsets(sound) : [],
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

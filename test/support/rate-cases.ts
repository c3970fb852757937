/**
 * Rates by operations, and what must come of each: counts and moments by formulas of their own, in whole numbers, without the code that plans.
 *
 * The engine of these tests holds: at source time s it shows the frame that is nearest, of two as near the later one. So a flash begins when the retime comes to the
 * middle between that frame and the one before. Times of frames are a/base seconds, moments of the output rationals too: nothing is rounded but where a ramp is curved.
 */
import type { RetimeSpec } from '../../app/contract/jobs.ts';
import { BEEP_SECONDS, makeFlashBeep, type FlashBeep, type FlashBeepOptions, type Seen } from './flash-beep.ts';

export interface Source {
  readonly name: string;
  /** The rate that people say: what 'twice' and 'the same' mean. */
  readonly rate: readonly [num: number, den: number];
  readonly ending: 'mp4' | 'mkv';
  readonly options: Omit<FlashBeepOptions, 'rate' | 'frames' | 'every'>;
  /** Frames have no even rate: operations say theirs. */
  readonly vfr?: boolean;
}

/** Even rates, by the names people give them. */
export const RATES: readonly (readonly [string, number, number])[] = [
  ...[24, 30, 60, 120].map((rate) => [`${((rate * 1000) / 1001).toFixed(3)}`, rate * 1000, 1001] as const),
  ...[24, 25, 30, 48, 50, 60, 120, 240].map((rate) => [String(rate), rate, 1] as const),
];

/** Lengths as a phone's camera makes them: about 30 a second, or slower by a whole number, uneven, with frames that are missing. */
function phoneSteps(frames: number, interval: number): number[] {
  const slow = Math.round(interval * 30);
  return Array.from({ length: frames }, (_, i) => slow * (i % 37 === 20 ? 9012 : 3000 + ((i * 7919) % 241) - 120));
}

export const SOURCES: readonly Source[] = [
  ...RATES.map(([name, num, den], i): Source => ({
    name,
    rate: [num, den],
    ending: i % 3 === 2 ? 'mkv' : 'mp4',
    options: {},
  })),
  { name: 'VFR of a phone', rate: [30, 1], ending: 'mp4', options: {}, vfr: true },
  { name: 'edit list', rate: [30, 1], ending: 'mp4', options: { edit: 0.4 } },
  { name: 'starts at 2.5 s', rate: [30_000, 1001], ending: 'mkv', options: { offset: 2.5 } },
  { name: 'open GOP', rate: [25, 1], ending: 'mp4', options: { openGop: true } },
  { name: 'no duration', rate: [24, 1], ending: 'mkv', options: { noDuration: true } },
];

export interface Operation {
  readonly name: string;
  /** Of the source's rate; undefined where `fps` says the output's. */
  readonly times?: readonly [num: number, den: number];
  readonly fps?: readonly [num: number, den: number];
  readonly speed: readonly [num: number, den: number];
  readonly ramp?: boolean;
  readonly audio: 'keep-pitch' | 'tape';
}

export const OPERATIONS: readonly Operation[] = [
  { name: 'x2', times: [2, 1], speed: [1, 1], audio: 'keep-pitch' },
  { name: 'x2.5', times: [5, 2], speed: [1, 1], audio: 'keep-pitch' },
  { name: 'x8', times: [8, 1], speed: [1, 1], audio: 'keep-pitch' },
  { name: 'to 60000/1001', fps: [60_000, 1001], speed: [1, 1], audio: 'keep-pitch' },
  { name: 'quarter speed', times: [1, 1], speed: [1, 4], audio: 'tape' },
  { name: 'quarter speed, pitch kept', times: [1, 1], speed: [1, 4], audio: 'keep-pitch' },
  { name: 'ramp', times: [1, 1], speed: [1, 1], ramp: true, audio: 'tape' },
];

/** Writes the film of a source, about `seconds` long. */
export function makeSource(source: Source, path: string, seconds: number): FlashBeep {
  const [num, den] = source.rate;
  const frames = Math.round((seconds * num) / den);
  return makeFlashBeep(path, {
    ...{ rate: source.rate, frames, every: Math.round((0.3 * num) / den) },
    ...source.options,
    ...(source.vfr ? { steps: phoneSteps(frames, den / num) } : {}),
  });
}

export function outputRate({ rate }: Source, { fps, times = [1, 1] }: Operation): readonly [number, number] {
  return fps ?? [rate[0] * times[0], rate[1] * times[1]];
}

/** A ramp from normal speed to a quarter over the first second of the source, in 1.6 s, and then normal speed. */
const RAMP_SOURCE = 1;
const RAMP_OUTPUT = 1.6;

export function specOf(film: FlashBeep, source: Source, operation: Operation, output: string): RetimeSpec {
  const [num, den] = outputRate(source, operation);
  const rest = film.end / film.base - RAMP_SOURCE;
  const keys = [
    {
      output: 0,
      source: 0,
      ease: 'bezier' as const,
      handles: [1 / 3, 1.6 / 3, 2 / 3, 1 - 0.4 / 3] as [number, number, number, number],
    },
    { output: RAMP_OUTPUT, source: RAMP_SOURCE, ease: 'linear' as const },
    { output: RAMP_OUTPUT + rest, source: RAMP_SOURCE + rest, ease: 'linear' as const },
  ];
  return {
    ...{
      kind: 'retime',
      input: film.path,
      output,
      engine: 'hold',
      cuts: 'off',
      holds: 'off',
      maxHold: 6,
      shutter: 0,
      force: true,
    },
    ...{
      speed: { num: operation.speed[0], den: operation.speed[1] },
      factor: 1,
      fps: { num, den },
      audio: operation.audio,
    },
    ...(operation.ramp ? { curve: { keys } } : {}),
  };
}

export interface Expected {
  readonly count: number;
  /** Seconds of the source that are shown at output frame k; k may be a fraction. */
  sourceAt(k: number): number;
  /** Number of the frame that is shown at output frame k. */
  numberAt(k: number): number;
}

export function expectedOf(film: FlashBeep, source: Source, operation: Operation): Expected {
  const [num, den] = outputRate(source, operation);
  if (operation.ramp) return ramped(film, num / den);
  const [up, down] = operation.speed;
  // Output frame k is at k * den/num * up/down seconds of the source; it exists where that is before the end, a/base seconds.
  const count = Number(
    ceilDiv(BigInt(film.end) * BigInt(num) * BigInt(down), BigInt(film.base) * BigInt(den) * BigInt(up)),
  );
  let at = 0;
  return {
    count,
    sourceAt: (k) => (k * den * up) / (num * down),
    numberAt(k) {
      const left = BigInt(k) * BigInt(den) * BigInt(up) * BigInt(film.base);
      const unit = BigInt(num) * BigInt(down);
      if (k === 0) at = 0;
      while (at + 1 < film.times.length && BigInt(film.times[at]! + film.times[at + 1]!) * unit <= 2n * left) at++;
      return film.first + at;
    },
  };
}

function ceilDiv(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}

/** Speed falls evenly from 1 to 1/4: its integral over the first piece, of `first` frames, is u * (1.6 - 0.6 u). */
function ramped(film: FlashBeep, rate: number): Expected {
  const first = Math.max(1, Math.round(RAMP_OUTPUT * rate));
  const rest = film.end / film.base - RAMP_SOURCE;
  const second = Math.max(1, Math.round(rest * rate));
  const sourceAt = (k: number): number => {
    const u = k / first;
    return u < 1 ? RAMP_SOURCE * u * (1.6 - 0.6 * u) : RAMP_SOURCE + (rest * (k - first)) / second;
  };
  return {
    count: first + second,
    sourceAt,
    numberAt(k) {
      // A moment within a nanosecond of a frame is that frame's: the curve is arithmetic on floating point.
      const seconds = sourceAt(k) + 2e-9;
      const after = film.times.findIndex((_, i) => i > 0 && turnTo(film, i) > seconds);
      return film.first + (after < 0 ? film.times.length : after) - 1;
    },
  };
}

/** Seconds of the source from which on frame i is the nearest. */
function turnTo({ times, base }: FlashBeep, i: number): number {
  return (times[i - 1]! + times[i]!) / 2 / base;
}

/** Output seconds at which the source moment is shown, found by halving. */
function outputOf({ count, sourceAt }: Expected, seconds: number, rate: number): number {
  let [low, high] = [0, count];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (sourceAt(middle) < seconds) low = middle;
    else high = middle;
  }
  return low / rate;
}

/** How far a film is from what it should be; milliseconds but where said. */
export interface Judgement {
  readonly frames: number;
  /** Frames that show another frame than they should. */
  readonly wrong: number;
  /** The farthest that a written time is from what it should be. */
  readonly times: number;
  /** End of the sound less the end of the picture, as the file says them. */
  readonly ends: number;
  /** Silence that fills the last block of a lossy sound where the decoder does not drop it. */
  readonly padding: number;
  /** Longest wait for a flash after its moment; within an output frame. */
  readonly flash: number;
  readonly beep: number;
  readonly outputFrame: number;
  readonly problems: readonly string[];
}

/** What is tolerated, in milliseconds, for beeps by what became of the sound. See [Note: how exact]. */
export const TOLERATED = { copied: 4, tape: 6, stretched: 20 };

export function judge(film: FlashBeep, source: Source, operation: Operation, seen: Seen, ending: string): Judgement {
  const expected = expectedOf(film, source, operation);
  const [num, den] = outputRate(source, operation);
  const frame = (1000 * den) / num;
  const problems: string[] = [];
  const check = (holds: boolean, what: string): void => void (holds || problems.push(what));
  check(seen.pts.length === expected.count, `${seen.pts.length} packets for ${expected.count}`);
  check(seen.numbers.length === expected.count, `${seen.numbers.length} pictures for ${expected.count}`);
  const times = worst(seen.pts.map((pts, k) => (1000 * pts * seen.timeBase[0]) / seen.timeBase[1] - k * frame));
  const exact = seen.pts.every(
    (pts, k) =>
      BigInt(pts) * BigInt(seen.timeBase[0]) * BigInt(num) === BigInt(k) * BigInt(den) * BigInt(seen.timeBase[1]),
  );
  check(ending === 'mkv' ? times <= 0.500001 : exact, `times are off by ${times} ms`);
  let wrong = 0;
  seen.numbers.forEach((number, k) => {
    if (number === expected.numberAt(k) % 2048) return;
    if (wrong++ === 0) problems.push(`frame ${k} shows ${number}, not ${expected.numberAt(k)}`);
  });
  const moments = film.flashes.map((i) => outputOf(expected, turnTo(film, i), num / den) * 1000);
  const beeps = film.flashes.map((i) => outputOf(expected, film.times[i]! / film.base, num / den) * 1000);
  const end = expected.count * frame;
  const flashStarts = seen.flashes.filter((k, i) => k !== seen.flashes[i - 1]! + 1);
  // A source frame may be passed over where there are fewer frames than the source's.
  const flash = worst(
    moments.flatMap(
      (moment) =>
        nearestAfter(
          flashStarts.map((k) => k * frame),
          moment,
          frame,
        ) ?? [],
    ),
  );
  check(
    operation.fps !== undefined || flashStarts.length === moments.length,
    `${flashStarts.length} flashes for ${moments.length}`,
  );
  check(flash <= frame + 0.001, `a flash is ${flash} ms late`);
  const slowed = operation.speed[1] > 1 || operation.ramp;
  const stretched = slowed && operation.audio === 'keep-pitch';
  // Of a stretched beep the middle is where the middle of the source's is led to.
  const late = stretched ? ((BEEP_SECONDS / 2) * operation.speed[1] * 1000) / operation.speed[0] : 0;
  const heard = beeps.filter((moment) => moment + late < end - (stretched ? 300 : 60));
  const beep = worst(
    heard.map((moment) =>
      nearest(
        (stretched ? seen.middles : seen.beeps).map((at) => at * 1000),
        moment + late,
      ),
    ),
  );
  const tolerated = !slowed ? TOLERATED.copied : operation.audio === 'tape' ? TOLERATED.tape : TOLERATED.stretched;
  check(!film.sound || beep <= tolerated, `a beep is ${beep} ms off`);
  const ends = film.sound ? (seen.soundEnd ?? 0) * 1000 - end : 0;
  check(Math.abs(ends) <= frame + 0.02, `sound ends ${ends} ms after the picture`);
  const padding = film.sound ? (seen.decodedEnd! - seen.soundEnd!) * 1000 : 0;
  return { frames: expected.count, wrong, times, ends, padding, flash, beep, outputFrame: frame, problems };
}

function worst(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

function nearest(values: readonly number[], to: number): number {
  return values.reduce((best, value) => (Math.abs(value - to) < Math.abs(best) ? value - to : best), Infinity);
}

function nearestAfter(values: readonly number[], moment: number, frame: number): number | undefined {
  const found = values.find((value) => value >= moment - 0.001 && value < moment + 2 * frame);
  return found === undefined ? undefined : found - moment;
}

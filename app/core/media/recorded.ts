/**
 * Slow motion as phones store it. [Note: clocks] (time/clock.ts) says what is done with it.
 *
 * - Android writes the rate of the camera (com.android.capture.fps). MediaRecorder divides times by it, so that 240 frames a second play at 30: the
 *   whole film runs 8 times slower than it was. Some cameras write the same beside times that are true; then there is nothing to choose.
 * - Samsung's 'slow motion' of today is stored at 30 frames a second throughout and says its mode in moov/udta/smta: 12 is 240, 13 is 120 frames a
 *   second, 21 says it itself. The trailer's SlowMotion_Data lists what the phone shows slowly (start:end:mode in milliseconds, joined by '*', mode m is
 *   1/2^(m-1) of normal speed). Older phones store true times. 'Super slow motion' is true but for the stretches of Super_SlowMotion_Data
 *   (start:end:...), which were taken at 960 frames a second and are stored at the film's own rate.
 * - Apple's phones store true times and keep what the player is to do beside the film; what is exported without encoding it again says it by edits with a rate.
 *   ffmpeg ignores these rates and would show parts of the media twice, so the edits are left out in decoding, and are the stored clock.
 *
 * Sound goes with the picture: phones stretch it along where they keep any (MediaRecorder's slow motion and Samsung's super slow stretches have none).
 */
import type { ClockChoice } from '../../contract/choices.ts';
import type { AudioStreamInfo, ClockSection, RecordedInfo } from '../../contract/media.ts';
import type { Rational } from '../../contract/time.ts';
import { rational, standardRate, toNumber } from '../time/rational.ts';
import { hasClocks, slowness } from '../time/clock.ts';
import { boxesBetween, boxWithin, readMovieHeader } from './movie-boxes.ts';
import { movieTracks, type MovieEdit, type MovieTrack } from './movie-tracks.ts';
import { samsungTrailer } from './samsung-trailer.ts';

/** What is known of the file by then. */
export interface RecordedQuestion {
  readonly tags: Readonly<Record<string, string>>;
  /** ffmpeg's numbers of streams are those of the tracks where it knows them all. */
  readonly video: number;
  readonly audio: readonly AudioStreamInfo[];
}

export interface Recorded {
  readonly recorded: RecordedInfo;
  /** The sound streams as they are to be decoded. */
  readonly audio: readonly AudioStreamInfo[];
}

/** Camera rates and slowings beyond these are no phone's. */
const FASTEST = 10_000;
const MOST_SECTIONS = 1000;
/** Rates within a tenth of each other are the same one, measured. */
const ALIKE = 1.1;
const SUPER_SLOW = rational(960);
/** From this rate on a film of Apple's phones is slow motion by their own word. */
const APPLE_FAST = 100;

/** What a phone's MP4 or QuickTime file says of how it was recorded; undefined where it says nothing. Reads its header and its last bytes. */
export async function findRecorded(path: string, question: RecordedQuestion): Promise<Recorded | undefined> {
  const moov = await readMovieHeader(path);
  if (!moov) return undefined;
  const tracks = movieTracks(moov);
  const video = tracks[question.video]?.kind === 'vide' ? tracks[question.video] : tracks.find(isVideo);
  if (!video || video.interval <= 0) return undefined;
  const edits = scaledEdits(video);
  if (edits) return { recorded: edits, audio: question.audio.map((stream) => unedited(stream, tracks, video)) };
  const rate = rateOf(video.interval);
  const recorded =
    (await ofSamsung(path, moov, rate)) ?? ofAndroid(question.tags, rate) ?? ofApple(question.tags, rate);
  return recorded && { recorded, audio: question.audio };
}

function isVideo({ kind }: MovieTrack): boolean {
  return kind === 'vide';
}

/** Frames a second by the median frame's length. */
function rateOf(interval: number): Rational {
  return standardRate(1 / interval, 0.04) ?? rational(Math.round(1000 / interval), 1000);
}

/** The whole film is `captureRate / rate` times slower than it was; where that is about 1, or it is faster (a time lapse), its times are as they are. */
function slowed(by: RecordedInfo['by'], captureRate: Rational, rate: Rational): RecordedInfo {
  const speed = rational(BigInt(captureRate.num) * BigInt(rate.den), BigInt(captureRate.den) * BigInt(rate.num));
  const sections = toNumber(speed) > ALIKE ? [{ from: 0, speed }] : [];
  return { by, captureRate, decoded: 'stored', sections };
}

function ofAndroid(tags: RecordedQuestion['tags'], rate: Rational): RecordedInfo | undefined {
  const captureRate = rateIn(tags['com.android.capture.fps']);
  return captureRate && toNumber(captureRate) * ALIKE > toNumber(rate)
    ? slowed('android', captureRate, rate)
    : undefined;
}

/** A rate as it is written by people and by float32: 240, 240.000000, 119.88. */
function rateIn(text: string | undefined): Rational | undefined {
  const value = Number(text);
  if (text === undefined || !(value >= 1 && value <= FASTEST)) return undefined;
  return standardRate(value, 5e-5) ?? rational(Math.round(value * 1000), 1000);
}

async function ofSamsung(path: string, moov: Buffer, rate: Rational): Promise<RecordedInfo | undefined> {
  const texts = await samsungTrailer(path);
  const superSlow = rangesIn(texts.get('Super_SlowMotion_Data'));
  if (superSlow.length > 0) {
    const speed = rational(SUPER_SLOW.num * rate.den, SUPER_SLOW.den * rate.num);
    const sections = superSlow.map(({ from, to }): ClockSection => ({ from, to, speed }));
    return { by: 'samsung', captureRate: SUPER_SLOW, decoded: 'stored', sections };
  }
  const slow = rangesIn(texts.get('SlowMotion_Data'));
  const captureRate = samsungRate(moov);
  if (slow.length === 0 && !captureRate) return undefined;
  const regions = slow.map(({ from, to, mode }) => ({ from, to, speed: rational(1, 2 ** (mode - 1)) }));
  const found = slowed('samsung', captureRate ?? rate, rate);
  return { ...found, ...(regions.length > 0 ? { regions } : {}) };
}

/** 'start:end:mode*...' in milliseconds; what makes no sense is left out, and all of it where it overlaps. */
function rangesIn(text: string | undefined): { from: number; to: number; mode: number }[] {
  const ranges = (text ?? '').split('*', MOST_SECTIONS).flatMap((part) => {
    const [, start, end, mode] = /^(\d{1,9}):(\d{1,9}):(\d{1,9})\b/.exec(part) ?? [];
    const range = { from: Number(start) / 1000, to: Number(end) / 1000, mode: Math.min(Math.max(Number(mode), 1), 9) };
    return range.from < range.to ? [range] : [];
  });
  return ranges.every(({ from }, i) => i === 0 || from >= ranges[i - 1]!.to) ? ranges : [];
}

/** Modes of Samsung's camera that store what was taken faster at 30 frames a second. */
const MODES: Readonly<Record<number, number>> = { 12: 240, 13: 120, 15: 120, 19: 240 };

/** moov/udta/smta/saut: pairs of a key and a value, key 0 the mode; srfr: the rate in 16.16. */
function samsungRate(moov: Buffer): Rational | undefined {
  const smta = boxesBetween(moov, 8, moov.length)
    .filter(({ type }) => type === 'udta')
    .flatMap((udta) => boxWithin(moov, udta, 'smta') ?? [])[0];
  if (!smta) return undefined;
  const inside = boxesBetween(moov, smta.body + 4, smta.end);
  const saut = inside.find(({ type }) => type === 'saut');
  const srfr = inside.find(({ type }) => type === 'srfr');
  if (!saut) return undefined;
  let mode = -1;
  for (let at = saut.body + 4; at + 2 <= saut.end; at += 2) if (moov[at] === 0) mode = moov[at + 1]!;
  const rate = mode === 21 && srfr && srfr.body + 4 <= srfr.end ? moov.readUInt16BE(srfr.body) : MODES[mode];
  return rate ? rational(rate) : undefined;
}

/** Slow motion as the camera stores it is a fast film whose times are true. */
function ofApple(tags: RecordedQuestion['tags'], rate: Rational): RecordedInfo | undefined {
  const apple = Object.keys(tags).some((name) => name.startsWith('com.apple.quicktime.'));
  if (!apple || toNumber(rate) < APPLE_FAST) return undefined;
  return { by: 'apple', captureRate: rate, decoded: 'recorded', sections: [] };
}

/** A rate as people say it. */
function spoken(rate: Rational): string {
  return String(Math.round(toNumber(rate) * 100) / 100);
}

/** What is found and not chosen is said, in a sentence: what it is and how to choose. */
export function clockNotes(recorded: RecordedInfo | undefined, choice: ClockChoice | undefined): string[] {
  if (!hasClocks(recorded) || choice !== undefined) return [];
  const rate = recorded.captureRate ? `recorded at ${spoken(recorded.captureRate)} frames a second` : 'slow motion';
  const times = slowness(recorded);
  const how =
    times === undefined
      ? `a part of it plays slower than it was`
      : `it plays ${Math.round(times * 100) / 100} times slower than it was`;
  return [
    `This is ${rate}, and ${how}: its times are taken as stored; the clock "recorded" (--clock recorded) takes them as they were.`,
  ];
}

/** Fixed point of an edit's rate: 1 is 65536. */
const ONE = 65_536;

/** Edits that go through the media once, at rates of which one is not 1, as sections of it; undefined for all others, which ffmpeg follows. */
function scaledEdits(track: MovieTrack): RecordedInfo | undefined {
  const edits = track.edits.filter(({ media }) => media >= 0);
  if (!edits.some(({ rate }) => rate !== ONE) || edits.length > MOST_SECTIONS) return undefined;
  if (edits.some(({ rate, duration }) => rate <= 0 || rate > FASTEST * ONE || duration <= 0)) return undefined;
  const begins = edits.every((edit, i) => i === 0 || Math.abs(edit.media - endOf(edits[i - 1]!)) <= track.interval);
  if (!begins) return undefined;
  const from = Math.max(0, edits[0]!.media - track.first);
  const to = endOf(edits.at(-1)!) - track.first;
  const open = to >= track.length - track.interval;
  const sections = edits.map((edit, i): ClockSection => {
    const next = edits[i + 1]?.media ?? endOf(edit);
    const last = i === edits.length - 1 && open;
    const start = i === 0 ? from : edit.media - track.first;
    return { from: start, ...(last ? {} : { to: next - track.first }), speed: rational(edit.rate, ONE) };
  });
  return {
    by: 'apple',
    captureRate: rateOf(track.interval),
    decoded: 'recorded',
    sections,
    ...(from > track.interval / 2 || !open ? { shown: { from, to: Math.min(to, track.length) } } : {}),
  };
}

function endOf({ media, duration, rate }: MovieEdit): number {
  return media + (duration * rate) / ONE;
}

/** The sound as it comes without its edits: its film begins at another place of its media than that of the picture. */
function unedited(stream: AudioStreamInfo, tracks: readonly MovieTrack[], video: MovieTrack): AudioStreamInfo {
  const track = tracks[stream.index];
  const start = (one: MovieTrack | undefined): number => one?.edits.find(({ media }) => media >= 0)?.media ?? 0;
  return { ...stream, unedited: track?.kind === 'soun' ? start(track) - start(video) : 0 };
}

/** What a retime job will do, worked out before it does anything: the source, the frame plan, the output and the sound. */
import { AppError } from '../../../contract/errors.ts';
import type { RetimeSpec } from '../../../contract/jobs.ts';
import type { VideoInfo } from '../../../contract/media.ts';
import { TICKS, type Rational } from '../../../contract/time.ts';
import { findEngine } from '../../engines/registry.ts';
import type { EngineEntry } from '../../engines/engine.ts';
import { defaultAudioMode } from '../../media/audio/modes.ts';
import { cadenceNotes, cadences } from '../../media/cadence.ts';
import { capabilities } from '../../media/capabilities.ts';
import { decodedFormat } from '../../media/decode.ts';
import type { PixelFormat } from '../../media/frame.ts';
import { treatFields } from '../../media/fields/treat.ts';
import type { FrameFacts } from '../../media/frame-facts.ts';
import { VARYING_RATE } from '../../media/probe.ts';
import { planOutput, type OutputPlan } from '../../media/output-format.ts';
import { planTracks, trackNotes, type TrackPlan } from '../../media/tracks/plan.ts';
import { timecodeAfter } from '../../media/tracks/timecode.ts';
import { clockNotes } from '../../media/recorded.ts';
import { clockOf, type SourceClock } from '../../time/clock.ts';
import { curvePieces, type Piece } from '../../time/curve.ts';
import { constantRatePlan, sourceTimingPlan, speedPiece, type FramePlan, type PlanSource } from '../../time/plan.ts';
import { divide, format, multiply, rational, secondsToTicks, toNumber } from '../../time/rational.ts';
import { sourceTiming, type SourceTiming } from '../../time/regular.ts';
import { timePointTicks } from '../../time/time-point.ts';

export interface RetimePlan {
  readonly info: VideoInfo;
  readonly facts: FrameFacts;
  readonly timing: SourceTiming;
  readonly engine: EngineEntry;
  readonly frames: FramePlan;
  readonly output: OutputPlan;
  /** Format of the source's planes as they are decoded. */
  readonly carrier: PixelFormat;
  /** Everything but the picture. */
  readonly tracks: TrackPlan;
  /** Why there is no sound, when there is none: it was muted, or there is nothing to take it from or put it into. */
  readonly silence: 'mute' | 'none';
  /** Seconds of source that are shown. */
  readonly durationIn: number;
  readonly notes: readonly string[];
}

/** The frames in use: from the first to the last, which lasts until `to` (ticks). */
interface Range {
  readonly first: number;
  readonly last: number;
  readonly to: number;
}

/** Plans a job from what is known of its source. Throws the refusals: usage, not-telecined, empty-range, bad-curve, engine-unknown, encoder-*, output-format. */
export async function planRetime(spec: RetimeSpec, probed: VideoInfo, found: FrameFacts): Promise<RetimePlan> {
  const { info, facts, notes: fieldNotes } = treatFields(probed, found, spec.fields);
  const { index } = facts;
  const engine = await findEngine(spec.engine);
  const claimed = [info.video.nominalRate, info.video.averageRate];
  const timing = sourceTiming(index.times, index.end, index.stamps.timeBase, claimed);
  const clock = clockOf(info.recorded, spec.clock);
  const range = rangeOf(spec, timing, clock);
  const source: PlanSource = {
    times: timing.times,
    end: timing.end,
    cuts: cutFrames(spec, timing, facts, clock),
    holds: spec.holds === 'off' ? [] : facts.holds.filter(({ first, last }) => last - first + 1 <= spec.maxHold),
  };
  const frames = framePlan(spec, source, timing, range, clock);
  const mode = spec.audio ?? defaultAudioMode(frames.map);
  const sound = info.audio.length > 0 && mode !== 'mute';
  const output = await outputOf(spec, info, frames.rate ?? 'vfr', frames.timeBase, sound);
  const { container } = output;
  const timecode = startTimecode(info, frames);
  const about = { info, container, mode, timecode, encoder: output.audio?.encoder };
  const tracks = planTracks({ ...about, capabilities: await capabilities() });
  return {
    info,
    facts,
    timing,
    engine,
    frames,
    output,
    carrier: decodedFormat(info),
    tracks,
    silence: info.audio.length === 0 || container.images || mode !== 'mute' ? 'none' : 'mute',
    durationIn: durationIn(spec, range, timing, clock),
    notes: [
      ...info.warnings.filter((warning) => warning !== VARYING_RATE),
      ...index.warnings,
      ...fieldNotes,
      ...clockNotes(info.recorded, spec.clock),
      ...timingNotes(spec, timing, clock),
      ...cadenceNotes(cadences(timing.times.length, source.cuts, facts.holds), spec),
      ...output.notes,
      ...trackNotes(tracks),
    ],
  };
}

/** Says at once what planning would refuse only after the source has been decoded. Throws as planRetime. */
export async function refuseEarly(spec: RetimeSpec, info: VideoInfo): Promise<void> {
  await findEngine(spec.engine);
  const rate = info.video.averageRate ?? rational(25);
  await outputOf(spec, info, rate, rational(rate.den, rate.num), info.audio.length > 0);
}

async function outputOf(
  spec: RetimeSpec,
  info: VideoInfo,
  rate: Rational | 'vfr',
  timeBase: Rational,
  sound: boolean,
): Promise<OutputPlan> {
  return await planOutput(
    {
      info,
      carrier: decodedFormat(info),
      width: info.video.width,
      height: info.video.height,
      path: spec.output,
      codec: spec.codec ?? 'h264',
      codecChosen: spec.codec !== undefined,
      ...(spec.quality !== undefined && { quality: spec.quality }),
      rate,
      timeBase,
      sound,
    },
    await capabilities(),
  );
}

/** People write times to the millisecond: a frame that starts this many ticks before the time asked for is still meant. */
const ROUNDED = TICKS / 2000;

/**
 * The frames that start in [from, to). The range begins and ends on frames even when the times do not: otherwise no output frame
 * would fall on a source frame, and every real one would be replaced by a synthesised one.
 */
function rangeOf(spec: RetimeSpec, { times, end }: SourceTiming, clock: SourceClock | undefined): Range {
  const frameAt = (value: RetimeSpec['from'], otherwise: number | undefined) => {
    if (value === undefined && otherwise === undefined) return times.length;
    const told = value === undefined ? otherwise! : timePointTicks(value, times, end);
    const ticks = value && 'seconds' in value && clock ? clock.toSource(told) : told;
    const found = times.findIndex((time) => time >= ticks - ROUNDED);
    return found < 0 ? times.length : found;
  };
  const first = frameAt(spec.from, clock?.from ?? 0);
  const after = frameAt(spec.to, clock?.to);
  if (first < after) return { first, last: after - 1, to: times[after] ?? end };
  throw new AppError(
    'empty-range',
    `No frame starts in that range: the clip has ${times.length} frames in ${(end / TICKS).toFixed(3)} s.`,
  );
}

function cutFrames(
  spec: RetimeSpec,
  { times, end }: SourceTiming,
  facts: FrameFacts,
  clock: SourceClock | undefined,
): number[] {
  if (spec.cuts === 'off') return [];
  if (spec.cuts === 'auto') return facts.cuts;
  const frames = spec.cuts.times.map((seconds) => {
    const ticks = clock ? clock.toSource(secondsToTicks(seconds)) : seconds * TICKS;
    // The first frame at or after the cut; people round times, so a frame a tenth of an interval early still counts.
    const slack = end / times.length / 10;
    return times.findIndex((time) => time >= ticks - slack);
  });
  return [...new Set(frames.filter((frame) => frame > 0))].sort((a, b) => a - b);
}

function framePlan(
  spec: RetimeSpec,
  source: PlanSource,
  timing: SourceTiming,
  range: Range,
  clock: SourceClock | undefined,
): FramePlan {
  if (spec.fps === 'source' && spec.curve === undefined && timing.vfr) {
    return sourceTimed(spec, source, range, timing.timeBase, clock);
  }
  // Where the clock's pace varies, so would its rate: the stored one is as good.
  const own = multiply(multiply(timing.rate, clock?.speed ?? ONCE), rational(spec.factor));
  const rate = spec.fps === undefined || spec.fps === 'source' ? own : spec.fps;
  checkRate(rate);
  return constantRatePlan(source, piecesOf(spec, timing, range, rate, clock), rate, spec.shutter);
}

const ONCE = rational(1);

/** What is asked for on the chosen clock, led to the source's own times. */
function piecesOf(
  { curve, speed }: RetimeSpec,
  { times }: SourceTiming,
  range: Range,
  rate: Rational,
  clock: SourceClock | undefined,
): Piece[] {
  const [from, last, to] = [times[range.first]!, times[range.last]!, range.to];
  if (!clock || clock.speed) {
    const pace = clock?.speed ?? ONCE;
    if (curve) return curvePieces(clock ? clock.sourceKeys(curve.keys, pace) : curve.keys, rate);
    return [speedPiece({ from, last, to }, multiply(speed, pace), rate)];
  }
  const [start, latest, end] = [clock.fromSource(from), clock.fromSource(last), clock.fromSource(to)];
  const pieces = curve
    ? curvePieces(curve.keys, rate)
    : [speedPiece({ from: start, last: latest, to: end }, speed, rate)];
  return pieces.map((piece) => clock.piece(piece));
}

function checkRate(rate: Rational): void {
  if (toNumber(rate) <= 10_000) return;
  throw new AppError('usage', `${format(rate)} frames a second is more than any format holds; ask for at most 10000.`);
}

/** A VFR clip with its own timing: as many parts to an interval as keep its own density of frames at this speed. */
function sourceTimed(
  spec: RetimeSpec,
  source: PlanSource,
  range: Range,
  { den }: Rational,
  clock: SourceClock | undefined,
): FramePlan {
  if (clock && !clock.speed) {
    throw new AppError(
      'usage',
      '--fps source keeps the times of the file; say a rate with --clock recorded, or leave one of them out.',
    );
  }
  if (spec.speed.num < 0) {
    throw new AppError('usage', '--fps source plays forwards only; leave it out to play backwards at a constant rate.');
  }
  const divisions = Math.max(1, Math.round(toNumber(divide(rational(spec.factor), spec.speed))));
  // Fine enough that a divided and stretched interval is right to some microseconds, and a multiple of the source's own clock.
  const unit = rational(1, den >= 90_000 ? den : den * Math.ceil(90_000 / den));
  return sourceTimingPlan(source, range, divisions, multiply(spec.speed, clock?.speed ?? ONCE), unit);
}

/** Files hold the number of frames in a second of timecode in a byte. */
const FASTEST_TIMECODE = 255;

function startTimecode(info: VideoInfo, { rate, sourceTime }: FramePlan): string | 'none' | undefined {
  const timecode = timecodeAfter(info, sourceTime(0) / TICKS, rate ?? rational(25));
  return timecode !== undefined && (rate === undefined || toNumber(rate) > FASTEST_TIMECODE) ? 'none' : timecode;
}

function durationIn(
  spec: RetimeSpec,
  range: Range,
  { times, end }: SourceTiming,
  clock: SourceClock | undefined,
): number {
  const onClock = (ticks: number): number => clock?.fromSource(ticks) ?? ticks;
  if (spec.curve === undefined) return (onClock(range.to) - onClock(times[range.first]!)) / TICKS;
  const sources = spec.curve.keys.map((key) => Math.min(key.source, onClock(end) / TICKS));
  return Math.max(...sources) - Math.min(...sources);
}

function timingNotes(spec: RetimeSpec, timing: SourceTiming, clock: SourceClock | undefined): string[] {
  const end = clock?.fromSource(timing.end) ?? timing.end;
  const notes: string[] = [];
  if (timing.vfr && spec.fps !== 'source') {
    notes.push(
      `The frame rate varies: every frame keeps its own time, and the output has a constant rate (--fps source keeps a varying one).`,
    );
  }
  if (spec.fps !== undefined && spec.fps !== 'source' && spec.factor > 1) {
    notes.push('--fps says the rate of the output, so --factor changes nothing.');
  }
  const past = spec.curve?.keys.find((key) => key.source * TICKS > end + 1);
  if (past)
    notes.push(
      `The curve asks for ${past.source} s, but the source ends at ${(end / TICKS).toFixed(3)} s: its last frame holds.`,
    );
  return notes;
}

/** Edits of which clock of phone footage is normal speed ([Note: clocks], time/clock.ts). Keys' sources are the times that decoding gives, on either clock. */
import type { ClockChoice } from '../../contract/choices.ts';
import type { CurveKey } from '../../contract/curve.ts';
import type { RecordedInfo } from '../../contract/media.ts';
import type { Change, ProjectState } from '../../contract/project.ts';
import { TICKS, type Rational } from '../../contract/time.ts';
import { clockOf, type SourceClock } from '../time/clock.ts';
import { secondsToTicks, toNumber } from '../time/rational.ts';
import { changeClip } from './detail-edits.ts';
import { setKeys, sourceSpan, speedKeys } from './retime-edits.ts';

/** Seconds of the source in a second at normal speed; 1 where that varies along the source. */
export function normalPace(recorded: RecordedInfo | undefined, choice: ClockChoice | undefined): number {
  const speed = clockOf(recorded, choice)?.speed;
  return speed ? toNumber(speed) : 1;
}

/** Keys that play the source, or a part of it in seconds, at normal speed of a clock. */
export function clockKeys(
  recorded: RecordedInfo | undefined,
  choice: ClockChoice | undefined,
  span: { from: number; to: number },
  rate: Rational,
): CurveKey[] {
  const clock = clockOf(recorded, choice);
  if (!clock) return speedKeys(span, 1, rate);
  const from = Math.max(span.from, clock.from / TICKS);
  const to = Math.min(span.to, clock.to === undefined ? span.to : clock.to / TICKS);
  const shown = to > from ? { from, to } : span;
  return clock.speed ? speedKeys(shown, toNumber(clock.speed), rate) : turningKeys(clock, shown, rate);
}

/** A key at every frame of the sequence next to where the pace changes; each is where its frame is on the clock, so that nothing adds up. */
function turningKeys(clock: SourceClock, span: { from: number; to: number }, rate: Rational): CurveKey[] {
  const start = clock.fromSource(secondsToTicks(span.from));
  const seconds = (ticks: number): number => (ticks - start) / TICKS;
  const total = Math.max(1, Math.ceil(seconds(clock.fromSource(secondsToTicks(span.to))) * toNumber(rate) - 1e-6));
  const turns = clock.turns.map((ticks) => Math.round(seconds(ticks) * toNumber(rate)));
  const frames = [...new Set([0, ...turns.filter((frame) => frame > 0 && frame < total), total])];
  return frames.map((frame): CurveKey => {
    const output = (frame * rate.den) / rate.num;
    return { output, source: clock.toSource(start + secondsToTicks(output)) / TICKS, ease: 'linear' };
  });
}

/**
 * Has a clip played by another clock. Where both run evenly its curve is kept, as fast to the eye of the new clock as it was to that of the old; otherwise what
 * it covers is laid out anew at normal speed.
 */
export function setClock(
  state: ProjectState,
  id: string,
  { recorded, choice }: { readonly recorded: RecordedInfo; readonly choice: ClockChoice },
): Change[] {
  const clip = Object.hasOwn(state.clips, id) ? state.clips[id] : undefined;
  if (!clip || (clip.clock ?? 'stored') === choice) return changeClip(state, id, { clock: choice });
  const { rate } = state.settings;
  const [before, after] = [clockOf(recorded, clip.clock), clockOf(recorded, choice)];
  const even = (!before || before.speed) && (!after || after.speed);
  const ratio = normalPace(recorded, clip.clock) / normalPace(recorded, choice);
  const keys = even
    ? clip.keys.map((key) => ({ ...key, output: key.output * ratio }))
    : clockKeys(recorded, choice, sourceSpan(clip.keys, rate), rate);
  const changes = setKeys(state, id, keys);
  if (!changes.some((change) => change.kind === 'clip' && change.id === id))
    return changeClip(state, id, { clock: choice });
  return changes.map((change) =>
    change.kind === 'clip' && change.id === id && change.after
      ? { ...change, after: { ...change.after, clock: choice } }
      : change,
  );
}

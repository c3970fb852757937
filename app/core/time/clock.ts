/**
 * The two clocks of footage that was recorded faster than it is stored. [Note: clocks]
 *
 * A source's frames have the times that its decoder gives, whichever clock is chosen: indexes, chunks and caches know no other. What a clock changes
 * is what is asked for: the pieces of a retime are planned on the chosen clock and led to the source's own times here, exactly where one pace holds
 * throughout, and where it changes to a tick.
 */
import type { ClockChoice } from '../../contract/choices.ts';
import type { CurveKey } from '../../contract/curve.ts';
import type { RecordedInfo } from '../../contract/media.ts';
import { TICKS, type Rational } from '../../contract/time.ts';
import type { Piece } from './curve.ts';
import { mulDivRound, rational, secondsToTicks, toNumber } from './rational.ts';

/** From `source` ticks on, which is `clock` ticks on the other clock, `speed` ticks of the source pass in a tick of it. */
interface Stretch {
  readonly source: number;
  readonly clock: number;
  readonly speed: Rational;
}

const SAME: Rational = { num: 1, den: 1 };

export class SourceClock {
  /** The pace throughout, where there is one. */
  readonly speed: Rational | undefined;
  /** The part of the source that the clock runs over, in its own ticks; the end is open where it is not said. */
  readonly from: number;
  readonly to: number | undefined;
  readonly #stretches: readonly Stretch[];

  constructor(sections: RecordedInfo['sections'], shown?: RecordedInfo['shown']) {
    this.from = secondsToTicks(shown?.from ?? 0);
    this.to = shown && secondsToTicks(shown.to);
    this.#stretches = stretchesOf(sections, this.from);
    const speeds = this.#stretches.map(({ speed }) => speed);
    this.speed = speeds.every(({ num, den }) => num === speeds[0]!.num && den === speeds[0]!.den)
      ? speeds[0]
      : undefined;
  }

  /** Ticks of the clock at which its pace may change. */
  get turns(): number[] {
    return this.#stretches.slice(1).map(({ clock }) => clock);
  }

  /** Ticks of the source at `clock` ticks. */
  toSource(clock: number): number {
    const at = this.#stretches.findLast((one) => one.clock <= clock) ?? this.#stretches[0]!;
    return at.source + mulDivRound(clock - at.clock, at.speed.num, at.speed.den);
  }

  /** Ticks of the clock at `source` ticks. */
  fromSource(source: number): number {
    const at = this.#stretches.findLast((one) => one.source <= source) ?? this.#stretches[0]!;
    return at.clock + mulDivRound(source - at.source, at.speed.den, at.speed.num);
  }

  /** Keys whose sources are on this clock, for the source's own: exact where one pace holds throughout. */
  sourceKeys(keys: readonly CurveKey[], speed: Rational): CurveKey[] {
    const start = this.from / TICKS;
    return keys.map((key) => ({ ...key, source: start + (key.source * speed.num) / speed.den }));
  }

  /** A piece whose sources are on this clock, for the source's own. */
  piece(piece: Piece): Piece {
    return { frames: piece.frames, sourceAt: (j) => this.toSource(piece.sourceAt(j)) };
  }
}

function stretchesOf(sections: RecordedInfo['sections'], from: number): Stretch[] {
  const stretches: Stretch[] = [{ source: from, clock: 0, speed: SAME }];
  const turn = (source: number, speed: Rational): void => {
    const last = stretches.at(-1)!;
    if (source <= last.source) stretches[stretches.length - 1] = { ...last, speed };
    else {
      const clock = last.clock + mulDivRound(source - last.source, last.speed.den, last.speed.num);
      stretches.push({ source, clock, speed });
    }
  };
  for (const section of sections) {
    turn(secondsToTicks(section.from), rational(section.speed.num, section.speed.den));
    if (section.to !== undefined) turn(secondsToTicks(section.to), SAME);
  }
  return stretches;
}

/** The chosen clock of a source; undefined where that is the one its decoded times follow, from its first frame to its last. */
export function clockOf(
  recorded: RecordedInfo | undefined,
  choice: ClockChoice | undefined = 'stored',
): SourceClock | undefined {
  if (!recorded) return undefined;
  if (recorded.decoded !== choice && recorded.sections.length > 0)
    return new SourceClock(recorded.sections, recorded.shown);
  return recorded.shown && new SourceClock([], recorded.shown);
}

/** Whether the two clocks differ. */
export function hasClocks(recorded: RecordedInfo | undefined): recorded is RecordedInfo {
  return recorded !== undefined && recorded.sections.length > 0;
}

/** How many times slower the stored picture runs than what was in front of the camera, where that holds throughout. */
export function slowness(recorded: RecordedInfo): number | undefined {
  const speed = new SourceClock(recorded.sections).speed;
  if (!speed) return undefined;
  return recorded.decoded === 'stored' ? toNumber(speed) : 1 / toNumber(speed);
}

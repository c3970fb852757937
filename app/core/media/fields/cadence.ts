/**
 * From combs to what each part of a clip is. [Note: cadence of fields]
 *
 * A hidden Markov model over coded frames. A state says at which place of which pattern (patterns.ts) a frame's first field is, and so how far
 * apart the moments of the four fields of two neighbouring frames are; the further apart, the more combed. The cost of a state is the part of the four combs' variance that this
 * does not explain, 0 to 1, and nothing where nothing moves: a cadence is carried through still passages. A pattern goes on by itself; to change it
 * (an edit) costs JUMP, less at a cut. The cheapest path (Viterbi) is taken, once for each field order; the order whose path is cheaper is the clip's.
 */
import { COMB_NUMBERS, COMB_OF } from './comb.ts';
import { PATTERN_NAMES, fieldsPerFrame, filmFrameAt, periodOf, type PatternName } from './patterns.ts';

export type FieldOrder = 'top' | 'bottom';

/** Coded frames `first` to `last` in one unbroken pattern; the first field of `first` is field `phase` of it. */
export interface CadenceSection {
  readonly first: number;
  readonly last: number;
  readonly pattern: PatternName;
  readonly phase: number;
  /** Frames with enough motion to tell, and their mean costs: as this pattern, as whole frames. 0..1. */
  readonly telling: number;
  readonly cost: number;
  readonly costWhole: number;
}

interface State {
  readonly pattern: PatternName;
  readonly phase: number;
  /** State of the next frame. */
  next: number;
  /** Which expectation. */
  readonly expects: number;
}

/** What the four combs are expected to be, in the order before, within, top now, bottom now; mean taken out. */
type Expectation = readonly [number, number, number, number];

const JUMP = 3;
const JUMP_AT_CUT = 1;
/** Moving places with which a frame counts in full. */
const ENOUGH = 48;
/** Relative variance of the combs below which they do not tell. */
const NOISE = 0.02;
/** Added to what is no whole frame, and to the rarer patterns, for each frame that tells. */
const RARITY: Record<PatternName, number> = {
  '2': 0,
  '1': 0.02,
  '2:3': 0.06,
  '2:3:3:2': 0.08,
  '3:2:3:2:2': 0.08,
  '24:1': 0.08,
};

/** Comb of fields so far apart, relative to that of fields far apart. */
function combAt(distance: number): number {
  return Math.min(1, Math.abs(distance) <= 1 ? 0.45 * Math.abs(distance) : 0.45 + 0.275 * (Math.abs(distance) - 1));
}

class Model {
  readonly states: State[] = [];
  readonly expectations: Expectation[] = [];

  constructor(order: FieldOrder) {
    const known = new Map<string, number>();
    for (const pattern of PATTERN_NAMES) {
      const start = this.states.length;
      const period = periodOf(pattern);
      for (let phase = 0; phase < period; phase++) {
        const expected = expectation(pattern, phase, order);
        const key = expected.map((value) => value.toFixed(4)).join();
        let at = known.get(key);
        if (at === undefined) known.set(key, (at = this.expectations.push(expected) - 1));
        this.states.push({ pattern, phase, next: start + ((phase + 2) % period), expects: at });
      }
    }
  }
}

function expectation(pattern: PatternName, phase: number, order: FieldOrder): Expectation {
  const scale = fieldsPerFrame(pattern);
  const at = (field: number): number => filmFrameAt(pattern, phase + field) * scale;
  // By place in time: the frame before has fields -2 and -1, this one 0 and 1.
  const near = combAt(at(0) - at(-1));
  const far = combAt(at(1) - at(-2));
  const four = [combAt(at(-1) - at(-2)), combAt(at(1) - at(0)), ...(order === 'top' ? [near, far] : [far, near])];
  const mean = four.reduce((sum, value) => sum + value, 0) / 4;
  return four.map((value) => value - mean) as unknown as Expectation;
}

/** Finds the field order and the sections of a clip from CombMeter's numbers and the frames at which shots start. The sections cover all frames, in order. */
export function findCadence(
  numbers: Float32Array,
  cuts: readonly number[],
): { order: FieldOrder; sections: CadenceSection[] } {
  const [top, bottom] = (['top', 'bottom'] as const).map((order) => cheapest(numbers, new Set(cuts), new Model(order)));
  return top!.cost <= bottom!.cost
    ? { order: 'top', sections: top!.sections }
    : { order: 'bottom', sections: bottom!.sections };
}

/** Costs of all expectations for frame k into `costs`; how much the frame counts, 0..1. */
function costsOf(numbers: Float32Array, k: number, expectations: readonly Expectation[], costs: Float64Array): number {
  const at = k * COMB_NUMBERS;
  const moved = numbers[at]!;
  const [a, b] = [numbers[at + COMB_OF.before]!, numbers[at + COMB_OF.within]!];
  const [c, d] = [numbers[at + COMB_OF.topNow]!, numbers[at + COMB_OF.bottomNow]!];
  const mean = (a + b + c + d) / 4;
  if (moved === 0 || mean <= 0) {
    costs.fill(0);
    return 0;
  }
  const y = [a / mean - 1, b / mean - 1, c / mean - 1, d / mean - 1] as const;
  const variance = y[0] ** 2 + y[1] ** 2 + y[2] ** 2 + y[3] ** 2;
  const weight = Math.min(1, moved / ENOUGH) * (variance / (variance + NOISE));
  for (const [i, x] of expectations.entries()) {
    const own = x[0] ** 2 + x[1] ** 2 + x[2] ** 2 + x[3] ** 2;
    const both = x[0] * y[0] + x[1] * y[1] + x[2] * y[2] + x[3] * y[3];
    // Of the variance, what the best slope explains; a falling one explains nothing.
    const explained = own > 0 && both > 0 ? (both * both) / own : 0;
    costs[i] = weight * Math.max(0, 1 - explained / variance);
  }
  return weight;
}

function cheapest(
  numbers: Float32Array,
  cuts: ReadonlySet<number>,
  { states, expectations }: Model,
): { cost: number; sections: CadenceSection[] } {
  const frames = numbers.length / COMB_NUMBERS;
  const costs = new Float64Array(expectations.length);
  const jumped = new Uint8Array(frames * states.length);
  const bestAt = new Int32Array(frames);
  let now = Float64Array.from(states, ({ pattern, phase }) => (pattern === '2' && phase === 0 ? 0 : 1));
  for (let k = 1; k < frames; k++) {
    const weight = costsOf(numbers, k, expectations, costs);
    let best = 0;
    for (let s = 1; s < states.length; s++) if (now[s]! < now[best]!) best = s;
    bestAt[k - 1] = best;
    const then = new Float64Array(states.length);
    const jump = now[best]! + (cuts.has(k) ? JUMP_AT_CUT : JUMP);
    for (let s = 0; s < states.length; s++) {
      const { next, pattern } = states[s]!;
      // `next` is reached from s alone, or by a jump; across an edit the combs say nothing of the new pattern.
      const goesOn = now[s]! + costs[states[next]!.expects]! + weight * RARITY[pattern];
      then[next] = Math.min(jump, goesOn);
      if (jump < goesOn) jumped[k * states.length + next] = 1;
    }
    now = then;
  }
  let state = 0;
  for (let s = 1; s < states.length; s++) if (now[s]! < now[state]!) state = s;
  const cost = now[state]!;
  const path = new Int32Array(frames);
  const before = new Int32Array(states.length);
  for (const [s, { next }] of states.entries()) before[next] = s;
  const starts: number[] = [];
  for (let k = frames - 1; k >= 0; k--) {
    path[k] = state;
    if (k === 0) break;
    if (jumped[k * states.length + state]) {
      starts.push(k);
      state = bestAt[k - 1]!;
    } else state = before[state]!;
  }
  return { cost, sections: sectionsOf(numbers, [0, ...starts.toReversed()], path, states, expectations) };
}

function sectionsOf(
  numbers: Float32Array,
  starts: readonly number[],
  path: Int32Array,
  states: readonly State[],
  expectations: readonly Expectation[],
): CadenceSection[] {
  const costs = new Float64Array(expectations.length);
  const whole = states.findIndex(({ pattern, phase }) => pattern === '2' && phase === 0);
  return starts.map((first, i) => {
    const last = (starts[i + 1] ?? path.length) - 1;
    let [telling, cost, costWhole] = [0, 0, 0];
    for (let k = first + 1; k <= last; k++) {
      telling += costsOf(numbers, k, expectations, costs);
      cost += costs[states[path[k]!]!.expects]!;
      costWhole += costs[states[whole]!.expects]!;
    }
    const { pattern, phase } = states[path[first]!]!;
    const share = (sum: number): number => (telling > 0 ? sum / telling : 0);
    return { first, last, pattern, phase, telling, cost: share(cost), costWhole: share(costWhole) };
  });
}

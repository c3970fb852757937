/**
 * How well labels are told that were taught by few examples.
 *
 * [Note: few examples] Every label of a group is taken as a new one, taught from 1, 3, 5 and 10 examples (clips of that label, or spans) against all examples of the other labels.
 * Examples come from people of whom nothing is asked: people are dealt into at most PARTS parts by chance, one is asked about at a time, and examples are drawn from the others, DRAWS times by
 * seeded chance. Asked two ways: is it this label or not (the mean of the shares told rightly of those that are and of those that are not; guessing is 0.5), and which label
 * is it, when all of the group are taught alike (guessing is one of their number). A label with too few examples for a number, or people, is left out of it.
 * A recogniser that was trained on some of these labels has it easier than with wholly new ones.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import type { TeachMethod } from '../../contract/tags.ts';
import { makeClassifier, probabilityOf } from '../teach/classifier.ts';
import type { Example } from '../teach/example.ts';
import { evenly, reduced } from '../teach/left-out.ts';

export const SHOTS = [1, 3, 5, 10] as const;
const PARTS = 5;
const DRAWS = 3;
/** Examples of the other labels that a label is taught against. */
const AGAINST = 100;

/** A clip or a span. */
export interface Unit {
  readonly label: string;
  readonly person: string;
  readonly vectors: readonly Float32Array[];
  /** It gives examples and is not asked about. */
  readonly examples: boolean;
}

export interface FewShot {
  readonly shots: number;
  /** Labels that have so many examples. */
  readonly labels: number;
  /** 0..1: this label or not, and which of the labels. */
  readonly told: number;
  readonly which: number;
  /** Guessing, of `which`. */
  readonly chance: number;
}

interface Tally {
  right: number;
  of: number;
}

/** A row for each number of examples that two labels at least have. Throws the signal's reason. */
export async function fewShots(
  method: TeachMethod,
  units: readonly Unit[],
  shots: readonly number[] = SHOTS,
  signal?: AbortSignal,
): Promise<FewShot[]> {
  const all = await smaller(units, signal);
  const rows: FewShot[] = [];
  for (const count of shots) {
    const row = await fewShot(method, all, count, signal);
    if (row) rows.push(row);
  }
  return rows;
}

async function fewShot(
  method: TeachMethod,
  units: readonly Unit[],
  shots: number,
  signal: AbortSignal | undefined,
): Promise<FewShot | undefined> {
  const chance = random(shots);
  const told = new Map<string, Record<'true' | 'false', Tally>>();
  const which: Tally = { right: 0, of: 0 };
  let guess = 0;
  for (const people of partsOf(units)) {
    const asked = units.filter((unit) => !unit.examples && people.has(unit.person));
    const others = units.filter((unit) => !people.has(unit.person));
    const taught = [...Map.groupBy(others, ({ label }) => label)].filter(([, { length }]) => length >= shots);
    if (taught.length < 2) continue;
    const labels = new Set(taught.map(([label]) => label));
    const questions = asked.filter(({ label }) => labels.has(label));
    for (let draw = 0; draw < DRAWS; draw++) {
      await breathe();
      signal?.throwIfAborted();
      const scores = new Map<string, number[]>();
      for (const [label, pool] of taught) {
        const positives = drawn(pool, shots, chance);
        const negatives = evenly(
          others.filter((unit) => unit.label !== label),
          AGAINST,
        );
        const classifier = await makeClassifier(
          method,
          [...positives, ...negatives].map((unit) => exampleOf(unit, label)),
          signal,
        );
        const own = questions.map((unit) => probabilityOf(classifier, exampleOf(unit, label)));
        scores.set(label, own);
        const tally = told.get(label) ?? { true: { right: 0, of: 0 }, false: { right: 0, of: 0 } };
        told.set(label, tally);
        for (const [n, unit] of questions.entries())
          note(tally[`${unit.label === label}`], own[n]! >= 0.5 === (unit.label === label));
      }
      for (const [n, { label }] of questions.entries()) {
        const [best] = [...scores].reduce((a, b) => (b[1][n]! > a[1][n]! ? b : a));
        note(which, best === label);
        guess += 1 / scores.size;
      }
    }
  }
  const shares = [...told.values()].flatMap((tally) =>
    tally.true.of > 0 && tally.false.of > 0
      ? [(tally.true.right / tally.true.of + tally.false.right / tally.false.of) / 2]
      : [],
  );
  if (shares.length < 2) return undefined;
  return {
    ...{ shots, labels: shares.length, told: shares.reduce((a, b) => a + b) / shares.length },
    ...{ which: which.right / which.of, chance: guess / which.of },
  };
}

function note(tally: Tally, right: boolean): void {
  tally.of++;
  if (right) tally.right++;
}

function exampleOf(unit: Unit, label: string): Example {
  return { vectors: unit.vectors, positive: unit.label === label, kind: unit.label };
}

/** The same units in the space they span, for speed. */
async function smaller(units: readonly Unit[], signal: AbortSignal | undefined): Promise<Unit[]> {
  const examples = await reduced(
    units.map((unit) => exampleOf(unit, '')),
    signal,
  );
  return units.map((unit, n) => ({ ...unit, vectors: examples[n]!.vectors }));
}

/** People who are asked about, dealt into parts by chance: in the order of a protocol all of a label may come to lie in one. */
function partsOf(units: readonly Unit[]): Set<string>[] {
  const all = [...new Set(units.filter((unit) => !unit.examples).map(({ person }) => person))];
  const people = drawn(all, all.length, random(all.length));
  const parts = Array.from({ length: Math.min(PARTS, people.length) }, () => new Set<string>());
  for (const [n, person] of people.entries()) parts[n % parts.length]!.add(person);
  return parts;
}

function drawn<T>(pool: readonly T[], count: number, chance: () => number): T[] {
  const left = [...pool];
  return Array.from({ length: count }, () => left.splice(Math.floor(chance() * left.length), 1)[0]!);
}

/** mulberry32 */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

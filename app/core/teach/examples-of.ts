/**
 * Examples out of what people said.
 *
 * [Note: examples] Of a label: spans that a person accepted or marked; where they overlap they are one example, so that the same footage is never left out and learned
 * from at once. Against it: spans of other labels that a person accepted or marked ('kind' is that label), spans of it that were rejected, and pieces of what
 * lies between, in the same clips. Where the label was found and nobody has looked yet, nothing is learned either way.
 * A streaming recogniser remembers: what it says early in a span is still about what was before, and for a while after its end about the span. So moments are
 * taken from LATE after the start (or the second half) to a little after the end, and between spans from GUARD after the last.
 */
import type { Span } from '../../contract/tags.ts';
import type { Example } from './example.ts';
import { evenly } from './left-out.ts';

/** A clip, what is known of it, and the embeddings of its moments. */
export interface Footage {
  readonly spans: readonly Pick<Span, 'label' | 'start' | 'end' | 'state'>[];
  /** Seconds, ascending. */
  readonly times: readonly number[];
  /** [times.length, dimensions] */
  readonly values: Float32Array;
}

const LATE = 0.5;
const AFTER = 0.25;
const GUARD = 1;
/** Seconds of a piece between spans, and vectors of an example. */
const PIECE = 4;
const VECTORS = 4;
/** Negative examples; more are thinned out evenly. */
const MOST = 1000;
const MOST_OF_A_CLIP = 200;
const BETWEEN = 'between';

type Stretch = readonly [start: number, end: number];

/** Examples of a label, clip after clip; no more of them are held than will be used. */
export class ExampleSheaf {
  readonly #label: string;
  #positive: Example[] = [];
  #said: Example[] = [];
  #between: Example[] = [];

  constructor(label: string) {
    this.#label = label;
  }

  get positive(): number {
    return this.#positive.length;
  }

  get negative(): number {
    return this.#said.length + this.#between.length;
  }

  add(footage: Footage): void {
    const found = examplesIn(footage, this.#label);
    const isBetween = (one: Example): boolean => !one.positive && one.kind === BETWEEN;
    this.#positive.push(...found.filter(({ positive }) => positive));
    this.#said.push(...found.filter((one) => !one.positive && !isBetween(one)));
    this.#between.push(...evenly(found.filter(isBetween), MOST_OF_A_CLIP));
    if (this.#said.length > 2 * MOST) this.#said = evenly(this.#said, MOST);
    if (this.#between.length > 2 * MOST) this.#between = evenly(this.#between, MOST);
  }

  examples(): Example[] {
    const said = evenly(this.#said, MOST);
    return [...this.#positive, ...said, ...evenly(this.#between, Math.max(MOST / 4, MOST - said.length))];
  }
}

/** Spans that examples of the label are made of, overlapping ones as one. */
export function stretchesOf(spans: Footage['spans'], label: string): Stretch[] {
  return merged(spans.filter((span) => span.label === label && isSaid(span)));
}

function examplesIn(footage: Footage, label: string): Example[] {
  const { spans, times } = footage;
  const positive = stretchesOf(spans, label);
  const rejected = merged(spans.filter((span) => span.label === label && span.state === 'rejected'));
  const doubtful = merged(spans.filter((span) => span.label === label && span.state === 'found'));
  const said = spans.filter((span) => span.label !== label && isSaid(span));
  const others = [...new Set(said.map((span) => span.label))].map(
    (kind) => [kind, merged(said.filter((span) => span.label === kind))] as const,
  );
  const taken = [...positive, ...doubtful];
  const make = (stretch: Stretch, kind: string): Example[] => {
    const vectors = vectorsIn(footage, stretch, kind === label ? [] : taken);
    return vectors.length === 0 ? [] : [{ vectors, positive: kind === label, kind }];
  };
  const until = times.at(-1) ?? 0;
  return [
    ...positive.flatMap((stretch) => make(stretch, label)),
    ...others.flatMap(([kind, stretches]) => stretches.flatMap((stretch) => make(stretch, kind))),
    ...rejected.flatMap((stretch) => make(stretch, 'rejected')),
    ...pieces([...taken, ...rejected, ...others.flatMap(([, stretches]) => stretches)], until).flatMap((stretch) =>
      make(stretch, BETWEEN),
    ),
  ];
}

function isSaid({ state }: { state: Span['state'] }): boolean {
  return state === 'accepted' || state === 'marked';
}

function merged(spans: readonly { start: number; end: number }[]): Stretch[] {
  const out: [number, number][] = [];
  for (const { start, end } of spans.toSorted((a, b) => a.start - b.start)) {
    const last = out.at(-1);
    if (last && start < last[1]) last[1] = Math.max(last[1], end);
    else out.push([start, end]);
  }
  return out;
}

/** What lies between stretches, in pieces; each from GUARD after what was before it. */
function pieces(taken: readonly Stretch[], until: number): Stretch[] {
  const out: Stretch[] = [];
  let from = 0;
  for (const [start, end] of [...taken, [until + AFTER, Infinity] as const].toSorted((a, b) => a[0] - b[0])) {
    const count = Math.ceil((start - from) / PIECE);
    for (let n = 0; n < count; n++) {
      out.push([from + ((start - from) * n) / count, from + ((start - from) * (n + 1)) / count]);
    }
    from = Math.max(from, end + GUARD);
  }
  return out;
}

/** Vectors of the stretch's moments, none of them in or just after one of `except`; for a stretch too short for any, that of the moment nearest to its end. */
export function vectorsIn(
  { times, values }: Footage,
  [start, end]: Stretch,
  except: readonly Stretch[],
): Float32Array[] {
  const size = values.length / Math.max(1, times.length);
  const near = except.filter(([from, to]) => from <= end + LATE && to + AFTER >= start - LATE);
  const free = (from: number, to: number): number[] => {
    const places: number[] = [];
    for (let n = firstAt(times, from); n < times.length && times[n]! < to; n++) {
      if (!near.some(([a, b]) => times[n]! >= a && times[n]! < b + AFTER)) places.push(n);
    }
    return places;
  };
  const within = free(start + Math.min(LATE, (end - start) / 2), end + AFTER);
  const away = (n: number): number => Math.abs(times[n]! - end);
  const places =
    within.length > 0
      ? within
      : free(end - LATE, end + LATE)
          .toSorted((a, b) => away(a) - away(b))
          .slice(0, 1);
  return evenly(places, VECTORS).map((n) => values.slice(n * size, (n + 1) * size));
}

/** Place of the first time that is not before `time`. */
function firstAt(times: readonly number[], time: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

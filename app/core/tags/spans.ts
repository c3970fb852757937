/**
 * From probabilities to spans. Pure.
 *
 * [Note: spans] Each label is looked at by itself, so several can hold at once. Score i stands for the time from i / rate to (i + 1) / rate. The probabilities are
 * smoothed with a Gaussian, cut off at three sigma and at the clip's ends, where what there is weighs more. A span begins at the first score that reaches `on` and
 * goes on while they are at least `off` (hysteresis: noise about one threshold would chop it). Gaps of at most `gap` are closed, then what is shorter than
 * `shortest` is dropped. A span's score is the mean of its probabilities before smoothing, gaps included. What is true of a score is known once those within three
 * sigma after it are there, so a streaming run has its spans a moment late, and they are exactly those of the whole clip.
 */
import { AppError } from '../../contract/errors.ts';
import type { SpanFact, SpanRules } from '../../contract/tags.ts';

/** What recognisers answer where nothing happens; it is never made into spans. */
export const NOTHING = 'nothing';

/** Times that differ by less are the same. */
const SAME = 1e-6;
/** What smoothing of equal probabilities may lose. */
const ROUNDING = 1e-9;

/** Throws 'bad-rules' saying what is wrong. */
export function checkRules(rules: SpanRules): void {
  const thresholds = [['', rules] as const, ...Object.entries(rules.labels)];
  for (const [label, { on, off }] of thresholds) {
    const whose = label === '' ? '' : ` of '${label}'`;
    if (!(on > 0 && on <= 1))
      throw new AppError('bad-rules', `A span${whose} begins at a probability above 0, at most 1.`);
    if (!(off > 0 && off <= on)) {
      throw new AppError(
        'bad-rules',
        `A span${whose} ends below a probability above 0 that is no higher than where it begins.`,
      );
    }
  }
  const { smooth, gap, shortest } = rules;
  if (![smooth, gap, shortest].every((value) => value >= 0 && Number.isFinite(value))) {
    throw new AppError('bad-rules', 'Smoothing, gaps and the shortest span are seconds, from 0 on.');
  }
}

/** The spans of a whole clip: `probabilities` [scores, labels], `rate` scores a second. By start, then label. Throws 'bad-rules'. */
export function spansOf(
  probabilities: Float32Array,
  labels: readonly string[],
  rate: number,
  rules: SpanRules,
): SpanFact[] {
  const maker = new SpanMaker(labels, rate, rules);
  maker.push(probabilities);
  return maker.finish();
}

/** A label's span that may still grow; indices of scores. */
interface Growing {
  readonly start: number;
  /** After its last score at `off` or above, and the sum of the probabilities up to there. */
  end: number;
  sum: number;
  /** The sum of all since its start. */
  running: number;
  /** No score fell below `off` since; else it is within a gap that may be closed. */
  held: boolean;
}

/** Makes spans while scores still come. Memory does not grow but with the spans. */
export class SpanMaker {
  readonly #labels: readonly string[];
  readonly #rate: number;
  readonly #on: Float64Array;
  readonly #off: Float64Array;
  /** The right half of the Gaussian, its middle first. */
  readonly #kernel: Float64Array;
  /** The last 2 reach + 1 scores, score i at i modulo their number. */
  readonly #ring: Float32Array;
  readonly #reach: number;
  /** For each label the last score that alone would begin a span: with none in reach, no smoothed one does. */
  readonly #high: Float64Array;
  readonly #growing: (Growing | undefined)[];
  readonly #gap: number;
  readonly #shortest: number;
  readonly #finished: SpanFact[] = [];
  #pushed = 0;
  #judged = 0;

  /** Throws 'bad-rules'. */
  constructor(labels: readonly string[], rate: number, rules: SpanRules) {
    checkRules(rules);
    this.#labels = labels;
    this.#rate = rate;
    const own = (label: string): { on: number; off: number } =>
      Object.hasOwn(rules.labels, label) ? rules.labels[label]! : rules;
    this.#on = Float64Array.from(labels, (label) => (label === NOTHING ? Infinity : own(label).on - ROUNDING));
    this.#off = Float64Array.from(labels, (label) => own(label).off - ROUNDING);
    const sigma = rules.smooth * rate;
    this.#reach = Math.ceil(3 * sigma - SAME);
    this.#kernel = Float64Array.from({ length: this.#reach + 1 }, (_, i) =>
      i === 0 ? 1 : Math.exp(-(i * i) / (2 * sigma * sigma)),
    );
    this.#ring = new Float32Array((2 * this.#reach + 1) * labels.length);
    this.#high = new Float64Array(labels.length).fill(-Infinity);
    this.#growing = labels.map(() => undefined);
    this.#gap = rules.gap * rate + SAME;
    this.#shortest = rules.shortest * rate - SAME;
  }

  /** Those that will not change any more, in the order they ended. */
  get finished(): readonly SpanFact[] {
    return this.#finished;
  }

  /** Finished ones and, as they are by now, those that still grow and are long enough. By start, then label. */
  soFar(): SpanFact[] {
    const growing = this.#growing.flatMap((span, label) => (span ? this.#fact(span, label) : []));
    return [...this.#finished, ...growing].toSorted(byStart);
  }

  /** More scores, [n, labels]. */
  push(probabilities: Float32Array): void {
    const width = this.#labels.length;
    const slots = 2 * this.#reach + 1;
    for (let at = 0; at < probabilities.length; at += width) {
      const slot = (this.#pushed % slots) * width;
      for (let label = 0; label < width; label++) {
        const value = probabilities[at + label]!;
        this.#ring[slot + label] = value;
        if (value >= this.#on[label]!) this.#high[label] = this.#pushed;
      }
      this.#pushed++;
      if (this.#pushed > this.#reach) this.#judge(this.#judged++);
    }
  }

  /** No more come: all spans, by start, then label. */
  finish(): SpanFact[] {
    while (this.#judged < this.#pushed) this.#judge(this.#judged++);
    for (const [label, span] of this.#growing.entries()) if (span) this.#end(span, label);
    return this.#finished.toSorted(byStart);
  }

  #judge(score: number): void {
    const width = this.#labels.length;
    const slot = (score % (2 * this.#reach + 1)) * width;
    for (let label = 0; label < width; label++) {
      const span = this.#growing[label];
      if (!span && this.#high[label]! < score - this.#reach) continue;
      const smooth = this.#smoothed(score, label);
      const raw = this.#ring[slot + label]!;
      if (!span) {
        if (smooth < this.#on[label]!) continue;
        this.#growing[label] = { start: score, end: score + 1, sum: raw, running: raw, held: true };
      } else this.#grow(span, label, score, smooth, raw);
    }
  }

  #grow(span: Growing, label: number, score: number, smooth: number, raw: number): void {
    span.running += raw;
    span.held = smooth >= (span.held ? this.#off : this.#on)[label]!;
    if (span.held) {
      span.end = score + 1;
      span.sum = span.running;
    } else if (score + 1 - span.end > this.#gap) this.#end(span, label);
  }

  #end(span: Growing, label: number): void {
    this.#growing[label] = undefined;
    this.#finished.push(...this.#fact(span, label));
  }

  /** None where it is too short. */
  #fact({ start, end, sum }: Growing, label: number): SpanFact[] {
    if (end - start < this.#shortest) return [];
    const [from, to] = [start / this.#rate, end / this.#rate];
    return [{ label: this.#labels[label]!, start: from, end: to, score: sum / (end - start) }];
  }

  #smoothed(score: number, label: number): number {
    const [width, slots] = [this.#labels.length, 2 * this.#reach + 1];
    const from = Math.max(0, score - this.#reach);
    const to = Math.min(this.#pushed - 1, score + this.#reach);
    let [sum, weight] = [0, 0];
    for (let i = from; i <= to; i++) {
      const w = this.#kernel[Math.abs(i - score)]!;
      sum += w * this.#ring[(i % slots) * width + label]!;
      weight += w;
    }
    return sum / weight;
  }
}

function byStart(a: SpanFact, b: SpanFact): number {
  return a.start - b.start || (a.label < b.label ? -1 : Number(a.label > b.label)) || a.end - b.end;
}

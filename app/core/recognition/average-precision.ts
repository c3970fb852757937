/**
 * How well spans are found.
 *
 * [Note: mean average precision] As ActivityNet scores (Heilbron and others, CVPR 2015): the spans found of a label, over all videos, from the highest score to the lowest, are
 * each given the true span of the same video and label that they overlap most and that no better one took; where the overlap (intersection over union of the times) reaches the
 * limit the span is right, else wrong. The average precision is the area below precision over recall, precision being the best there is at that recall or any higher. The mean is over
 * the labels that the truth has.
 */
import type { SpanFact } from '../../contract/tags.ts';
import type { TruthSpan } from './protocol.ts';

/** Of one video. */
export interface FoundAndTrue {
  readonly found: readonly SpanFact[];
  readonly truth: readonly TruthSpan[];
}

/** Intersection over union of two stretches of time. */
export function overlapOf(a: { start: number; end: number }, b: { start: number; end: number }): number {
  const both = Math.min(a.end, b.end) - Math.max(a.start, b.start);
  return both <= 0 ? 0 : both / (Math.max(a.end, b.end) - Math.min(a.start, b.start));
}

/** 0..1 for one label; null where the truth has none of it. */
export function averagePrecision(videos: readonly FoundAndTrue[], label: string, overlap: number): number | null {
  const truths = videos.map(({ truth }) => truth.filter((span) => span.label === label));
  const count = truths.reduce((sum, { length }) => sum + length, 0);
  if (count === 0) return null;
  const found = videos.flatMap(({ found: spans }, video) =>
    spans.filter((span) => span.label === label).map((span) => ({ span, video })),
  );
  const taken = new Set<TruthSpan>();
  const right = found
    .toSorted((a, b) => (b.span.score ?? 0) - (a.span.score ?? 0))
    .map(({ span, video }) => {
      const [best] = truths[video]!.filter((truth) => !taken.has(truth) && overlapOf(truth, span) >= overlap).toSorted(
        (a, b) => overlapOf(b, span) - overlapOf(a, span),
      );
      if (best) taken.add(best);
      return best !== undefined;
    });
  return areaOf(right) / count;
}

/** The sum, over what is right, of the best precision from there on. */
function areaOf(right: readonly boolean[]): number {
  let hits = 0;
  const precision = right.map((one, n) => (hits += Number(one)) / (n + 1));
  let [best, sum] = [0, 0];
  for (let n = right.length - 1; n >= 0; n--) {
    best = Math.max(best, precision[n]!);
    if (right[n]) sum += best;
  }
  return sum;
}

/** By label, for those of the truth. */
export function averagePrecisions(videos: readonly FoundAndTrue[], overlap: number): Map<string, number> {
  const labels = [...new Set(videos.flatMap(({ truth }) => truth.map(({ label }) => label)))].toSorted();
  return new Map(labels.map((label) => [label, averagePrecision(videos, label, overlap)!]));
}

/** Spans in words. */
import type { QueueItem } from '../../contract/queue.ts';
import type { Span, SpanState } from '../../contract/tags.ts';

export const STATE_WORDS: Readonly<Record<SpanState, string>> = {
  found: 'Found',
  accepted: 'Accepted',
  rejected: 'Rejected',
  marked: 'Marked by hand',
};

/** '1:02.30', '1:00:02.30': seconds to the hundredth. */
export function clock(seconds: number): string {
  const hundredths = Math.round(Math.max(0, seconds) * 100);
  const [h, m, s] = [Math.floor(hundredths / 360_000), Math.floor(hundredths / 6000) % 60, (hundredths % 6000) / 100];
  const rest = s.toFixed(2).padStart(5, '0');
  return h > 0 ? `${h}:${String(m).padStart(2, '0')}:${rest}` : `${m}:${rest}`;
}

/** '83 %', or nothing for what a person marked. */
export function showScore(score: number | null): string {
  return score === null ? '' : `${Math.round(100 * score)} %`;
}

/** '1.20 s'. */
export function spanLength({ start, end }: Pick<Span, 'start' | 'end'>): string {
  return `${(end - start).toFixed(2)} s`;
}

/** All of it, for a screen reader. */
export function describeSpan(span: Pick<Span, 'label' | 'start' | 'end' | 'state' | 'score'>): string {
  const score = showScore(span.score);
  const words = [`${clock(span.start)} to ${clock(span.end)}`, STATE_WORDS[span.state].toLowerCase(), score];
  return `${span.label}, ${words.filter((word) => word !== '').join(', ')}`;
}

/** A label as a word of the query. */
export function labelWord(label: string): string {
  return /^[\p{L}\p{N}_-]+$/u.test(label) ? `label:${label}` : `label:"${label.replaceAll('"', '')}"`;
}

/** Jobs that recognise actions. */
export function tagJobs(items: readonly QueueItem[], path?: string): QueueItem[] {
  return items.filter(
    ({ job: { spec } }) => spec.kind === ('tag' as string) && (path === undefined || inputOf(spec) === path),
  );
}

function inputOf(spec: object): string | undefined {
  return 'input' in spec && typeof spec.input === 'string' ? spec.input : undefined;
}

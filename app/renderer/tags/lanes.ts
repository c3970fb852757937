/** Lanes under a clip: one a label, with the spans of it and the run its curve comes from. Pure. */
import type { ClipTags, Span, SpanEdit, TagRun } from '../../contract/tags.ts';

export interface Lane {
  readonly label: string;
  /** The newest run that knows the label; null for a person's own label. */
  readonly run: TagRun | null;
  /** By start. */
  readonly spans: readonly Span[];
}

/** Shortest span there is, in seconds: the core refuses shorter ones as slips. */
export const SHORTEST = 0.01;

const LETTERS = new Intl.Collator('en', { numeric: true });

/** `labels` that were shown before, in their order, then those that have come: nothing that is looked at moves. */
export function grown(
  labels: readonly string[],
  { spans }: Pick<ClipTags, 'spans'>,
  also: readonly string[],
): string[] {
  const spanned = [...new Set(spans.map(({ label }) => label))].toSorted(LETTERS.compare);
  return [...new Set([...labels, ...spanned, ...also])];
}

export function lanesOf(runs: readonly TagRun[], spans: readonly Span[], labels: readonly string[]): Lane[] {
  const newest = runs.toSorted((a, b) => b.at.localeCompare(a.at));
  return labels.map((label) => ({
    label,
    run: newest.find((run) => run.labels.includes(label)) ?? null,
    spans: spans.filter((span) => span.label === label),
  }));
}

/** The span that comes after (before) the one that is selected, or after (before) `at` where none is; undefined at the ends. */
export function beside(spans: readonly Span[], selected: string | null, at: number, way: 1 | -1): Span | undefined {
  const ordered = inOrder(spans);
  const place = ordered.findIndex(({ id }) => id === selected);
  if (place >= 0) return ordered[place + way];
  return way > 0 ? ordered.find(({ start }) => start >= at) : ordered.findLast(({ start }) => start < at);
}

/** By start, then by label: the order of going through them. */
export function inOrder(spans: readonly Span[]): Span[] {
  return spans.toSorted((a, b) => a.start - b.start || a.label.localeCompare(b.label) || a.end - b.end);
}

export interface Ends {
  readonly start: number;
  readonly end: number;
}

/** An end moved by hand: it stays within the clip and does not pass the other. */
export function withEdge({ start, end }: Ends, edge: 'start' | 'end', to: number, length: number, least: number): Ends {
  return edge === 'start'
    ? { start: clamp(to, 0, Math.max(0, end - least)), end }
    : { start, end: clamp(to, Math.min(length, start + least), length) };
}

/** The whole moved by hand: its length stays. */
export function moved({ start, end }: Ends, by: number, length: number): Ends {
  const step = clamp(by, -start, Math.max(0, length - end));
  return { start: start + step, end: end + step };
}

/** What is marked from one moment to another, whichever comes first; null where it is nothing. */
export function marked(from: number, to: number, length: number): Ends | null {
  const [start, end] = [clamp(Math.min(from, to), 0, length), clamp(Math.max(from, to), 0, length)];
  return end - start < SHORTEST ? null : { start, end };
}

/** The same edit of the span that has taken the place of the one that was meant: while a clip runs, what is found grows, and is another span each time. */
export function renamed(edit: SpanEdit, before: readonly Span[], now: readonly Span[]): SpanEdit {
  if (edit.type === 'mark' || now.some(({ id }) => id === edit.id)) return edit;
  const meant = before.find(({ id }) => id === edit.id);
  const next = now.find(
    ({ label, state, start, end }) =>
      meant?.state === 'found' && state === 'found' && label === meant.label && start < meant.end && end > meant.start,
  );
  return next ? { ...edit, id: next.id } : edit;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

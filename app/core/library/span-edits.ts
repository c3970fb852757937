/**
 * What people do to spans. Pure.
 *
 * [Note: two hands] Rows that are 'found' belong to the engine: it replaces them as it likes, and nobody else touches them. Whatever a person does to one makes a
 * row of the person's own beside it, which remembers what the engine had said (its origin). A found row is shown only where no person's row of the same label
 * lies, neither as it is nor as it was found. So no rerun can overwrite what a person said, and taking back what was said (undo, reset) brings out what the
 * engine says by now.
 */
import { AppError } from '../../contract/errors.ts';
import type { SpanEdit, SpanState } from '../../contract/tags.ts';

export interface SpanRow {
  readonly id: string;
  readonly label: string;
  readonly start: number;
  readonly end: number;
  readonly score: number | null;
  readonly state: SpanState | 'removed';
  readonly engine: string | null;
  readonly version: string | null;
  /** What the engine had said, of a person's row that began as found. */
  readonly origin: { readonly id: string; readonly label: string; readonly start: number; readonly end: number } | null;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface EditSetting {
  /** Seconds of the clip, where they are known. */
  readonly duration: number | null;
  readonly newId: () => string;
  readonly now: number;
  /** Edits of spans that are not there, such as those an edit before took along, are passed over instead of refused. */
  readonly passOver: boolean;
}

/** Spans shorter than this are slips. */
const SHORTEST = 0.01;
/** Times that differ by less are the same. */
const SAME = 1e-6;

interface Place {
  readonly start: number;
  readonly end: number;
}

/** Whether a person's span lies where an engine's would. `said` are all rows of people on the clip. */
export function coverOf(said: Iterable<SpanRow>): (found: Pick<SpanRow, 'label' | 'start' | 'end'>) => boolean {
  const places = new Map<string, Place[]>();
  const add = ({ label, start, end }: Place & { readonly label: string }): void => {
    const list = places.get(label);
    if (list) list.push({ start, end });
    else places.set(label, [{ start, end }]);
  };
  for (const row of said) {
    add(row);
    if (row.origin) add(row.origin);
  }
  return (found) => (places.get(found.label) ?? []).some((place) => meet(place, found));
}

function meet(a: Place, b: Place): boolean {
  return a.start < b.end - SAME && a.end > b.start + SAME;
}

/** As coverOf says of one, without the work of looking at many. */
function covers(said: Said, { label, start, end }: SpanRow): boolean {
  const found = { start, end };
  for (const row of said.values()) {
    if (row.label === label && meet(row, found)) return true;
    if (row.origin?.label === label && meet(row.origin, found)) return true;
  }
  return false;
}

/** No blanks at its ends, one between words, and nothing that a terminal would obey. */
export function plainLabel(label: string): string {
  return label
    .normalize('NFC')
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim();
}

/** A label as it is kept. Throws 'bad-span' for none. */
export function cleanLabel(label: string): string {
  const clean = plainLabel(label);
  if (clean === '' || clean.length > 200) throw new AppError('bad-span', 'A label has 1 to 200 letters.');
  return clean;
}

/**
 * The person's rows after `edits`, of those before and of all that engines found. Throws 'span-unknown', 'bad-span'; then nothing is done.
 */
export function applyEdits(
  before: readonly SpanRow[],
  found: readonly SpanRow[],
  edits: readonly SpanEdit[],
  setting: EditSetting,
): SpanRow[] {
  const said = new Map(before.map((row) => [row.id, row]));
  const engines = new Map(found.map((row) => [row.id, row]));
  for (const edit of edits) {
    if (edit.type === 'mark') mark(said, edit, setting);
    else {
      const row = shown(said, engines, edit.id);
      if (row) applyTo(said, row, edit, setting);
      else if (!setting.passOver) {
        throw new AppError('span-unknown', 'That span is not there any more; the clip was tagged again.');
      }
    }
  }
  return [...said.values()];
}

type Said = Map<string, SpanRow>;

/** The row people see under that id, if any; an engine's as the person's row it would become. */
function shown(said: Said, engines: ReadonlyMap<string, SpanRow>, id: string): SpanRow | undefined {
  const own = said.get(id);
  if (own && own.state !== 'removed') return own;
  const row = own ? undefined : engines.get(id);
  if (!row || covers(said, row)) return undefined;
  const { label, start, end } = row;
  return { ...row, origin: { id, label, start, end } };
}

function mark(
  said: Said,
  { label, start, end }: SpanEdit & { readonly type: 'mark' },
  { duration, newId, now }: EditSetting,
): void {
  const id = newId();
  const nobody = { score: null, engine: null, version: null, origin: null };
  said.set(id, { id, label: cleanLabel(label), ...within(start, end, duration), state: 'marked', ...nobody, at: now });
}

function applyTo(
  said: Said,
  row: SpanRow,
  edit: Exclude<SpanEdit, { readonly type: 'mark' }>,
  { duration, newId }: EditSetting,
): void {
  const theirs = row.engine === null ? 'marked' : 'accepted';
  switch (edit.type) {
    case 'accept':
      said.set(row.id, { ...row, state: theirs });
      return;
    case 'reject':
      said.set(row.id, { ...row, state: 'rejected' });
      return;
    case 'remove':
      if (row.origin) said.set(row.id, { ...row, state: 'removed' });
      else said.delete(row.id);
      return;
    case 'reset':
      reset(said, row);
      return;
    case 'change': {
      const label = edit.label === undefined ? row.label : cleanLabel(edit.label);
      const place = within(edit.start ?? row.start, edit.end ?? row.end, duration);
      // Of another label the engine said nothing.
      const score = label === row.label ? row.score : null;
      said.set(row.id, { ...row, label, ...place, score, state: theirs });
      return;
    }
    case 'split': {
      const { at } = edit;
      if (!(at - row.start >= SHORTEST && row.end - at >= SHORTEST)) {
        throw new AppError('bad-span', 'A span is split between its start and its end.');
      }
      const id = newId();
      said.set(row.id, { ...row, end: at, state: theirs });
      said.set(id, { ...row, id, start: at, state: theirs });
      return;
    }
  }
}

/** Both halves of one that was split go back together. */
function reset(said: Said, row: SpanRow): void {
  const { origin } = row;
  if (origin) {
    for (const other of [...said.values()]) if (other.origin?.id === origin.id) said.delete(other.id);
    return;
  }
  if (row.state !== 'rejected') throw new AppError('bad-span', 'No engine found that span; a person marked it.');
  said.set(row.id, { ...row, state: 'marked' });
}

/** A span within the clip; what reaches beyond its end is cut off there. */
function within(start: number, end: number, duration: number | null): Place {
  if (duration !== null && start >= duration) {
    throw new AppError('bad-span', `The clip ends at ${duration.toFixed(2)} s, before the span begins.`);
  }
  const last = duration === null ? end : Math.min(end, duration);
  if (!(start >= 0 && last - start >= SHORTEST)) throw new AppError('bad-span', 'A span ends after it starts.');
  return { start, end: last };
}

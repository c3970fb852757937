/**
 * What people say of spans. As of projects ([Note: edits last] in projects/edit.ts) each edit, undo and redo is one transaction that is on the disk before it is
 * answered. An edit is refused when another person's came between; that an engine found more meanwhile is no reason to refuse one.
 */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import type { ClipTags, SpanEdit } from '../../contract/tags.ts';
import { needClip } from './clip-rows.ts';
import type { Library } from './db.ts';
import { foldCase } from './name-order.ts';
import { applyEdits, cleanLabel, coverOf, type SpanRow } from './span-edits.ts';
import { clipTags, clipVersion, insertSpan, nextVersion, spanRows } from './span-rows.ts';
import { addStep, turnStep, type SpanStep } from './span-steps.ts';

/** Does edits as one step. Throws 'clip-unknown', 'tags-changed', 'span-unknown', 'bad-span'; then nothing is done. */
export function editSpans(db: Library, id: string, version: number, edits: readonly SpanEdit[]): ClipTags {
  return db.write(() => {
    const clip = needClip(db, id);
    refuseOld(db, clip, version);
    edit(db, clip, edits, { passOver: false });
    return clipTags(db, id);
  });
}

/** Throws 'clip-unknown', 'tags-changed', 'nothing-to-undo'. */
export function undoSpans(db: Library, id: string, version: number): ClipTags {
  return turn(db, id, version, 'done');
}

/** Throws 'clip-unknown', 'tags-changed', 'nothing-to-undo' when nothing was undone. */
export function redoSpans(db: Library, id: string, version: number): ClipTags {
  return turn(db, id, version, 'undone');
}

const JUDGED = { accepted: 'accept', rejected: 'reject', found: 'reset' } as const;
const whereSchema = z.object({ id: z.string(), clip: z.string(), state: z.string(), marked: z.number() });

/**
 * Accepts, rejects or resets many, one step a clip. Spans that are not there any more, and those that are as asked, are passed over; ids of the clips that changed.
 */
export function judgeSpans(
  db: Library,
  ids: readonly string[],
  state: keyof typeof JUDGED,
): { changed: number; clips: string[] } {
  return db.write(() => {
    const rows = db.all(
      whereSchema,
      `SELECT s.id, c.id AS clip, s.state, s.source IS NULL AS marked FROM json_each(?) CROSS JOIN tag_spans s ON s.id = value
       JOIN clips c ON c.number = s.clip WHERE s.hidden = 0`,
      JSON.stringify([...new Set(ids)]),
    );
    // What a person marked is not an engine's: accepting it, or going back to what was said first, is to leave it marked.
    const asked = rows.filter((row) =>
      row.marked !== 0 && state !== 'rejected' ? row.state === 'rejected' : row.state !== state,
    );
    const byClip = Map.groupBy(asked, ({ clip }) => clip);
    for (const [clip, spans] of byClip) {
      const edits = spans.map(({ id }) => ({ type: JUDGED[state], id }));
      // Halves of one that was split are reset together, and of two engines' spans in one place accepting one hides the other.
      edit(db, needClip(db, clip), edits, { passOver: true });
    }
    return { changed: asked.length, clips: [...byClip.keys()] };
  });
}

interface EditedClip {
  readonly number: number;
  readonly name: string;
  readonly duration: number | null;
}

function edit(
  db: Library,
  clip: EditedClip,
  edits: readonly SpanEdit[],
  { passOver }: { readonly passOver: boolean },
  now = Date.now(),
): void {
  const { found, said } = spanRows(db, clip.number);
  const after = applyEdits(
    said,
    found,
    edits.map((one) => spelled(db, one)),
    { duration: clip.duration, newId: randomUUID, now, passOver },
  );
  const step = difference(said, after);
  if (step.before.length + step.after.length === 0) return;
  addStep(db, clip.number, step, now);
  put(db, clip.number, step);
}

const labelSchema = z.object({ label: z.string() });

function spelled(db: Library, one: SpanEdit): SpanEdit {
  if ((one.type !== 'mark' && one.type !== 'change') || one.label === undefined) return one;
  return { ...one, label: knownSpelling(db, one.label) };
}

/** A label that differs from a known one in case alone is the known one. Throws 'bad-span' for none. */
export function knownSpelling(db: Library, wanted: string): string {
  const label = cleanLabel(wanted);
  const known = db.get(
    labelSchema,
    'SELECT label FROM tag_labels WHERE folded = ? ORDER BY label = ? DESC, number LIMIT 1',
    ...[foldCase(label), label],
  );
  return known?.label ?? label;
}

function turn(db: Library, id: string, version: number, from: 'done' | 'undone'): ClipTags {
  return db.write(() => {
    const clip = needClip(db, id);
    refuseOld(db, clip, version);
    const { before, after } = turnStep(db, clip.number, from);
    put(db, clip.number, from === 'done' ? { before: after, after: before } : { before, after });
    return clipTags(db, id);
  });
}

function refuseOld(db: Library, { number, name }: EditedClip, version: number): void {
  const { version: newest, edited } = clipVersion(db, number);
  if (version >= edited && version <= newest) return;
  throw new AppError('tags-changed', `The spans of ${name} were changed elsewhere; what is shown is out of date.`);
}

/** The rows that `before` and `after` do not share. */
function difference(before: readonly SpanRow[], after: readonly SpanRow[]): SpanStep {
  const now = new Map(after.map((row) => [row.id, row]));
  const then = new Map(before.map((row) => [row.id, row]));
  return {
    before: before.filter((row) => !isDeepStrictEqual(row, now.get(row.id))),
    after: after.filter((row) => !isDeepStrictEqual(row, then.get(row.id))),
  };
}

/** Person's rows in place of others, and what is found shown where it may be. */
function put(db: Library, clip: number, { before, after }: SpanStep): void {
  for (const { id } of before) db.run(`DELETE FROM tag_spans WHERE id = ? AND clip = ? AND state <> 'found'`, id, clip);
  for (const row of after) insertSpan(db, clip, row, false);
  const { found, said, hidden } = spanRows(db, clip);
  const covered = coverOf(said);
  for (const row of found) {
    const hide = covered(row);
    if (hide === hidden.has(row)) continue;
    db.run(`UPDATE tag_spans SET hidden = ? WHERE id = ? AND clip = ? AND state = 'found'`, Number(hide), row.id, clip);
  }
  nextVersion(db, clip, 'person');
}

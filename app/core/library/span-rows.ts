/** Rows of spans ([Note: two hands] in span-edits.ts), and what engines say of a clip. Edits are in span-history.ts, searching in span-search.ts. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import type { ClipTags, LabelCount, Span, SpanFact } from '../../contract/tags.ts';
import { needClip } from './clip-rows.ts';
import type { Library } from './db.ts';
import { foldCase } from './name-order.ts';
import { coverOf, type SpanRow } from './span-edits.ts';
import { historyEnds } from './span-steps.ts';
import { runFacts, runsOf, type TagRunRow } from './tag-runs.ts';

const STATES = ['found', 'accepted', 'rejected', 'marked', 'removed'] as const;

const spanRowSchema = z
  .object({
    id: z.string(),
    label: z.string(),
    start: z.number(),
    end: z.number(),
    score: z.number().nullable(),
    state: z.enum(STATES),
    engine: z.string().nullable(),
    version: z.string().nullable(),
    hidden: z.number(),
    origin: z.string().nullable(),
    origin_label: z.string().nullable(),
    origin_start: z.number().nullable(),
    origin_end: z.number().nullable(),
    at: z.number(),
  })
  .transform(({ origin, origin_label, origin_start, origin_end, hidden, ...row }) => {
    const began = origin !== null && origin_label !== null && origin_start !== null && origin_end !== null;
    const span: SpanRow = {
      ...row,
      origin: began ? { id: origin, label: origin_label, start: origin_start, end: origin_end } : null,
    };
    return { span, hidden: hidden !== 0 };
  });

export interface ClipRows {
  /** What engines found, and a person's; by start. */
  readonly found: readonly SpanRow[];
  readonly said: readonly SpanRow[];
  /** Those of `found` that are not shown. */
  readonly hidden: ReadonlySet<SpanRow>;
}

/** All rows of a clip. */
export function spanRows(db: Library, clip: number): ClipRows {
  const rows = db.all(
    spanRowSchema,
    `SELECT s.id, l.label, s.start, s.end, s.score, s.state, e.engine, e.version, s.hidden, s.origin,
       (SELECT label FROM tag_labels WHERE number = s.origin_label) AS origin_label, s.origin_start, s.origin_end, s.at
     FROM tag_spans s JOIN tag_labels l ON l.number = s.label LEFT JOIN tag_sources e ON e.number = s.source
     WHERE s.clip = ? ORDER BY s.start, s.end, s.number`,
    clip,
  );
  const spans = rows.map(({ span }) => span);
  return {
    found: spans.filter(({ state }) => state === 'found'),
    said: spans.filter(({ state }) => state !== 'found'),
    hidden: new Set(rows.flatMap(({ span, hidden }) => (hidden && span.state === 'found' ? [span] : []))),
  };
}

/** Everything that is known of a clip's actions. Throws 'clip-unknown'. */
export function clipTags(db: Library, id: string): ClipTags {
  return db.write(() => {
    const clip = needClip(db, id);
    const { found, said, hidden } = spanRows(db, clip.number);
    const spans = [...found, ...said].flatMap((row): Span[] => {
      const { label, start, score, state, engine, version } = row;
      if (hidden.has(row) || state === 'removed') return [];
      // The last score stands for some time after the last picture.
      const end = clip.duration !== null && clip.duration > start ? Math.min(row.end, clip.duration) : row.end;
      return [{ id: row.id, clip: id, label, start, end, score, state, engine, version }];
    });
    spans.sort((a, b) => a.start - b.start || a.end - b.end || (a.label < b.label ? -1 : Number(a.label > b.label)));
    return {
      clip: id,
      version: clipVersion(db, clip.number).version,
      runs: runsOf(db, id).map(runFacts),
      spans,
      ...historyEnds(db, clip.number),
    };
  });
}

const versionSchema = z.object({ version: z.number(), edited: z.number() });

/** The version of a clip's actions, and the last that a person made. */
export function clipVersion(db: Library, clip: number): { version: number; edited: number } {
  const row = db.get(versionSchema, 'SELECT version, edited FROM tag_versions WHERE clip = ?', clip);
  return row ?? { version: 0, edited: 0 };
}

/** The next version. */
export function nextVersion(db: Library, clip: number, by: 'engine' | 'person'): void {
  const person = Number(by === 'person');
  db.run(
    `INSERT INTO tag_versions (clip, version, edited) VALUES (?, 1, ?)
     ON CONFLICT (clip) DO UPDATE SET version = version + 1, edited = CASE WHEN ? = 1 THEN version + 1 ELSE edited END`,
    ...[clip, person, person],
  );
}

/**
 * What a run says by now, in place of what its engine said before; what a person said stays ([Note: who said so]). While a clip is tagged again the old run's
 * spans stay until finishRun, and nothing is done here. True when something that is shown changed. Throws 'run-unknown'.
 */
export function replaceFound(db: Library, run: TagRunRow, spans: readonly SpanFact[], now = Date.now()): boolean {
  return db.write(() => {
    const runs = runsOf(db, run.clip).filter(({ engine }) => engine === run.engine);
    const current = runs.find(({ number }) => number === run.number);
    if (!current) throw new AppError('run-unknown', 'That run is not there any more; the clip was tagged again.');
    if (!current.finished && runs.some(({ finished }) => finished)) return false;
    return replace(db, run, spans, now);
  });
}

/** The run is complete, and `spans` are what its rules make of it: it takes the place of the engine's older runs of the clip. Throws 'run-unknown'. */
export function finishRun(db: Library, run: TagRunRow, spans: readonly SpanFact[], now = Date.now()): void {
  db.write(() => {
    if (db.run('UPDATE tag_runs SET finished = 1 WHERE number = ?', run.number) === 0) {
      throw new AppError('run-unknown', 'The clip was removed from the library, or is tagged anew by another job.');
    }
    db.run('UPDATE tag_states SET state = NULL WHERE run = ?', run.number);
    db.run(
      'DELETE FROM tag_runs WHERE clip = ? AND engine = ? AND number <> ?',
      run.clipNumber,
      run.engine,
      run.number,
    );
    if (!replace(db, run, spans, now)) nextVersion(db, run.clipNumber, 'engine');
  });
}

/** Forgets the runs of an engine and what it found that nobody looked at; ids of the clips it was on. */
export function forgetEngine(db: Library, engine: string): string[] {
  return db.write(() => {
    const clips = db.all(
      z.object({ number: z.number(), id: z.string() }),
      `SELECT number, id FROM clips WHERE number IN (SELECT clip FROM tag_runs WHERE engine = ? UNION
         SELECT clip FROM tag_spans WHERE source IN (SELECT number FROM tag_sources WHERE engine = ?))`,
      ...[engine, engine],
    );
    db.run('DELETE FROM tag_runs WHERE engine = ?', engine);
    db.run(
      `DELETE FROM tag_spans WHERE state = 'found' AND source IN (SELECT number FROM tag_sources WHERE engine = ?)`,
      engine,
    );
    for (const { number } of clips) nextVersion(db, number, 'engine');
    return clips.map(({ id }) => id);
  });
}

function replace(db: Library, run: TagRunRow, spans: readonly SpanFact[], now: number): boolean {
  const { found, said, hidden: unseen } = spanRows(db, run.clipNumber);
  const key = ({ label, start, end }: Pick<SpanFact, 'label' | 'start' | 'end'>): string => `${start} ${end} ${label}`;
  const before = new Map(found.filter(({ engine }) => engine === run.engine).map((row) => [key(row), row]));
  const covered = coverOf(said);
  let changed = false;
  for (const span of spans) {
    const old = before.get(key(span));
    before.delete(key(span));
    if (old && old.score === span.score && old.version === run.version) continue;
    const hidden = covered(span);
    changed ||= !hidden;
    if (old) {
      db.run(
        'UPDATE tag_spans SET score = ?, source = ? WHERE id = ? AND state = ?',
        ...[span.score, source(db, run), old.id, 'found'],
      );
    } else {
      const row = { ...span, id: randomUUID(), state: 'found', engine: run.engine, version: run.version } as const;
      insertSpan(db, run.clipNumber, { ...row, origin: null, at: now }, hidden);
    }
  }
  for (const gone of before.values()) {
    db.run(`DELETE FROM tag_spans WHERE id = ? AND state = 'found'`, gone.id);
    changed ||= !unseen.has(gone);
  }
  if (changed) nextVersion(db, run.clipNumber, 'engine');
  return changed;
}

/** Puts a row in; `hidden` of an engine's where a person's lies. */
export function insertSpan(db: Library, clip: number, row: SpanRow, hidden: boolean): void {
  const { id, start, end, score, state, engine, version, origin, at } = row;
  db.run(
    `INSERT INTO tag_spans (id, clip, label, start, end, score, state, source, hidden, origin, origin_label, origin_start, origin_end, at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[id, clip, labelNumber(db, row.label), start, end, score, state],
    ...[engine === null ? null : source(db, { engine, version: version ?? '' }), Number(hidden || state === 'removed')],
    ...[origin?.id ?? null, origin ? labelNumber(db, origin.label) : null, origin?.start ?? null, origin?.end ?? null],
    at,
  );
}

const numberSchema = z.object({ number: z.number() });

function labelNumber(db: Library, label: string): number {
  const find = (): number | undefined =>
    db.get(numberSchema, 'SELECT number FROM tag_labels WHERE label = ?', label)?.number;
  const known = find();
  if (known !== undefined) return known;
  db.run('INSERT INTO tag_labels (label, folded) VALUES (?, ?)', label, foldCase(label));
  return find()!;
}

function source(db: Library, { engine, version }: { readonly engine: string; readonly version: string }): number {
  const find = (): number | undefined =>
    db.get(numberSchema, 'SELECT number FROM tag_sources WHERE engine = ? AND version = ?', engine, version)?.number;
  const known = find();
  if (known !== undefined) return known;
  db.run('INSERT INTO tag_sources (engine, version) VALUES (?, ?)', engine, version);
  return find()!;
}

const countSchema = z.object({
  label: z.string(),
  found: z.number(),
  accepted: z.number(),
  rejected: z.number(),
  marked: z.number(),
  clips: z.number(),
});

/** All labels that any span has, by name, with how much there is of each. */
export function labelCounts(db: Library): LabelCount[] {
  return db.all(
    countSchema,
    `WITH on_clips AS (
       SELECT label, clip, SUM(state = 'found') AS found, SUM(state = 'accepted') AS accepted, SUM(state = 'rejected') AS rejected,
         SUM(state = 'marked') AS marked FROM tag_spans WHERE hidden = 0 GROUP BY label, clip)
     SELECT l.label, SUM(found) AS found, SUM(accepted) AS accepted, SUM(rejected) AS rejected, SUM(marked) AS marked, COUNT(*) AS clips
     FROM on_clips JOIN tag_labels l ON l.number = on_clips.label GROUP BY l.number ORDER BY l.folded, l.label`,
  );
}

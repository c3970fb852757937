/**
 * Searching spans.
 *
 * [Note: fast enough] Conditions on labels and on clips are answered first, over hundreds of labels and thousands of clips, by looking for each word inside each
 * (as the search of clips does); what is left is one pass over an index that holds everything a condition asks of a span. A full-text index (FTS5 with trigrams)
 * was measured as well: it saves 0.3 ms of the clips' part, and finds no words of two letters. test/core/library/span-search.test.ts prints how long
 * typical searches take over 100,000 spans.
 */
import { dirname } from 'node:path';
import { z } from 'zod';
import { SPAN_STATES, type SpanHit, type SpanOrder, type SpanState } from '../../contract/tags.ts';
import type { Library, SqlValue } from './db.ts';
import { foldCase } from './name-order.ts';

export interface Comparison {
  readonly is: '>' | '>=' | '<' | '<=' | '=';
  readonly value: number;
}

/** What of a span, or of its clip, a condition is about. Texts are compared in any case. */
export type SpanCondition =
  /** Inside the label, the clip's name or one of its tags. */
  | { readonly field: 'word'; readonly any: readonly string[] }
  /** The whole label; a tag of the clip. */
  | { readonly field: 'label' | 'tag'; readonly any: readonly string[] }
  /** Inside the clip's name; inside the path of its folder. */
  | { readonly field: 'clip' | 'folder'; readonly any: readonly string[] }
  /** The engine's id begins so. */
  | { readonly field: 'engine'; readonly any: readonly string[] }
  | { readonly field: 'by'; readonly any: readonly ('person' | 'engine')[] }
  | { readonly field: 'is'; readonly any: readonly SpanState[] }
  /** Seconds; 0..1; frames a second; when the clip was added, milliseconds since 1970. */
  | { readonly field: 'length' | 'score' | 'rate' | 'added'; readonly any: readonly Comparison[] };

/** A condition, or that it does not hold. */
export interface SpanTerm {
  readonly not: boolean;
  readonly what: SpanCondition;
}

export interface SpanSearch {
  /** All must hold. Rejected spans are left out unless a term asks for states. */
  readonly terms: readonly SpanTerm[];
  readonly order: SpanOrder;
  readonly offset: number;
  /** Infinity for all. */
  readonly limit: number;
}

/** Whether what was rejected is left out. */
export function leavesOutRejected(terms: readonly SpanTerm[]): boolean {
  return !terms.some(({ not, what }) => what.field === 'is' && !not);
}

const countsSchema = z.object({ total: z.number(), clips: z.number() });
const numberSchema = z.object({ number: z.number() }).transform(({ number }) => number);
const hitSchema = z.object({
  id: z.string(),
  clip: z.string(),
  label: z.string(),
  start: z.number(),
  end: z.number(),
  score: z.number().nullable(),
  state: z.enum(SPAN_STATES),
  engine: z.string().nullable(),
  version: z.string().nullable(),
  clipName: z.string(),
  clipPath: z.string(),
  clipDuration: z.number().nullable(),
}) satisfies z.ZodType<SpanHit>;

/** Best first; what has no score comes last. */
const ORDERS: Readonly<Record<Exclude<SpanOrder, 'clip'>, string>> = {
  score: 's.score DESC NULLS LAST, s.number',
  unsure: 'ABS(s.score - 0.5) NULLS LAST, s.number',
  longest: 's.end - s.start DESC, s.number',
  newest: 's.at DESC, s.number DESC',
};

/** A page of the spans that match, how many do, and in how many clips. */
export function findSpans(
  db: Library,
  { terms, order, offset, limit }: SpanSearch,
): { total: number; clips: number; hits: SpanHit[] } {
  const { where, params } = whereOf(db, terms);
  const counts = db.get(
    countsSchema,
    `SELECT COALESCE(SUM(spans), 0) AS total, COUNT(*) AS clips
     FROM (SELECT COUNT(*) AS spans FROM tag_spans s INDEXED BY tag_spans_shown WHERE ${where} GROUP BY s.clip)`,
    ...params,
  )!;
  // By clip the clips are gone through by name, and only as far as the page goes.
  const ordered =
    order === 'clip'
      ? `FROM clips c CROSS JOIN tag_spans s INDEXED BY tag_spans_shown ON s.clip = c.number WHERE ${where} ORDER BY c.sort_name, c.number, s.start, s.number`
      : `FROM tag_spans s INDEXED BY tag_spans_shown WHERE ${where} ORDER BY ${ORDERS[order]}`;
  const most = Number.isFinite(limit) ? limit : -1;
  const page = db.all(numberSchema, `SELECT s.number ${ordered} LIMIT ? OFFSET ?`, ...params, most, offset);
  return { ...counts, hits: hitsAt(db, page) };
}

/** Spans by id, in the order asked; those that are not there any more are left out. */
export function spansById(db: Library, ids: readonly string[]): SpanHit[] {
  const page = db.all(
    numberSchema,
    `SELECT s.number FROM json_each(?) asked CROSS JOIN tag_spans s ON s.id = asked.value WHERE s.hidden = 0 ORDER BY asked.key`,
    JSON.stringify(ids),
  );
  return hitsAt(db, page);
}

function hitsAt(db: Library, numbers: readonly number[]): SpanHit[] {
  return db.all(
    hitSchema,
    `SELECT s.id, c.id AS clip, l.label, s.start, IIF(c.duration > s.start, MIN(s.end, c.duration), s.end) AS end, s.score, s.state, e.engine, e.version, c.name AS clipName, c.path AS clipPath,
       c.duration AS clipDuration
     FROM json_each(?) page CROSS JOIN tag_spans s ON s.number = page.value JOIN clips c ON c.number = s.clip JOIN tag_labels l ON l.number = s.label
     LEFT JOIN tag_sources e ON e.number = s.source ORDER BY page.key`,
    JSON.stringify(numbers),
  );
}

interface Sql {
  readonly sql: string;
  readonly params: readonly SqlValue[];
}

function whereOf(db: Library, terms: readonly SpanTerm[]): { where: string; params: SqlValue[] } {
  const parts: Sql[] = [{ sql: 's.hidden = 0', params: [] }];
  if (leavesOutRejected(terms)) parts.push({ sql: `s.state <> 'rejected'`, params: [] });
  for (const { not, what } of terms) {
    const { sql, params } = conditionOf(db, what);
    // What has no score, or whose clip has no rate, is not known to match.
    parts.push({ sql: not ? `NOT COALESCE((${sql}), 0)` : `(${sql})`, params });
  }
  return { where: parts.map(({ sql }) => sql).join(' AND '), params: parts.flatMap(({ params }) => params) };
}

function conditionOf(db: Library, what: SpanCondition): Sql {
  switch (what.field) {
    case 'word': {
      const [label, clip] = [inside('folded', what.any), inside('search', what.any)];
      return {
        sql: `s.label IN (SELECT number FROM tag_labels WHERE ${label.sql}) OR s.clip IN (SELECT number FROM clips WHERE ${clip.sql})`,
        params: [...label.params, ...clip.params],
      };
    }
    case 'label': {
      const params = [JSON.stringify(what.any.map(foldCase))];
      return {
        sql: 's.label IN (SELECT number FROM tag_labels WHERE folded IN (SELECT value FROM json_each(?)))',
        params,
      };
    }
    case 'tag': {
      const params = [JSON.stringify(what.any)];
      return { sql: 's.clip IN (SELECT clip FROM json_each(?) JOIN clip_tags ON tag = value)', params };
    }
    case 'clip':
      return clipsWith(db, 'name', what.any);
    case 'folder':
      return clipsWith(db, 'path', what.any);
    case 'engine': {
      const begins = what.any.map(() => 'substr(lower(engine), 1, length(?)) = ?').join(' OR ');
      const params = what.any.flatMap((id) => [id.toLowerCase(), id.toLowerCase()]);
      return { sql: `s.source IN (SELECT number FROM tag_sources WHERE ${begins})`, params };
    }
    case 'by':
      return {
        sql: what.any.map((who) => `s.source IS ${who === 'engine' ? 'NOT ' : ''}NULL`).join(' OR '),
        params: [],
      };
    case 'is':
      return { sql: `s.state IN (${what.any.map(() => '?').join(', ')})`, params: [...what.any] };
    case 'length':
      return compared('(s.end - s.start)', what.any, 1e-6);
    case 'score':
      return compared('s.score', what.any, 1e-9);
    case 'rate':
      return onClips(compared('rate', what.any, 0.005));
    case 'added':
      return onClips(compared('added_at', what.any, 0));
  }
}

/** Any of the words inside what is folded already. */
function inside(column: string, any: readonly string[]): Sql {
  return { sql: any.map(() => `instr(${column}, ?) > 0`).join(' OR '), params: any.map(foldCase) };
}

function onClips({ sql, params }: Sql): Sql {
  return { sql: `s.clip IN (SELECT number FROM clips WHERE ${sql})`, params };
}

/** Numbers that differ by less than `slack` are the same: 0.6 s - 0.2 s is not 0.4 s, and 29.97 not 30000/1001. */
function compared(value: string, any: readonly Comparison[], slack: number): Sql {
  const parts = any.map(({ is, value: than }): Sql => {
    if (is === '=') return { sql: `${value} BETWEEN ? AND ?`, params: [than - slack, than + slack] };
    return { sql: `${value} ${is} ?`, params: [is === '>' || is === '<=' ? than + slack : than - slack] };
  });
  return { sql: parts.map(({ sql }) => sql).join(' OR '), params: parts.flatMap(({ params }) => params) };
}

const placeSchema = z.object({ number: z.number(), name: z.string(), path: z.string() });

/** Clips whose name, or the path of whose folder, has any of the texts in it. */
function clipsWith(db: Library, where: 'name' | 'path', any: readonly string[]): Sql {
  const texts = any.map((one) => foldCase(one.replaceAll('\\', '/')));
  const has = ({ name, path }: z.output<typeof placeSchema>): boolean => {
    const text = foldCase(where === 'name' ? name : `${dirname(path).replaceAll('\\', '/')}/`);
    return texts.some((one) => text.includes(one));
  };
  const clips = db.all(placeSchema, 'SELECT number, name, path FROM clips').filter(has);
  return {
    sql: 's.clip IN (SELECT value FROM json_each(?))',
    params: [JSON.stringify(clips.map(({ number }) => number))],
  };
}

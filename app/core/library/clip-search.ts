/** Searching the library. Ten thousand clips are read through in a few milliseconds: see test/core/library/clip-search.test.ts. */
import { z } from 'zod';
import {
  CLIP_STATES,
  type ClipOrder,
  type ClipPage,
  type ClipQuery,
  type ClipSummary,
} from '../../contract/library.ts';
import { parseJson } from '../base/json.ts';
import { PROXY_STATES } from './clip-rows.ts';
import type { Library, SqlValue } from './db.ts';
import { foldCase } from './name-order.ts';

/** Words of a search that count. */
const MOST_WORDS = 16;

const flag = z.number().transform((value) => value !== 0);
const tagsSchema = z.array(z.string());

const summarySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    path: z.string(),
    state: z.enum(CLIP_STATES),
    problem: z.string().nullable(),
    duration: z.number().nullable(),
    rate_num: z.number().nullable(),
    rate_den: z.number().nullable(),
    vfr: flag,
    width: z.number().nullable(),
    height: z.number().nullable(),
    codec: z.string().nullable(),
    bit_depth: z.number().nullable(),
    hdr: flag,
    has_audio: flag,
    bytes: z.number(),
    tags: z.string(),
    added_at: z.number(),
    thumbs: z.number(),
    duplicates: z.number(),
    proxy_state: z.enum(PROXY_STATES),
  })
  .transform(({ rate_num, rate_den, bit_depth, has_audio, added_at, proxy_state, tags, ...row }): ClipSummary => ({
    ...row,
    rate: rate_num === null || rate_den === null ? null : { num: rate_num, den: rate_den },
    bitDepth: bit_depth,
    hasAudio: has_audio,
    addedAt: new Date(added_at).toISOString(),
    proxy: proxy_state,
    tags: parseJson(tagsSchema, tags) ?? [],
  }));

const COLUMNS = `id, name, path, state, problem, duration, rate_num, rate_den, vfr, width, height, codec, bit_depth, hdr, has_audio, bytes,
  added_at, thumbs, proxy_state, (SELECT json_group_array(tag) FROM clip_tags WHERE clip = clips.number) AS tags,
  CASE WHEN hash IS NULL THEN 0 ELSE (SELECT COUNT(*) - 1 FROM clips AS same WHERE same.hash = clips.hash) END AS duplicates`;

const ORDERS: Readonly<Record<ClipOrder, readonly string[]>> = {
  added: [],
  name: ['sort_name'],
  duration: ['duration'],
  rate: ['rate'],
  size: ['bytes'],
  resolution: ['height', 'width'],
};

const countSchema = z.object({ total: z.number() });

/** A page of the clips that match; newest first unless an order is given. */
export function searchClips(db: Library, query: ClipQuery, offset: number, limit: number): ClipPage {
  const { where, params } = conditions(query);
  const total = db.get(countSchema, `SELECT COUNT(*) AS total FROM clips ${where}`, ...params)!.total;
  const descending = query.descending ?? query.order === undefined;
  const order = [...ORDERS[query.order ?? 'added'], 'number']
    .map((column) => `${column}${descending ? ' DESC' : ''}`)
    .join(', ');
  // The numbers first: what is skipped and sorted is small.
  const clips = db.all(
    summarySchema,
    `WITH page AS MATERIALIZED (SELECT number FROM clips ${where} ORDER BY ${order} LIMIT ? OFFSET ?)
     SELECT ${COLUMNS} FROM page JOIN clips USING (number) ORDER BY ${order}`,
    ...params,
    limit,
    offset,
  );
  return { total, offset, clips };
}

/** Clips by id, in the order asked; those not in the library are left out. */
export function clipsById(db: Library, ids: readonly string[]): ClipSummary[] {
  return db.all(
    summarySchema,
    `WITH asked AS (SELECT key AS place, value AS wanted FROM json_each(?))
     SELECT ${COLUMNS} FROM asked JOIN clips ON clips.id = wanted ORDER BY place`,
    JSON.stringify(ids),
  );
}

function conditions(query: ClipQuery): { where: string; params: SqlValue[] } {
  const parts: string[] = [];
  const params: SqlValue[] = [];
  const add = (sql: string, ...values: SqlValue[]): void => {
    parts.push(sql);
    params.push(...values);
  };
  const words = foldCase(query.text ?? '').split(/\s+/);
  for (const word of words.filter((one) => one !== '').slice(0, MOST_WORDS)) add('instr(search, ?) > 0', word);
  if (query.tag !== undefined) add('number IN (SELECT clip FROM clip_tags WHERE tag = ?)', query.tag);
  if (query.state !== undefined) add('state = ?', query.state);
  for (const [column, span] of [
    ['duration', query.duration],
    ['rate', query.rate],
    ['height', query.height],
  ] as const) {
    if (span?.min !== undefined) add(`${column} >= ?`, span.min);
    if (span?.max !== undefined) add(`${column} <= ?`, span.max);
  }
  const several = '(SELECT hash FROM clips WHERE hash IS NOT NULL GROUP BY hash HAVING COUNT(*) > 1)';
  if (query.duplicates === true) add(`hash IN ${several}`);
  if (query.duplicates === false) add(`(hash IS NULL OR hash NOT IN ${several})`);
  return { where: parts.length === 0 ? '' : `WHERE ${parts.join(' AND ')}`, params };
}

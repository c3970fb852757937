/** Rows of the library of clips. Searching is in clip-search.ts, tags in clip-tags.ts. */
import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import { CLIP_STATES, type ClipState } from '../../contract/library.ts';
import type { VideoInfo } from '../../contract/media.ts';
import { parseJson } from '../base/json.ts';
import type { Library } from './db.ts';
import { foldCase, nameOrder } from './name-order.ts';
import { videoInfoSchema } from './video-info.ts';

export const WORK_STATES = ['wanted', 'ready', 'failed'] as const;
export type WorkState = (typeof WORK_STATES)[number];
export const PROXY_STATES = ['unneeded', 'wanted', 'making', 'ready', 'failed'] as const;
export type ProxyState = (typeof PROXY_STATES)[number];

/** A clip as whoever works on its file needs it. */
export interface ClipRow {
  readonly number: number;
  readonly id: string;
  /** Absolute; a number pattern for an image sequence. */
  readonly path: string;
  readonly name: string;
  readonly state: ClipState;
  readonly problem: string | null;
  /** Named by the user, not found while looking through a folder. */
  readonly named: boolean;
  /** The file when it was last looked at. */
  readonly bytes: number;
  readonly mtimeNs: string;
  readonly duration: number | null;
  readonly hash: string | null;
  readonly thumbs: number;
  readonly thumbState: WorkState;
  readonly peaksState: WorkState;
  readonly proxyState: ProxyState;
  readonly proxyPath: string | null;
  /** What probing said; null until it has. */
  readonly info: VideoInfo | null;
}

const flag = z.number().transform((value) => value !== 0);
const rowSchema = z
  .object({
    number: z.number(),
    id: z.string(),
    path: z.string(),
    name: z.string(),
    state: z.enum(CLIP_STATES),
    problem: z.string().nullable(),
    named: flag,
    bytes: z.number(),
    mtime_ns: z.string(),
    duration: z.number().nullable(),
    hash: z.string().nullable(),
    thumbs: z.number(),
    thumb_state: z.enum(WORK_STATES),
    peaks_state: z.enum(WORK_STATES),
    proxy_state: z.enum(PROXY_STATES),
    proxy_path: z.string().nullable(),
    info: z.string().nullable(),
  })
  .transform(({ mtime_ns, thumb_state, peaks_state, proxy_state, proxy_path, info, ...row }): ClipRow => ({
    ...row,
    mtimeNs: mtime_ns,
    thumbState: thumb_state,
    peaksState: peaks_state,
    proxyState: proxy_state,
    proxyPath: proxy_path,
    info: info === null ? null : (parseJson(videoInfoSchema, info) ?? null),
  }));

const COLUMNS = `number, id, path, name, state, problem, named, bytes, mtime_ns, duration, hash, thumbs, thumb_state, peaks_state,
  proxy_state, proxy_path, (SELECT info FROM clip_infos WHERE clip = clips.number) AS info`;

export function clipById(db: Library, id: string): ClipRow | undefined {
  return db.get(rowSchema, `SELECT ${COLUMNS} FROM clips WHERE id = ?`, id);
}

export function clipByPath(db: Library, path: string): ClipRow | undefined {
  return db.get(rowSchema, `SELECT ${COLUMNS} FROM clips WHERE path = ?`, path);
}

/** Throws clip-unknown. */
export function needClip(db: Library, id: string): ClipRow {
  const row = clipById(db, id);
  if (row) return row;
  throw new AppError('clip-unknown', 'That clip is not in the library.');
}

/** A clip that can be worked with, and what probing said of it. Throws clip-unknown, clip-missing, and for a refused or unprobed clip no-video. */
export function usableClip(db: Library, id: string): ClipRow & { readonly info: VideoInfo } {
  const row = needClip(db, id);
  if (row.state === 'missing') {
    throw new AppError('clip-missing', `${row.path} is not there any more; say where it is now.`);
  }
  const { info } = row;
  if (row.state === 'ready' && info) return { ...row, info };
  throw new AppError('no-video', row.problem ?? `${row.name} has not been looked at yet.`);
}

export interface NewClip {
  readonly path: string;
  readonly bytes: number;
  readonly mtimeNs: string;
  readonly named: boolean;
}

/** Puts a file in, to be probed; its id. The path must not be there yet. */
export function insertClip(db: Library, { path, bytes, mtimeNs, named }: NewClip, now = Date.now()): string {
  const id = randomUUID();
  const name = basename(path);
  db.run(
    `INSERT INTO clips (id, path, name, sort_name, search, state, named, bytes, mtime_ns, added_at)
     VALUES (?, ?, ?, ?, ?, 'probing', ?, ?, ?, ?)`,
    ...[id, path, name, nameOrder(name), foldCase(name), Number(named), bytes, mtimeNs, now],
  );
  return id;
}

/** The file is another than it was: everything known of its content is forgotten, and it is to be probed. */
export function probeAgain(db: Library, id: string, file: { bytes: number; mtimeNs: string }): void {
  db.run(
    `UPDATE clips SET state = 'probing', problem = NULL, bytes = ?, mtime_ns = ?, hash = NULL, thumbs = 0, thumb_state = 'wanted',
       peaks_state = 'wanted', proxy_state = 'unneeded', proxy_path = NULL WHERE id = ?`,
    file.bytes,
    file.mtimeNs,
    id,
  );
}

/** The file is as it was: what was known of it holds. */
export function foundAgain(db: Library, id: string): void {
  db.run(
    `UPDATE clips SET state = CASE WHEN problem IS NOT NULL THEN 'refused'
       WHEN EXISTS (SELECT 1 FROM clip_infos WHERE clip = number) THEN 'ready' ELSE 'probing' END WHERE id = ? AND state = 'missing'`,
    id,
  );
}

export function setMissing(db: Library, id: string): void {
  db.run(`UPDATE clips SET state = 'missing' WHERE id = ?`, id);
}

export function setRefused(db: Library, id: string, problem: string): void {
  db.write(() => {
    db.run(`UPDATE clips SET state = 'refused', problem = ? WHERE id = ?`, problem, id);
    db.run('DELETE FROM clip_infos WHERE clip = (SELECT number FROM clips WHERE id = ?)', id);
  });
}

export interface Probed {
  readonly info: VideoInfo;
  readonly vfr: boolean;
  readonly hdr: boolean;
}

/** Probing found out what the file is. */
export function setProbed(db: Library, id: string, { info, vfr, hdr }: Probed): void {
  const { video } = info;
  const rate = shownRate(video);
  db.write(() => {
    db.run(
      `UPDATE clips SET state = 'ready', problem = NULL, duration = ?, rate_num = ?, rate_den = ?, rate = ?, vfr = ?, width = ?, height = ?,
         codec = ?, bit_depth = ?, hdr = ?, has_audio = ? WHERE id = ?`,
      ...[info.duration ?? video.duration ?? null, rate?.num ?? null, rate?.den ?? null],
      ...[rate ? rate.num / rate.den : null, Number(vfr), video.width, video.height],
      ...[video.codec, video.bitDepth, Number(hdr), Number(info.audio.length > 0), id],
    );
    db.run(
      `INSERT INTO clip_infos (clip, info) SELECT number, ? FROM clips WHERE id = ?
       ON CONFLICT (clip) DO UPDATE SET info = excluded.info`,
      JSON.stringify(info),
      id,
    );
  });
}

/** Matroska and FLV count in milliseconds, which is all that some say of their rate; 500 frames a second and more are such a one where another is named. */
function shownRate({ averageRate, nominalRate }: VideoInfo['video']): VideoInfo['video']['averageRate'] {
  const value = (rate: typeof averageRate): number => (rate ? rate.num / rate.den : Infinity);
  return value(averageRate) >= 500 && value(nominalRate) < value(averageRate)
    ? nominalRate
    : (averageRate ?? nominalRate);
}

/** A decoding pass knows better than the container. `duration` in seconds. */
export function setMeasured(
  db: Library,
  id: string,
  { duration, rate, vfr }: { duration: number; rate: { num: number; den: number }; vfr: boolean },
): void {
  db.run(
    'UPDATE clips SET duration = ?, rate_num = ?, rate_den = ?, rate = ?, vfr = ? WHERE id = ?',
    ...[duration, rate.num, rate.den, rate.num / rate.den, Number(vfr), id],
  );
}

/** The same content at another path. */
export function moveClip(db: Library, id: string, { path, bytes, mtimeNs }: Omit<NewClip, 'named'>): void {
  const name = basename(path);
  db.run(
    `UPDATE clips SET path = ?, name = ?, sort_name = ?, bytes = ?, mtime_ns = ? WHERE id = ?`,
    ...[path, name, nameOrder(name), bytes, mtimeNs, id],
  );
}

export function setHash(db: Library, id: string, hash: string): void {
  db.run('UPDATE clips SET hash = ? WHERE id = ?', hash, id);
}

export function setThumbs(db: Library, id: string, state: WorkState, thumbs: number): void {
  db.run('UPDATE clips SET thumb_state = ?, thumbs = ? WHERE id = ?', state, thumbs, id);
}

/** All thumbnails and waveforms are to be made again. */
export function forgetThumbs(db: Library): void {
  db.run(`UPDATE clips SET thumb_state = 'wanted', thumbs = 0, peaks_state = 'wanted'`);
}

export function setPeaks(db: Library, id: string, state: WorkState): void {
  db.run('UPDATE clips SET peaks_state = ? WHERE id = ?', state, id);
}

export function setProxy(db: Library, id: string, state: ProxyState, path: string | null): void {
  db.run('UPDATE clips SET proxy_state = ?, proxy_path = ? WHERE id = ?', state, path, id);
}

export function deleteClip(db: Library, id: string): boolean {
  return db.run('DELETE FROM clips WHERE id = ?', id) > 0;
}

const placeSchema = z.object({
  id: z.string(),
  path: z.string(),
  state: z.enum(CLIP_STATES),
  bytes: z.number(),
  mtime_ns: z.string(),
});

/** Where every clip's file is said to be, and how it was. */
export function clipPlaces(
  db: Library,
): { id: string; path: string; state: ClipState; bytes: number; mtime_ns: string }[] {
  return db.all(placeSchema, 'SELECT id, path, state, bytes, mtime_ns FROM clips ORDER BY number');
}

const idSchema = z.object({ id: z.string() });

/** Ids of other clips with the same content, oldest first. */
export function duplicatesOf(db: Library, row: Pick<ClipRow, 'id' | 'hash'>): string[] {
  if (row.hash === null) return [];
  const found = db.all(idSchema, 'SELECT id FROM clips WHERE hash = ? AND id <> ? ORDER BY number', row.hash, row.id);
  return found.map(({ id }) => id);
}

/** Work in the background, by its kind: the condition of its partial index in 000005-clips. */
const WORK = {
  probe: `state = 'probing'`,
  thumbnail: `state = 'ready' AND thumb_state = 'wanted'`,
  peaks: `state = 'ready' AND has_audio = 1 AND peaks_state = 'wanted'`,
  hash: `state = 'ready' AND hash IS NULL`,
} as const;
export type ClipWork = keyof typeof WORK;

/** The clip to do `work` for next: the first of `first` that needs it, else the oldest; none of `not`. */
export function nextFor(
  db: Library,
  work: ClipWork,
  first: readonly string[],
  not: readonly string[],
): string | undefined {
  const condition = `${WORK[work]} AND id NOT IN (SELECT value FROM json_each(?))`;
  const skip = JSON.stringify(not);
  return (
    db.get(
      idSchema,
      `WITH asked AS (SELECT key AS place, value AS wanted FROM json_each(?))
       SELECT id FROM asked JOIN clips ON id = wanted WHERE ${condition} ORDER BY place LIMIT 1`,
      JSON.stringify(first),
      skip,
    ) ?? db.get(idSchema, `SELECT id FROM clips WHERE ${condition} ORDER BY number LIMIT 1`, skip)
  )?.id;
}

const countsSchema = z.object({ probing: z.number(), thumbnails: z.number(), proxies: z.number() });

/** How much is left to do: the payload of 'library.progress'. */
export function workLeft(db: Library): { probing: number; thumbnails: number; proxies: number } {
  return db.get(
    countsSchema,
    `SELECT (SELECT COUNT(*) FROM clips WHERE ${WORK.probe}) AS probing, (SELECT COUNT(*) FROM clips WHERE ${WORK.thumbnail}) AS thumbnails,
       (SELECT COUNT(*) FROM clips WHERE proxy_state IN ('wanted', 'making')) AS proxies`,
  )!;
}

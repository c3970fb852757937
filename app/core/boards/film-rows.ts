/** Rows of films that go to a timeline as soon as their job is done. */
import { z } from 'zod';
import { parseJson } from '../base/json.ts';
import type { Library } from '../library/db.ts';

const endSchema = z.object({ path: z.string(), at: z.number().nullable() });
const shownSchema = z.object({ media: z.string(), ticks: z.number() });

const placingSchema = z.object({
  project: z.string(),
  /** Frames [at, at + frames) of the sequence, when it was asked for. */
  at: z.number(),
  frames: z.number(),
  /** The film's keyframes at its ends: where the sequence shows them the film goes, wherever that is by then. */
  first: endSchema,
  last: endSchema,
  /** What the sequence showed before and after the place. */
  before: shownSchema,
  after: shownSchema,
});

export type Placing = z.infer<typeof placingSchema>;
export type FilmEnd = z.infer<typeof endSchema>;

const rowSchema = z.object({ job: z.string(), placing: z.string() });

export interface PendingFilm {
  readonly job: string;
  /** Undefined where it is not what Inbetween wrote. */
  readonly placing: Placing | undefined;
}

/** Oldest first. */
export function pendingFilms(db: Library): PendingFilm[] {
  return db
    .all(rowSchema, 'SELECT job, placing FROM board_films ORDER BY asked_at, job')
    .map(({ job, placing }) => ({ job, placing: parseJson(placingSchema, placing) }));
}

/** The job's film is to go there; what was said of it before holds no more. */
export function addFilm(db: Library, job: string, placing: Placing, now = Date.now()): void {
  db.run(
    `INSERT INTO board_films (job, placing, asked_at) VALUES (?, ?, ?)
     ON CONFLICT (job) DO UPDATE SET placing = excluded.placing, asked_at = excluded.asked_at`,
    ...[job, JSON.stringify(placing), now],
  );
}

/** Whether it was there. */
export function dropFilm(db: Library, job: string): boolean {
  return db.run('DELETE FROM board_films WHERE job = ?', job) > 0;
}

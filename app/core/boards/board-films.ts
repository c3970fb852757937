/**
 * Films of boards on their way to a timeline.
 *
 * [Note: board films] The film is made with its two ends, as any morph, and lies in the library's folder; on the timeline the clip shows what is between, since the
 * ends are there already. That it is to go there is a row, written with the job; the row goes in the transaction that puts it there. So a film is put there once, whatever is
 * killed when; and it is one edit of the project, which undo takes back.
 */
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { AppError, toAppError } from '../../contract/errors.ts';
import type { JobSummary } from '../../contract/jobs.ts';
import type { AddReport } from '../../contract/library.ts';
import type { MorphSpec } from '../../contract/morph.ts';
import type { ProjectUpdate } from '../../contract/project.ts';
import { canonicalJson } from '../base/json.ts';
import { filmsFolder, type Home } from '../base/home.ts';
import { jobSummary } from '../jobs/control.ts';
import { clipById } from '../library/clip-rows.ts';
import type { Library } from '../library/db.ts';
import { jobById } from '../library/job-rows.ts';
import { measureClip } from '../projects/clip-measure.ts';
import { editProject, projectState } from '../projects/edit.ts';
import { newClip } from '../projects/place.ts';
import type { JobQueue } from '../queue/job-queue.ts';
import type { BoardStudio } from './board-studio.ts';
import { readBoard } from './edit.ts';
import { addFilm, dropFilm, pendingFilms, type Placing } from './film-rows.ts';
import { sweepFilms } from './film-sweep.ts';
import { shownAt, type Hole } from './from-timeline.ts';
import { fillHole, holeNow, type PlaceFacts } from './place-film.ts';
import { filmFrames } from './problem.ts';

export interface BoardFilmsOptions {
  readonly db: Library;
  readonly home: Home;
  readonly queue: JobQueue;
  readonly boards: Pick<BoardStudio, 'morph' | 'requirePossible'>;
  /** Puts files into the library. */
  readonly add: (paths: string[], signal: AbortSignal) => Promise<AddReport>;
  /** Of new clips on a timeline. */
  readonly engine: () => string;
  readonly onPlaced: (update: ProjectUpdate) => void;
  readonly notice: (message: string) => void;
  readonly signal: AbortSignal;
}

/** CRF: no eye sees a difference, and pages play it. */
const QUALITY = 6;
/** What is shown where there is no clip. */
const BLACK = { media: '', ticks: -1 };

export class BoardFilms {
  readonly #options: BoardFilmsOptions;
  /** Films are put somewhere one after another: each changes where the next belongs. */
  #turn: Promise<void> = Promise.resolve();

  constructor(options: BoardFilmsOptions) {
    this.#options = options;
  }

  /**
   * Puts the film of a board into the queue, and onto the timeline when it is made; the job's id. Throws board-unknown, project-unknown, 'bad-request' for a
   * board that came from no timeline, 'bad-morph' for a loop, 'project-changed' where its place is not there any more, and what the plan refuses.
   */
  async toTimeline(id: string): Promise<string> {
    const { db, queue, boards } = this.#options;
    const { board } = readBoard(db, id);
    const placing = this.#placing(id);
    const { settings } = projectState(db, placing.project).state;
    const film = { output: 'film.mp4', codec: 'h264', quality: QUALITY, force: true } as const;
    const { rate: fps, width, height } = settings;
    const plain = { ...(await boards.morph(id, film)), fps, size: { width, height } };
    const spec: MorphSpec = { ...plain, output: this.#output(plain) };
    await mkdir(dirname(spec.output), { recursive: true });
    await boards.requirePossible(spec);
    return db.write(() => {
      const job = queue.enqueue(spec, { title: board.name, frames: filmFrames(board) });
      addFilm(db, job, placing);
      return job;
    });
  }

  /** A job has ended. */
  heard({ id, state }: Pick<JobSummary, 'id' | 'state'>): void {
    if (state === 'done') this.#settle((job) => job === id);
  }

  /** Puts there what was made when nobody looked, forgets what will never be, and deletes films that are shown nowhere. */
  start(): void {
    const { db, home } = this.#options;
    for (const { job } of pendingFilms(db)) {
      const state = jobById(db, job)?.state;
      if (state === undefined || state === 'cancelled') dropFilm(db, job);
    }
    this.#settle((job) => jobById(db, job)?.state === 'done');
    this.#turn = this.#turn
      .then(() => sweepFilms(db, home))
      .then(
        () => {},
        () => {},
      );
  }

  async close(): Promise<void> {
    await this.#turn;
  }

  #placing(id: string): Placing {
    const { db } = this.#options;
    const { board } = readBoard(db, id);
    const { origin, keyframes, loop } = board;
    if (!origin) throw new AppError('bad-request', 'This board was opened from no timeline: export its film instead.');
    if (loop) throw new AppError('bad-morph', 'A loop leads back to its start, a timeline goes on: turn the loop off.');
    const [first, last] = [keyframes[0], keyframes.at(-1)];
    const { state } = projectState(db, origin.project);
    const beside = ({ at, frames }: Hole): Pick<Placing, 'before' | 'after'> => ({
      before: shownAt(state, at - 1) ?? BLACK,
      after: shownAt(state, at + frames) ?? BLACK,
    });
    const ends = first && last && { first: endOf(first), last: endOf(last) };
    const placing = ends && { ...origin, ...ends, ...beside(origin) };
    const hole = placing && holeNow(state, placing, this.#facts());
    if (placing && hole) return { ...placing, ...hole, ...beside(hole) };
    throw new AppError(
      'project-changed',
      'The timeline has changed there, or the board has no keyframes: open the gap on the board again.',
    );
  }

  #facts(): PlaceFacts {
    const { db, home } = this.#options;
    const pathOf = (media: string): string | undefined => clipById(db, media)?.path;
    return { pathOf, isFilm: (media) => pathOf(media)?.startsWith(filmsFolder(home) + sep) ?? false };
  }

  /** A folder for each film: the clip is called by the name of the file. */
  #output(spec: MorphSpec): string {
    const key = createHash('sha256').update(canonicalJson(spec)).digest('hex').slice(0, 16);
    const name = [...spec.title.replaceAll(/[/\\:*?"<>|%\p{Cc}]/gu, '_').trim()].slice(0, 60).join('');
    return join(filmsFolder(this.#options.home), key, `${name.replace(/^\.+/, '') || 'Morph'}.mp4`);
  }

  #settle(which: (job: string) => boolean): void {
    for (const { job, placing } of pendingFilms(this.#options.db)) {
      if (which(job)) this.#turn = this.#turn.then(() => this.#tryPlace(job, placing));
    }
  }

  /** Never rejects. */
  async #tryPlace(job: string, placing: Placing | undefined): Promise<void> {
    const { db, notice, signal } = this.#options;
    try {
      if (placing) await this.#place(job, placing);
    } catch (thrown) {
      // It will be put there when the library is opened next.
      if (signal.aborted) return;
      notice(`The film of the board is not on the timeline: ${toAppError(thrown).message}`);
    }
    try {
      dropFilm(db, job);
    } catch {
      // The database is what failed.
    }
  }

  async #place(job: string, placing: Placing): Promise<void> {
    const { db, add, engine, signal, notice, onPlaced } = this.#options;
    const row = jobById(db, job);
    const output = row && jobSummary(row)?.result?.output;
    if (output === undefined) throw new AppError('job-unknown', 'its job is gone.');
    const { ids, refused } = await add([output], signal);
    const [media] = ids;
    if (media === undefined) throw new AppError('not-found', refused[0]?.reason ?? 'it cannot be read.');
    const measured = await measureClip(db, media, signal);
    const update = db.write(() => {
      // Another app on this library, or the same film asked for twice, was quicker.
      if (!dropFilm(db, job)) return undefined;
      const { state, version, name } = projectState(db, placing.project);
      const hole = holeNow(state, placing, this.#facts());
      if (!hole) {
        notice(
          `The timeline of ${name} has changed where the film was to go: it is in the library, as ${measured.name}.`,
        );
        return undefined;
      }
      const whole = newClip(measured, state.settings.rate, engine());
      const clip = { ...whole, first: 1, frames: whole.frames - 2 };
      return editProject(db, placing.project, version, {
        label: 'Fill with a morph',
        changes: fillHole(state, hole, clip),
      });
    });
    if (update) onPlaced(update);
  }
}

function endOf({ path, at }: { path: string; at: number | null }): Placing['first'] {
  return { path, at };
}

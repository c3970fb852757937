/**
 * Runs the jobs of the queue one after another; of those that tag clips several at once ([Note: lanes of tagging]).
 *
 * [Note: queue] The queue's row says what is to become of a job (wait, stay paused, nothing more), the job's own row what it is doing, so
 * nothing has to be put right when either is killed. What is to become of a job is written down before its process is asked to end: a crash in
 * between leaves what the user wanted. A job whose app is gone is 'left', and runs again only when that is asked for, or by the settings.
 *
 * [Note: lanes of tagging] A recogniser looks at a few small pictures a second: its process waits for the decoder much of the time, and its network is too small for
 * many threads. So clips that wait next to each other to be tagged run together, up to one for each thread, and share the threads. All other jobs fill the
 * machine by themselves and run alone; nothing overtakes what waits before it.
 */
import { AppError, toAppError } from '../../contract/errors.ts';
import type { JobEvent, JobSpec, JobSummary } from '../../contract/jobs.ts';
import type { QueueStatus } from '../../contract/queue.ts';
import type { Home } from '../base/home.ts';
import { throttle, type Throttled } from '../base/throttle.ts';
import { Paused } from '../jobs/attempt.ts';
import { cancelJob, jobSummary } from '../jobs/control.ts';
import { runJob } from '../jobs/runner.ts';
import { prepareJob } from '../jobs/spec.ts';
import type { Library } from '../library/db.ts';
import { failJob, jobById, listJobs, registerJob, setJobSpec, type JobRow } from '../library/job-rows.ts';
import { LiveProgress } from './live.ts';
import * as rows from './rows.ts';
import { isHeldByLiving, StatusReader, titleOf } from './status.ts';

export interface QueueOptions {
  readonly db: Library;
  readonly home: Home;
  readonly threads: number;
  /** Bytes the chunk store is kept to, asked before each job. */
  readonly cacheBytes: () => number;
  /** Heard several times a second while something changes. */
  readonly onChanged: (status: QueueStatus) => void;
  /** A job is done or has failed; not told of what the user ended himself. */
  readonly onEnded: (job: JobSummary) => void;
  /** URL of another table of tasks than the product's. */
  readonly tasks?: string;
}

export interface EnqueueOptions {
  /** What the item is called; its output's name unless given. */
  readonly title?: string;
  readonly batch?: string;
  /** How many frames it makes, where that is known: for the time still to go. */
  readonly frames?: number;
}

/** Least milliseconds between two pushes of up to so many items; longer lists are told less often. */
const PUSH_MS = 200;
const PUSH_ITEMS = 100;
const MOST_PUSH_MS = 2000;
/** Milliseconds between two looks at what other processes do. */
const LOOK_MS = 1000;
/** Most clips tagged at once: each is a process with a network and a decoder of its own. */
const MOST_LANES = 4;

interface Current {
  readonly id: string;
  readonly kind: string;
  readonly live: LiveProgress;
  readonly stop: AbortController;
  /** Never rejects. */
  readonly ended: Promise<void>;
}

export class JobQueue {
  readonly #options: QueueOptions;
  readonly #db: Library;
  readonly #reader: StatusReader;
  readonly #owner = rows.ownTag();
  readonly #look: NodeJS.Timeout;
  readonly #push: Throttled<void>;
  readonly #running = new Map<string, Current>();
  #closed = false;
  #lastPush = -Infinity;
  #later: NodeJS.Timeout | undefined;
  /** What others were doing when last looked. */
  #others = '';

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#db = options.db;
    this.#reader = new StatusReader(options.db);
    rows.leaveOrphans(this.#db, this.#owner);
    this.#push = throttle(PUSH_MS, () => this.#tell());
    this.#look = setInterval(() => this.#lookAround(), LOOK_MS).unref();
  }

  status(): QueueStatus {
    return this.#reader.read(this.#running);
  }

  /** Whether jobs are being run by this queue now. */
  get busy(): boolean {
    return this.#running.size > 0;
  }

  /** Puts a job last, or again where it has ended; its id. Throws `bad-job`. */
  enqueue(untrusted: JobSpec, { title, batch, frames }: EnqueueOptions = {}): string {
    const { id, hash, spec } = prepareJob(untrusted);
    const json = JSON.stringify(spec);
    this.#db.write(() => {
      registerJob(this.#db, { id, hash, kind: spec.kind, spec: json });
      // What is no part of its identity (whether to replace an output) may have changed.
      setJobSpec(this.#db, id, json);
      rows.addToQueue(this.#db, {
        job: id,
        owner: this.#owner,
        title: title ?? titleOf(spec),
        batch: batch ?? null,
        frames: frames ?? null,
      });
    });
    this.#changed();
    return id;
  }

  /** Ends its process if it runs; what was made stays. */
  async pause(id: string): Promise<void> {
    const row = this.#ownRow(id);
    if (row.state !== 'waiting') return;
    rows.setQueueState(this.#db, id, 'paused');
    await this.#end(id, new Paused());
    this.#changed();
  }

  async resume(id: string): Promise<void> {
    const row = this.#ownRow(id);
    if (row.state !== 'paused' && row.state !== 'left') return;
    rows.setQueueState(this.#db, id, 'waiting', this.#owner);
    this.#changed();
  }

  /** Also a job that another process runs, where the user says so. Resolves when it has stopped. */
  async cancel(id: string): Promise<void> {
    if (jobById(this.#db, id) === undefined) throw new AppError('job-unknown', `There is no job ${id}.`);
    rows.setQueueState(this.#db, id, 'ended');
    if (this.#running.has(id)) await this.#end(id, new AppError('cancelled', 'Cancelled.'));
    else await cancelJob(this.#options, id);
    this.#changed();
  }

  async move(id: string, before: string | null): Promise<void> {
    this.#ownRow(id);
    rows.moveInQueue(this.#db, id, before);
    this.#changed();
  }

  /** Again, last in the queue. */
  async retry(id: string): Promise<void> {
    const row = this.#ownRow(id);
    const job = jobById(this.#db, id);
    if (row.state !== 'ended' || job === undefined || isHeldByLiving(job)) return;
    const { title, batch, frames } = row;
    rows.addToQueue(this.#db, { job: id, owner: this.#owner, title, batch, frames });
    this.#changed();
  }

  async clear(ids: readonly string[]): Promise<void> {
    rows.clearEnded(this.#db, ids);
    this.#changed();
  }

  /** Holds everything, the jobs that run too: they go on from there when the queue does. */
  async hold(held: boolean): Promise<void> {
    rows.setHeld(this.#db, held);
    if (held) await this.#endAll();
    this.#changed();
  }

  /** Goes on with what a former run left; their ids. */
  async continue(): Promise<string[]> {
    const left = rows.leftJobs(this.#db);
    for (const id of left) rows.setQueueState(this.#db, id, 'waiting', this.#owner);
    this.#changed();
    return left;
  }

  /** Ends the processes that run, and leaves what waits to whoever opens the library next. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#look);
    rows.leave(this.#db, this.#owner);
    await this.#endAll();
    this.#push.cancel();
    clearTimeout(this.#later);
  }

  #ownRow(id: string): rows.QueueRow {
    const row = rows.queueRow(this.#db, id);
    const job = jobById(this.#db, id);
    if (job === undefined) throw new AppError('job-unknown', `There is no job ${id}.`);
    const elsewhere = !this.#running.has(id) && isHeldByLiving(job);
    if (row !== undefined && !elsewhere && (row.owner === null || row.owner === this.#owner)) return row;
    if (row === undefined && !elsewhere) throw new AppError('job-unknown', `Job ${id} is not in the queue.`);
    throw new AppError('job-busy', 'Another process runs this job; it can be cancelled, and nothing else.');
  }

  async #end(id: string, reason: AppError): Promise<void> {
    const current = this.#running.get(id);
    current?.stop.abort(reason);
    await current?.ended;
  }

  async #endAll(): Promise<void> {
    await Promise.all([...this.#running.keys()].map(async (id) => await this.#end(id, new Paused())));
  }

  /** Starts the next job where none runs, and those that may run beside it. */
  #pump(): void {
    if (this.#closed || rows.isHeld(this.#db)) return;
    const next: JobRow[] = [];
    for (const row of rows.waitingFor(this.#db, this.#owner)) {
      if (this.#running.has(row.job)) continue;
      const job = jobById(this.#db, row.job);
      // One that the command runs at this moment: its turn comes when it is known how that ended.
      if (job === undefined || isHeldByLiving(job)) continue;
      if (!this.#mayJoin(job, next)) break;
      next.push(job);
    }
    const together = this.#running.size + next.length;
    for (const job of next) this.#start(job, Math.max(1, Math.floor(this.#options.threads / together)));
  }

  /** Whether a job may run beside those that run and those that are about to: [Note: lanes of tagging]. */
  #mayJoin({ kind }: JobRow, next: readonly JobRow[]): boolean {
    const beside = [...this.#running.values(), ...next];
    if (beside.length === 0) return true;
    const lanes = Math.min(this.#options.threads, MOST_LANES);
    return beside.length < lanes && [kind, ...beside.map((one) => one.kind)].every((one) => one === 'tag');
  }

  #start(row: JobRow, threads: number): void {
    const { id, kind } = row;
    const live = new LiveProgress();
    const stop = new AbortController();
    const ended = this.#run(row, live, threads, stop.signal).finally(() => {
      this.#running.delete(id);
      this.#changed();
    });
    this.#running.set(id, { id, kind, live, stop, ended });
  }

  /** Never rejects: how it ended is in the rows. */
  async #run({ id, spec }: JobRow, live: LiveProgress, threads: number, signal: AbortSignal): Promise<void> {
    const { db, home, cacheBytes, tasks } = this.#options;
    const onEvent = (event: JobEvent): void => {
      if (event.type !== 'progress') return;
      live.hear(event);
      this.#push();
    };
    try {
      await runJob(JSON.parse(spec) as JobSpec, {
        ...{ db, home, threads, signal, onEvent, cacheBytes: cacheBytes() },
        ...(tasks !== undefined && { tasks }),
      });
      rows.setQueueState(db, id, 'ended');
    } catch (thrown) {
      const error = toAppError(thrown);
      // Paused: what is to become of it was written down before. Busy: another process was quicker, and its turn comes again.
      if (error instanceof Paused || error.code === 'job-busy') return;
      try {
        // Refused before it began: its row knows nothing of it.
        failJob(db, id, { code: error.code, message: error.message });
        // What was cancelled here was ended before its process, and somebody may have asked for it again since.
        if (error.code !== 'cancelled' || !signal.aborted) rows.setQueueState(db, id, 'ended');
      } catch {
        // The database is what failed; there is nowhere to write that down.
      }
      if (error.code === 'cancelled') return;
    }
    const job = jobById(db, id);
    const summary = job && jobSummary(job);
    if (summary !== undefined) this.#options.onEnded(summary);
  }

  #changed(): void {
    if (this.#closed) return;
    this.#pump();
    this.#push();
  }

  #tell(): void {
    if (this.#closed) return;
    let status: QueueStatus;
    try {
      status = this.status();
    } catch {
      // Called by timers. A library that cannot be read now can be, most likely, at the next change.
      return;
    }
    const wait = Math.min(MOST_PUSH_MS, PUSH_MS * Math.floor(status.items.length / PUSH_ITEMS));
    const due = this.#lastPush + wait - performance.now();
    if (due > 0) {
      this.#later ??= setTimeout(() => {
        this.#later = undefined;
        this.#tell();
      }, due).unref();
      return;
    }
    this.#lastPush = performance.now();
    this.#options.onChanged(status);
  }

  #lookAround(): void {
    try {
      rows.leaveOrphans(this.#db);
      const seen = listJobs(this.#db, { state: 'running' })
        .filter((job) => !this.#running.has(job.id))
        .map((job) => [job.id, job.updatedAt, isHeldByLiving(job)].join(' '))
        .join('\n');
      if (seen === this.#others) return;
      this.#others = seen;
      this.#changed();
    } catch {
      // A library that cannot be read now can be, most likely, in a second.
    }
  }
}

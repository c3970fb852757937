/** The queue as it is shown: from its rows, its jobs' rows and what the running job says. */
import { basename } from 'node:path';
import type { JobSpec, JobSummary } from '../../contract/jobs.ts';
import type { QueueItem, QueueState, QueueStatus } from '../../contract/queue.ts';
import { jobSummary } from '../jobs/control.ts';
import type { Library } from '../library/db.ts';
import { queuedJobs, type JobRow } from '../library/job-rows.ts';
import { holderAlive } from '../library/leases.ts';
import type { LiveProgress } from './live.ts';
import { isHeld, queueRows, type QueueRow } from './rows.ts';

/** The jobs this process runs now, by id. */
export type Running = ReadonlyMap<string, { readonly live: LiveProgress }>;

interface Known {
  /** All that was read to make `job`. */
  readonly of: readonly (string | undefined)[];
  readonly job: JobSummary;
}

/** Keeps what it has read of jobs: a sequence's spec is long, and the queue is told several times a second. */
export class StatusReader {
  readonly #known = new Map<string, Known>();
  readonly #db: Library;

  constructor(db: Library) {
    this.#db = db;
  }

  read(running: Running): QueueStatus {
    const jobs = new Map(queuedJobs(this.#db).map((row) => [row.id, row]));
    const rows = queueRows(this.#db);
    const queued = new Set(rows.map(({ job }) => job));
    const others = [...jobs.values()].filter((job) => !queued.has(job.id) && isHeldByLiving(job));
    const items = [
      ...others.map((job, i) => this.#item(strayRow(job, i - others.length), job, running)),
      ...rows.map((row) => this.#item(row, jobs.get(row.job), running)),
    ].filter((item) => item !== undefined);
    for (const id of this.#known.keys()) if (!jobs.has(id)) this.#known.delete(id);
    return {
      items,
      held: isHeld(this.#db),
      etaSeconds: queueEta(items, rows),
      unfinished: rows.flatMap(({ job, state }) => (state === 'left' ? [job] : [])),
    };
  }

  #item(row: QueueRow, job: JobRow | undefined, running: Running): QueueItem | undefined {
    const summary = job && this.#summary(job);
    if (job === undefined || summary === undefined) return undefined;
    const live = running.get(row.job)?.live;
    const state = stateOf(row, job, live !== undefined);
    return {
      id: row.job,
      state,
      position: row.position,
      title: row.title === '' ? titleOf(summary.spec) : row.title,
      job: summary,
      stage: live?.stage ?? (state === 'running' ? stageOf(job) : null),
      fraction: Math.max(live?.fraction ?? 0, state === 'done' ? 1 : summary.fraction),
      framesPerSecond: live?.framesPerSecond ?? null,
      etaSeconds: live?.etaSeconds ?? null,
      device: live?.device ?? summary.result?.device ?? null,
      batch: row.batch,
    };
  }

  #summary(row: JobRow): JobSummary | undefined {
    const of = [row.state, row.spec, row.result, row.error];
    const known = this.#known.get(row.id);
    if (known !== undefined && of.every((text, i) => text === known.of[i])) {
      return { ...known.job, fraction: row.fraction, updatedAt: new Date(row.updatedAt).toISOString() };
    }
    const job = jobSummary(row);
    if (job === undefined) return undefined;
    const short = job.spec.kind === 'sequence' ? { ...job, spec: { ...job.spec, clips: [] } } : job;
    // Whether a running one's process still lives is asked each time, once it does not.
    if (job.state === row.state) this.#known.set(row.id, { of, job: short });
    return short;
  }
}

/** What an item is called that nobody gave a title. */
export function titleOf(spec: JobSpec): string {
  return basename(spec.output);
}

export function isHeldByLiving({ holder, state }: JobRow): boolean {
  return state === 'running' && holder !== undefined && holderAlive(holder);
}

/** A job that another process runs, the command for one: shown before everything else. */
function strayRow({ id }: JobRow, position: number): QueueRow {
  return { job: id, position, state: 'ended', owner: null, title: '', batch: null, frames: null };
}

function stateOf(row: QueueRow, job: JobRow, here: boolean): QueueState {
  if (here && row.state !== 'paused') return 'running';
  if (!here && isHeldByLiving(job)) return 'running';
  if (row.state === 'paused' || row.state === 'left') return 'paused';
  if (row.state === 'waiting') return 'waiting';
  if (job.state === 'done' || job.state === 'cancelled') return job.state;
  // 'running' with a dead holder, or registered and never begun.
  return 'failed';
}

const STAGES = ['probing', 'analysing', 'recognising', 'rendering', 'sound', 'writing', 'verifying'] as const;

function stageOf({ stage }: JobRow): QueueItem['stage'] {
  return STAGES.find((one) => one === stage) ?? null;
}

/**
 * Seconds until everything is done that waits or runs. Of what waits, the frames it will make at the speed of now or of what ended last,
 * else the mean of its batch; null as soon as one cannot be told.
 */
function queueEta(items: readonly QueueItem[], rows: readonly QueueRow[]): number | null {
  const open = items.filter((item) => item.state === 'running' || item.state === 'waiting');
  if (open.length === 0) return null;
  const ended = items.flatMap(({ batch, job }) => (job.result === undefined ? [] : [{ batch, result: job.result }]));
  const fresh = ended.filter(({ result }) => result.seconds > 0 && result.reusedFrames < result.frames);
  const latest = fresh.at(-1)?.result;
  const speed =
    items.find((item) => item.framesPerSecond !== null)?.framesPerSecond ??
    (latest && (latest.frames - latest.reusedFrames) / latest.seconds);
  const frames = new Map(rows.map((row) => [row.job, row.frames]));
  let [running, waiting] = [0, 0];
  for (const item of open) {
    const count = frames.get(item.id) ?? null;
    const siblings = fresh.filter(({ batch }) => batch !== null && batch === item.batch);
    const mean = siblings.reduce((sum, { result }) => sum + result.seconds, 0) / siblings.length;
    const seconds =
      item.state === 'running'
        ? item.etaSeconds
        : count !== null && speed
          ? ((1 - item.fraction) * count) / speed
          : siblings.length > 0
            ? (1 - item.fraction) * mean
            : null;
    if (seconds === null) return null;
    // Those that run, run beside each other.
    if (item.state === 'running') running = Math.max(running, seconds);
    else waiting += seconds;
  }
  return running + waiting;
}

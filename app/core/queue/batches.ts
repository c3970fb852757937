/**
 * Folders that are worked through: each file becomes a job of the queue.
 *
 * [Note: batches] What was found is written down file by file, so a batch goes on after a crash where it was. A file that is there already and right
 * costs no job. While a batch watches, its folder is read again every few seconds, and at once when the system says that something happened in it;
 * a file is taken when it was seen twice, some seconds apart, with the same size and time: until then somebody is writing it.
 */
import { createHash } from 'node:crypto';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { AppError, toAppError } from '../../contract/errors.ts';
import type { BatchSpec, BatchStatus, QueueItem } from '../../contract/queue.ts';
import { canonicalJson } from '../base/json.ts';
import { prepareJob } from '../jobs/spec.ts';
import type { Library } from '../library/db.ts';
import { findClips } from './batch-files.ts';
import { batchJob, endingOf, recipeFor } from './batch-recipe.ts';
import * as rows from './batch-rows.ts';
import { batchStatus } from './batch-status.ts';
import { watchFolder, type FolderWatch } from './folder-watch.ts';
import { isWritten } from './is-written.ts';
import type { JobQueue } from './job-queue.ts';

export interface BatchesOptions {
  readonly db: Library;
  readonly queue: JobQueue;
  readonly onChanged: (status: BatchStatus) => void;
  /**
   * Throws path-refused for a file that may not be read or written: a link in the mirrored tree may lead anywhere, and a batch that watches is older
   * than the folders that are open now.
   */
  readonly check?: (path: string) => Promise<unknown>;
  /** Milliseconds a file must stay as it is before it is taken by a batch that watches. */
  readonly settleMs?: number;
}

const SETTLE_MS = 2000;

interface Active {
  readonly stop: AbortController;
  /** What is being looked through now; never rejects. */
  working: Promise<void>;
  watch: FolderWatch | undefined;
  /** By path: the stamp that was seen, and since when. */
  readonly seen: Map<string, { stamp: string; since: number }>;
}

export class Batches {
  readonly #options: BatchesOptions;
  readonly #db: Library;
  readonly #active = new Map<string, Active>();
  /** What was last told of each, to tell changes only. */
  readonly #told = new Map<string, string>();

  constructor(options: BatchesOptions) {
    this.#options = options;
    this.#db = options.db;
    // Watching ends when the user says so, not when the app is closed.
    for (const { id, watching } of rows.batchRows(this.#db)) if (watching) this.#activate(id);
  }

  /** What a batch would find. Starts nothing. Throws `not-found` for the folder, `output-is-input`. */
  async plan(given: BatchSpec): Promise<{ files: BatchStatus['files']; notes: string[] }> {
    const spec = absolute(given);
    const { items, others } = await this.#find(spec, new Map());
    const files: BatchStatus['files'] = [];
    for (const { input, output } of items) {
      const path = pathIn(spec, input);
      const recipe = recipeFor(spec, path);
      const base = { path, output, problem: null, job: null };
      if (recipe === null) files.push({ ...base, state: 'left out' });
      else {
        const written = await isWritten(this.#db, batchJob(recipe, input, output), 'ours').catch(() => 'no' as const);
        const problem =
          written === 'foreign' ? 'There is a file already; it is kept if it is what this would make.' : null;
        files.push({ ...base, state: written === 'yes' ? 'valid' : 'new', problem });
      }
    }
    const notes = others === 0 ? [] : [`${others} other file${others === 1 ? ' is' : 's are'} left alone.`];
    if (items.length === 0) notes.push(spec.watch ? 'There is no video in it yet.' : 'There is no video in it.');
    return { files, notes };
  }

  /** Begins; where the same was started before, with what failed, was cancelled or is gone since. Throws `not-found`, `bad-job`. */
  async start(given: BatchSpec): Promise<string> {
    const spec = absolute(given);
    const id = createHash('sha256').update(canonicalJson(spec)).digest('hex').slice(0, 12);
    // Said now, not in the background.
    await this.#find(spec, new Map());
    prepareJob(batchJob(spec.recipe, join(spec.input, 'any'), join(spec.output, 'any')));
    await this.#deactivate(id);
    rows.putBatch(this.#db, { id, spec, startedAt: Date.now(), watching: spec.watch });
    const again = await this.#toDoAgain(id);
    const before = rows.fileRows(this.#db, id).filter(({ path, state }) => again.has(path) || state === 'left out');
    rows.putFiles(
      this.#db,
      id,
      before.map((row) => ({ ...row, state: 'new', problem: null, job: null })),
    );
    this.#activate(id);
    return id;
  }

  /** Files of a batch that was started before: those that failed or were cancelled, and those whose output is gone. */
  async #toDoAgain(id: string): Promise<Set<string>> {
    const again = new Set<string>();
    for (const { path, state, output } of this.#status(id).files) {
      const made = state === 'done' || state === 'valid';
      const gone = made && (await stat(output).catch(() => undefined)) === undefined;
      if (gone || state === 'failed' || state === 'cancelled') again.add(path);
    }
    return again;
  }

  /** Newest first. */
  list(): BatchStatus[] {
    const items = this.#items();
    return rows.batchRows(this.#db).map((row) => batchStatus(this.#db, row, items));
  }

  /** Ends watching and takes what still waits out of the queue. Throws `batch-unknown`. */
  async stop(id: string): Promise<void> {
    if (rows.batchRow(this.#db, id) === undefined) throw new AppError('batch-unknown', 'There is no such batch.');
    await this.#deactivate(id);
    rows.setWatching(this.#db, id, false);
    const waiting = [...this.#items().values()].filter(
      (item) => item.batch === id && (item.state === 'waiting' || item.state === 'paused'),
    );
    for (const item of waiting) await this.#options.queue.cancel(item.id);
    const untouched = rows.fileRows(this.#db, id).filter(({ state }) => state === 'new');
    rows.putFiles(
      this.#db,
      id,
      untouched.map((row) => ({ ...row, state: 'left out', problem: 'The batch was stopped before its turn.' })),
    );
    this.#tell(id);
  }

  /** Goes on with batches that a former run had not looked through. */
  continue(): void {
    for (const { id } of rows.batchRows(this.#db)) {
      if (this.#active.has(id)) continue;
      if (rows.fileRows(this.#db, id).some(({ state }) => state === 'new')) this.#activate(id);
    }
  }

  /** To be called when the queue has changed: tells of the batches that look different now. */
  refresh(): void {
    const items = this.#items();
    const shown = new Set([...items.values()].map((item) => item.batch));
    for (const row of rows.batchRows(this.#db))
      if (shown.has(row.id)) this.#tellStatus(batchStatus(this.#db, row, items));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#active.keys()].map((id) => this.#deactivate(id)));
  }

  #activate(id: string): void {
    const row = rows.batchRow(this.#db, id);
    if (row === undefined) return;
    const active: Active = {
      stop: new AbortController(),
      working: Promise.resolve(),
      watch: undefined,
      seen: new Map(),
    };
    this.#active.set(id, active);
    const look = (): Promise<void> => (active.working = this.#look(row, active));
    if (row.watching) active.watch = watchFolder(row.spec.input, look);
    else void look().then(() => this.#active.delete(id));
  }

  async #deactivate(id: string): Promise<void> {
    const active = this.#active.get(id);
    if (active === undefined) return;
    active.stop.abort(new AppError('cancelled', 'Stopped.'));
    active.watch?.close();
    await active.working;
    this.#active.delete(id);
  }

  /** Finds the files and takes those whose turn it is. Resolves with nothing, whatever happens: a watched disk may be away for a while. */
  async #look(row: rows.BatchRow, active: Active): Promise<void> {
    const { id, spec } = row;
    try {
      const known = new Map(rows.fileRows(this.#db, id).map((file) => [file.path, file]));
      const given = new Map([...known.values()].map(({ path, output }) => [join(spec.input, path), output]));
      const { items } = await this.#find(spec, given);
      const fresh: rows.FileRow[] = [];
      for (const { input, output } of items) {
        const path = pathIn(spec, input);
        const stamp = await stampOf(input);
        const before = known.get(path);
        if (stamp === undefined || (before !== undefined && before.stamp === stamp && before.state !== 'new')) continue;
        const growing = row.watching && !this.#settled(active, path, stamp);
        if (growing) active.watch?.soon();
        const problem = growing ? 'It is still being written.' : null;
        if (before?.state === 'new' && growing && before.problem !== null) continue;
        fresh.push({ path, output, state: 'new', problem, job: null, stamp });
      }
      rows.putFiles(this.#db, id, fresh);
      if (fresh.length > 0) this.#tell(id);
      for (const file of fresh) if (file.problem === null) await this.#take(id, spec, file, active.stop.signal);
    } catch (thrown) {
      if (active.stop.signal.aborted || row.watching) return;
      const problem = toAppError(thrown).message;
      const open = rows.fileRows(this.#db, id).filter(({ state }) => state === 'new');
      rows.putFiles(
        this.#db,
        id,
        open.map((file) => ({ ...file, state: 'failed', problem })),
      );
      this.#tell(id);
    }
  }

  #settled({ seen }: Active, path: string, stamp: string): boolean {
    const now = performance.now();
    const before = seen.get(path);
    if (before?.stamp !== stamp) {
      seen.set(path, { stamp, since: now });
      return false;
    }
    return now - before.since >= (this.#options.settleMs ?? SETTLE_MS);
  }

  /** One file: left out, there already, refused, or into the queue. */
  async #take(batch: string, spec: BatchSpec, file: rows.FileRow, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const recipe = recipeFor(spec, file.path);
    let taken: Pick<rows.FileRow, 'state' | 'problem' | 'job'> = { state: 'left out', problem: null, job: null };
    if (recipe !== null) {
      try {
        const job = batchJob(recipe, join(spec.input, file.path), file.output);
        for (const path of [job.input, job.output]) await this.#options.check?.(path);
        if ((await isWritten(this.#db, job, 'anybody', signal)) === 'yes') taken = { ...taken, state: 'valid' };
        else {
          await mkdir(dirname(file.output), { recursive: true });
          taken = { ...taken, state: 'queued', job: this.#options.queue.enqueue(job, { title: file.path, batch }) };
        }
      } catch (thrown) {
        if (signal.aborted) return;
        taken = { ...taken, state: 'failed', problem: toAppError(thrown).message };
      }
    }
    rows.putFiles(this.#db, batch, [{ ...file, ...taken }]);
    this.#tell(batch);
  }

  async #find(spec: BatchSpec, given: ReadonlyMap<string, string>): ReturnType<typeof findClips> {
    // What was made would be found as new clips, for ever.
    if (spec.input === spec.output)
      throw new AppError('output-is-input', 'The results cannot go into the folder of the clips; choose another one.');
    return await findClips(spec.input, spec.output, {
      recursive: spec.recursive,
      given,
      endingOf: (path) => endingOf(recipeFor(spec, path.split(sep).join('/')) ?? spec.recipe),
    });
  }

  #items(): Map<string, QueueItem> {
    return new Map(this.#options.queue.status().items.map((item) => [item.id, item]));
  }

  #status(id: string): BatchStatus {
    return batchStatus(this.#db, rows.batchRow(this.#db, id)!, this.#items());
  }

  #tell(id: string): void {
    this.#tellStatus(this.#status(id));
  }

  #tellStatus(status: BatchStatus): void {
    const look = JSON.stringify(status.files.map(({ path, state, problem }) => [path, state, problem]));
    const now = `${status.watching} ${look}`;
    if (this.#told.get(status.id) === now) return;
    this.#told.set(status.id, now);
    this.#options.onChanged(status);
  }
}

function absolute(spec: BatchSpec): BatchSpec {
  return { ...spec, input: resolve(spec.input), output: resolve(spec.output) };
}

/** As overrides name it: below the batch's input, with '/'. */
function pathIn(spec: BatchSpec, input: string): string {
  return relative(spec.input, input).split(sep).join('/');
}

async function stampOf(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found && `${found.size} ${Math.round(found.mtimeMs)}`;
}

/**
 * Two photos, and what lies between them.
 *
 * [Note: pairs] A pair is made in a process of its own like a job (inference blocks its thread, and cancelling ends the process), but it is none of the
 * queue's: whoever dropped two photos looks at them now and must not wait behind the export of a film. It has no chunks and goes on from nothing, so it
 * needs no lease either. One pair runs at a time.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, extname, join, sep } from 'node:path';
import { AppError, toAppError } from '../../contract/errors.ts';
import type { PairSpec, PairStatus } from '../../contract/queue.ts';
import type { Home } from '../base/home.ts';
import { ownModulePath } from '../base/own-files.ts';
import { notUnderstood, workInChild, type Heard } from '../jobs/child.ts';
import type { Library } from '../library/db.ts';
import { pairEventSchema, type PairEvent } from './pair-messages.ts';
import { addPair, endPair, failRunning, pairRows, type PairRow } from './pair-rows.ts';

export interface PairsOptions {
  readonly db: Library;
  readonly home: Home;
  readonly onChanged: (status: PairStatus) => void;
}

const WORKER = ownModulePath('./pair-worker', import.meta.url);
const PICTURES = ['first', 'middle', 'last'] as const;

interface Running {
  readonly row: PairRow;
  readonly stop: AbortController;
  /** Never rejects. */
  readonly ended: Promise<void>;
  done: number;
  etaSeconds: number | null;
}

type Going = Extract<PairEvent, { type: 'progress' | 'picture' }>;

export class Pairs {
  readonly #options: PairsOptions;
  readonly #running = new Map<string, Running>();
  /** The last of those that wait for each other. */
  #turn: Promise<void> = Promise.resolve();

  constructor(options: PairsOptions) {
    this.#options = options;
    failRunning(options.db, { code: 'cancelled', message: 'Inbetween was closed before it was done; start it again.' });
  }

  /** Starts; its id. What is wrong with the photos is told by the pair's status. */
  start(spec: PairSpec): string {
    const id = randomBytes(8).toString('hex');
    addPair(this.#options.db, id, spec);
    const row = pairRows(this.#options.db).find((one) => one.id === id)!;
    const stop = new AbortController();
    this.#turn = this.#turn.then(() => this.#run(id));
    this.#running.set(id, { row, stop, ended: this.#turn, done: 0, etaSeconds: null });
    this.#tell(row);
    return id;
  }

  /** Newest first. */
  list(): PairStatus[] {
    return pairRows(this.#options.db).map((row) => this.#status(row));
  }

  /** Resolves when it has stopped. */
  async cancel(id: string): Promise<void> {
    const running = this.#running.get(id);
    running?.stop.abort(new AppError('cancelled', 'Cancelled.'));
    await running?.ended;
  }

  get busy(): boolean {
    return this.#running.size > 0;
  }

  async close(): Promise<void> {
    for (const { stop } of this.#running.values()) stop.abort(new AppError('cancelled', 'Inbetween was closed.'));
    await this.#turn;
  }

  /** Where a picture of a pair is; it may not be there yet. Undefined for an id or a name that is none. */
  picture(id: string, which: string): string | undefined {
    if (!/^[0-9a-f]{16}$/.test(id) || !PICTURES.some((one) => one === which)) return undefined;
    return join(this.#folder(id), `${which}.png`);
  }

  /** The film of a pair that is done. */
  film(id: string): string | undefined {
    return pairRows(this.#options.db).find((row) => row.id === id && row.state === 'done')?.output ?? undefined;
  }

  /** Whether a film lies in the library's own folder, for want of another place. */
  isOwn(film: string): boolean {
    return film.startsWith(join(this.#options.home.root, 'pairs', sep));
  }

  /** Never rejects. */
  async #run(id: string): Promise<void> {
    const running = this.#running.get(id)!;
    const { row, stop } = running;
    const folder = this.#folder(id);
    const output = row.spec.output ?? join(folder, `${stem(row.spec.a)} to ${stem(row.spec.b)}.webm`);
    let ended: PairRow;
    try {
      await mkdir(folder, { recursive: true });
      await workInChild<Going, true>({
        entry: WORKER,
        mark: `pair-${id}`,
        order: { type: 'run', spec: row.spec, folder, output },
        read,
        signal: stop.signal,
        onEvent: (event) => {
          if (event.type === 'progress') [running.done, running.etaSeconds] = [event.done, event.etaSeconds ?? null];
          this.#tell(row);
        },
      });
      ended = { ...row, state: 'done', done: total(row.spec), output };
    } catch (thrown) {
      const { kind, code, message } = toAppError(thrown);
      const cancelled = kind === 'cancelled';
      ended = {
        ...row,
        state: cancelled ? 'cancelled' : 'failed',
        done: running.done,
        problem: cancelled ? null : { code, message },
      };
    }
    this.#running.delete(id);
    try {
      endPair(this.#options.db, ended);
    } catch {
      // The database is what failed; it will be told as cut short when the library is next opened.
    }
    this.#tell(ended);
  }

  #status(row: PairRow): PairStatus {
    const running = this.#running.get(row.id);
    const media = (which: (typeof PICTURES)[number]) =>
      existsSync(this.picture(row.id, which)!) ? `pair/${row.id}/${which}` : null;
    return {
      id: row.id,
      spec: row.spec,
      state: row.state,
      done: running?.done ?? row.done,
      total: total(row.spec),
      etaSeconds: running?.etaSeconds ?? null,
      ...{ first: media('first'), middle: media('middle'), last: media('last') },
      output: row.output,
      problem: row.problem,
    };
  }

  #tell(row: PairRow): void {
    this.#options.onChanged(this.#status(row));
  }

  #folder(id: string): string {
    return join(this.#options.home.root, 'pairs', id);
  }
}

function read(message: unknown): Heard<Going, true> {
  const parsed = pairEventSchema.safeParse(message);
  if (!parsed.success) return { error: notUnderstood(parsed.error.issues[0]?.message) };
  const { data } = parsed;
  if (data.type === 'done') return { result: true };
  return data.type === 'failed' ? { error: new AppError(data.error.code, data.error.message) } : { event: data };
}

function total({ recursions }: PairSpec): number {
  return 2 ** recursions - 1;
}

/** A file's name without its ending, short enough that two fit into one name. */
function stem(path: string): string {
  return [...basename(path, extname(path))].slice(0, 40).join('');
}

/**
 * Takes that are wanted, and their making.
 *
 * [Note: boards at work] Takes are made in a process that is kept warm, one after another; they are none of the queue's, as pairs are not. What is wanted takes the
 * place of what was wanted before, but a take that is being made and still wanted goes on: an edit of one gap does not begin another gap's again.
 * Nothing is remembered of a take but what is on the disk, and of one that failed why; so there is nothing to put right after a crash. What must not wait for an
 * engine (keyframes' pictures, plans, key points) is done by another process.
 */
import { AppError, type WireError } from '../../contract/errors.ts';
import type { TakeState } from '../../contract/morph.ts';
import type { LaidTake } from './layout.ts';
import type { BoardAnswer, TakeOrder } from './messages.ts';
import { boardProcess } from './process.ts';
import type { TakeStore } from './take-store.ts';

export interface TakeMakerOptions {
  readonly store: TakeStore;
  /** Root of the library. */
  readonly home: string;
  readonly threads: number;
  readonly onTake: (board: string, take: TakeState) => void;
}

/** Milliseconds that the work on what nobody wants any more may take to end; then its process is ended. */
const PATIENCE_MS = 1500;
/** Failures kept in mind. */
const MOST_FAILED = 500;

/** Where a take is shown. */
type Place = Pick<LaidTake, 'gap' | 'seed' | 'frames'>;

export interface MissingTake {
  readonly take: LaidTake;
  readonly order: TakeOrder;
  readonly done: number;
}

interface Wanted {
  readonly order: TakeOrder;
  /** Gaps that are alike, and seeds that make no difference, have one take. */
  places: Place[];
  done: number;
  etaSeconds: number | null;
}

export class TakeMaker {
  readonly #options: TakeMakerOptions;
  readonly #process: ReturnType<typeof boardProcess>;
  readonly #failed = new Map<string, WireError>();
  #wanted = new Map<string, Wanted>();
  /** Whose takes are wanted. */
  #board: string | undefined;
  /** The take that the process is at. */
  #running: string | undefined;
  #late: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: TakeMakerOptions) {
    this.#options = options;
    this.#process = boardProcess({
      home: options.home,
      threads: options.threads,
      onAnswer: (answer) => this.#answered(answer),
      onDeath: (error) => this.#died(error),
      busy: () => this.#wanted.size > 0,
    });
  }

  /** The board whose takes are wanted. */
  get board(): string | undefined {
    return this.#board;
  }

  /** Those of `takes` that are not there, with how many of their pictures are. */
  async missing(takes: readonly LaidTake[]): Promise<MissingTake[]> {
    const missing: MissingTake[] = [];
    for (const take of takes) {
      if (!take.order || take.frames === 0) continue;
      const { done, whole } = await this.#options.store.take(take.order.key, take.frames);
      if (!whole) missing.push({ take, order: take.order, done });
    }
    return missing;
  }

  /** Has these made, in this order, in place of what was wanted before. What failed is tried again. */
  make(board: string, missing: readonly MissingTake[]): void {
    const wanted = new Map<string, Wanted>();
    for (const { take, order, done } of missing) {
      const { gap, seed, frames } = take;
      const known = wanted.get(order.key);
      const before = this.#wanted.get(order.key);
      if (known) known.places.push({ gap, seed, frames });
      else {
        const at = { done: Math.max(done, before?.done ?? 0), etaSeconds: before?.etaSeconds ?? null };
        wanted.set(order.key, { order, places: [{ gap, seed, frames }], ...at });
      }
      this.#failed.delete(order.key);
    }
    this.#want(board, wanted);
  }

  stop(): void {
    this.#want(undefined, new Map());
  }

  /** What is there of a take. */
  async state({ gap, seed, frames, order, problem }: LaidTake): Promise<TakeState> {
    const place = { gap, seed, frames };
    if (!order) return { ...stateOf(place, ''), state: problem ? 'failed' : 'absent', error: problem };
    return await this.#state(order.key, place);
  }

  /** The board has been edited: what is made for it is shown elsewhere. */
  place(takes: readonly LaidTake[]): void {
    for (const wanted of this.#wanted.values()) {
      wanted.places = takes.filter(({ order }) => order?.key === wanted.order.key);
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#late);
    this.#wanted.clear();
    this.#process.close();
  }

  async #state(key: string, place: Place): Promise<TakeState> {
    const state = stateOf(place, key);
    const { frames } = place;
    if (frames === 0) return { ...state, state: 'done' };
    const wanted = this.#wanted.get(key);
    if (wanted) return this.#live(wanted, place);
    const { done, whole, confidence } = await this.#options.store.take(key, frames);
    if (whole) return { ...state, done, confidence, state: 'done' };
    const error = this.#failed.get(key) ?? null;
    return { ...state, done, state: error ? 'failed' : 'absent', error };
  }

  #live({ order: { key }, done, etaSeconds }: Wanted, place: Place): TakeState {
    return { ...stateOf(place, key), done, etaSeconds, state: this.#running === key ? 'running' : 'waiting' };
  }

  #want(board: string | undefined, wanted: Map<string, Wanted>): void {
    const before = { board: this.#board, wanted: this.#wanted };
    [this.#board, this.#wanted] = [board, wanted];
    if (wanted.size > 0 || before.wanted.size > 0) this.#send();
    for (const [key, { places }] of before.wanted) if (!wanted.has(key)) this.#tellStored(before.board, key, places);
    for (const one of wanted.values()) this.#tell(one);
  }

  /** Has the process do what is wanted. It may be deep in something that is not. */
  #send(): void {
    clearTimeout(this.#late);
    if (this.#closed) return;
    this.#process.send({ type: 'render', takes: [...this.#wanted.values()].map(({ order }) => order) });
    const running = this.#running;
    if (running === undefined || this.#wanted.has(running)) return;
    this.#late = setTimeout(() => {
      if (this.#running !== running || this.#wanted.has(running)) return;
      this.#process.end();
      this.#running = undefined;
      if (this.#wanted.size > 0) this.#send();
    }, PATIENCE_MS).unref();
  }

  #answered(answer: BoardAnswer): void {
    if (answer.type !== 'progress' && answer.type !== 'ended') return;
    const { key } = answer;
    const wanted = this.#wanted.get(key);
    if (answer.type === 'progress') {
      this.#running = key;
      if (!wanted) return;
      wanted.done = Math.max(wanted.done, answer.done);
      wanted.etaSeconds = answer.etaSeconds;
      return this.#tell(wanted);
    }
    if (this.#running === key) this.#running = undefined;
    const { confidence, error } = answer;
    // Dropped; where it is wanted again, it was put into the list anew.
    if (!error && confidence === null) return;
    this.#end(key, error ? { state: 'failed', error } : { state: 'done', confidence });
  }

  /** A take is made no more; whoever shows it is told. */
  #end(key: string, how: Pick<TakeState, 'state'> & Partial<TakeState>): void {
    const wanted = this.#wanted.get(key);
    this.#wanted.delete(key);
    if (how.error) this.#fail(key, how.error);
    if (!wanted || this.#board === undefined || this.#closed) return;
    for (const place of wanted.places) {
      const done = how.state === 'done' ? place.frames : wanted.done;
      this.#options.onTake(this.#board, { ...stateOf(place, key), done, ...how });
    }
  }

  /** What it was at has failed; what waited behind that has not. */
  #died({ code, message }: AppError): void {
    const running = this.#running;
    this.#running = undefined;
    // Before its first take it was not that take's fault, nor will it go better with the next.
    for (const key of running === undefined ? [...this.#wanted.keys()] : [running]) {
      if (this.#wanted.has(key)) this.#end(key, { state: 'failed', error: { code, message } });
    }
    if (this.#wanted.size > 0) this.#send();
  }

  #fail(key: string, error: WireError): void {
    this.#failed.set(key, error);
    if (this.#failed.size > MOST_FAILED) this.#failed.delete(this.#failed.keys().next().value!);
  }

  #tell(wanted: Wanted): void {
    if (this.#board === undefined || this.#closed) return;
    for (const place of wanted.places) this.#options.onTake(this.#board, this.#live(wanted, place));
  }

  /** Tells of a take that was dropped: what is on the disk. */
  #tellStored(board: string | undefined, key: string, places: readonly Place[]): void {
    if (board === undefined) return;
    for (const place of places) {
      this.#state(key, place).then(
        (state) => {
          // Wanted again by now, it has been told so.
          if (!this.#closed && !this.#wanted.has(key)) this.#options.onTake(board, state);
        },
        (error: unknown) => console.error(error),
      );
    }
  }
}

function stateOf(place: Place, key: string): Omit<TakeState, 'state'> {
  const { gap, seed, frames } = place;
  const pictures = key === '' ? '' : `board/take/${key}/`;
  return { gap, seed, frames, done: 0, pictures, etaSeconds: null, confidence: null, error: null };
}

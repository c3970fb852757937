/** The side of the boards that looks at pixels: takes orders from its port. Takes are made one after another, and so is all else besides. */
import { AppError, toAppError, type WireError } from '../../contract/errors.ts';
import { homeAt } from '../base/home.ts';
import type { ParentPort } from '../base/parent-port.ts';
import { throttle } from '../base/throttle.ts';
import { treatedSource } from '../jobs/tasks/source-facts.ts';
import { analysisCache } from '../library/analysis-cache.ts';
import { openLibrary } from '../library/db.ts';
import { identify } from '../library/file-identity.ts';
import type { ReadOptions } from '../morph/keyframe.ts';
import { planMorph } from '../morph/plan.ts';
import { orderSchema, type BoardAnswer, type BoardOrder, type TakeOrder } from './messages.ts';
import { EngineShelf, findPoints, renderStill, renderTake } from './render-take.ts';
import { StillShelf } from './still-shelf.ts';
import { TakeStore } from './take-store.ts';

/** Milliseconds between two tidings of a take. */
const TELL_MS = 100;

type Opening = Extract<BoardOrder, { type: 'open' }>;
type Say = (answer: BoardAnswer) => void;

/** Serves until the other side is gone. */
export function serveBoards(port: ParentPort, die: () => void): void {
  let room: Room | undefined;
  const say: Say = (answer) => void port.post(answer);
  port.onClose(die);
  port.onMessage((message) => {
    const order = orderSchema.safeParse(message);
    if (!order.success) return console.error('An order that is not understood.', order.error.issues[0]);
    const { data } = order;
    if (data.type === 'open') room ??= new Room(data, say);
    else room?.take(data);
  });
}

class Room {
  readonly #say: Say;
  readonly #store: TakeStore;
  readonly #shelf: StillShelf;
  readonly #source: NonNullable<ReadOptions['source']>;
  readonly #engines: EngineShelf;
  /** Of key points: an engine fills one gap at a time. */
  readonly #pointing: EngineShelf;
  readonly #never = new AbortController().signal;
  #waiting: TakeOrder[] = [];
  #current: { readonly key: string; readonly stop: AbortController } | undefined;
  /** The last of what waits for each other. */
  #turn: Promise<void> = Promise.resolve();

  constructor({ home, threads }: Opening, say: Say) {
    this.#say = say;
    this.#store = new TakeStore(home);
    const analyses = analysisCache(openLibrary(homeAt(home)));
    this.#source = async (info, fields) => {
      const identity = await identify(info.path);
      return await treatedSource(info, identity, { analyses, signal: this.#never }, { fields });
    };
    this.#shelf = new StillShelf(this.#source);
    this.#engines = new EngineShelf(threads);
    this.#pointing = new EngineShelf(threads);
  }

  take(order: Exclude<BoardOrder, Opening>): void {
    if (order.type === 'render') return this.#render(order.takes);
    if (order.type === 'stills') this.#turn = this.#turn.then(() => this.#makeStills(order));
    if (order.type === 'points') this.#turn = this.#turn.then(() => this.#findPoints(order));
    if (order.type === 'plan') this.#turn = this.#turn.then(() => this.#plan(order));
  }

  #render(takes: readonly TakeOrder[]): void {
    const current = this.#current;
    this.#waiting = takes.filter(({ key }) => key !== current?.key || current.stop.signal.aborted);
    if (!current) return this.#next();
    // What is still wanted goes on.
    if (!takes.some(({ key }) => key === current.key)) {
      current.stop.abort(new AppError('cancelled', 'Something else is asked for.'));
    }
  }

  #next(): void {
    const take = this.#waiting.shift();
    this.#current = take && { key: take.key, stop: new AbortController() };
    if (!take || !this.#current) return;
    void this.#make(take, this.#current.stop.signal).then(() => this.#next());
  }

  /** Never rejects. */
  async #make(take: TakeOrder, signal: AbortSignal): Promise<void> {
    const { key } = take;
    const tell = throttle<BoardAnswer>(TELL_MS, this.#say);
    try {
      tell({ type: 'progress', key, done: 0, etaSeconds: null });
      const host = { store: this.#store, shelf: this.#shelf, engines: this.#engines, signal };
      const confidence = await renderTake(take, host, (done, etaSeconds) =>
        tell({ type: 'progress', key, done, etaSeconds }),
      );
      tell.cancel();
      this.#say({ type: 'ended', key, confidence, error: null });
    } catch (thrown) {
      tell.cancel();
      const error = signal.aborted ? null : wire(thrown);
      if (error) await this.#engines[Symbol.asyncDispose]().catch(() => {});
      this.#say({ type: 'ended', key, confidence: null, error });
    }
  }

  /** Never rejects. */
  async #makeStills({ frame, stills }: Extract<BoardOrder, { type: 'stills' }>): Promise<void> {
    for (const still of stills) {
      const error = await renderStill(still, frame, {
        store: this.#store,
        shelf: this.#shelf,
        signal: this.#never,
      }).then(() => null, wire);
      this.#say({ type: 'still', key: still.key, error });
    }
  }

  /** Never rejects. */
  async #findPoints({ request, ...order }: Extract<BoardOrder, { type: 'points' }>): Promise<void> {
    try {
      const host = { shelf: this.#shelf, engines: this.#pointing, signal: this.#never };
      this.#say({ type: 'points', request, points: await findPoints(order, host), error: null });
    } catch (thrown) {
      await this.#pointing[Symbol.asyncDispose]().catch(() => {});
      this.#say({ type: 'points', request, points: null, error: wire(thrown) });
    }
  }

  /** Never rejects. */
  async #plan({ request, spec }: Extract<BoardOrder, { type: 'plan' }>): Promise<void> {
    try {
      const plan = await planMorph(spec, { source: this.#source });
      this.#say({ type: 'plan', request, plan, error: null });
    } catch (thrown) {
      this.#say({ type: 'plan', request, plan: null, error: wire(thrown) });
    }
  }
}

function wire(thrown: unknown): WireError {
  const { code, message } = toAppError(thrown);
  if (code === 'internal') console.error(thrown);
  return { code, message };
}

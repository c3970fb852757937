/** What is asked of the boards' other process, which makes no takes: keyframes' pictures, plans and key points. [Note: boards at work] */
import { AppError, type WireError } from '../../contract/errors.ts';
import type { KeyPoint, MorphPlan, MorphSpec } from '../../contract/morph.ts';
import type { BoardAnswer, BoardOrder, FrameOrder, StillOrder } from './messages.ts';
import { boardProcess } from './process.ts';
import { Stills, type FoundStill } from './stills.ts';
import type { TakeStore } from './take-store.ts';

export interface BoardReaderOptions {
  readonly store: TakeStore;
  /** Root of the library. */
  readonly home: string;
  readonly threads: number;
  /** Pictures of a board's keyframes that its asking did not wait for are there. */
  readonly onStills: (board: string) => void;
}

type Asking = Omit<Extract<BoardOrder, { type: 'points' }>, 'type' | 'request'>;
type Answered = Extract<BoardAnswer, { type: 'points' | 'plan' }>;

export class BoardReader {
  readonly #process: ReturnType<typeof boardProcess>;
  readonly #stills: Stills;
  readonly #asked = new Map<number, PromiseWithResolvers<Answered>>();
  #requests = 0;

  constructor({ store, home, threads, onStills }: BoardReaderOptions) {
    const make = (frame: FrameOrder, stills: StillOrder[]): void =>
      this.#process.send({ type: 'stills', frame, stills });
    this.#stills = new Stills({ store, make, onLate: onStills });
    this.#process = boardProcess({
      home,
      threads,
      onAnswer: (answer) => this.#answered(answer),
      onDeath: (error) => this.#died(error),
      busy: () => this.#asked.size > 0 || this.#stills.busy,
    });
  }

  /** What there is of these keyframes' pictures, after a moment for those that are missing. */
  async stills(
    board: string,
    frame: FrameOrder,
    stills: readonly (StillOrder | null)[],
  ): Promise<(FoundStill | undefined)[]> {
    return await this.#stills.of(board, frame, stills);
  }

  /** Throws as findPoints. */
  async points(asking: Asking): Promise<KeyPoint[]> {
    const { points, error } = await this.#ask<'points'>((request) => ({ type: 'points', request, ...asking }));
    return points ?? fail(error);
  }

  /** Throws what planMorph throws. */
  async plan(spec: MorphSpec): Promise<MorphPlan> {
    const { plan, error } = await this.#ask<'plan'>((request) => ({ type: 'plan', request, spec }));
    return plan ?? fail(error);
  }

  close(): void {
    this.#process.close();
    this.#died(new AppError('cancelled', 'Inbetween was closed.'));
  }

  async #ask<T extends Answered['type']>(
    order: (request: number) => BoardOrder,
  ): Promise<Extract<Answered, { type: T }>> {
    const request = ++this.#requests;
    const answer = Promise.withResolvers<Answered>();
    this.#asked.set(request, answer);
    this.#process.send(order(request));
    try {
      return (await answer.promise) as Extract<Answered, { type: T }>;
    } finally {
      this.#asked.delete(request);
    }
  }

  #answered(answer: BoardAnswer): void {
    if (answer.type === 'still') this.#stills.made(answer.key, answer.error);
    if (answer.type === 'points' || answer.type === 'plan') this.#asked.get(answer.request)?.resolve(answer);
  }

  #died(error: AppError): void {
    for (const answer of this.#asked.values()) answer.reject(error);
    this.#stills.failed(error);
  }
}

function fail(error: WireError | null): never {
  const { code, message } = error ?? { code: 'engine-failed', message: 'There was no answer.' };
  throw new AppError(code, message);
}

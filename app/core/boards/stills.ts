/** Keyframes' pictures that are asked for: those on the disk at once, the others as soon as they are made. */
import type { AppError, WireError } from '../../contract/errors.ts';
import type { FrameOrder, StillOrder } from './messages.ts';
import type { TakeStore } from './take-store.ts';

export interface FoundStill {
  /** Its picture is there. */
  readonly there: boolean;
  /** Why it is not; null while it is being made. */
  readonly problem: WireError | null;
}

export interface StillsOptions {
  readonly store: TakeStore;
  /** Has pictures made, which is told by `made`. */
  readonly make: (frame: FrameOrder, stills: StillOrder[]) => void;
  /** Pictures that a board's asking did not wait for are there. */
  readonly onLate: (board: string) => void;
}

/** Milliseconds an answer waits for pictures that are being made, and a failure is believed. */
const WAIT_MS = 3000;
const BELIEVED_MS = 10_000;

interface Making {
  readonly made: PromiseWithResolvers<void>;
  /** Boards whose asking has given up waiting. */
  readonly boards: Set<string>;
}

export class Stills {
  readonly #options: StillsOptions;
  readonly #making = new Map<string, Making>();
  readonly #problems = new Map<string, { readonly error: WireError; readonly at: number }>();

  constructor(options: StillsOptions) {
    this.#options = options;
  }

  get busy(): boolean {
    return this.#making.size > 0;
  }

  /** In the order given; null for a keyframe that has no file. */
  async of(
    board: string,
    frame: FrameOrder,
    stills: readonly (StillOrder | null)[],
  ): Promise<(FoundStill | undefined)[]> {
    const { store, make } = this.#options;
    const missing: StillOrder[] = [];
    const waiting = new Map<string, Making>();
    for (const still of stills) {
      if (!still || this.#problemOf(still.key) || (await store.still(still.key))) continue;
      let making = this.#making.get(still.key);
      if (!making) {
        const { key, path, at, fields } = still;
        making = { made: Promise.withResolvers(), boards: new Set() };
        this.#making.set(key, making);
        missing.push({ key, path, at, fields });
      }
      waiting.set(still.key, making);
    }
    if (missing.length > 0) make(frame, missing);
    if (waiting.size > 0) {
      const timer = Promise.withResolvers<void>();
      const late = setTimeout(timer.resolve, WAIT_MS);
      await Promise.race([Promise.all([...waiting.values()].map(({ made }) => made.promise)), timer.promise]);
      clearTimeout(late);
      for (const [key, { boards }] of waiting) if (this.#making.has(key)) boards.add(board);
    }
    const found: (FoundStill | undefined)[] = [];
    for (const still of stills) found.push(still ? await this.#found(still.key) : undefined);
    return found;
  }

  /** A picture is there, or cannot be made. */
  made(key: string, error: WireError | null): void {
    const making = this.#making.get(key);
    this.#making.delete(key);
    if (error) this.#problems.set(key, { error, at: performance.now() });
    making?.made.resolve();
    // Told once a board, when its last one has come.
    for (const board of making?.boards ?? []) {
      if (![...this.#making.values()].some(({ boards }) => boards.has(board))) this.#options.onLate(board);
    }
  }

  /** None of those being made will come. */
  failed({ code, message }: AppError): void {
    for (const key of this.#making.keys()) this.made(key, { code, message });
  }

  async #found(key: string): Promise<FoundStill> {
    const there = (await this.#options.store.still(key)) !== undefined;
    return { there, problem: there ? null : (this.#problemOf(key) ?? null) };
  }

  #problemOf(key: string): WireError | undefined {
    const known = this.#problems.get(key);
    if (known && performance.now() - known.at <= BELIEVED_MS) return known.error;
    this.#problems.delete(key);
    return undefined;
  }
}

/** Work that several ask for at once and that is done once. */

interface Running<T, P> {
  readonly result: Promise<T>;
  readonly stop: AbortController;
  readonly listeners: Set<(progress: P) => void>;
  waiting: number;
}

export interface SharedOptions<P> {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: P) => void) | undefined;
}

/**
 * Runs `work` for a key unless it is running for it already; all who wait get its result, and its progress. One who gives up (its signal aborts) gets
 * the signal's reason; the work is aborted when all have.
 */
export class Shared<T, P = never> {
  readonly #running = new Map<string, Running<T, P>>();

  async run(
    key: string,
    work: (signal: AbortSignal, onProgress: (progress: P) => void) => Promise<T>,
    { signal, onProgress }: SharedOptions<P> = {},
  ): Promise<T> {
    signal?.throwIfAborted();
    const running = this.#running.get(key) ?? this.#start(key, work);
    running.waiting++;
    if (onProgress) running.listeners.add(onProgress);
    const gaveUp = Promise.withResolvers<never>();
    gaveUp.promise.catch(() => {});
    const onAbort = (): void => gaveUp.reject(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([running.result, gaveUp.promise]);
    } finally {
      signal?.removeEventListener('abort', onAbort);
      if (onProgress) running.listeners.delete(onProgress);
      if (--running.waiting === 0 && this.#running.get(key) === running) {
        this.#running.delete(key);
        running.stop.abort(signal?.reason);
      }
    }
  }

  #start(key: string, work: (signal: AbortSignal, onProgress: (progress: P) => void) => Promise<T>): Running<T, P> {
    const stop = new AbortController();
    const listeners = new Set<(progress: P) => void>();
    const result = work(stop.signal, (progress) => {
      for (const listener of listeners) listener(progress);
    }).finally(() => {
      if (this.#running.get(key) === running) this.#running.delete(key);
    });
    result.catch(() => {});
    const running: Running<T, P> = { result, stop, listeners, waiting: 0 };
    this.#running.set(key, running);
    return running;
  }
}

/** Installations and imports that are under way: one at a time a model, told to whoever listens, ended by whoever asks. */
import { AppError } from '../../contract/errors.ts';
import { throttle } from '../base/throttle.ts';
import type { InstallProgress } from './install.ts';

/** What is told while it goes on: bytes; `total` null while it is unknown, and while the network is tried. */
export interface ModelProgress {
  readonly id: string;
  readonly done: number;
  readonly total: number | null;
  readonly etaSeconds: number | null;
}

const TELL_MS = 150;

export class RunningModels {
  readonly #running = new Map<string, AbortController>();
  readonly #tell: (progress: ModelProgress) => void;
  readonly #closing: AbortSignal;

  constructor(tell: (progress: ModelProgress) => void, closing: AbortSignal) {
    this.#tell = tell;
    this.#closing = closing;
  }

  /** Throws 'model-installed' while the same model is under way, and what the work throws. */
  async run<T>(
    id: string,
    work: (options: { signal: AbortSignal; onProgress: (progress: InstallProgress) => void }) => Promise<T>,
  ): Promise<T> {
    if (this.#running.has(id)) throw new AppError('model-installed', `The model ${id} is being installed already.`);
    const own = new AbortController();
    this.#running.set(id, own);
    const tell = throttle<ModelProgress>(TELL_MS, this.#tell);
    tell({ id, done: 0, total: null, etaSeconds: null });
    try {
      return await work({
        signal: AbortSignal.any([own.signal, this.#closing]),
        onProgress: ({ done, total = null, etaSeconds = null }) => tell({ id, done, total, etaSeconds }),
      });
    } finally {
      tell.cancel();
      this.#running.delete(id);
    }
  }

  /** Nothing where nothing is under way. */
  cancel(id: string): void {
    this.#running.get(id)?.abort(new AppError('cancelled', 'Cancelled.'));
  }
}

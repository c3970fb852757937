/** The file behind the window's state. Written a moment after a change, and whole or not at all. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { readState, type WindowState } from './window-state.ts';

const AFTER_MS = 500;

export class StateFile {
  readonly #path: string;
  #state: WindowState;
  #timer: NodeJS.Timeout | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#state = readState(path);
  }

  get now(): WindowState {
    return this.#state;
  }

  change(changes: Partial<WindowState>): void {
    this.#state = { ...this.#state, ...changes };
    this.#timer ??= setTimeout(() => this.flush(), AFTER_MS);
    // A promise to go on with jobs must outlive whatever happens next.
    if (changes.continueJobs !== undefined) this.flush();
  }

  /** Writes now. A disk that takes no file costs the window its place, nothing else. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      mkdirSync(dirname(this.#path), { recursive: true });
      writeFileSync(`${this.#path}.tmp`, JSON.stringify(this.#state));
      renameSync(`${this.#path}.tmp`, this.#path);
    } catch (error) {
      console.error(error);
    }
  }
}

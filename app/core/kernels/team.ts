/**
 * [Note: team] Threads that run the same function on the same memory. Work is dealt out as numbered pieces
 * (`each`), and everyone waits for the last piece before going on, so a program reads like a sequence of parallel loops.
 * Pieces are fixed by the picture, never by the number of threads: any team gives the same bytes.
 */
import { PAGE, STACK, instantiate } from './module.ts';
import type { Kernels } from './module.ts';

/** Control words, at CONTROL in the shared memory. */
const ARRIVED = 0;
const GENERATION = 1;
const NEXT = 2;
const STOP = 3;
const STOPPED = 4;
/** Byte offset of the control words: the last page of the reserved part. */
const CONTROL = 3 * PAGE;

/** Thrown in every member of a team after `requestStop`; the task is over, the team can take the next. */
export class Stopped extends Error {}

export function controlWords(memory: WebAssembly.Memory): Int32Array {
  return new Int32Array(memory.buffer, CONTROL, 16);
}

/** Asks the running task to end at its next barrier. */
export function requestStop(memory: WebAssembly.Memory): void {
  Atomics.store(controlWords(memory), STOP, 1);
}

/** Makes the control words ready for a task; nobody may be running one. */
export function resetControl(memory: WebAssembly.Memory): void {
  controlWords(memory).fill(0);
}

export interface Member {
  readonly index: number;
  readonly size: number;
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
}

export class Team {
  readonly index: number;
  readonly size: number;
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  readonly #words: Int32Array;

  constructor(member: Member) {
    this.index = member.index;
    this.size = member.size;
    this.memory = member.memory;
    this.kernels = member.kernels;
    this.#words = controlWords(member.memory);
  }

  /** Runs `work(0)` to `work(count - 1)`, each in one of the threads, then waits for all. */
  each(count: number, work: (piece: number) => void): void {
    for (let i = Atomics.add(this.#words, NEXT, 1); i < count; i = Atomics.add(this.#words, NEXT, 1)) work(i);
    this.barrier();
  }

  /** `each` over bands of `grain` rows: `work(y0, y1)`, and with `layers` over each of them (which comes last). */
  rows(height: number, grain: number, work: (y0: number, y1: number, layer: number) => void, layers = 1): void {
    const bands = Math.ceil(height / grain);
    this.each(bands * layers, (piece) => {
      const y0 = (piece % bands) * grain;
      work(y0, Math.min(height, y0 + grain), Math.floor(piece / bands));
    });
  }

  /** Waits until every member is here. Throws Stopped, in all of them alike, when the task was asked to stop. */
  barrier(): void {
    const words = this.#words;
    const generation = Atomics.load(words, GENERATION);
    if (Atomics.add(words, ARRIVED, 1) === this.size - 1) {
      Atomics.store(words, ARRIVED, 0);
      Atomics.store(words, NEXT, 0);
      Atomics.store(words, STOPPED, Atomics.load(words, STOP));
      Atomics.add(words, GENERATION, 1);
      Atomics.notify(words, GENERATION);
    } else {
      for (let i = 0; i < 200 && Atomics.load(words, GENERATION) === generation; i++);
      while (Atomics.load(words, GENERATION) === generation) Atomics.wait(words, GENERATION, generation);
    }
    if (Atomics.load(words, STOPPED)) throw new Stopped();
  }
}

/** Stack of member `index` ends here; stacks lie between the reserved part and the arena. */
export function stackTop(base: number, index: number): number {
  return base + (index + 1) * STACK;
}

/** A team of one in the calling thread. */
export function soloTeam(module: WebAssembly.Module, memory: WebAssembly.Memory, stack: number): Team {
  return new Team({ index: 0, size: 1, memory, kernels: instantiate(module, memory, stack) });
}

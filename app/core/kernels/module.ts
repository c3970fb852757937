/** The compiled kernels: loading kernels.wasm and giving each thread its own instance on the shared memory. */
import { readFileSync } from 'node:fs';
import type {} from './webassembly.d.ts';

/** Bytes of one WebAssembly page. */
export const PAGE = 65536;
/** Bytes at the start of the memory that belong to the module (its data) and to the threads' control words. */
export const RESERVED = 4 * PAGE;
/** Bytes of stack of one thread. */
export const STACK = PAGE;
/** Columns and rows of border around a field; PAD of common.h. */
export const PAD = 16;

type Kernel = (...args: number[]) => void;

/** The exported kernels. Arguments are those of the C sources: byte offsets for pointers, numbers for the rest. */
export interface Kernels {
  readonly luma8: Kernel;
  readonly luma16: Kernel;
  readonly down2: Kernel;
  readonly pad: Kernel;
  readonly gradient: Kernel;
  readonly search_wide: Kernel;
  readonly search: Kernel;
  readonly search_one: Kernel;
  readonly densify: Kernel;
  readonly refine_warp: Kernel;
  readonly refine_system: Kernel;
  readonly refine_sweep: Kernel;
  readonly refine_join: Kernel;
  readonly reliability: Kernel;
  readonly splat: Kernel;
  readonly cells_down: Kernel;
  readonly cells_fill: Kernel;
  readonly cells_read: Kernel;
  readonly disagreement: Kernel;
  readonly window_mean: Kernel;
  readonly choose: Kernel;
  readonly visibility: Kernel;
  readonly warp8: Kernel;
  readonly warp16: Kernel;
  readonly local_separable: Kernel;
  readonly local_adaptive: Kernel;
  readonly local_join: Kernel;
}

/** Compiles the committed module; the result can be posted to workers. `path` is for tests of a fresh build. */
export function compileKernels(path: string | URL = new URL('./kernels.wasm', import.meta.url)): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(path));
}

/** A memory all threads share, of at least `bytes`, able to grow to 4 GiB. */
export function createMemory(bytes: number): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE), maximum: 65536, shared: true });
}

/** Grows the memory to at least `bytes`. Views made before still see the old part; make new ones. Throws RangeError when refused. */
export function growMemory(memory: WebAssembly.Memory, bytes: number): void {
  const missing = bytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
}

/** An instance for one thread whose stack ends at `stackTop`. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory, stackTop: number): Kernels {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const pointer = exports.__stack_pointer;
  if (!(pointer instanceof WebAssembly.Global)) throw new Error('kernels.wasm exports no stack pointer');
  pointer.value = stackTop;
  return exports as unknown as Kernels;
}

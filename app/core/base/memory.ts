/** How much memory there is, and whether it was memory that something failed for want of. */
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { AppError } from '../../contract/errors.ts';

/** Bytes of memory that this process and what it starts may take together: the machine's, or what its container (a control group) allows. */
export function memoryLimit(): number {
  const allowed = process.constrainedMemory();
  return allowed > 0 ? Math.min(allowed, totalmem()) : totalmem();
}

/**
 * What allocators say when there is no more: V8 and Node (also of WebAssembly and of threads), the C++ library, ONNX Runtime on the CPU, CUDA,
 * Direct3D and WebGPU, where a device that ran out is lost, ffmpeg.
 */
const SAYS_MEMORY =
  /out of memory|outofmemory|cannot allocate memory|(could not|failed to|unable to) allocate|allocation failed|bad_?alloc|not enough memory|malloc of size|device (was|is)? ?lost|memory limit|ENOMEM/i;

const CODES = new Set(['ENOMEM', 'ERR_WORKER_OUT_OF_MEMORY', 'ERR_MEMORY_ALLOCATION_FAILED', 'ERR_BUFFER_TOO_LARGE']);

/** Whether these words are about memory that is not there. */
export function saysMemory(text: string): boolean {
  return SAYS_MEMORY.test(text);
}

/** Whether an error, or what caused it, is that memory ran out. */
export function isOutOfMemory(thrown: unknown): boolean {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 10; error = error.cause, depth++) {
    if (error instanceof AppError && error.code === 'out-of-memory') return true;
    if ('code' in error && typeof error.code === 'string' && CODES.has(error.code)) return true;
    if (saysMemory(error.message)) return true;
  }
  return false;
}

/**
 * The error as 'out-of-memory' where that is what it is; otherwise as it is. `kills` is what `oomKills` said when the work began: a process that was
 * ended by SIGKILL since then was most likely one of those.
 */
export function asMemoryError(thrown: unknown, kills: number | undefined): unknown {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const killed = /\bSIGKILL\b/.test(message) && (oomKills() ?? 0) > (kills ?? Infinity);
  if (!killed && !isOutOfMemory(thrown)) return thrown;
  if (thrown instanceof AppError && thrown.code === 'out-of-memory') return thrown;
  return new AppError('out-of-memory', `Memory ran out. ${message}`, { cause: thrown });
}

/** How many processes this system has killed for want of memory since it started; undefined where it does not say (Linux says). */
export function oomKills(): number | undefined {
  try {
    const count = /^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'utf8'))?.[1];
    return count === undefined ? undefined : Number(count);
  } catch {
    return undefined;
  }
}

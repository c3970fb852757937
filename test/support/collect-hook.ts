/**
 * Loaded into a process with `NODE_OPTIONS=--import`: collects its garbage every twenty seconds and writes what is kept after it, in bytes, a line each time, to
 * FILE.PID, where FILE is INBETWEEN_KEPT. [Note: kept] V8 puts off sweeping the whole heap until much has gathered, in a process that makes little garbage for
 * hours: its resident memory rises meanwhile though nothing is kept. What is kept is known only after a sweep.
 */
import { appendFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread } from 'node:worker_threads';

const EVERY_MS = 20_000;
const file = process.env['INBETWEEN_KEPT'];

// Threads have heaps of their own, small ones of code.
if (file !== undefined && isMainThread) {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setInterval(() => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    appendFileSync(`${file}.${process.pid}`, `${heapUsed + external}\n`);
  }, EVERY_MS).unref();
}

/** Runs jobs whose memory runs out (hungry-task.ts), and makes control groups in which it does. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { AppError } from '../../../app/contract/errors.ts';
import type { JobEvent, RetimeResult } from '../../../app/contract/jobs.ts';
import { jobDetails } from '../../../app/core/jobs/control.ts';
import { runJob } from '../../../app/core/jobs/runner.ts';
import { Room } from './support.ts';
import type { HungryOrder } from './hungry-task.ts';

const tasks = new URL('hungry-task.ts', import.meta.url).href;

/** What the job of a `HungryOrder` writes. */
export const WHOLE = Array.from({ length: 6 }, (_, i) => `chunk ${i}\n`).join('');

export interface Ended {
  readonly result?: RetimeResult;
  readonly output?: string;
  readonly error?: AppError;
  readonly notes: readonly string[];
  readonly log: readonly string[];
}

/** Runs it with two threads; it must leave nothing lying about. */
export async function runHungry(order: HungryOrder): Promise<Ended> {
  await using room = await Room.make();
  writeFileSync(room.input, JSON.stringify(order));
  const notes: string[] = [];
  const onEvent = (event: JobEvent): void => {
    if (event.type === 'note') notes.push(event.message);
  };
  let ended: Pick<Ended, 'result' | 'output' | 'error'>;
  try {
    const result = await runJob(room.spec(), { db: room.db, home: room.home, tasks, threads: 2, onEvent });
    ended = { result, output: readFileSync(room.output, 'utf8') };
  } catch (error) {
    assert.ok(error instanceof AppError);
    ended = { error };
  }
  assert.deepEqual(await room.litter(), []);
  return { ...ended, notes, log: jobDetails(room.db, room.id).log.map(({ message }) => message) };
}

/** What it fits with after one step down. */
export const HALF = { shrink: 2, threads: 2, cpu: false };

/** Runs an order that must run out once, at its fourth chunk, and then go on from there. */
export async function runsOutOnce(order: HungryOrder): Promise<Ended & { readonly result: RetimeResult }> {
  const ended = await runHungry(order);
  const { result, output, notes, error } = ended;
  assert.ok(result, error?.message);
  assert.equal(output, WHOLE);
  assert.equal(result.reusedFrames, 3);
  assert.equal(notes.length, 1, notes.join());
  return { ...ended, result };
}

/** A control group that allows `bytes`, for which one must be root on Linux; undefined elsewhere. */
export function memoryGroup(context: TestContext, bytes: number): string | undefined {
  const name = `inbetween-test-${process.pid}`;
  for (const [folder, limit, swap] of [
    [`/sys/fs/cgroup/memory/${name}`, 'memory.limit_in_bytes', 'memory.memsw.limit_in_bytes'],
    [`/sys/fs/cgroup/${name}`, 'memory.max', 'memory.swap.max'],
  ] as const) {
    try {
      mkdirSync(folder);
      context.after(() => rmdirSync(folder));
      writeFileSync(join(folder, limit), String(bytes));
      try {
        writeFileSync(join(folder, swap), swap === 'memory.swap.max' ? '0' : String(bytes));
      } catch {
        // Without swap there is nothing to limit.
      }
      return join(folder, 'cgroup.procs');
    } catch {
      // Not this version, or not allowed.
    }
  }
  return undefined;
}

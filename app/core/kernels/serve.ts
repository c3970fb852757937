/** A worker's side of a team: [Note: team]. */
import { parentPort, workerData } from 'node:worker_threads';
import { instantiate } from './module.ts';
import { Stopped, Team } from './team.ts';
import type { DoneMessage, TaskMessage, WorkerInit } from './pool.ts';

/** What a worker can do: each task is run by every member of the team with the same input. */
export type Programs = Readonly<Record<string, (team: Team, input: never) => void>>;

/** Answers the pool's tasks with `programs` for the life of this worker. */
export function serveTeam(programs: Programs): void {
  const port = parentPort;
  if (!port) throw new Error('serveTeam runs in a worker thread');
  const init = workerData as WorkerInit;
  const kernels = instantiate(init.module, init.memory, init.stackTop);
  port.on('message', (task: TaskMessage) => {
    const answer = (ended: DoneMessage['ended'], message?: string): void =>
      port.postMessage({ id: task.id, ended, ...(message === undefined ? {} : { message }) } satisfies DoneMessage);
    try {
      const program = programs[task.name];
      if (!program) throw new Error(`no program is called ${task.name}`);
      program(new Team({ index: init.index, size: init.size, memory: init.memory, kernels }), task.input as never);
      answer('done');
    } catch (error) {
      if (error instanceof Stopped) answer('stopped');
      else answer('failed', error instanceof Error ? error.message : String(error));
    }
  });
}

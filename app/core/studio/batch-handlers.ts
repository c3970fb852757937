/** Handlers of batch.*. */
import type { BatchSpec } from '../../contract/queue.ts';
import { Batches } from '../queue/batches.ts';
import type { JobQueue } from '../queue/job-queue.ts';
import type { StudioContext } from './context.ts';
import type { HandlersOf } from './handlers.ts';
import type { MediaRoutes } from './media.ts';

export interface BatchPart {
  readonly handlers: HandlersOf<'batch'>;
  readonly media: MediaRoutes;
  /** Goes on with what a former run had not looked through. */
  continue(): void;
  close(): Promise<void>;
}

export async function openBatchPart(
  { db, topics, access, settings }: StudioContext,
  queue: JobQueue,
): Promise<BatchPart> {
  const check = (path: string): Promise<string> => access.check(path);
  const batches = new Batches({ db, queue, check, onChanged: (status) => topics.emit('batch.changed', status) });
  const deaf = topics.listen((topic) => {
    if (topic === 'queue.changed') batches.refresh();
  });
  if (settings().continueJobs) batches.continue();
  const allowed = async (spec: BatchSpec): Promise<BatchSpec> => ({
    ...spec,
    input: await access.check(spec.input),
    output: await access.check(spec.output),
  });
  return {
    handlers: {
      'batch.plan': async ({ spec }) => await batches.plan(await allowed(spec)),
      'batch.start': async ({ spec }) => ({ id: await batches.start(await allowed(spec)) }),
      'batch.list': async () => batches.list(),
      'batch.stop': async ({ id }) => (await batches.stop(id), {}),
    },
    media: {},
    continue: () => batches.continue(),
    close: async () => {
      deaf();
      await batches.close();
    },
  };
}

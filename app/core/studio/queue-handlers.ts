/** Handlers of queue.*, and the files that jobs have written. */
import { jobDetails } from '../jobs/control.ts';
import { jobById } from '../library/job-rows.ts';
import { JobQueue } from '../queue/job-queue.ts';
import type { StudioContext } from './context.ts';
import type { HandlersOf } from './handlers.ts';
import { fileResponse, type MediaRoutes } from './media.ts';
import { mediaType } from './media-type.ts';

export interface QueuePart {
  readonly handlers: HandlersOf<'queue'>;
  readonly media: MediaRoutes;
  /** Where other parts put their jobs. */
  readonly queue: JobQueue;
  close(): Promise<void>;
}

/** `onContinue` is asked to go on with what else a former run left, when the user or the settings want that. */
export async function openQueuePart(
  context: StudioContext,
  onContinue: () => Promise<void> = async () => {},
): Promise<QueuePart> {
  const { db, home, topics, access, threads, settings } = context;
  const queue = new JobQueue({
    ...{ db, home, threads },
    cacheBytes: () => settings().cacheBytes,
    onChanged: (status) => topics.emit('queue.changed', status),
    onEnded: (job) => topics.emit('queue.ended', { job }),
  });
  if (settings().continueJobs) await queue.continue();
  return {
    queue,
    handlers: {
      'queue.status': async () => queue.status(),
      'queue.pause': async ({ id }) => (await queue.pause(id), {}),
      'queue.resume': async ({ id }) => (await queue.resume(id), {}),
      'queue.cancel': async ({ id }) => (await queue.cancel(id), {}),
      'queue.move': async ({ id, before }) => (await queue.move(id, before), {}),
      'queue.retry': async ({ id }) => (await queue.retry(id), {}),
      'queue.clear': async ({ ids }) => (await queue.clear(ids), {}),
      'queue.hold': async ({ held }) => (await queue.hold(held), {}),
      'queue.continue': async () => {
        const jobs = await queue.continue();
        await onContinue();
        return { jobs };
      },
      'queue.log': async ({ id }) => jobDetails(db, id).log,
    },
    media: {
      job: async ([id = '', what], request) => {
        const row = jobById(db, id);
        const output = what === 'output' && row?.state === 'done' ? jobDetails(db, id).result?.output : undefined;
        if (output === undefined) return undefined;
        // The job may have been done when other folders were open, or by the command.
        return await fileResponse(await access.check(output), mediaType(output), request);
      },
    },
    close: () => queue.close(),
  };
}

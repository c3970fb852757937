/** The worker's side of a job: takes one order from its port, does it, answers, ends. Knows nothing of which kind of process it runs in. */
import { mkdir } from 'node:fs/promises';
import { AppError, toAppError, type ErrorCode } from '../../contract/errors.ts';
import type { JobEvent, JobSpec, RetimeResult } from '../../contract/jobs.ts';
import { asMemoryError, oomKills } from '../base/memory.ts';
import { createEta } from '../base/eta.ts';
import { homeAt } from '../base/home.ts';
import { throttle } from '../base/throttle.ts';
import { analysisCache } from '../library/analysis-cache.ts';
import { openLibrary, type Library } from '../library/db.ts';
import { requireUnchanged } from '../library/file-identity.ts';
import { guardedStore, openChunkStore } from './chunk-files.ts';
import { workerOrderSchema, type RunMessage } from './messages.ts';
import { publish } from './publish.ts';
import { partPath } from './spec.ts';
import type { TaskContext, TaskTable } from './task.ts';

/** The way to whoever ordered the work: fork's IPC, or the parent port of an Electron utility process. */
export interface WorkerPort {
  /** Resolves when the message is on its way. */
  post(message: JobEvent): Promise<void>;
  onMessage(listener: (message: unknown) => void): void;
  /** The other side is gone. */
  onClose(listener: () => void): void;
}

export interface WorkerExits {
  /** The work is done and told. */
  end(): void;
  /** Nobody wants the work any more: this process and all it started must be gone at once. */
  die(): void;
}

/** Least milliseconds between two progress events. */
const PROGRESS_MS = 100;

/** Serves exactly one job. */
export function serveJob(port: WorkerPort, exits: WorkerExits): void {
  const cancel = new AbortController();
  let begun = false;
  port.onClose(exits.die);
  port.onMessage((message) => {
    const order = workerOrderSchema.safeParse(message);
    if (!order.success) {
      void answer(
        port,
        { type: 'failed', error: { code: 'internal', message: 'The worker was given an order it does not know.' } },
        exits,
      );
    } else if (order.data.type === 'cancel') {
      cancel.abort(new AppError('cancelled', 'Cancelled.'));
      // Cancelled before there was anything to cancel.
      if (!begun) exits.die();
    } else if (!begun) {
      begun = true;
      const { data } = order;
      void perform(data, port, cancel.signal).then((event) => answer(port, event, exits));
    }
  });
}

async function answer(port: WorkerPort, event: JobEvent, exits: WorkerExits): Promise<void> {
  await port.post(event);
  exits.end();
}

async function perform(order: RunMessage, port: WorkerPort, signal: AbortSignal): Promise<JobEvent> {
  const reporter = progressReporter(port);
  const kills = oomKills();
  try {
    using db = openLibrary(homeAt(order.home));
    const result = await runTask(order, db, signal, reporter.emit);
    reporter.flush();
    return { type: 'done', result };
  } catch (thrown) {
    const error = toAppError(signal.aborted ? signal.reason : await causeOf(asMemoryError(thrown, kills), order));
    // The parent shows the last lines of stderr to whoever looks for the reason of an internal error.
    if (error.code === 'internal') console.error(thrown);
    return { type: 'failed', error: { code: error.code, message: error.message } };
  } finally {
    reporter.cancel();
  }
}

/** What cannot be read may be another file by now, or none: that is what one can do something about. */
async function causeOf(thrown: unknown, { sources }: RunMessage): Promise<unknown> {
  if (!READING.has(toAppError(thrown).code)) return thrown;
  return await requireUnchanged(sources).then(
    () => thrown,
    (changed: unknown) => changed,
  );
}

const READING: ReadonlySet<ErrorCode> = new Set([
  'decode-failed',
  'probe-failed',
  'unreadable',
  'no-video',
  'no-frames',
  'not-found',
]);

async function runTask(
  order: RunMessage,
  db: Library,
  signal: AbortSignal,
  emit: TaskContext['emit'],
): Promise<RetimeResult> {
  const { id, token, spec, sources, scratch, part, cacheBytes, relief } = order;
  await mkdir(scratch, { recursive: true });
  let published = false;
  const context: TaskContext = {
    id,
    db,
    signal,
    emit,
    sources,
    scratch,
    part,
    partFor: (output) => partPath(id, output, token),
    threads: relief?.threads ?? order.threads,
    relief: { shrink: relief?.shrink ?? 1, cpu: relief?.cpu ?? false },
    chunks: guardedStore(await openChunkStore({ root: homeAt(order.home).chunks, db, job: id, cacheBytes }), sources),
    analyses: analysisCache(db),
    publish: async (files) => {
      await publish({ db, job: id, token, spec, sources, signal }, files);
      published = true;
    },
  };
  const result = await perKind(await loadTasks(order.tasks), spec, context);
  // A task that wrote past `publish` would lose its output to the next `output-exists`.
  if (!published) throw new AppError('internal', `The ${spec.kind} task ended without publishing an output.`);
  return result;
}

async function perKind(tasks: TaskTable, spec: JobSpec, context: TaskContext): Promise<RetimeResult> {
  if (spec.kind === 'retime') {
    const task = await tasks.retime();
    return await task(spec, context);
  }
  if (spec.kind === 'morph') {
    const task = await tasks.morph();
    return await task(onDevice(spec, context), context);
  }
  if (spec.kind === 'tag') {
    const task = await tasks.tag();
    return await task(onDevice(spec, context), context);
  }
  const task = await tasks.sequence();
  return await task(spec, context);
}

/** As asked for, but on the CPU where [Note: the memory ladder] has come to that. */
function onDevice<Spec extends JobSpec>(spec: Spec, { relief }: TaskContext): Spec {
  return relief.cpu ? { ...spec, device: 'cpu' } : spec;
}

async function loadTasks(url: string | undefined): Promise<TaskTable> {
  if (url === undefined) return (await import('./tasks/index.ts')).TASKS;
  // Only the parent names a module, and only tests do.
  const module = (await import(url)) as { TASKS: TaskTable };
  return module.TASKS;
}

/** Thins progress out, keeps it between 0 and 1 and from going back, and adds the time still to go. */
function progressReporter(port: WorkerPort): { emit: TaskContext['emit']; flush(): void; cancel(): void } {
  const eta = createEta();
  let most = 0;
  let stage = '';
  const send = throttle(PROGRESS_MS, (event: JobEvent) => void port.post(event));
  return {
    emit: (event) => {
      if (event.type === 'note') {
        void port.post(event);
        return;
      }
      // A stage that ends between two ticks is still told.
      if (event.stage !== stage) send.flush();
      ({ stage } = event);
      if (event.fraction > most) most = Math.min(1, event.fraction);
      const etaSeconds = event.etaSeconds ?? eta.update(most, performance.now() / 1000);
      send({ ...event, fraction: most, ...(etaSeconds === undefined ? {} : { etaSeconds }) });
    },
    flush: send.flush,
    cancel: send.cancel,
  };
}

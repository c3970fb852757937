/**
 * Entry of a session's thread: loads one model, then runs it for each message. See session.ts.
 *
 * [Note: native code cannot be stopped] A thread that is terminated while ONNX Runtime works takes the whole process down with it: its
 * call comes back into a JavaScript that is gone. So `gate` says whether the thread is inside; who wants to end the process
 * shuts the gate, which waits until it is not, and closing a session lets the run it is in come to its end.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { toAppError } from '../../contract/errors.ts';
import type { Tensor } from '../onnx/graph.ts';
import { loadModel, type LoadedModel } from './ort.ts';
import { INSIDE, OUTSIDE, type FromSession, type SessionInit, type ToSession } from './session-messages.ts';

const init = workerData as SessionInit;

/** Does something native behind the gate; never comes back once the gate is shut. */
async function inside<T>(work: () => Promise<T>): Promise<T> {
  if (Atomics.compareExchange(init.gate, 0, OUTSIDE, INSIDE) !== OUTSIDE) return await new Promise<never>(() => {});
  try {
    return await work();
  } finally {
    Atomics.store(init.gate, 0, OUTSIDE);
    Atomics.notify(init.gate, 0);
  }
}

function tell(message: FromSession, transfer: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}

function failed(thrown: unknown, id?: number): void {
  const { code, message } = toAppError(thrown);
  tell({ type: 'failed', code, message, ...(id !== undefined && { id }) });
}

async function load(): Promise<LoadedModel | undefined> {
  const { providers, threads } = init;
  const refused: string[] = [];
  for (const provider of providers) {
    try {
      const model = await inside(() => loadModel(init.model, { provider, threads }));
      tell({ type: 'loaded', provider, refused });
      return model;
    } catch (error) {
      if (provider === providers.at(-1)) failed(error);
      else refused.push(toAppError(error).message);
    }
  }
  return undefined;
}

async function run(model: LoadedModel, { id, inputs, into }: Extract<ToSession, { type: 'run' }>): Promise<void> {
  try {
    const outputs = await inside(() => model.run(inputs, into));
    tell({ type: 'ran', id, outputs }, Object.values(outputs).flatMap(ownBuffer));
  } catch (error) {
    failed(error, id);
  }
}

/** What moves to the other thread without a copy. */
function ownBuffer({ data }: Tensor): ArrayBuffer[] {
  return data.buffer instanceof ArrayBuffer ? [data.buffer] : [];
}

const loading = load();
// ONNX Runtime has its own copy now; the file's bytes need not wait for the collector.
let last: Promise<unknown> = loading.finally(() => (init.model.buffer as ArrayBuffer).transfer(0));

parentPort?.on('message', (message: ToSession) => {
  last = last.then(async () => {
    const model = await loading;
    if (message.type === 'run' && model) return await run(model, message);
    if (message.type === 'run') return;
    if (model) await inside(() => model.release());
    parentPort?.close();
  });
});

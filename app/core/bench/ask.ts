/** A process that measures one engine: started, asked once, ended. Its memory is the engine's own. */
import { AppError, toAppError, type WireError } from '../../contract/errors.ts';
import { startProcess } from '../base/node-process.ts';
import { parentPort } from '../base/parent-port.ts';

type Answer<Cost> = { readonly cost: Cost } | { readonly error: WireError };

/** What the process at `path` measured; `who` names the engine in messages. Throws what the engine throws, 'worker-died', the signal's reason. */
export async function askProcess<Cost>(
  path: string,
  request: object,
  who: string,
  signal: AbortSignal | undefined,
): Promise<Cost> {
  const answer = Promise.withResolvers<Answer<Cost>>();
  const child = startProcess(path, {
    onSpawn: () => child.send(request),
    onMessage: (message) => answer.resolve(message as Answer<Cost>),
    onExit: ({ code, signal: by, error }) => {
      const how = error?.message ?? by ?? `status ${code}`;
      answer.reject(new AppError('worker-died', `The process measuring ${who} ended with ${how}.`));
    },
  });
  child.stdout?.resume();
  child.stderr?.pipe(process.stderr, { end: false });
  const stop = () => child.kill('SIGTERM');
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const answered = await answer.promise;
    if ('error' in answered) throw new AppError(answered.error.code, answered.error.message);
    return answered.cost;
  } catch (thrown) {
    if (signal?.aborted) throw toAppError(signal.reason);
    throw thrown;
  } finally {
    signal?.removeEventListener('abort', stop);
    child.kill('SIGTERM');
  }
}

/** The process's side: answers the one request it gets, and ends. */
export function answerOnce<Request, Cost>(measure: (request: Request) => Promise<Cost>): void {
  const port = parentPort();
  const answer = (value: Answer<Cost>): void => {
    void port.post(value).then(() => process.exit(0));
  };
  port.onMessage((received) => {
    measure(received as Request).then(
      (cost) => answer({ cost }),
      (thrown: unknown) => {
        const { code, message } = toAppError(thrown);
        answer({ error: { code, message } });
      },
    );
  });
}

/** Measures engines one after the other, each in a fresh process. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { AppError, toAppError } from '../../contract/errors.ts';
import type { DeviceChoice } from '../../contract/jobs.ts';
import type { Frame } from '../media/frame.ts';
import type { Answer, Request } from './engine-process.ts';
import type { EngineCost } from './measure.ts';

const PROCESS = fileURLToPath(new URL('./engine-process.ts', import.meta.url));

export interface EngineCostOptions {
  readonly threads: number;
  readonly device?: DeviceChoice | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The cost of engine `id` on consecutive frames of one size. Throws what the engine throws, and 'worker-died'. */
export async function engineCost(
  id: string,
  frames: readonly Frame[],
  { threads, device, signal }: EngineCostOptions,
): Promise<EngineCost> {
  const { format, width, height } = frames[0]!;
  const request: Request = { engine: id, threads, device, format, width, height, frames: frames.map(bytesOf) };
  // Without the parent's flags: a test runner's would make the child a test.
  const child = fork(PROCESS, [], {
    serialization: 'advanced',
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const stop = () => void child.kill('SIGTERM');
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const answer = await new Promise<Answer>((resolve, reject) => {
      child.once('message', (message: Answer) => resolve(message));
      child.once('error', reject);
      child.once('exit', (code, by) =>
        reject(new AppError('worker-died', `The process measuring ${id} ended with ${by ?? `status ${code}`}.`)),
      );
      child.send(request, (error) => error && reject(error));
    });
    if ('error' in answer) throw new AppError(answer.error.code, answer.error.message);
    return answer.cost;
  } catch (thrown) {
    if (signal?.aborted) throw toAppError(signal.reason);
    throw thrown;
  } finally {
    signal?.removeEventListener('abort', stop);
    child.kill('SIGTERM');
  }
}

/** The frame as rawvideo. */
function bytesOf(frame: Frame): Uint8Array {
  const parts = frame.planes.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return new Uint8Array(Buffer.concat(parts));
}

/** The entry of a pair's own process: makes what leads from one photo to the other, and shows the way. Imported by nobody. [Note: pairs] */
import { join } from 'node:path';
import { AppError, toAppError } from '../../contract/errors.ts';
import type { MorphSpec } from '../../contract/morph.ts';
import type { PairSpec } from '../../contract/queue.ts';
import { workerPort } from '../base/asked-process.ts';
import { throttle } from '../base/throttle.ts';
import { writeStill } from '../media/stills.ts';
import { runMorph } from '../morph/run.ts';
import { pairOrderSchema, type PairEvent } from './pair-messages.ts';

const PROGRESS_MS = 100;

const port = workerPort();
const stop = new AbortController();
const say = (event: PairEvent): Promise<void> => port.post(event);

/** A pair as the morph it is: the way halved so many times, evenly. */
function morphOf({ a, b, recursions, engine, device, fps }: PairSpec, output: string): MorphSpec {
  const still = (path: string) => ({ path, at: null, points: null });
  return {
    kind: 'morph',
    title: '',
    keyframes: [still(a), still(b)],
    gaps: [{ frames: 2 ** recursions - 1, engine, motion: 'linear', ease: 'linear', seed: 0 }],
    ...{ loop: false, fps, fit: 'crop', output, codec: 'vp9', force: false },
    ...(device !== undefined && { device }),
  };
}

async function run(order: Extract<ReturnType<typeof pairOrderSchema.parse>, { type: 'run' }>): Promise<PairEvent> {
  const tell = throttle(PROGRESS_MS, (event: PairEvent) => void say(event));
  try {
    await runMorph(morphOf(order.spec, order.output), {
      signal: stop.signal,
      onPicture: async (which, picture, colour) => {
        await writeStill(picture, join(order.folder, `${which}.png`), { colour, signal: stop.signal });
        await say({ type: 'picture', which });
      },
      onProgress: (progress) => tell({ type: 'progress', ...progress }),
    });
    tell.flush();
    return { type: 'done' };
  } catch (thrown) {
    tell.cancel();
    const error = toAppError(stop.signal.aborted ? stop.signal.reason : thrown);
    if (error.code === 'internal') console.error(thrown);
    return { type: 'failed', error: { code: error.code, message: error.message } };
  }
}

/** The app is gone: this process and all it started. */
function die(): never {
  try {
    if (process.platform !== 'win32' && process.env['INBETWEEN_GROUP'] === 'own') process.kill(-process.pid, 'SIGKILL');
  } catch {
    // Not its leader after all.
  }
  process.exit(1);
}

process.on('SIGINT', () => {});
port.onClose(die);
port.onMessage((message) => {
  const order = pairOrderSchema.safeParse(message);
  if (order.success && order.data.type === 'run') {
    void run(order.data).then(async (event) => {
      await say(event);
      process.exit(0);
    });
  } else stop.abort(new AppError('cancelled', 'Cancelled.'));
});

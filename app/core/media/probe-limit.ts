/**
 * How long a file may keep us waiting before it is given up.
 *
 * [Note: files that do not answer] A network drive that went away, a disk that fails or a file that leads ffprobe in circles never ends by itself. What
 * moves forward cannot be told from what hangs on every platform, so the limit is by the clock, for everything that is asked about one file together: a
 * probe takes well under a second, a sleeping disk wakes within about 20 s, and a drive that needs longer than this is of no use for the film itself.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, toAppError } from '../../contract/errors.ts';

/** Milliseconds by the clock. */
export const PROBE_LIMIT_MS = 60_000;

/** For children that were asked to stop to be gone; a read that the kernel does not let go of is left behind. */
const GRACE_MS = 3000;

/**
 * What `work` gives, whose signal aborts when `signal` does or the limit is over. Ends GRACE_MS after that even if `work` does not.
 * Throws read-timeout, cancelled, what `work` throws.
 */
export async function withinProbeLimit<T>(
  path: string,
  options: { readonly signal?: AbortSignal; readonly limitMs?: number },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal, limitMs = PROBE_LIMIT_MS } = options;
  const limit = new AbortController();
  const over = (): void =>
    limit.abort(
      new AppError(
        'read-timeout',
        `${path} did not answer within ${limitMs / 1000} seconds: its drive is away or very slow, or the file is damaged. Check the drive and try again, or copy the file to a disk of this machine.`,
      ),
    );
  const timer = setTimeout(over, limitMs);
  const either = signal ? AbortSignal.any([signal, limit.signal]) : limit.signal;
  const done = new AbortController();
  const working = work(either);
  try {
    return await Promise.race([working, givenUp(either, done.signal)]);
  } catch (error) {
    if (either.aborted) throw toAppError(either.reason);
    throw error;
  } finally {
    clearTimeout(timer);
    done.abort();
    working.catch(() => {});
  }
}

/** Rejects GRACE_MS after `aborted` aborts; never settles for anybody to see once `done`. */
async function givenUp(aborted: AbortSignal, done: AbortSignal): Promise<never> {
  if (!aborted.aborted) {
    await new Promise<void>((resolve) => {
      aborted.addEventListener('abort', () => resolve(), { once: true, signal: done });
    });
  }
  await sleep(GRACE_MS, undefined, { signal: done }).catch(() => {});
  throw toAppError(aborted.reason);
}

/** Looks into a folder again and again: soon after the system says that something happened in it, and every few seconds in any case. */
import { watch } from 'node:fs';

export interface FolderWatch {
  /** Look again before long: something is not finished. */
  soon(): void;
  close(): void;
}

/** Network disks and folders within folders tell nothing: they are looked at this often, and large ones at most a tenth of the time. */
const EVERY_MS = 5000;
const SOON_MS = 1000;
const AT_ONCE_MS = 150;
const SHARE = 10;

/** `look` is called now and whenever it is time, never twice at once; it must not reject. */
export function watchFolder(folder: string, look: () => Promise<void>): FolderWatch {
  let timer: NodeJS.Timeout | undefined;
  let due = Infinity;
  let [looking, closed] = [false, false];
  const plan = (ms: number): void => {
    const at = performance.now() + ms;
    if (closed || at >= due) return;
    due = at;
    clearTimeout(timer);
    if (!looking) timer = setTimeout(run, ms).unref();
  };
  const run = (): void => {
    due = Infinity;
    looking = true;
    const began = performance.now();
    void look().finally(() => {
      looking = false;
      const wanted = due - performance.now();
      due = Infinity;
      plan(Math.max(0, Math.min(wanted, Math.max(EVERY_MS, SHARE * (performance.now() - began)))));
    });
  };
  const events = follow(folder, () => plan(AT_ONCE_MS));
  plan(0);
  return {
    soon: () => plan(SOON_MS),
    close: () => {
      closed = true;
      clearTimeout(timer);
      events?.close();
    },
  };
}

function follow(folder: string, onEvent: () => void): { close(): void } | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, onEvent);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    // Not here: looking every few seconds has to do.
    return undefined;
  }
}

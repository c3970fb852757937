/** At most one call an interval, and the last value is never lost. */

export interface Throttled<T> {
  (value: T): void;
  /** Passes on what is waiting, now. */
  flush(): void;
  /** Forgets what is waiting. */
  cancel(): void;
}

/** Calls `sink` with the first value at once, then at most every `intervalMs` with the newest. Its timer keeps no process alive. */
export function throttle<T>(intervalMs: number, sink: (value: T) => void): Throttled<T> {
  let last = -Infinity;
  let waiting: { value: T } | undefined;
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (waiting === undefined) return;
    const { value } = waiting;
    waiting = undefined;
    last = performance.now();
    sink(value);
  };
  const push = (value: T): void => {
    waiting = { value };
    const due = last + intervalMs - performance.now();
    if (due <= 0) flush();
    else timer ??= setTimeout(flush, due).unref();
  };
  const cancel = (): void => {
    clearTimeout(timer);
    timer = undefined;
    waiting = undefined;
  };
  return Object.assign(push, { flush, cancel });
}

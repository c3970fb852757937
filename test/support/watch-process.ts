/** What a running command's processes take, from /proc: memory, processor time, open files (Linux). */
import { readdirSync, readFileSync } from 'node:fs';
import { residentBytes, tree } from './command.ts';

/** Clock ticks in a second (USER_HZ), which Linux promises to programs. */
const TICKS_PER_SECOND = 100;

export interface Taken {
  /** Resident bytes. */
  readonly bytes: number;
  readonly files: number;
  readonly threads: number;
}

/** Zeros when it is gone. */
export function takenBy(pid: number): Taken {
  try {
    const files = readdirSync(`/proc/${pid}/fd`).length;
    return { bytes: residentBytes(pid), files, threads: readdirSync(`/proc/${pid}/task`).length };
  } catch {
    return { bytes: 0, files: 0, threads: 0 };
  }
}

/** Seconds of processor time of `pid`, of all below it, and of those below it that ended and were waited for. */
export function cpuSeconds(pid: number): number {
  let ticks = 0;
  for (const one of tree(pid)) {
    try {
      const stat = readFileSync(`/proc/${one}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      // utime, stime, cutime, cstime: fields 14 to 17 of proc(5); the slice begins at the third.
      for (let n = 11; n < 15; n++) ticks += Number(fields[n]);
    } catch {
      // It ended while we looked; its parent has its time by now or soon.
    }
  }
  return ticks / TICKS_PER_SECOND;
}

export interface Line {
  readonly slope: number;
  /** Standard error of the slope. */
  readonly error: number;
}

/** The line of least squares through points (x, y). */
export function leastSquares(points: readonly (readonly [x: number, y: number])[]): Line {
  const n = points.length;
  const mean = (axis: 0 | 1): number => points.reduce((sum, point) => sum + point[axis], 0) / n;
  const [mx, my] = [mean(0), mean(1)];
  const sxx = points.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
  const slope = points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0) / sxx;
  const rest = points.reduce((sum, [x, y]) => sum + (y - my - slope * (x - mx)) ** 2, 0);
  return { slope, error: Math.sqrt(rest / (n - 2) / sxx) };
}

/** Looks at the resident memory of `pid` and all below it from now on; calling what it gives ends that and tells the most there was, in bytes. */
export function peakOf(pid: number): () => number {
  let most = 0;
  const timer = setInterval(() => {
    const bytes = tree(pid).reduce((sum, one) => sum + residentBytes(one), 0);
    most = Math.max(most, bytes);
  }, 100);
  return () => {
    clearInterval(timer);
    return most;
  };
}

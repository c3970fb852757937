/** Runs the real command as a user would, with a library of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lendListings } from './listings.ts';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const shared = process.env.INBETWEEN_SHARED;

export interface Run {
  status: number | null;
  killedBy: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  child: ChildProcess;
  done: Promise<Run>;
}

/** A folder that is gone when the test is. */
export function tempFolder(context: { after(hook: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'inbetween-test-'));
  context.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** Starts `inbetween ...args`; the library is `home`. */
export function start(home: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  lendListings(home);
  const child = spawn(process.execPath, [join(root, 'app/cli/inbetween.js'), ...args], {
    env: { ...process.env, INBETWEEN_HOME: home, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (text.stdout += piece));
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (text.stderr += piece));
  const done = new Promise<Run>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, killedBy) => resolve({ status, killedBy, ...text }));
  });
  return { child, done };
}

export function inbetween(home: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Run> {
  return start(home, args, env).done;
}

/** Process ids of `pid` and everything below it (Linux; elsewhere only `pid`). */
export function tree(pid: number): number[] {
  const parents = new Map<number, number>();
  try {
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
      } catch {
        // It ended while we looked.
      }
    }
  } catch {
    return [pid];
  }
  const found = [pid];
  for (const known of found) for (const [child, parent] of parents) if (parent === known) found.push(child);
  return found;
}

/** Resident memory of a process in bytes, 0 when it is gone (Linux). */
export function residentBytes(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/**
 * Which process is meant. A pid alone is reused; a pid together with the time its process started is not.
 *
 * [Note: process identity] On Linux the start is the boot's id with field 22 of /proc/PID/stat (clock ticks since boot); elsewhere on
 * POSIX it is what `ps -o lstart` says; on Windows there is nothing cheap, and callers fall back to heartbeats. A zombie has ended: it
 * holds no file and no lock, and in a container without an init process it may stay for ever.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

export interface ProcessIdentity {
  readonly pid: number;
  /** When it started; comparable for equality only. Empty where the platform does not tell. */
  readonly start: string;
  /** Host and pid namespace in which `pid` means something. */
  readonly host: string;
}

/** 'unknown': it may be the same process, this platform cannot say. */
export type Liveness = 'alive' | 'dead' | 'unknown';

/** Host and, on Linux, pid namespace of this process. */
export function thisHost(): string {
  return `${hostname()}${textOf(() => `#${readlinkSync('/proc/self/ns/pid')}`) ?? ''}`;
}

/** This process. */
export function thisProcess(): ProcessIdentity {
  return { pid: process.pid, start: processStart(process.pid) ?? '', host: thisHost() };
}

/** When the process with this pid started; undefined when there is none (or only a zombie), or it cannot be told. */
export function processStart(pid: number): string | undefined {
  if (process.platform === 'linux') return linuxStart(pid);
  if (process.platform === 'win32') return undefined;
  const ps = spawnSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  const line = ps.status === 0 ? ps.stdout.trim() : '';
  return line === '' || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '');
}

/** Whether the process that `identity` names is still there. Only for identities of this host. */
export function liveness({ pid, start }: Pick<ProcessIdentity, 'pid' | 'start'>): Liveness {
  const now = processStart(pid);
  if (now !== undefined) return start === '' ? 'unknown' : now === start ? 'alive' : 'dead';
  if (process.platform === 'linux' && textOf(() => readFileSync(`/proc/${pid}/stat`, 'utf8')) !== undefined)
    return 'dead';
  return pidExists(pid) ? 'unknown' : 'dead';
}

/** A short name for a process that is safe in a file name: pid, then hashes of its start and host. */
export function processTag({ pid, start, host }: ProcessIdentity): string {
  return `${pid}-${shortHash(start)}-${shortHash(host)}`;
}

/** Whether the process behind a `processTag` is still there; 'elsewhere' when it ran on another host. */
export function tagLiveness(tag: string): Liveness | 'elsewhere' {
  const [pid, start, host] = tag.split('-');
  if (host !== shortHash(thisHost())) return 'elsewhere';
  const now = processStart(Number(pid));
  if (now !== undefined) return shortHash(now) === start ? 'alive' : 'dead';
  return liveness({ pid: Number(pid), start: '' });
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

function linuxStart(pid: number): string | undefined {
  const stat = textOf(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  if (stat === undefined) return undefined;
  // The second field is the command in brackets and may hold spaces and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  if (state === 'Z' || state === 'X') return undefined;
  const boot = textOf(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')) ?? '';
  return `${boot.trim()}:${fields[19] ?? ''}`;
}

function pidExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function textOf(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

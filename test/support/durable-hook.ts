/**
 * Loaded into processes of the product (NODE_OPTIONS=--import): hears every step of base/durable.ts.
 * INBETWEEN_STEPS: a file to which each step is written as a line. INBETWEEN_KILL_AT=N: after the N-th line whoever took that step is killed, and
 * with INBETWEEN_KILL=all its parent too; INBETWEEN_KILL_AFTER=chunk kills after a chunk has its name. INBETWEEN_RECORD=FOLDER: keeps what is on the disk at each step (power-cut.ts).
 */
import Database from 'better-sqlite3';
import { appendFileSync, existsSync, linkSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { observeDurable, type DurableStep } from '../../app/core/base/durable.ts';

/** A file or a folder (bytes is -1) at a step. */
export interface Entry {
  readonly path: string;
  readonly ino: string;
  readonly bytes: number;
}

export interface RecordedStep extends DurableStep {
  readonly pid: number;
  /** Whose step: 'worker' or 'runner'. */
  readonly by: string;
  readonly entries: readonly Entry[];
  /** Files that are on the disk from now on: where their bytes are kept, and their inodes. */
  readonly kept?: readonly { readonly path: string; readonly ino: string }[];
  /** A copy of the database as others see it now. */
  readonly database?: string;
}

const { INBETWEEN_STEPS: log, INBETWEEN_KILL_AT: killAt, INBETWEEN_KILL: whom } = process.env;
const { INBETWEEN_RECORD: store, INBETWEEN_RECORD_ROOTS: roots = '' } = process.env;
let taken = 0;

function entriesBelow(folder: string): Entry[] {
  const entries: Entry[] = [];
  let names: string[] = [];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  for (const name of names) {
    if (/^library\.db|^cache$/.test(name)) continue;
    const path = join(folder, name);
    const found = statSync(path, { throwIfNoEntry: false, bigint: true });
    if (!found) continue;
    entries.push({ path, ino: String(found.ino), bytes: found.isDirectory() ? -1 : Number(found.size) });
    if (found.isDirectory()) entries.push(...entriesBelow(path));
  }
  return entries;
}

/** The folders that are there, with all that is in them but databases and what ffmpeg said of itself. */
export function rootEntries(folders: readonly string[]): Entry[] {
  return folders.flatMap((root) => {
    const found = statSync(root, { throwIfNoEntry: false, bigint: true });
    return found ? [{ path: root, ino: String(found.ino), bytes: -1 }, ...entriesBelow(root)] : [];
  });
}

/** What is on the disk, written down. */
function record(step: DurableStep, to: string): RecordedStep {
  const name = join(to, `${process.pid}-${taken}`);
  let kept: RecordedStep['kept'];
  if (step.op === 'sync-file') {
    linkSync(step.path, `${name}.kept`);
    kept = [{ path: `${name}.kept`, ino: String(statSync(step.path, { bigint: true }).ino) }];
  }
  const home = roots.split('\n')[0]!;
  const path = join(home, 'library.db');
  let database: string | undefined;
  if (existsSync(path)) {
    const db = new Database(path, { readonly: true });
    database = `${name}.db`;
    writeFileSync(database, db.serialize());
    db.close();
  }
  const entries = rootEntries(roots.split('\n'));
  const by = basename(process.argv[1] ?? '').startsWith('worker') ? 'worker' : 'runner';
  return { ...step, pid: process.pid, by, entries, ...(kept && { kept }), ...(database && { database }) };
}

if (log !== undefined) {
  observeDurable((step) => {
    taken++;
    const line = store === undefined ? step : record(step, store);
    appendFileSync(log, `${JSON.stringify(line)}\n`);
    const afterChunk =
      process.env['INBETWEEN_KILL_AFTER'] === 'chunk' &&
      step.op === 'rename' &&
      /chunks.[0-9a-f]{2}./.test(step.to ?? '');
    if (killAt === undefined && !afterChunk) return;
    const lines = readFileSync(log, 'utf8').trimEnd().split('\n').length;
    if (!afterChunk && lines !== Number(killAt)) return;
    if (whom === 'all' && process.env['INBETWEEN_JOB'] !== undefined) process.kill(process.ppid, 'SIGKILL');
    process.kill(process.pid, 'SIGKILL');
    // It takes a moment.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
  });
}

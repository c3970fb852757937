/**
 * Power cuts, replayed: what may be on the disk after the power failed at a step of a recorded run, and how the product goes on from there.
 *
 * [Note: replay] A run is recorded by durable-hook.ts: at each step of base/durable.ts the names there are, the bytes of what was synced, and the database. A state
 * is then built for each step from two choices. Names: all that were there ('kept'); those there were when each folder was last synced ('undone'); or kept in the
 * output's folder and undone in the library, or the other way round ('mixed'), since file systems do not keep the order of different folders. Bytes of files that
 * were not synced: none ('empty') or as many zeros ('zeros'); with all of them there it would be a kill -9. The database: as of its last commit that waited for the
 * disk, or as it was; what happens within SQLite (torn pages, its own log) is trusted to it. Not modelled: disks that lie about fsync, bits that rot, part of
 * a file's bytes there, and a step half done.
 */
import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rootEntries, type RecordedStep } from './durable-hook.ts';

const HOOK = new URL('durable-hook.ts', import.meta.url).href;
const SUPPORT = fileURLToPath(new URL('.', import.meta.url));

export interface Scene {
  /** Outside of what is cut: steps and synced bytes are kept there. */
  readonly store: string;
  /** The library. */
  readonly home: string;
  /** The output's folder. */
  readonly out: string;
  /** A script of this folder and its arguments. */
  readonly command: readonly [script: string, ...args: string[]];
}

export interface Ended {
  readonly status: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Does what the scene does in a process of its own; `env` for the hook. */
export async function runScene({ command: [script, ...args] }: Scene, env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const hooked = env['INBETWEEN_STEPS'] === undefined ? {} : { NODE_OPTIONS: `--import ${HOOK}` };
  const child = spawn(process.execPath, [join(SUPPORT, script), ...args], {
    env: { ...process.env, ...hooked, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (text.stdout += piece));
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (text.stderr += piece));
  const status = await new Promise<number | string>((resolve) =>
    child.on('close', (code, signal) => resolve(code ?? signal ?? '')),
  );
  return { status, ...text };
}

/** Does it once and keeps every step; what was there before, all of it on the disk, is step 0. */
export async function recordScene(scene: Scene): Promise<RecordedStep[]> {
  const { store, home, out } = scene;
  mkdirSync(store, { recursive: true });
  const entries = rootEntries([home, out]);
  const before = entries
    .filter(({ bytes }) => bytes >= 0)
    .map(({ path, ino }, i) => {
      const kept = join(store, `before-${i}`);
      linkSync(path, kept);
      return { path: kept, ino };
    });
  const database = join(store, 'before.db');
  const known = existsSync(join(home, 'library.db'));
  if (known) copyFileSync(join(home, 'library.db'), database);
  const first = {
    op: 'commit',
    path: '',
    pid: 0,
    by: 'nobody',
    entries,
    kept: before,
    ...(known && { database }),
  } as const;
  const steps = join(store, 'steps');
  const ended = await runScene(scene, {
    ...{ INBETWEEN_STEPS: steps, INBETWEEN_RECORD: store, INBETWEEN_RECORD_ROOTS: [home, out].join('\n') },
  });
  if (ended.status !== 0) throw new Error(`the run to record failed: ${ended.stderr} ${ended.stdout}`);
  const lines = readFileSync(steps, 'utf8').trimEnd().split('\n');
  return [first, ...lines.map((line) => JSON.parse(line) as RecordedStep)];
}

/** What of the product a step belongs to, for the evidence: 'chunk: rename'. */
export function nameOf({ op, path, to, by }: RecordedStep, { home, out }: Pick<Scene, 'home' | 'out'>): string {
  const at = to ?? path;
  if (op === 'commit') return `database of the ${by}: commit`;
  const what = at.startsWith(join(home, 'chunks'))
    ? 'chunk'
    : at.startsWith(out)
      ? 'output'
      : at.startsWith(join(home, 'cache'))
        ? 'listing'
        : 'library';
  return `${what}: ${op}`;
}

export interface CutState {
  readonly names: 'kept' | 'undone' | 'output kept' | 'library kept';
  readonly bytes: 'empty' | 'zeros';
  readonly database: 'committed' | 'latest';
}

export const CUT_STATES: readonly CutState[] = (['kept', 'undone', 'output kept', 'library kept'] as const).flatMap(
  (names) =>
    (['empty', 'zeros'] as const).flatMap((bytes) =>
      (['committed', 'latest'] as const).map((database) => ({ names, bytes, database })),
    ),
);

interface Built {
  /** Path to what is there: a folder, kept bytes, or so many zeros. */
  readonly files: Map<string, { folder: true } | { kept: string } | { zeros: number }>;
  readonly database: string | undefined;
}

/** What is on the disk when the power fails after step `at`. */
export function stateAfter(
  steps: readonly RecordedStep[],
  at: number,
  cut: CutState,
  scene: Pick<Scene, 'home' | 'out'>,
): Built {
  const past = steps.slice(0, at + 1);
  const kept = new Map(past.flatMap((step) => (step.kept ?? []).map((one) => [one.ino, one.path] as const)));
  const files: Built['files'] = new Map();
  const put = (path: string, ino: string, bytes: number): void => {
    const known = kept.get(ino);
    const lost = { zeros: cut.bytes === 'empty' ? 0 : Math.max(0, bytes) };
    files.set(path, bytes < 0 ? { folder: true } : known === undefined ? lost : { kept: known });
  };
  // Folders are renamed too: which it is says its inode.
  const inodeAt = (step: RecordedStep, path: string) => step.entries.find((entry) => entry.path === path)?.ino;
  const undone = (place: string, ino: string | undefined): void => {
    const sync = past.findLast(
      (step) => step.op === 'sync-folder' && ino !== undefined && inodeAt(step, step.path) === ino,
    );
    const [step, then] = sync
      ? [sync, sync.path]
      : [steps[0]!, steps[0]!.entries.find((entry) => entry.ino === ino)?.path];
    for (const entry of step.entries) {
      if (dirname(entry.path) !== then) continue;
      const path = join(place, basename(entry.path));
      put(path, entry.ino, entry.bytes);
      if (entry.bytes < 0) undone(path, entry.ino);
    }
  };
  const last = past.at(-1)!;
  for (const root of [scene.home, scene.out]) {
    files.set(root, { folder: true });
    const keep = cut.names === 'kept' || cut.names === (root === scene.out ? 'output kept' : 'library kept');
    if (!keep) undone(root, inodeAt(last, root));
    else for (const { path, ino, bytes } of last.entries) if (path.startsWith(root + '/')) put(path, ino, bytes);
  }
  const committed = past.findLast((step) => step.op === 'commit');
  return { files, database: (cut.database === 'latest' ? last : committed)?.database };
}

/** Names what is there, for finding states that are the same. */
export function hashOf({ files, database }: Built): string {
  const rows = [...files].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const bytes = database === undefined ? '' : readFileSync(database);
  return createHash('sha256').update(JSON.stringify(rows)).update(bytes).digest('hex');
}

/** Puts a state where the run was. */
export function buildState({ files, database }: Built, { home, out }: Pick<Scene, 'home' | 'out'>): void {
  for (const root of [home, out]) rmSync(root, { recursive: true, force: true });
  const rows = [...files].toSorted(([a], [b]) => a.length - b.length);
  for (const [path, what] of rows) {
    if ('folder' in what) mkdirSync(path, { recursive: true });
    else if ('kept' in what) linkSync(what.kept, path);
    else writeFileSync(path, Buffer.alloc(what.zeros));
  }
  if (database !== undefined) copyFileSync(database, join(home, 'library.db'));
}

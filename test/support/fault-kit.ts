/** Faults done to the real command: it is stopped at a stage, something is broken, it goes on; then what it said, what it left, and the next run are looked at. */
import { spawnSync, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { toAppError, type ErrorCode } from '../../app/contract/errors.ts';
import type { JobEvent, JobSpec, RetimeResult } from '../../app/contract/jobs.ts';
import { homeAt, openHome } from '../../app/core/base/home.ts';
import { jobSummaries } from '../../app/core/jobs/control.ts';
import { runJob } from '../../app/core/jobs/runner.ts';
import { openLibrary } from '../../app/core/library/db.ts';
import { makeClip } from './clips.ts';
import { inbetween, start, tree, type Run } from './command.ts';

export const ROOT = process.platform === 'linux' && process.getuid?.() === 0;

/** What was tried, as it goes into the evidence. */
export interface Tried {
  readonly fault: string;
  readonly when: string;
  /** The error's code, 'done', or why it was not tried. */
  readonly outcome: string;
  readonly says?: string;
  readonly ok: boolean;
  /** Chunks' frames that the next run did not make again. */
  readonly kept?: number;
  /** What is not as it should be. */
  readonly wrong?: string;
}

export interface Place {
  readonly folder: string;
  readonly home: string;
  readonly out: string;
  readonly clip: string;
  readonly output: string;
}

const ARGS = ['--engine', 'blend', '--audio', 'tape', '--json'];

/** A folder with a clip of 2 s with sound (192 frames at a quarter of its speed), a library and a place for the output. */
export function makePlace(parent: string = tmpdir()): Place {
  const folder = mkdtempSync(join(parent, 'inbetween-fault-'));
  const [home, out, clip] = ['home', 'out', 'clip.mkv'].map((name) => join(folder, name)) as [string, string, string];
  mkdirSync(out);
  mkdirSync(home);
  makeClip(clip, { size: '160x90', seconds: 2, codec: ['-c:v', 'ffv1', '-threads', '1'] });
  return { folder, home, out, clip, output: join(out, 'film.mp4') };
}

export function slowmoArgs({ clip, output }: Place): string[] {
  return ['slowmo', clip, '-o', output, ...ARGS];
}

/** A command that is running, and how far it says it is. */
export class Running {
  readonly child: ChildProcess;
  readonly done: Promise<Run>;
  #stderr = '';

  constructor(place: Place, env: NodeJS.ProcessEnv = {}, args: readonly string[] = slowmoArgs(place)) {
    const { child, done } = start(place.home, args, env);
    this.child = child;
    this.done = done;
    child.stderr!.on('data', (text: string) => (this.#stderr += text));
  }

  /** Stops all its processes once it says that it is in `stage`, or further; false when it ended before. */
  async stopAt(stage: string): Promise<boolean> {
    const stages = ['probing', 'analysing', 'rendering', 'sound', 'writing', 'verifying'];
    const later = stages.slice(stages.indexOf(stage)).map((one) => `"stage":"${one}"`);
    while (!later.some((one) => this.#stderr.includes(one))) {
      if (this.child.exitCode !== null || this.child.signalCode !== null) return false;
      await sleep(2);
    }
    this.signal('SIGSTOP');
    return this.child.exitCode === null;
  }

  goOn(): void {
    this.signal('SIGCONT');
  }

  signal(signal: NodeJS.Signals): void {
    for (const pid of tree(this.child.pid!)) {
      try {
        process.kill(pid, signal);
      } catch {
        // It has ended.
      }
    }
  }

  /** Processes of it whose command line has all these words. */
  pids(...words: readonly string[]): number[] {
    return tree(this.child.pid!).filter((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return words.every((word) => line.includes(word));
      } catch {
        return false;
      }
    });
  }

  get events(): JobEvent[] {
    return this.#stderr
      .split('\n')
      .flatMap((line) => (line.startsWith('{"type"') ? [JSON.parse(line) as JobEvent] : []));
  }
}

export interface Said {
  readonly error?: { readonly code: ErrorCode; readonly message: string };
  readonly result?: RetimeResult;
}

export function saidBy({ stdout }: Run): Said {
  try {
    const said = JSON.parse(stdout) as RetimeResult & Said;
    return said.error ? { error: said.error } : { result: said };
  } catch {
    return {};
  }
}

export interface Expected {
  /** The picture hash of an undisturbed run. */
  readonly hash: string;
  /** What it may say; 'done' when it may come through; a signal's name when it is killed. */
  readonly may: readonly string[];
  /** Undoes the fault. */
  readonly mend?: () => void;
  /** What is in the output's place before, and must stay until the job is done. */
  readonly existing?: string;
  /** Whether unfinished files may lie about until the next run: after a kill. */
  readonly killed?: boolean;
}

/** Looks at how a run ended, mends, runs it again, and looks at that. */
export async function judge(
  place: Place,
  run: Run,
  expected: Expected,
): Promise<Pick<Tried, 'outcome' | 'says' | 'ok' | 'kept' | 'wrong'>> {
  const { error, result } = saidBy(run);
  const outcome = error?.code ?? (result ? 'done' : (run.killedBy ?? `status ${run.status}`));
  const wrong: string[] = [];
  if (!expected.may.includes(outcome))
    wrong.push(`it may end as ${expected.may.join(', ')}: ${run.stderr.slice(-300)}`);
  if ((run.status === 0) !== (outcome === 'done')) wrong.push(`it ended with status ${run.status}`);
  if (outcome === 'internal') wrong.push('nobody can act on that');
  if (result && result.pictureHash !== expected.hash) wrong.push('it says done of other pictures');
  const there = existsSync(place.output) ? readFileSync(place.output).toString('latin1') : undefined;
  if (outcome !== 'done' && !expected.killed && there !== expected.existing) wrong.push('the output was touched');
  if (!expected.killed) wrong.push(...litterIn(place.out));
  expected.mend?.();
  const { state, spec } = lastJob(place);
  if (outcome !== 'done' && (state === 'done' || state === 'running')) wrong.push(`the job is listed as ${state}`);
  const force = expected.existing !== undefined;
  const second = await again(place, spec && { ...spec, force }, force);
  if (second.error) wrong.push(`the next run: ${second.error.code}: ${second.error.message}`);
  else if (second.result?.pictureHash !== expected.hash) wrong.push('the next run makes other pictures');
  wrong.push(...litterIn(place.out));
  const kept = outcome === 'done' ? undefined : second.result?.reusedFrames;
  return {
    ...{ outcome, ok: wrong.length === 0 },
    ...(error && { says: error.message.replaceAll(place.folder, '') }),
    ...(kept !== undefined && { kept }),
    ...(wrong.length > 0 && { wrong: wrong.join('; ') }),
  };
}

/** The job as it is listed, if it was begun at all. */
function lastJob({ home }: Place): { state?: string; spec?: JobSpec } {
  if (!existsSync(join(home, 'library.db'))) return {};
  try {
    using db = openLibrary(homeAt(home));
    const [job] = jobSummaries(db);
    return job ? { state: job.state, spec: job.spec } : {};
  } catch {
    return {};
  }
}

/** The same again: here, or by the command where it was not begun. */
async function again(place: Place, spec: JobSpec | undefined, force: boolean): Promise<Said> {
  if (!spec) return saidBy(await inbetween(place.home, [...slowmoArgs(place), ...(force ? ['--force'] : [])]));
  try {
    using db = openLibrary(await openHome({ library: place.home }));
    return { result: await runJob(spec, { db, home: homeAt(place.home) }) };
  } catch (thrown) {
    const { code, message } = toAppError(thrown);
    return { error: { code, message } };
  }
}

function litterIn(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => (name.startsWith('.inbetween') ? [`${name} is left`] : []));
}

/** A file system of `megabytes` mounted at `at`; undefined where that is not allowed. The function takes it away. */
export function smallDisk(at: string, megabytes: number): (() => void) | undefined {
  if (!ROOT) return undefined;
  mkdirSync(at, { recursive: true });
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'inbetween-test', at]).status !== 0)
    return undefined;
  return () => void spawnSync('umount', ['-l', at]);
}

/** Fills the disk of `folder` to the last byte; the function takes that away. */
export function fill(folder: string): () => void {
  const path = join(folder, 'filler');
  const { bavail, bsize } = statfsSync(folder);
  spawnSync('dd', ['if=/dev/zero', `of=${path}`, 'bs=1M', `count=${Math.ceil((bavail * bsize) / 2 ** 20) + 1}`]);
  return () => rmSync(path, { force: true });
}

/** A folder with an ffmpeg and an ffprobe of which one is a script with `body`; `$REAL` is what it stands for. */
export function fakeTools(folder: string, tool: 'ffmpeg' | 'ffprobe', body: string): NodeJS.ProcessEnv {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const name of ['ffmpeg', 'ffprobe']) {
    const real = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
    const script = `#!/bin/sh\nREAL=${real}\ncase "$*" in *-version*) exec $REAL "$@";; esac\n${name === tool ? body : 'exec $REAL "$@"'}\n`;
    writeFileSync(join(bin, name), script, { mode: 0o755 });
  }
  return {
    PATH: `${bin}:${process.env['PATH']}`,
    INBETWEEN_FFMPEG: '',
    FFMPEG_BIN: join(bin, 'ffmpeg'),
    FFPROBE_BIN: join(bin, 'ffprobe'),
  };
}

/** A library for LD_PRELOAD in which `rename` and `link` fail as the environment says; undefined without a C compiler. */
export function failingRename(folder: string): string | undefined {
  const [source, library] = [join(folder, 'fail.c'), join(folder, 'fail.so')];
  writeFileSync(source, FAIL_C);
  const built = spawnSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl']);
  return built.status === 0 ? library : undefined;
}

/** FAIL_ERRNO to names with FAIL_MATCH in them, FAIL_TIMES times; FAIL_LINK instead for links, FAIL_FSYNC_DIR for syncing folders. */
const FAIL_C = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
static int fails(const char *what, const char *name) {
  const char *number = getenv(what), *match = getenv("FAIL_MATCH"), *times = getenv("FAIL_TIMES");
  static int done = 0;
  if (!number || !match || !strstr(name, match)) return 0;
  if (times && done >= atoi(times)) return 0;
  done++;
  errno = atoi(number);
  return 1;
}
int rename(const char *from, const char *to) {
  if (fails("FAIL_ERRNO", to)) return -1;
  return ((int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename"))(from, to);
}
int link(const char *from, const char *to) {
  if (fails("FAIL_LINK", to)) return -1;
  return ((int (*)(const char *, const char *))dlsym(RTLD_NEXT, "link"))(from, to);
}
int fsync(int fd) {
  struct stat found;
  const char *number = getenv("FAIL_FSYNC_DIR");
  if (number && fstat(fd, &found) == 0 && S_ISDIR(found.st_mode)) { errno = atoi(number); return -1; }
  return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}
`;

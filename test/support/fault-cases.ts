/** The faults that are done to a retime of the command, as a table: what is broken, when, and what it may say. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { makeClip } from './clips.ts';
import { fakeTools, failingRename, fill, ROOT, Running, smallDisk, type Expected, type Place } from './fault-kit.ts';

export interface Case {
  readonly fault: string;
  readonly when: string;
  readonly may: readonly string[];
  /** Before it is started: its environment, and what undoes what was done; a reason when it cannot be done here. */
  readonly before?: (place: Place) => Prepared | string;
  /** While all its processes are stopped at this stage. */
  readonly at?: string;
  /** What is broken there; what undoes it. */
  readonly hurt?: (running: Running, place: Place) => (() => void) | void;
  readonly existing?: boolean;
  readonly killed?: boolean;
}

export interface Prepared {
  readonly env?: NodeJS.ProcessEnv;
  readonly mend?: () => void;
  /** Before the next run, and at the end whatever happens. */
  readonly after?: () => void;
}

const kill = (...words: string[]) =>
  function killThose(running: Running): void {
    const pids = running.pids(...words);
    if (pids.length === 0) throw new Error(`no process with ${words.join(' ')}`);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
  };

/** The library or the output on a disk of its own. */
const onDisk = (what: 'home' | 'out', full = false) =>
  function mountIt(place: Place): Prepared | string {
    const after = smallDisk(place[what], 120);
    if (!after) return 'mounting needs root';
    const mend = full ? fill(place[what]) : undefined;
    return { after, ...(mend && { mend }) };
  };

const remount = (folder: string, how: 'ro' | 'rw'): void => void spawnSync('mount', ['-o', `remount,${how}`, folder]);

const FULL = ['disk-full', 'disk-space'];
const JOB_CHILD = 'jobs/worker';
const ENCODER = ['-f rawvideo', '-video_size', 'pipe:0'];
const DECODER = ['showinfo', 'pipe:1'];

const preload = (errno: Record<string, string>) =>
  function load(place: Place): Prepared | string {
    if (process.platform !== 'linux') return 'LD_PRELOAD needs Linux';
    const library = failingRename(place.folder);
    if (!library) return 'there is no C compiler';
    return { env: { LD_PRELOAD: library, FAIL_MATCH: 'out/film', ...errno } };
  };

/** Patches Date in every process of the product: `ms` further from the first second on. */
const clock = (ms: number) =>
  function shift(place: Place): Prepared {
    const path = join(place.folder, 'clock.mjs');
    writeFileSync(
      path,
      `const now = Date.now, start = now();\nDate.now = () => now() + (now() - start > 700 ? ${ms} : 0);\n`,
    );
    return { env: { NODE_OPTIONS: `--import ${path}` } };
  };

const replaceClip = ({ clip, folder }: Place): (() => void) => {
  const aside = join(folder, 'aside.mkv');
  copyFileSync(clip, aside);
  rmSync(clip);
  makeClip(clip, { size: '160x90', seconds: 2, shots: 2, codec: ['-c:v', 'ffv1'] });
  return () => copyFileSync(aside, clip);
};

export const CASES: readonly Case[] = [
  ...(['rendering', 'writing'] as const).flatMap((at): Case[] => [
    {
      fault: "the library's disk is full",
      when: at,
      may: [...FULL, 'done'],
      before: onDisk('home'),
      at,
      hurt: (_, { home }) => fill(home),
    },
    {
      fault: "the output's disk is full",
      when: at,
      may: [...FULL, 'done'],
      before: onDisk('out'),
      at,
      hurt: (_, { out }) => fill(out),
      existing: true,
    },
  ]),
  { fault: "the library's disk is full", when: 'before', may: FULL, before: onDisk('home', true) },
  { fault: "the output's disk is full", when: 'before', may: FULL, before: onDisk('out', true) },
  {
    fault: 'files may not grow (ulimit -f)',
    when: 'rendering',
    may: ['disk-full', 'encode-failed'],
    before: (place) => ({ env: { ...fakeTools(place.folder, 'ffmpeg', 'ulimit -f 8; exec $REAL "$@"') } }),
  },
  {
    fault: "the output's folder is read-only",
    when: 'before',
    may: ['output-folder'],
    before: (place) => {
      const after = smallDisk(place.out, 120);
      if (!after) return 'mounting needs root';
      writeFileSync(place.output, 'what was there');
      remount(place.out, 'ro');
      return { after, mend: () => remount(place.out, 'rw') };
    },
    existing: true,
  },
  {
    fault: "the output's folder becomes read-only",
    when: 'rendering',
    may: ['output-folder'],
    before: onDisk('out'),
    at: 'rendering',
    hurt: (_, { out }) => (remount(out, 'ro'), () => remount(out, 'rw')),
    existing: true,
  },
  {
    fault: 'the library is read-only',
    when: 'before',
    may: ['library-folder'],
    before: ({ home }) => {
      const after = smallDisk(home, 120);
      if (!after) return 'mounting needs root';
      remount(home, 'ro');
      return { after, mend: () => remount(home, 'rw') };
    },
  },
  {
    fault: 'the database may not be written to (chattr +i)',
    when: 'before',
    may: ['database'],
    before: ({ home }) => {
      const path = join(home, 'library.db');
      writeFileSync(path, '');
      if (spawnSync('chattr', ['+i', path]).status !== 0) return 'chattr +i needs root and ext4';
      const mend = (): void => void spawnSync('chattr', ['-i', path]);
      return { mend, after: mend };
    },
  },
  ...(['analysing', 'rendering'] as const).flatMap((at): Case[] => [
    {
      fault: 'the source is cut off',
      when: at,
      may: ['source-changed', 'decode-failed'],
      at,
      hurt: (_, { clip, folder }) => {
        copyFileSync(clip, join(folder, 'whole.mkv'));
        truncateSync(clip, 20_000);
        return () => copyFileSync(join(folder, 'whole.mkv'), clip);
      },
    },
    {
      fault: 'the source is removed',
      when: at,
      may: ['source-changed', 'not-found'],
      at,
      hurt: (_, { clip }) => (renameSync(clip, `${clip}.aside`), () => renameSync(`${clip}.aside`, clip)),
    },
    {
      fault: 'the source is replaced by another',
      when: at,
      may: ['source-changed', 'decode-failed'],
      at,
      hurt: (_, place) => replaceClip(place),
    },
  ]),
  {
    fault: 'the source may not be read',
    when: 'before',
    may: ['unreadable'],
    before: ({ clip }) => {
      if (ROOT) return 'root may read everything';
      chmodSync(clip, 0o000);
      return { mend: () => chmodSync(clip, 0o644) };
    },
  },
  {
    fault: 'the encoder is killed',
    when: 'rendering',
    may: ['encode-failed'],
    at: 'rendering',
    hurt: kill(...ENCODER),
  },
  {
    fault: 'the decoder is killed',
    when: 'rendering',
    may: ['decode-failed', 'done'],
    at: 'rendering',
    hurt: kill(...DECODER),
  },
  {
    fault: 'the decoder is killed',
    when: 'analysing',
    may: ['decode-failed'],
    at: 'analysing',
    hurt: kill('showinfo'),
  },
  ...(['analysing', 'rendering', 'writing'] as const).flatMap((at): Case[] => [
    {
      fault: "the job's process is killed",
      when: at,
      may: ['worker-died', 'done'],
      at,
      hurt: kill(JOB_CHILD),
      existing: true,
    },
    {
      fault: 'the command is killed',
      when: at,
      may: ['SIGKILL'],
      at,
      hurt: (running) => void running.child.kill('SIGKILL'),
      killed: true,
    },
  ]),
  {
    fault: 'everything is killed at once',
    when: 'rendering',
    may: ['SIGKILL'],
    at: 'rendering',
    hurt: (running) => running.signal('SIGKILL'),
    killed: true,
  },
  {
    fault: 'the command is asked to end (SIGTERM)',
    when: 'rendering',
    may: ['cancelled'],
    at: 'rendering',
    hurt: (running) => void running.child.kill('SIGTERM'),
  },
  {
    fault: 'ffprobe is killed',
    when: 'probing',
    may: ['probe-failed', 'unreadable', 'ffmpeg-failed'],
    before: (place) => ({ env: fakeTools(place.folder, 'ffprobe', 'kill -9 $$') }),
  },
  {
    fault: 'ffprobe dies while the file is checked',
    when: 'verifying',
    may: ['verify-failed'],
    before: (place) => ({
      env: fakeTools(place.folder, 'ffprobe', 'case "$*" in *.inbetween-*) kill -9 $$;; esac; exec $REAL "$@"'),
    }),
    existing: true,
  },
  {
    fault: 'the muxer writes half a file and says it is well',
    when: 'writing',
    may: ['verify-failed'],
    before: (place) => ({
      env: fakeTools(
        place.folder,
        'ffmpeg',
        'for last; do :; done; case "$*" in *concat*) $REAL "$@" || exit 1; f="${last#file:}"; truncate -s $(($(stat -c %s "$f") * 6 / 10)) "$f"; exit 0;; esac; exec $REAL "$@"',
      ),
    }),
    existing: true,
  },
  {
    fault: 'an encoder ends well without having written all',
    when: 'rendering',
    may: ['encode-failed', 'verify-failed'],
    before: (place) => ({
      env: fakeTools(
        place.folder,
        'ffmpeg',
        'case "$*" in *pipe:0*-video_track_timescale*) head -c 300000 | $REAL "$@"; cat >/dev/null; exit 0;; esac; exec $REAL "$@"',
      ),
    }),
  },
  {
    fault: 'too little memory for the heap',
    when: 'starting',
    may: ['worker-died', 'SIGABRT', 'SIGTRAP', 'status 134'],
    before: () => ({ env: { NODE_OPTIONS: '--max-old-space-size=12' } }),
    killed: true,
  },
  { fault: 'the clock jumps a day ahead', when: 'rendering', may: ['done'], before: clock(86_400_000) },
  { fault: 'the clock jumps a day back', when: 'rendering', may: ['done'], before: clock(-86_400_000) },
  {
    fault: 'the chunks are deleted by another program',
    when: 'rendering',
    may: ['library-folder', 'verify-failed'],
    at: 'writing',
    hurt: (_, { home }) => rmSync(join(home, 'chunks'), { recursive: true }),
  },
  {
    fault: 'the library folder is deleted',
    when: 'rendering',
    may: ['encode-failed', 'database', 'library-folder', 'job-busy', 'worker-died', 'output-folder'],
    at: 'rendering',
    hurt: (_, { home }) => (rmSync(home, { recursive: true }), () => mkdirSync(home, { recursive: true })),
  },
  {
    fault: 'rename fails: EXDEV',
    when: 'publishing',
    may: ['output-folder'],
    before: preload({ FAIL_ERRNO: '18', FAIL_LINK: '1' }),
  },
  {
    fault: 'rename fails: EBUSY',
    when: 'publishing',
    may: ['output-folder'],
    before: preload({ FAIL_ERRNO: '16', FAIL_LINK: '1' }),
  },
  {
    fault: 'rename fails: EPERM',
    when: 'publishing',
    may: ['output-folder'],
    before: preload({ FAIL_ERRNO: '1', FAIL_LINK: '1' }),
  },
  {
    fault: 'rename fails twice: EBUSY',
    when: 'publishing',
    may: ['done'],
    before: preload({ FAIL_ERRNO: '16', FAIL_LINK: '1', FAIL_TIMES: '3' }),
  },
  { fault: 'there are no hard links', when: 'publishing', may: ['done'], before: preload({ FAIL_LINK: '1' }) },
  { fault: 'folders cannot be synced', when: 'all along', may: ['done'], before: preload({ FAIL_FSYNC_DIR: '22' }) },
];

/** Runs a case; undefined with a reason where it cannot be done here. */
export async function suffer(
  { before, at, hurt, existing, may, killed }: Case,
  place: Place,
): Promise<{ run: Awaited<Running['done']>; expected: Omit<Expected, 'hash'>; after: () => void } | string> {
  const prepared = before?.(place) ?? {};
  if (typeof prepared === 'string') return prepared;
  const was = 'what was there';
  if (existing && !existsSync(place.output)) writeFileSync(place.output, was);
  const mends: (() => void)[] = prepared.mend ? [prepared.mend] : [];
  const args = ['slowmo', place.clip, '-o', place.output, '--engine', 'blend', '--audio', 'tape', '--json'];
  const running = new Running(place, prepared.env, existing ? [...args, '--force'] : args);
  if (at !== undefined && (await running.stopAt(at))) {
    const mend = hurt?.(running, place);
    if (mend) mends.push(mend);
    running.goOn();
  }
  const run = await running.done;
  return {
    run,
    expected: {
      ...{ may, mend: () => mends.forEach((mend) => mend()) },
      ...(existing && { existing: was }),
      ...(killed && { killed }),
    },
    after: () => prepared.after?.(),
  };
}

/**
 * The same job gives the same pictures: every codec and kind of job, in fresh libraries, by two threads on all cores and by one thread on one core, and killed
 * after its first chunk and gone on with.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Codec, JobSpec, RetimeResult } from '../../app/contract/jobs.ts';
import { homeAt, openHome } from '../../app/core/base/home.ts';
import { runJob } from '../../app/core/jobs/runner.ts';
import { openLibrary } from '../../app/core/library/db.ts';
import { capabilities } from '../../app/core/media/capabilities.ts';
import { ENCODERS } from '../../app/core/media/encoders.ts';
import { countSpec } from '../core/jobs/support.ts';
import { sequenceClip, sequenceSpec } from '../core/jobs/sequence-support.ts';
import { gap, morphOf, picture } from '../core/morph/support.ts';
import { FIGURE } from '../guarantees/promise.ts';
import { makeClip } from '../support/clips.ts';
import { root, tempFolder } from '../support/command.ts';
import { writeEvidence } from '../support/evidence.ts';

let folder = '';
let release: () => void = () => {};
const jobs: Record<string, { hash: string; frames: number; runs: string[] }> = {};
const skipped: string[] = [];

before(() => {
  folder = tempFolder({ after: (hook) => (release = hook) });
  makeClip(join(folder, 'clip.mkv'), { size: '96x64', seconds: 1, codec: ['-c:v', 'ffv1', '-threads', '1'] });
});
after(() => release());

interface Kind {
  readonly name: string;
  readonly ending: string;
  readonly spec: (output: string) => JobSpec;
}

const retimed = (codec: Codec | undefined, ending: string): Kind => ({
  name: `slowmo into ${codec ?? ending}`,
  ending,
  // Two chunks.
  spec: (output) => ({ ...countSpec(join(folder, 'clip.mkv'), output), engine: 'glide:draft', codec }),
});

const stills = (): string[] =>
  ['testsrc2', 'testsrc'].map((source) => picture(join(folder, `${source}.png`), `${source}=size=48x32`));

const KINDS: readonly Kind[] = [
  retimed('h264', 'film.mp4'),
  retimed('hevc', 'film.mp4'),
  retimed('av1', 'film.mp4'),
  retimed('vp9', 'film.webm'),
  retimed('prores', 'film.mov'),
  retimed('ffv1', 'film.mkv'),
  retimed(undefined, '%04d.png'),
  retimed(undefined, '%04d.exr'),
  {
    name: 'a sequence',
    ending: 'film.mp4',
    spec: (output) => {
      const clip = join(folder, 'clip.mkv');
      return sequenceSpec(
        [sequenceClip(clip, 0, 40, 0.4, { engine: 'glide:draft' }), sequenceClip(clip, 45, 40, 0.5)],
        output,
      );
    },
  },
  {
    name: 'a morph with a seed',
    ending: 'film.mkv',
    spec: (output) => morphOf(stills(), output, [{ ...gap(60), seed: 7 }], { codec: 'ffv1' }),
  },
];

/** One run in a process of its own, on one core with one thread. */
function onOneCore(home: string, spec: JobSpec, env: NodeJS.ProcessEnv = {}): { status: number | null; text: string } {
  const command = [process.execPath, join(root, 'test/support/run-spec.ts'), home, JSON.stringify(spec)];
  const [program, ...args] = process.platform === 'linux' ? ['taskset', '-c', '0', ...command] : command;
  const run = spawnSync(program!, args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    env: { ...process.env, INBETWEEN_TEST_THREADS: '1', ...env },
  });
  return { status: run.status, text: run.stdout };
}

function resultOf(text: string): RetimeResult | undefined {
  for (const line of text.split('\n').toReversed()) {
    if (line.startsWith('{"type":"done"')) return (JSON.parse(line) as { result: RetimeResult }).result;
  }
  return undefined;
}

for (const { name, ending, spec: specOf } of KINDS) {
  test(`${name}: the same pictures every time`, async (t) => {
    const { encoders } = await capabilities();
    const codec = /into (\w+)$/.exec(name)?.[1];
    const known = ENCODERS.filter((one) => one.codec === codec);
    if (known.length > 0 && !known.some((one) => encoders.has(one.name))) {
      skipped.push(`${name}: this ffmpeg has no encoder`);
      return t.skip('this ffmpeg has no encoder');
    }
    const place = (which: string): { home: string; spec: JobSpec } => {
      const at = join(folder, name.replaceAll(/\W/g, '-'), which);
      mkdirSync(join(at, 'out'), { recursive: true });
      return { home: join(at, 'home'), spec: specOf(join(at, 'out', ending)) };
    };
    const all = place('all');
    using db = openLibrary(await openHome({ library: all.home }));
    const first = await runJob(all.spec, { db, home: homeAt(all.home), threads: 2 });
    const one = place('one');
    const second = resultOf(onOneCore(one.home, one.spec).text);
    const cut = place('cut');
    const hook = new URL('../support/durable-hook.ts', import.meta.url).href;
    const killed = onOneCore(cut.home, cut.spec, {
      ...{ NODE_OPTIONS: `--import ${hook}`, INBETWEEN_STEPS: join(folder, `${name.replaceAll(/\W/g, '-')}.steps`) },
      INBETWEEN_KILL_AFTER: 'chunk',
    });
    assert.notEqual(killed.status, 0, 'it was killed');
    const third = resultOf(onOneCore(cut.home, cut.spec).text);
    assert.ok(third && third.reusedFrames > 0, 'it went on where it stopped');
    assert.deepEqual([second?.pictureHash, third.pictureHash], [first.pictureHash, first.pictureHash]);
    assert.match(first.pictureHash ?? '', /^[0-9a-f]{64}$/);
    jobs[name] = {
      ...{ hash: first.pictureHash!, frames: first.frames },
      runs: [
        'two threads on all cores',
        'one thread on one core',
        `killed and gone on with: ${third.reusedFrames} frames kept`,
      ],
    };
    tell();
    rmSync(join(folder, name.replaceAll(/\W/g, '-')), { recursive: true });
  });
}

test('all of them, as evidence', (t) => {
  const kinds = Object.keys(jobs).length;
  t.diagnostic(`${FIGURE}${kinds} kinds of jobs, 3 runs each, the same pictures in all`);
  tell();
  assert.equal(kinds + skipped.length, KINDS.length);
});

/** Written after each, so that a run that is stopped tells how far it came. */
function tell(): void {
  const kinds = Object.keys(jobs).length;
  writeEvidence('determinism', {
    complete: kinds + skipped.length === KINDS.length,
    kinds,
    runs: 3 * kinds,
    skipped,
    jobs,
  });
}

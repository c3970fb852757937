/** 50 jobs, each killed with SIGKILL at random moments until it finishes: every resume completes with the same frames. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { frameHashes, makeClip } from '../support/clips.ts';
import { inbetween, start, tempFolder, tree } from '../support/command.ts';
import { writeEvidence } from '../support/evidence.ts';

const KILLS = Number(process.env.INBETWEEN_KILLS ?? 50);

/** A small seeded generator, so that a failure can be repeated. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It had ended.
  }
}

test(`${KILLS} kills at random moments: every resume gives the uninterrupted run's frames`, async (t) => {
  const folder = tempFolder(t);
  const clip = join(folder, 'clip.mp4');
  makeClip(clip, { seconds: 4, shots: 3 });
  const args = (output: string) => [
    'slowmo',
    clip,
    '-o',
    output,
    '--engine',
    'glide:draft',
    '--audio',
    'keep-pitch',
    '--json',
  ];
  const whole = join(folder, 'whole.mp4');
  const started = Date.now();
  const first = await inbetween(join(folder, 'home-whole'), args(whole));
  assert.equal(first.status, 0, first.stderr);
  const duration = Date.now() - started;
  const expected = frameHashes(whole);
  assert.equal(expected.length, 384);

  const next = random(20261121);
  const figures = { kills: 0, jobs: 0, killedParent: 0, killedWorker: 0, killedAll: 0, reusedFrames: 0, mismatches: 0 };
  while (figures.kills < KILLS) {
    const home = join(folder, `home-${figures.jobs}`);
    const output = join(folder, `out-${figures.jobs}.mp4`);
    figures.jobs++;
    for (let attempt = 0; attempt < 3 && figures.kills < KILLS; attempt++) {
      const running = start(home, args(output));
      await new Promise((resolve) => setTimeout(resolve, next() * duration * 1.1));
      const pids = tree(running.child.pid!);
      const choice = next();
      const which = choice < 0.34 ? 'killedParent' : choice < 0.67 ? 'killedWorker' : 'killedAll';
      const victims = which === 'killedParent' ? pids.slice(0, 1) : which === 'killedWorker' ? pids.slice(1, 2) : pids;
      if (running.child.exitCode === null) {
        figures.kills++;
        figures[which]++;
      }
      victims.toReversed().forEach(kill);
      await running.done;
      assert.ok(!existsSync(output) || frameHashes(output).length === expected.length, 'no half-written output');
    }
    const resumed = await inbetween(home, args(output));
    assert.equal(resumed.status, 0, `job ${figures.jobs}: ${resumed.stderr}\n${resumed.stdout}`);
    figures.reusedFrames += JSON.parse(resumed.stdout).reusedFrames;
    const same = JSON.stringify(frameHashes(output)) === JSON.stringify(expected);
    if (!same) figures.mismatches++;
    assert.ok(same, `job ${figures.jobs}: the frames differ`);
  }
  assert.ok(figures.reusedFrames > 0, 'resumes did reuse chunks');
  const leftovers = readdirSync(folder).filter((name) => name.includes('.part'));
  assert.deepEqual(leftovers, [], 'nothing half-written is left beside the outputs');
  writeEvidence('kill', { ...figures, uninterruptedSeconds: duration / 1000, frames: expected.length });
});

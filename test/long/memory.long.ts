/** 10,000 source frames through the whole pipeline: resident memory of all its processes stays flat. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeClip } from '../support/clips.ts';
import { residentBytes, start, tempFolder, tree } from '../support/command.ts';
import { writeEvidence } from '../support/evidence.ts';

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

test('memory is flat over 10,000 frames', async (t) => {
  const folder = tempFolder(t);
  const clip = join(folder, 'long.mp4');
  makeClip(clip, { size: '480x270', rate: '25', seconds: 400, shots: 40 });
  const running = start(join(folder, 'home'), [
    ...['slowmo', clip, '-o', join(folder, 'out.mp4'), '--speed', '0.5', '--engine', 'glide:draft', '--json'],
  ]);
  const samples: number[] = [];
  const timer = setInterval(() => {
    samples.push(tree(running.child.pid!).reduce((sum, pid) => sum + residentBytes(pid), 0));
  }, 500);
  const run = await running.done;
  clearInterval(timer);
  assert.equal(run.status, 0, run.stderr);
  const result = JSON.parse(run.stdout);
  assert.equal(result.frames, 20_000);
  const megabytes = samples.map((bytes) => bytes / 2 ** 20);
  const fifth = Math.floor(megabytes.length / 5);
  const [early, late] = [mean(megabytes.slice(fifth, 2 * fifth)), mean(megabytes.slice(3 * fifth, 4 * fifth))];
  writeEvidence('memory', {
    sourceFrames: 10_000,
    outputFrames: result.frames,
    size: '480x270',
    seconds: result.seconds,
    meanMBInSecondFifth: Math.round(early),
    meanMBInFourthFifth: Math.round(late),
    peakMB: Math.round(Math.max(...megabytes)),
  });
  assert.ok(late < early * 1.05 + 15, `memory grew from ${early.toFixed(0)} to ${late.toFixed(0)} MB`);
});

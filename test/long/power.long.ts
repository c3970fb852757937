/**
 * Power cuts: kill -9 after each step of base/durable.ts, and the replay of each step with everything lost that was not synced. Everything that lasts goes
 * through that module; here are the chunks and outputs of jobs, the model store and a project's file. [Note: replay] in test/support/power-cut.ts says
 * what is modelled.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RecordedStep } from '../support/durable-hook.ts';
import { FIGURE } from '../guarantees/promise.ts';
import { writeEvidence } from '../support/evidence.ts';
import { buildState, CUT_STATES, hashOf, nameOf, recordScene, runScene, stateAfter } from '../support/power-cut.ts';
import {
  againScene,
  clipScene,
  countScene,
  modelScene,
  projectScene,
  type PowerScene,
} from '../support/power-scenes.ts';

const SCENES: readonly ((folder: string) => Promise<PowerScene>)[] = [
  countScene,
  (folder) => countScene(folder, { foreign: true }),
  againScene,
  (folder) => clipScene(folder, 'film.mp4'),
  (folder) => clipScene(folder, '%03d.png'),
  modelScene,
  projectScene,
];

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'inbetween-power-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Tally {
  tried: number;
  readonly wrong: string[];
}

const kills: Record<string, Tally> = {};
const replays: Record<string, Tally> = {};
const steps: Record<string, number> = {};
let chunksKept = 0;

for (const [number, make] of SCENES.entries()) {
  test(`scene ${number + 1}: killed after each step, and with the power cut there, nothing half is taken for whole`, async (t) => {
    await inFolder(async (folder) => {
      const scene = await make(folder);
      const recorded = await recordScene(scene);
      await replay(scene, recorded);
      await killAtEach(scene, recorded);
      tell();
      const [replayed, killed] = [replays[scene.name]!, kills[scene.name]!];
      t.diagnostic(`${scene.name}: ${killed.tried} kills, ${replayed.tried} states after a power cut`);
      assert.deepEqual([...replayed.wrong, ...killed.wrong], []);
    });
  });
}

test('all of it, as evidence', (t) => {
  const { wrong, scenes } = tell();
  t.diagnostic(
    `${FIGURE}${count(kills)} kills at named steps and ${count(replays)} states after a power cut, ${wrong.length} wrong`,
  );
  assert.equal(scenes, SCENES.length);
  assert.deepEqual(wrong, []);
});

/** Written after each scene, so that a run that is stopped tells how far it came. */
function tell(): { wrong: string[]; scenes: number } {
  const wrong = [...wrongIn(kills), ...wrongIn(replays)];
  const scenes = Object.keys(kills).length;
  writeEvidence('power', {
    ...{
      complete: scenes === SCENES.length,
      kills: count(kills),
      states: count(replays),
      wrong,
      chunksKept,
      scenes,
      steps,
    },
    killsByScene: byScene(kills),
    statesByScene: byScene(replays),
    modelled:
      'names not synced kept or undone by folder, bytes not synced empty or zeros, database at its last synced commit or as it was',
    notModelled: 'disks that lie about fsync, torn pages within SQLite (trusted), parts of a file, a step half done',
  });
  return { wrong, scenes };
}

async function replay(scene: PowerScene, recorded: readonly RecordedStep[]): Promise<void> {
  const tally = (replays[scene.name] ??= { tried: 0, wrong: [] });
  const seen = new Set<string>();
  for (const [at, step] of recorded.entries()) {
    const name = nameOf(step, scene);
    if (at > 0) steps[name] = (steps[name] ?? 0) + 1;
    const lasting = chunksLasting(recorded.slice(0, at + 1), scene.home);
    for (const cut of CUT_STATES) {
      const state = stateAfter(recorded, at, cut, scene);
      const hash = hashOf(state);
      if (seen.has(hash)) continue;
      seen.add(hash);
      buildState(state, scene);
      tally.tried++;
      const look = await scene.look();
      const { problem, reused } = await goOn(scene);
      const lost =
        scene.name === 'a first run' && reused < lasting ? `${lasting - reused} chunks made again` : undefined;
      chunksKept += reused;
      const wrong = look ?? problem ?? lost;
      if (wrong) tally.wrong.push(`after ${at} (${name}), ${JSON.stringify(cut)}: ${wrong}`);
    }
  }
}

/** Kills whoever took the step, and at every other step its parent too. */
async function killAtEach(scene: PowerScene, recorded: readonly RecordedStep[]): Promise<void> {
  const tally = (kills[scene.name] ??= { tried: 0, wrong: [] });
  const before = stateAfter(recorded, 0, CUT_STATES[0]!, scene);
  for (const at of recorded.keys()) {
    if (at === 0) continue;
    buildState(before, scene);
    const log = join(scene.store, `kill-${at}`);
    const whom = at % 2 === 0 ? 'all' : 'self';
    const env = { INBETWEEN_STEPS: log, INBETWEEN_KILL_AT: String(at), INBETWEEN_KILL: whom };
    const { status } = await runScene(scene, env);
    // The last step may be the last thing it does at all.
    if (status !== 0) tally.tried++;
    const look = await scene.look();
    const { problem } = await goOn(scene);
    if (look ?? problem)
      tally.wrong.push(`killed (${whom}) after ${at} (${nameOf(recorded[at]!, scene)}): ${look ?? problem}`);
  }
}

async function goOn(scene: PowerScene): Promise<{ problem: string | undefined; reused: number }> {
  return await scene.goOn().catch((error: unknown) => ({ problem: String(error), reused: 0 }));
}

/** Chunks whose bytes and names are on the disk for certain. */
function chunksLasting(past: readonly RecordedStep[], home: string): number {
  const folders = new Set<string>();
  for (const [at, { op, path, to }] of past.entries()) {
    if (op !== 'rename' || !to?.startsWith(join(home, 'chunks'))) continue;
    const folder = join(to, '..');
    const after = past.slice(at).some((step) => step.op === 'sync-folder' && step.path === folder);
    if (after && path !== to) folders.add(to);
  }
  return folders.size;
}

function count(tallies: Record<string, Tally>): number {
  return Object.values(tallies).reduce((sum, { tried }) => sum + tried, 0);
}

function wrongIn(tallies: Record<string, Tally>): string[] {
  return Object.entries(tallies).flatMap(([name, { wrong }]) => wrong.map((one) => `${name}: ${one}`));
}

function byScene(tallies: Record<string, Tally>): Record<string, number> {
  return Object.fromEntries(Object.entries(tallies).map(([name, { tried }]) => [name, tried]));
}

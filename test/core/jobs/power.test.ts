/** A choice of test/long/power.long.ts: the steps at which most is at stake. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../support/command.ts';
import { buildState, nameOf, recordScene, stateAfter, type CutState } from '../../support/power-cut.ts';
import { countScene } from '../../support/power-scenes.ts';

test('a power cut after renaming a chunk or the output: nothing half is taken for whole, and the job goes on', async (t) => {
  const folder = join(tempFolder(t), 'cut');
  mkdirSync(folder);
  const scene = await countScene(folder, { chunks: 1 });
  const recorded = await recordScene(scene);
  const names = recorded.map((step) => nameOf(step, scene));
  const ordered = ['chunk: sync-file', 'chunk: rename', 'chunk: sync-folder', 'output: sync-file', 'output: link'];
  const last = ['output: sync-folder', 'database of the worker: commit', 'database of the runner: commit'];
  const places = [...ordered, ...last].map((name) => names.lastIndexOf(name));
  assert.deepEqual(
    places,
    places.toSorted((a, b) => a - b),
    names.join(', '),
  );
  // With the chunks that are not made again; the last is done.
  const cuts: readonly [string, CutState, number][] = [
    ['chunk: sync-folder', { names: 'undone', bytes: 'zeros', database: 'committed' }, 1],
    ['output: unlink', { names: 'kept', bytes: 'zeros', database: 'committed' }, 1],
    ['database of the runner: commit', { names: 'undone', bytes: 'empty', database: 'latest' }, 1],
  ];
  for (const [name, cut, reused] of cuts) {
    buildState(stateAfter(recorded, names.lastIndexOf(name), cut, scene), scene);
    assert.equal(await scene.look(), undefined, name);
    assert.deepEqual(await scene.goOn(), { problem: undefined, reused }, name);
  }
});

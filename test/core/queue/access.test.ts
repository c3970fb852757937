/** A page may write only into folders that were opened to it: exports, batches and pairs ask before anything else. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { BatchSpec, BatchStatus, ExportOptions, PairSpec } from '../../../app/contract/queue.ts';
import { openStudio } from '../../../app/core/studio/open.ts';
import { tempFolder } from '../../support/command.ts';
import { until } from '../jobs/support.ts';

test('nothing is read or written outside of the opened folders', async (t) => {
  const folder = tempFolder(t);
  const [open, closed] = [join(folder, 'open'), join(folder, 'closed')];
  for (const one of [open, closed]) mkdirSync(one);
  await using studio = await openStudio({ library: join(folder, 'home'), media: '/media/', roots: [open] });
  const refused = async (method: string, params: unknown): Promise<void> => {
    const answer = await studio.invoke(method, params);
    assert.equal(answer.ok ? 'let through' : answer.error.code, 'path-refused', `${method} ${JSON.stringify(params)}`);
  };
  const created = await studio.invoke('project.create', { name: 'x' });
  assert.ok(created.ok);
  const { id: project } = created.result as { id: string };
  const options: ExportOptions = { scope: { what: 'sequence' }, output: '', codec: 'h264', force: true };
  for (const output of [join(closed, 'x.mp4'), join(open, '..', 'closed', 'x.mp4'), 'x.mp4']) {
    for (const method of ['export.plan', 'export.start']) {
      await refused(method, { project, options: { ...options, output } });
    }
  }
  const recipe = { speed: { num: 1, den: 2 }, factor: 1, engine: 'hold' };
  const batch: BatchSpec = { input: open, output: open, recipe, recursive: true, watch: true, overrides: {} };
  for (const method of ['batch.plan', 'batch.start']) {
    await refused(method, { spec: { ...batch, input: closed } });
    await refused(method, { spec: { ...batch, output: closed } });
  }
  const photo = join(open, 'a.png');
  const pair: PairSpec = { a: photo, b: photo, recursions: 1, engine: 'hold', fps: { num: 10, den: 1 } };
  await refused('pair.start', { spec: { ...pair, a: join(closed, 'a.png') } });
  await refused('pair.start', { spec: { ...pair, b: join(closed, 'a.png') } });
  await refused('pair.start', { spec: { ...pair, output: join(closed, 'a.webm') } });
});

test('a batch writes through no link that leads out, and takes nothing that is hidden', async (t) => {
  const folder = tempFolder(t);
  const [input, output, closed] = ['open/in', 'open/out', 'closed'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const one of [join(input, 'day'), join(input, '.trash'), output, closed]) mkdirSync(one, { recursive: true });
  symlinkSync(closed, join(output, 'day'));
  for (const name of ['day/a.mp4', '.trash/b.mp4']) writeFileSync(join(input, name), '');
  const roots = [join(folder, 'open')];
  await using studio = await openStudio({ library: join(folder, 'home'), media: '/media/', roots });
  const recipe = { speed: { num: 1, den: 2 }, factor: 1, engine: 'hold' };
  const spec: BatchSpec = { input, output, recipe, recursive: true, watch: false, overrides: {} };
  assert.ok((await studio.invoke('batch.start', { spec })).ok);
  let files: BatchStatus['files'] = [];
  await until(async () => {
    const answer = await studio.invoke('batch.list', {});
    files = answer.ok ? (answer.result as BatchStatus[])[0]!.files : [];
    return files.some(({ state }) => state !== 'new');
  }, 10_000);
  assert.deepEqual(
    files.map(({ path, state }) => [path, state]),
    [['day/a.mp4', 'failed']],
  );
  assert.match(files[0]!.problem ?? '', /not in a folder that was opened/);
  assert.deepEqual(readdirSync(closed), []);
});

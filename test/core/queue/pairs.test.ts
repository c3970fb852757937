/** Two photos, made in a process of their own. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { PairSpec, PairStatus } from '../../../app/contract/queue.ts';
import { openHome } from '../../../app/core/base/home.ts';
import { openLibrary } from '../../../app/core/library/db.ts';
import { Pairs } from '../../../app/core/queue/pairs.ts';
import { ffmpegOutput } from '../../support/clips.ts';
import { tempFolder } from '../../support/command.ts';
import { until } from '../jobs/support.ts';
import { ONLY_LONG } from '../../support/few.ts';

interface Place extends AsyncDisposable {
  readonly folder: string;
  readonly pairs: Pairs;
  readonly told: PairStatus[];
  spec(changes?: Partial<PairSpec>): PairSpec;
}

async function open(t: TestContext): Promise<Place> {
  const folder = tempFolder(t);
  const home = await openHome({ library: join(folder, 'home') });
  const db = openLibrary(home);
  const told: PairStatus[] = [];
  const pairs = new Pairs({ db, home, onChanged: (status) => told.push(status) });
  const [a, b] = [join(folder, 'first.png'), join(folder, 'second.png')];
  for (const [path, skip] of [
    [a, 0],
    [b, 3],
  ] as const)
    still(path, '160x90', skip);
  return {
    ...{ folder, pairs, told },
    spec: (changes = {}) => ({ a, b, recursions: 3, engine: 'glide', fps: { num: 10, den: 1 }, ...changes }),
    [Symbol.asyncDispose]: async () => {
      await pairs.close();
      db.close();
    },
  };
}

function still(path: string, size: string, skip: number): void {
  const source = `testsrc2=size=${size}:rate=10`;
  ffmpegOutput('-f', 'lavfi', '-ss', String(skip / 10), '-i', source, '-frames:v', '1', '-y', path);
}

const of = (pairs: Pairs, id: string): PairStatus => pairs.list().find((pair) => pair.id === id)!;
const ended = async (pairs: Pairs, id: string): Promise<PairStatus> => {
  await until(() => of(pairs, id).state !== 'running', 60_000);
  return of(pairs, id);
};

test('pictures come as they are made, then the video', async (t) => {
  await using place = await open(t);
  const { pairs, told } = place;
  const id = pairs.start(place.spec());
  assert.ok(pairs.busy);
  const pair = await ended(pairs, id);
  assert.equal(pair.problem, null);
  assert.deepEqual([pair.state, pair.done, pair.total], ['done', 7, 7]);
  assert.equal(pair.middle, `pair/${id}/middle`);
  const pixels = (which: string) =>
    ffmpegOutput('-i', pairs.picture(id, which)!, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-');
  const source = ffmpegOutput('-i', place.spec().a, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-');
  assert.ok(pixels('first').equals(source), 'the first picture is the photo itself');
  assert.ok(!pixels('middle').equals(source) && !pixels('middle').equals(pixels('last')));
  const probe = ffmpegOutput('-i', `file:${pair.output}`, '-f', 'framecrc', '-').toString();
  assert.equal(probe.split('\n').filter((line) => line.startsWith('0,')).length, 9);
  const early = told.findIndex(({ middle }) => middle !== null);
  assert.ok(early >= 0 && told[early]!.output === null && told[early]!.done === 0, 'the middle one is seen first');
  assert.equal(pairs.picture(id, '../x'), undefined);
  assert.equal(pairs.picture('../x', 'first'), undefined);
});

test('what is wrong with the photos is said', { skip: ONLY_LONG }, async (t) => {
  await using place = await open(t);
  const { pairs, folder } = place;
  const [small, text] = [join(folder, 'small.png'), join(folder, 'text.png')];
  still(small, '80x44', 0);
  writeFileSync(text, 'not a picture');
  const problem = async (changes: Partial<PairSpec>) => (await ended(pairs, pairs.start(place.spec(changes)))).problem;
  // Another size is no problem: it is made to fit.
  assert.equal(await problem({ b: small, recursions: 1 }), null);
  assert.equal((await problem({ a: text }))?.code, 'unreadable');
  assert.equal((await problem({ a: join(folder, 'none.png') }))?.code, 'not-found');
  assert.equal((await problem({ engine: 'none' }))?.code, 'engine-unknown');
  assert.equal((await problem({ output: place.spec().a }))?.code, 'output-is-input');
});

test('cancelling ends it within a second and leaves no file; the next one goes on', async (t) => {
  await using place = await open(t);
  const { pairs, folder } = place;
  const output = join(folder, 'out.webm');
  const id = pairs.start(place.spec({ recursions: 8, output }));
  const next = pairs.start(place.spec({ recursions: 1 }));
  await until(() => of(pairs, id).done > 3, 30_000);
  const at = performance.now();
  await pairs.cancel(id);
  assert.ok(performance.now() - at < 1500, `${performance.now() - at} ms`);
  assert.equal(of(pairs, id).state, 'cancelled');
  assert.equal((await ended(pairs, next)).state, 'done');
  assert.ok(!existsSync(output));
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.includes('.part')),
    [],
  );
});

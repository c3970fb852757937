import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { AppError } from '../../../app/contract/errors.ts';
import type { JobEvent, RetimeResult } from '../../../app/contract/jobs.ts';
import type { MorphSpec } from '../../../app/contract/morph.ts';
import { openHome } from '../../../app/core/base/home.ts';
import { runJob } from '../../../app/core/jobs/runner.ts';
import { prepareJob } from '../../../app/core/jobs/spec.ts';
import { openLibrary, type Library } from '../../../app/core/library/db.ts';
import { jobById } from '../../../app/core/library/job-rows.ts';
import { runMorph } from '../../../app/core/morph/run.ts';
import { frameHashes } from '../../support/clips.ts';
import { tempFolder } from '../../support/command.ts';
import { gap, morphOf, picture } from '../morph/support.ts';

interface Place {
  readonly folder: string;
  readonly db: Library;
  run(spec: MorphSpec, onEvent?: (event: JobEvent) => void): Promise<RetimeResult>;
}

async function place(t: TestContext): Promise<Place> {
  const folder = tempFolder(t);
  const home = await openHome({ library: join(folder, 'library') });
  const db = openLibrary(home);
  t.after(() => db[Symbol.dispose]());
  const run: Place['run'] = (spec, onEvent) => runJob(spec, { db, home, threads: 2, ...(onEvent && { onEvent }) });
  return { folder, db, run };
}

const stills = (folder: string): string[] =>
  ['testsrc2', 'testsrc', 'rgbtestsrc'].map((source) => picture(join(folder, `${source}.png`), `${source}=size=48x32`));

test(
  'kill -9 in the middle: the next run goes on, and the frames are the same; an edit makes anew what it touches',
  { timeout: 120_000 },
  async (t) => {
    const { folder, db, run } = await place(t);
    const inputs = stills(folder);
    const spec = morphOf(inputs, join(folder, 'out.mkv'), [gap(130), gap(80)], { codec: 'ffv1' });
    const { id } = prepareJob(spec);
    let kept = 0;
    const killed = run(spec, (event) => {
      if (event.type !== 'progress' || event.stage !== 'rendering' || event.done < 60 || kept > 0) return;
      kept = event.done;
      process.kill(jobById(db, id)!.worker!.pid, 'SIGKILL');
    });
    await assert.rejects(killed, (error: AppError) => error.code === 'worker-died');
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('out') || name.startsWith('.inbetween')),
      [],
      'nothing is left where the film would be',
    );
    const result = await run(spec);
    assert.ok(result.reusedFrames >= 40 && result.reusedFrames < 213, `${result.reusedFrames} of ${kept}`);
    assert.deepEqual([result.frames, result.synthesised, result.passedThrough], [213, 210, 3]);
    // The same film, made at one go and without a library.
    await runMorph({ ...spec, output: join(folder, 'again.mkv') });
    assert.deepEqual(frameHashes(join(folder, 'out.mkv')), frameHashes(join(folder, 'again.mkv')));
    assert.deepEqual(await run(spec), result, 'what is done is not done again');
    // An edit of the second gap: all pieces of the first one are there.
    const edited = { ...spec, gaps: [gap(130), gap(70)], output: join(folder, 'edited.mkv') };
    assert.equal((await run(edited)).reusedFrames, 131);
  },
);

test('frames go into a folder that is made, and unmade where nothing comes of it', async (t) => {
  const { folder, run } = await place(t);
  const inputs = stills(folder);
  const output = `${join(folder, 'frames')}/`;
  const { output: pattern } = await run(morphOf(inputs.slice(0, 2), output, 2));
  assert.equal(pattern, join(folder, 'frames', '%05d.png'));
  assert.deepEqual(readdirSync(output), ['00001.png', '00002.png', '00003.png', '00004.png']);
  const none = morphOf([inputs[0]!, join(folder, 'none.png')], `${join(folder, 'other')}/`, 2);
  await assert.rejects(run(none), { code: 'not-found' });
  assert.equal(statSync(join(folder, 'other'), { throwIfNoEntry: false }), undefined);
  await assert.rejects(run(morphOf(inputs.slice(0, 1), join(folder, 'c.webm'), [])), {
    code: 'bad-job',
    message: /two or more/,
  });
});

/** Tag jobs with a real network in a process of their own: killed and gone on with, done again from stored scores. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { AppError } from '../../../app/contract/errors.ts';
import type { JobEvent, RetimeResult } from '../../../app/contract/jobs.ts';
import { SPAN_RULES, type TagSpec } from '../../../app/contract/tags.ts';
import { openHome } from '../../../app/core/base/home.ts';
import { runJob } from '../../../app/core/jobs/runner.ts';
import { prepareJob } from '../../../app/core/jobs/spec.ts';
import { clipByPath } from '../../../app/core/library/clip-rows.ts';
import { openLibrary, type Library } from '../../../app/core/library/db.ts';
import { jobById } from '../../../app/core/library/job-rows.ts';
import { clipTags } from '../../../app/core/library/span-rows.ts';
import { readEmbeddings, readScores, runById } from '../../../app/core/library/tag-runs.ts';
import { probe } from '../../../app/core/media/probe.ts';
import { keepRules, spansByRules } from '../../../app/core/tags/recompute.ts';
import { tagClip } from '../../../app/core/tags/run.ts';
import { ffmpegOutput } from '../../support/clips.ts';
import { shared, tempFolder } from '../../support/command.ts';
import { narrowEntry } from './narrow-task.ts';

const TASKS = fileURLToPath(new URL('./narrow-task.ts', import.meta.url));
const skip = shared ? false : 'INBETWEEN_SHARED is not set: neither the network nor the clips are here';
const LOW = { ...SPAN_RULES, on: 0.2, off: 0.1 };

interface Place {
  readonly db: Library;
  run(spec: TagSpec, onEvent?: (event: JobEvent) => void): Promise<RetimeResult>;
}

async function place(t: TestContext): Promise<Place> {
  const home = await openHome({ library: join(tempFolder(t), 'library') });
  const db = openLibrary(home);
  t.after(() => db[Symbol.dispose]());
  return {
    db,
    run: (spec, onEvent) => runJob(spec, { db, home, threads: 1, tasks: TASKS, ...(onEvent && { onEvent }) }),
  };
}

function specOf(input: string, output: string, more: Partial<TagSpec> = {}): TagSpec {
  return {
    ...{ kind: 'tag', title: 'x', input, engine: 'narrow', rules: LOW, labels: null, top: 3, output, force: false },
    ...more,
  };
}

/** A clip of people: those of the Weizmann set one after another, often. */
function longClip(folder: string): string {
  const path = join(folder, 'people.mkv');
  const source = join(shared!, 'clips', 'actions', 'weizmann_mini', 'wave_one_hand_p0_o.mp4');
  ffmpegOutput('-stream_loop', '6', '-i', source, '-c', 'copy', '-f', 'matroska', path);
  return path;
}

test(
  'kill -9 in the middle: going on gives the scores of a run at one go, bit for bit',
  { skip, timeout: 120_000 },
  async (t) => {
    const folder = tempFolder(t);
    const input = longClip(folder);
    const [killed, whole] = [await place(t), await place(t)];
    const spec = specOf(input, join(folder, 'a.json'));
    const { id } = prepareJob(spec);
    let [kept, seen] = [0, 0];
    const first = killed.run(spec, (event) => {
      if (event.type !== 'progress' || event.stage !== 'recognising' || event.done < 32 || kept > 0) return;
      kept = event.done;
      const tags = clipTags(killed.db, clipByPath(killed.db, input)!.id);
      assert.equal(tags.runs[0]!.finished, false);
      seen = tags.spans.length;
      process.kill(jobById(killed.db, id)!.worker!.pid, 'SIGKILL');
    });
    await assert.rejects(first, (error: AppError) => error.code === 'worker-died');
    assert.ok(seen > 0, 'spans are there while the clip still runs');
    const result = await killed.run(spec);
    assert.ok(
      result.reusedFrames >= kept - 8 && result.reusedFrames < result.frames,
      `${result.reusedFrames} of ${kept}`,
    );
    const again = await whole.run(specOf(input, join(folder, 'b.json')));
    assert.deepEqual([again.frames, again.reusedFrames], [result.frames, 0]);
    const [one, other] = [result, again].map(({ tags }, i) => {
      const { db } = [killed, whole][i]!;
      const run = runById(db, tags!.run);
      const spans = clipTags(db, run.clip).spans.map(({ label, start, end, score }) => ({ label, start, end, score }));
      return { scores: readScores(db, run), embeddings: readEmbeddings(db, run), spans };
    });
    assert.ok(one!.scores.length > 80 * 16 && one!.scores.some((score) => score > 0.2));
    assert.deepEqual(one, other);
    assert.equal(readFileSync(join(folder, 'a.json'), 'utf8'), readFileSync(join(folder, 'b.json'), 'utf8'));
  },
);

test(
  'what is known is not recognised again: other rules, labels and formats are made of stored scores',
  { skip },
  async (t) => {
    const folder = tempFolder(t);
    const { db, run } = await place(t);
    const input = join(shared!, 'clips', 'actions', 'weizmann_mini', 'wave_one_hand_p0_o.mp4');
    const spec = specOf(input, join(folder, 'a.json'));
    const stages = new Set<string>();
    const listen = (event: JobEvent): void => void (event.type === 'progress' && stages.add(event.stage));
    const first = await run(spec, listen);
    assert.ok(stages.has('recognising'));
    assert.equal(first.frames, 13);
    const written = JSON.parse(readFileSync(first.output, 'utf8'));
    assert.deepEqual(Object.keys(written), [
      ...['input', 'engine', 'version', 'rules', 'labels', 'rate', 'duration', 'top', 'spans', 'curves'],
    ]);
    assert.deepEqual(written.top, first.tags!.top);
    const [best] = first.tags!.top;
    const curve: number[] = written.curves.values[best!.label];
    assert.ok(curve.length === 7 && Math.max(...curve) >= best!.score, 'two points a second');
    stages.clear();
    assert.deepEqual(await run(spec), first, 'the same again is the same job');
    const rules = { ...LOW, on: 0.9, off: 0.9 };
    const csv = await run(specOf(input, join(folder, 'b.csv'), { rules, labels: [best!.label.toUpperCase()] }), listen);
    assert.ok(!stages.has('recognising'));
    assert.deepEqual([csv.reusedFrames, csv.engineMs, csv.tags!.run], [13, 0, first.tags!.run]);
    assert.equal(readFileSync(csv.output, 'utf8').split('\r\n')[0], 'label,start,end,score');
    assert.deepEqual(
      csv.tags!.top.map(({ label }) => label),
      [best!.label],
    );
    const { id } = clipByPath(db, input)!;
    assert.deepEqual(clipTags(db, id).runs[0]!.rules, rules);
    assert.equal(clipTags(db, id).spans.length, 0, 'the library has the spans of the newest rules');
    stages.clear();
    const anew = await run(specOf(input, join(folder, 'c.json'), { again: 'now' }), listen);
    assert.ok(stages.has('recognising'));
    assert.notEqual(anew.tags!.run, first.tags!.run);
    assert.deepEqual(clipTags(db, id).runs.length, 1, 'the new run took the place of the old one');

    // What a person keeps while the clip is tagged anew is newer than what the job was started with.
    const other = { ...LOW, on: 0.02, off: 0.01, shortest: 0 };
    let kept = false;
    const entry = await narrowEntry();
    const info = await probe(input);
    const setup = { threads: 1, signal: new AbortController().signal };
    await tagClip({
      ...{ db, clip: id, info, content: 'as it is', entry, rules, ...setup },
      onProgress: () => {
        if (kept) return;
        kept = true;
        const row = runById(db, anew.tags!.run);
        keepRules(db, row, other, spansByRules(db, row, other));
      },
    });
    const { runs: left, spans } = clipTags(db, id);
    assert.deepEqual([kept, left.length, left[0]!.rules], [true, 1, other]);
    const made = spansByRules(db, runById(db, left[0]!.id), other);
    assert.ok(
      made.length > 0 && spans.length === made.length,
      `${spans.length} of ${made.length}: the first rules would find none`,
    );
  },
);

test('what cannot be done is refused in words', { skip }, async (t) => {
  const folder = tempFolder(t);
  const { run } = await place(t);
  const people = join(shared!, 'clips', 'actions', 'weizmann_mini', 'wave_one_hand_p0_o.mp4');
  const out = join(folder, 'x.json');
  await assert.rejects(run(specOf(people, out, { labels: ['label 99'] })), {
    code: 'label-unknown',
    message: /'label 9'/,
  });
  await assert.rejects(run(specOf(people, out, { rules: { ...LOW, off: 0.5 } })), {
    code: 'bad-job',
    message: /rules/,
  });
  await assert.rejects(run(specOf(people, people)), { code: 'output-is-input' });
  await assert.rejects(run(specOf(people, out, { overlay: people, force: true })), { code: 'output-is-input' });
});

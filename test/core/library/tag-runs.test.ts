import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { SPAN_RULES } from '../../../app/contract/tags.ts';
import { openHome } from '../../../app/core/base/home.ts';
import { insertClip } from '../../../app/core/library/clip-rows.ts';
import { openLibrary, type Library } from '../../../app/core/library/db.ts';
import { asStored, packScores, unpackScores } from '../../../app/core/library/score-pack.ts';
import { finishRun } from '../../../app/core/library/span-rows.ts';
import {
  appendScores,
  beginRun,
  finishedRun,
  readEmbeddings,
  readScores,
  runById,
  runsOf,
  runState,
  runTotals,
  scoreBytes,
  type NewRun,
} from '../../../app/core/library/tag-runs.ts';
import { random } from '../../support/random.ts';

const folder = mkdtempSync(join(tmpdir(), 'inbetween-runs-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const db = openLibrary(await openHome({ library: folder }));
after(() => db.close());

let clips = 0;
function newRun(change: Partial<NewRun> = {}): NewRun {
  const clip = insertClip(db, { path: `/films/${clips++}.mp4`, bytes: 1, mtimeNs: '1', named: true });
  const run = { engine: 'e', version: '1', content: 'c', labels: ['a', 'b', 'c'], rules: SPAN_RULES };
  return { clip, ...run, rate: 5, embedding: 4, ...change };
}

test('scores are read back as they were said to be stored, whatever part is asked for', () => {
  const next = random(1);
  const run = beginRun(db, newRun());
  const parts: Float32Array[] = [];
  const vectors: Float32Array[] = [];
  let first = 0;
  for (const count of [7, 1, 25, 0, 12]) {
    const scores = Float32Array.from({ length: count * 3 }, () => next() ** 6);
    const embeddings = Float32Array.from({ length: count * 4 }, () => 8 * next() - 1);
    parts.push(appendScores(db, run, first, scores, embeddings, new Uint8Array([first])));
    vectors.push(embeddings);
    for (const [i, value] of parts.at(-1)!.entries()) {
      assert.ok(Math.abs(value - scores[i]!) <= Math.max(1e-6, 0.0157 * scores[i]!), `${value} for ${scores[i]}`);
      if (scores[i]! >= 1 / 16) assert.ok(Math.abs(value - scores[i]!) < 0.0003);
    }
    first += count;
  }
  const all = Float32Array.from(parts.flatMap((part) => [...part]));
  assert.deepEqual(readScores(db, run), all);
  assert.deepEqual(asStored(all), all, 'rounding twice is rounding once');
  for (const [from, to] of [
    [0, 1],
    [6, 9],
    [8, 33],
    [30, 99],
    [45, 50],
    [9, 9],
  ] as const) {
    const column = [...all.subarray(from * 3, to * 3)].filter((_, i) => i % 3 !== 1);
    const swapped = readScores(db, run, from, to, [2, 0]);
    const pairs = Array.from({ length: swapped.length / 2 }, (_, i) => [swapped[2 * i + 1]!, swapped[2 * i]!]).flat();
    assert.deepEqual(pairs, column, `${from} to ${to}`);
  }
  const given = vectors.flatMap((part) => [...part]);
  const kept = readEmbeddings(db, run, 3, 40);
  assert.deepEqual(kept.at, [3, 5, 8, 10, 13, 15, 18, 20, 23, 25, 28, 30, 33, 35, 38], 'two a second');
  for (const [place, at] of kept.at.entries()) {
    const vector = given.slice(at * 4, at * 4 + 4);
    const most = Math.max(...vector.map(Math.abs));
    for (const [i, value] of vector.entries())
      assert.ok(Math.abs(kept.values[place * 4 + i]! - value) <= most / 250, 'an int8 of the largest');
  }
  assert.deepEqual(runState(db, run), { scores: 45, state: Buffer.from([33]) });
  for (const [i, { label, peak, mean }] of runTotals(db, run).entries()) {
    const column = [...all].filter((_, at) => at % 3 === i);
    assert.equal(label, ['a', 'b', 'c'][i]);
    assert.equal(peak, Math.max(...column));
    assert.ok(Math.abs(mean - column.reduce((sum, value) => sum + value, 0) / 45) < 1e-9);
  }
});

test('odd probabilities, gaps, overlaps and strange bytes', () => {
  assert.deepEqual([...asStored(Float32Array.from([NaN, -1, 2, 1, 0, 1e-9]))], [0, 0, 1, 1, 0, 0]);
  const run = beginRun(db, newRun({ embedding: 0 }));
  appendScores(db, run, 0, new Float32Array(6), null, null);
  assert.throws(() => appendScores(db, run, 3, new Float32Array(3), null, null), { code: 'internal' });
  assert.throws(() => appendScores(db, run, 1, new Float32Array(3), null, null), { code: 'internal' });
  assert.throws(() => appendScores(db, run, 2, new Float32Array(4), null, null), { code: 'internal' });
  assert.deepEqual(readEmbeddings(db, run), { at: [], values: new Float32Array() });
  db.run('UPDATE tag_scores SET probabilities = ? WHERE run = ?', new Uint8Array([1, 2, 3]), run.number);
  assert.throws(() => readScores(db, run), { code: 'database' });
  assert.throws(() => runById(db, 'nobody'), { code: 'run-unknown' });
});

test('a run is gone on with only where everything is the same, and takes the place of older ones when it is finished', () => {
  const wanted = newRun();
  const first = beginRun(db, wanted);
  appendScores(db, first, 0, new Float32Array(3), null, new Uint8Array([1]));
  const rules = { ...SPAN_RULES, on: 0.9 };
  const again = beginRun(db, { ...wanted, rules });
  assert.deepEqual([again.id, again.scores, again.rules.on], [first.id, 1, 0.9]);
  assert.equal(finishedRun(db, wanted), undefined);
  finishRun(db, again, []);
  assert.equal(finishedRun(db, wanted)!.id, first.id);
  assert.equal(runState(db, again).state, null, 'nobody goes on with it');
  assert.throws(() => appendScores(db, again, 1, new Float32Array(3), null, null), { code: 'internal' });
  for (const other of [{ version: '2' }, { content: 'd' }, { labels: ['a', 'b'] }, { rate: 4 }]) {
    const next = beginRun(db, { ...wanted, ...other });
    assert.deepEqual(
      runsOf(db, wanted.clip).map(({ id }) => id),
      [first.id, next.id],
      'the finished one and the newest unfinished one',
    );
    assert.equal(finishedRun(db, { ...wanted, ...other, version: '3' }), undefined);
  }
  const last = beginRun(db, { ...wanted, version: '9' });
  finishRun(db, last, []);
  assert.deepEqual(
    runsOf(db, wanted.clip).map(({ id }) => id),
    [last.id],
  );
  assert.throws(() => finishRun(db, first, []), { code: 'run-unknown' });
});

/** A quarter of an hour of what networks say: labels come and go over seconds. Appended a few seconds at a time. */
function quarter(
  library: Library,
  labels: number,
  rate: number,
  softmax: boolean,
): { bytes: number; appends: number[] } {
  const next = random(5);
  const noise = (): number => next() + next() + next() + next() - 2;
  const names = Array.from({ length: labels }, (_, i) => `label ${i}`);
  const run = beginRun(library, newRun({ labels: names, rate, embedding: 0 }));
  const [base, value] = [names.map(() => 2.5 * noise()), names.map(noise)];
  const [before, count, keep] = [scoreBytes(library), Math.round(4 * rate), 1 - 0.35 / rate];
  const appends: number[] = [];
  for (let first = 0; first < 900 * rate; first += count) {
    const scores = new Float32Array(count * labels);
    for (let i = 0; i < count; i++) {
      let sum = 0;
      for (let k = 0; k < labels; k++) {
        value[k] = keep * value[k]! + Math.sqrt(1 - keep * keep) * 1.7 * noise();
        const logit = softmax ? base[k]! + 1.5 * value[k]! : 3 * value[k]! - 4;
        sum += scores[i * labels + k] = softmax ? Math.exp(logit) : 1 / (1 + Math.exp(-logit));
      }
      if (softmax) for (let k = 0; k < labels; k++) scores[i * labels + k]! /= sum;
    }
    const start = process.cpuUsage();
    appendScores(library, run, first, scores, null, null);
    const { user, system } = process.cpuUsage(start);
    appends.push((user + system) / 1000);
  }
  return { bytes: scoreBytes(library) - before, appends };
}

test('an hour of scores is small, and appending takes no longer at its end', (context) => {
  for (const [labels, rate, softmax, most] of [
    [600, 5, true, 12e6],
    [17, 12.5, false, 1.5e6],
  ] as const) {
    const { bytes, appends } = quarter(db, labels, rate, softmax);
    const middle = (all: number[]): number => all.toSorted((a, b) => a - b)[all.length >> 1]!;
    const [early, late] = [middle(appends.slice(0, 50)), middle(appends.slice(-50))];
    const said = `${labels} labels at ${rate} a second: ${((4 * bytes) / 1e6).toFixed(2)} MB an hour`;
    context.diagnostic(`${said}, ${early.toFixed(2)} ms an append at first, ${late.toFixed(2)} ms at the end`);
    assert.ok(4 * bytes < most, said);
    assert.ok(late < 4 * early + 2, said);
  }
});

test('nothing that was appended is lost when the process is killed', async () => {
  const wanted = newRun({ embedding: 0 });
  const { number } = beginRun(db, wanted);
  const at = (path: string): string => JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../..', path)).href);
  const script = `
    import { writeSync } from 'node:fs';
    const { openLibrary } = await import(${at('app/core/library/db.ts')});
    const { appendScores, beginRun } = await import(${at('app/core/library/tag-runs.ts')});
    const db = openLibrary({ database: ${JSON.stringify(db.path)} });
    const run = beginRun(db, ${JSON.stringify(wanted)});
    for (let first = run.scores; ; first += 2) {
      appendScores(db, run, first, Float32Array.from({ length: 6 }, (_, i) => (first * 3 + i) % 2), null, new Uint8Array([first & 255]));
      writeSync(1, first + '\\n');
    }`;
  let last = -2;
  for (const more of [3, 4]) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const enough = last + 2 * more;
    let said = '';
    for await (const chunk of child.stdout) {
      said += String(chunk);
      last = Number(said.trimEnd().split('\n').at(-1));
      if (last >= enough) child.kill('SIGKILL');
    }
    const { scores, state } = runState(db, { ...wanted, number } as never);
    assert.ok(scores >= last + 2, `${scores} scores after ${last} was said`);
    assert.deepEqual([...state!], [(scores - 2) & 255], 'the state belongs to the last score');
    const run = runsOf(db, wanted.clip)[0]!;
    assert.deepEqual(
      [...readScores(db, run)],
      Array.from({ length: 3 * scores }, (_, i) => i % 2),
    );
  }
});

test('packing leaves room for every number of labels', () => {
  const scores = asStored(Float32Array.from({ length: 12 }, (_, i) => i / 12));
  const out = new Float32Array(2);
  unpackScores(packScores(scores, 6), { scores: 2, labels: 6, wanted: [5, 0], from: 1, to: 2 }, out, 0);
  assert.deepEqual([...out], [scores[11], scores[6]]);
});

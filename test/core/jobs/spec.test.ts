import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { partPath, prepareJob, specInputs } from '../../../app/core/jobs/spec.ts';
import { sequenceClip, sequenceSpec } from './sequence-support.ts';
import { countSpec } from './support.ts';

test('a job is named by what it does, not by how its words are written or whether it is forced', () => {
  const job = prepareJob(countSpec('a.mp4', 'b.mp4'));
  assert.match(job.id, /^[0-9a-f]{12}$/);
  assert.deepEqual(specInputs(job.spec), [resolve('a.mp4')]);
  const same = Object.fromEntries(Object.entries(countSpec(resolve('a.mp4'), './b.mp4', { force: true })).toReversed());
  assert.equal(prepareJob({ ...same, quality: undefined }).hash, job.hash);
  const others = [
    countSpec('c.mp4', 'b.mp4'),
    countSpec('a.mp4', 'c.mp4'),
    countSpec('a.mp4', 'b.mp4', { speed: { num: 1, den: 2 } }),
    countSpec('a.mp4', 'b.mp4', { quality: 20 }),
    countSpec('a.mp4', 'b.mp4', { cuts: { times: [1] } }),
    countSpec('a.mp4', 'b.mp4', { cuts: { times: [1, 2] } }),
  ];
  const ids = new Set([job.id, ...others.map((spec) => prepareJob(spec).id)]);
  assert.equal(ids.size, others.length + 1);
});

test('what is no job is refused, with the place that is wrong', () => {
  const good = countSpec('a', 'b');
  const bad: [unknown, RegExp][] = [
    [null, /the job/],
    [{ ...good, kind: 'none' }, /kind/],
    [{ ...good, speed: { num: 0, den: 2 } }, /speed/],
    [{ ...good, speed: { num: 1, den: 0 } }, /speed\.den/],
    [{ ...good, factor: 1.5 }, /factor/],
    [{ ...good, input: 'a\0b' }, /input/],
    [{ ...good, curve: { keys: [{ output: 0, source: Infinity, ease: 'linear' }] } }, /curve\.keys\.0\.source/],
    [{ ...good, extra: 1 }, /extra/],
  ];
  for (const [spec, place] of bad)
    assert.throws(
      () => prepareJob(spec),
      (error: Error) => place.test(error.message) && 'code' in error && error.code === 'bad-job',
    );
});

test('an unfinished output lies beside the output, with its extension', () => {
  assert.equal(partPath('abc', '/x y/out.%03d.mp4', '0123456789'), '/x y/.inbetween-abc-01234567.mp4');
});

test('a sequence names all its files, each once, and is refused with the place that is wrong', () => {
  const [a, b] = [sequenceClip('a.mp4', 0, 50), sequenceClip('b.mp4', 60, 50)];
  const spec = sequenceSpec([a, b, sequenceClip('a.mp4', 110, 50)], 'out.mp4');
  const job = prepareJob(spec);
  assert.deepEqual(specInputs(job.spec), [resolve('a.mp4'), resolve('b.mp4')]);
  assert.equal(prepareJob({ ...spec, force: true }).id, job.id);
  assert.notEqual(prepareJob({ ...spec, to: 100 }).id, job.id);
  const bad: [unknown, RegExp][] = [
    [{ ...spec, to: 0 }, /to: there is no frame/],
    [{ ...spec, clips: [a, { ...b, start: 49 }] }, /clips\.1\.start/],
    [{ ...spec, clips: [{ ...a, frames: 51 }] }, /clips\.0\.frames: the retime has only 50/],
    [{ ...spec, clips: [{ ...a, keys: [a.keys[1], a.keys[0]] }] }, /clips\.0\.keys/],
    [{ ...spec, clips: [{ ...a, input: 'a\0b' }] }, /clips\.0\.input/],
    [{ ...spec, settings: { ...spec.settings, width: 15 } }, /settings\.width/],
    [{ ...spec, timecode: 'noon' }, /timecode/],
  ];
  for (const [one, place] of bad) assert.throws(() => prepareJob(one), place);
});

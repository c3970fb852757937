import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SequenceClip } from '../../../../app/contract/jobs.ts';
import type { VideoInfo } from '../../../../app/contract/media.ts';
import { TICKS, type Rational } from '../../../../app/contract/time.ts';
import type { KnownSource } from '../../../../app/core/jobs/tasks/clip-plan.ts';
import { countFrames } from '../../../../app/core/jobs/tasks/sequence-counts.ts';
import { planSequence, sequenceChunks } from '../../../../app/core/jobs/tasks/sequence-plan.ts';
import { sequenceClip, sequenceSpec, SETTINGS } from '../sequence-support.ts';

/** A source of 160x90 with frames at `times` (ticks). */
function source(times: number[], end: number, rate: Rational, cuts: number[] = []): KnownSource {
  const colour = SETTINGS.colour;
  const info: VideoInfo = {
    path: '/a.mp4',
    format: 'mov,mp4,m4a,3gp,3g2,mj2',
    bytes: 1,
    video: {
      index: 0,
      codec: 'h264',
      pixelFormat: 'yuv420p',
      codedWidth: 160,
      codedHeight: 90,
      width: 160,
      height: 90,
      rotation: 0,
      mirrored: false,
      sampleAspect: { num: 1, den: 1 },
      timeBase: { num: 1, den: 90_000 },
      averageRate: rate,
      bitDepth: 8,
      colour,
      hasAlpha: false,
      dolbyVision: false,
    },
    audio: [],
    other: [],
    chapters: 0,
    tags: {},
    warnings: [],
  };
  const stamps = { timeBase: { num: 1, den: 90_000 }, pts: times.map(() => null), keys: [0] };
  const fields = { kind: 'progressive' as const, order: 'top' as const, sections: [], cuts: [], holds: [] };
  const facts = { index: { times, end, start: 0, stamps, warnings: [] }, cuts, holds: [], fields };
  return { info, facts, identity: { path: '/a.mp4', bytes: 1, mtimeNs: '1', fingerprint: 'abc' } };
}

function regular(frames: number, rate: Rational, cuts: number[] = []): KnownSource {
  const at = (n: number) => Math.round((n * TICKS * rate.den) / rate.num);
  return source(
    Array.from({ length: frames }, (_, n) => at(n)),
    at(frames),
    rate,
    cuts,
  );
}

async function plan(clips: SequenceClip[], known: KnownSource, rate: Rational = SETTINGS.rate) {
  const spec = sequenceSpec(clips, '/out.mp4', { settings: { ...SETTINGS, rate } });
  return await planSequence(spec, new Map([['/a.mp4', known]]), '/masks');
}

async function keys(clips: SequenceClip[], known: KnownSource): Promise<string[]> {
  return [...sequenceChunks(await plan(clips, known), new Map())].map(({ key }) => key);
}

/** The whole of `frames` frames at `rate`, at speed 1. */
function whole(frames: number, rate: Rational): SequenceClip {
  const seconds = (frames * rate.den) / rate.num;
  return sequenceClip('/a.mp4', 0, frames, 1, {
    keys: [
      { output: 0, source: 0, ease: 'linear' },
      { output: seconds, source: seconds, ease: 'linear' },
    ],
  });
}

test('a clip at speed 1 at the sequence’s own rate has every frame of its source, and no other', async () => {
  for (const rate of [
    { num: 24, den: 1 },
    { num: 25, den: 1 },
    { num: 30_000, den: 1001 },
    { num: 24_000, den: 1001 },
    { num: 60_000, den: 1001 },
  ]) {
    const frames = 5003;
    const made = await plan([whole(frames, rate)], regular(frames, rate), rate);
    const { synthesised, held, passedThrough } = countFrames(made);
    assert.deepEqual([synthesised, held, passedThrough], [0, 0, frames], `${rate.num}/${rate.den}`);
    for (const k of [0, 1, 4999, 5002]) {
      assert.deepEqual(made.clips[0]!.retime.frame(k).plan, { kind: 'source', index: k, held: false });
    }
  }
});

test('of a clip whose rate varies, frames that fall on the sequence’s grid pass through; between the others frames are made', async () => {
  const frame = TICKS / 25;
  // Every other frame comes a third of an interval late.
  const times = Array.from({ length: 50 }, (_, n) => Math.round((n + (n % 2 === 1 ? 1 / 3 : 0)) * frame));
  const made = await plan([whole(50, SETTINGS.rate)], source(times, 50 * frame, SETTINGS.rate));
  const { synthesised, passedThrough, held } = countFrames(made);
  assert.deepEqual([passedThrough, synthesised, held], [25, 25, 0]);
  const between = made.clips[0]!.retime.frame(1).plan;
  assert.deepEqual(between, { kind: 'between', a: 0, b: 1, num: frame, den: times[1] });
});

test('moving a clip changes no chunk; trimming it the ones at its ends; another engine those with frames of its making', async () => {
  const known = regular(200, SETTINGS.rate);
  const clip = sequenceClip('/a.mp4', 0, 400, 0.5);
  const before = await keys([clip], known);
  assert.equal(before.length, 9);
  assert.deepEqual(
    await keys([{ ...clip, id: 'x', name: 'y', start: 960 }], known).then((all) => all.slice(20)),
    before,
  );
  const trimmed = await keys([{ ...clip, first: 10, frames: 380 }], known);
  assert.equal(trimmed.filter((key) => before.includes(key)).length, 7);
  const glide = await keys([{ ...clip, engine: 'glide' }], known);
  assert.equal(glide.filter((key) => before.includes(key)).length, 0);
  const real = sequenceClip('/a.mp4', 0, 200);
  assert.deepEqual(await keys([{ ...real, engine: 'glide' }], known), await keys([real], known));
});

test('cuts are those detected, less those removed, and those added; one that is put between two frames is where the next begins', async () => {
  const known = regular(100, SETTINGS.rate, [20, 60]);
  const shots = async (cuts: Partial<SequenceClip['cuts']>) => {
    const all = { auto: true, added: [], removed: [], accepted: [], ...cuts };
    const { cuts: seconds } = countFrames(await plan([{ ...sequenceClip('/a.mp4', 0, 100), cuts: all }], known));
    return seconds.map((at) => Math.round(at * 25));
  };
  assert.deepEqual(await shots({}), [20, 60]);
  assert.deepEqual(await shots({ removed: [0.8] }), [60]);
  assert.deepEqual(await shots({ added: [1.5, 1.61] }), [20, 38, 41, 60]);
  assert.deepEqual(await shots({ auto: false, added: [0.4] }), [10]);
});

test('a remedy makes its own frame by another engine, or shows the nearer real one, and changes that frame’s chunk alone', async () => {
  const known = regular(200, SETTINGS.rate);
  const clip = sequenceClip('/a.mp4', 0, 400, 0.25);
  const [chosen] = (await plan([clip], known)).clips;
  const at = chosen!.frames.sourceTime(151);
  const before = await keys([clip], known);
  const made = await plan([{ ...clip, remedies: [{ at, engine: 'hold' }] }], known);
  const frame = (k: number) => made.clips[0]!.retime.frame(k);
  assert.deepEqual(frame(151), { plan: { kind: 'source', index: 38, held: true }, remedied: true });
  assert.equal(frame(150).remedied, undefined);
  for (const engine of ['hold', 'glide']) {
    const after = await keys([{ ...clip, remedies: [{ at, engine }] }], known);
    const changed = after.flatMap((key, i) => (key === before[i] ? [] : [i]));
    assert.deepEqual(changed, [3], engine);
  }
  // Real frames need none.
  const real = chosen!.frames.sourceTime(152);
  assert.deepEqual(await keys([{ ...clip, remedies: [{ at: real, engine: 'hold' }] }], known), before);
});

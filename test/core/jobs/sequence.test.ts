import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { JobEvent, SequenceClip } from '../../../app/contract/jobs.ts';
import { jobById } from '../../../app/core/library/job-rows.ts';
import { prepareJob } from '../../../app/core/jobs/spec.ts';
import { probe } from '../../../app/core/media/probe.ts';
import { differenceDb, frameAt, frameHashes, Room, samplesOf } from './clips.ts';
import { sequenceClip, sequenceSpec, SETTINGS } from './sequence-support.ts';
import { few } from '../../support/few.ts';

const code = (expected: string) => (error: Error) => 'code' in error && error.code === expected;

test('clips, a gap and sound become one file; real frames pass through untouched', async () => {
  await using room = await Room.make();
  const a = room.clip('a.mov', { tone: { hertz: 440, channels: 1, sampleRate: 44_100 } });
  const b = room.clip('b.mov', { frames: 30 });
  const clips = [sequenceClip(a, 0, 50), sequenceClip(b, 60, 60, 0.5)];
  const spec = sequenceSpec(clips, room.path('out.mkv'), { codec: 'ffv1' });
  const result = await room.run(spec);
  assert.equal(result.verified, true);
  assert.deepEqual(
    [result.frames, result.passedThrough, result.synthesised, result.held, result.black],
    [120, 50 + 30, 29, 1, 10],
  );
  assert.equal(result.audio, 'keep-pitch');
  const [out, sourceA, sourceB] = [spec.output, a, b].map((path) => frameHashes(path));
  assert.deepEqual(out!.slice(0, 50), sourceA);
  assert.deepEqual(
    out!.slice(60).filter((_, k) => k % 2 === 0),
    sourceB,
  );
  const black = frameAt(spec.output, 55);
  assert.ok(black.subarray(0, 160 * 90).every((y) => y === 16) && black.subarray(160 * 90).every((c) => c === 128));
  const sound = samplesOf(spec.output, 1);
  assert.equal(sound.length, 4.8 * 48_000);
  assert.ok(Math.max(...sound.subarray(10_000, 20_000)) > 0.1);
  assert.ok(sound.subarray(2.01 * 48_000, 4.7 * 48_000).every((one) => Math.abs(one) < 1e-3));
});

test('an edit of two seconds renders two seconds; a worker that is killed loses the chunk in work; both give what an uninterrupted run gives', async () => {
  await using room = await Room.make();
  const input = room.clip('a.mov', { frames: 250 });
  const clip = sequenceClip(input, 0, 250);
  // Three pieces: 100 frames at speed 1, then two seconds at another, then 100 at speed 1.
  const keys = (source: number): SequenceClip['keys'] => [
    { output: 0, source: 0, ease: 'linear' },
    { output: 4, source: 4, ease: 'linear' },
    { output: 6, source, ease: 'linear' },
    { output: 10, source: source + 4, ease: 'linear' },
  ];
  const spec = (source: number, output: string) =>
    sequenceSpec([{ ...clip, keys: keys(source) }], room.path(output), { codec: 'ffv1' });
  const first = spec(6, 'out.mkv');
  const killed = room.run(first, {
    onEvent: (event: JobEvent) => {
      if (event.type !== 'progress' || event.stage !== 'rendering' || event.done < 150) return;
      const pid = jobById(room.db, prepareJob(first).id)?.worker?.pid;
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
    },
  });
  await assert.rejects(killed, code('worker-died'));
  const resumed = await room.run(first);
  assert.ok(resumed.reusedFrames >= 48 && resumed.reusedFrames < 250, String(resumed.reusedFrames));
  // Two seconds of it are eased instead of linear: the four before and the four after are there already.
  const eased = spec(6, 'eased.mkv');
  const [, second] = eased.clips[0]!.keys;
  second!.ease = 'bezier';
  const edited = await room.run(eased);
  assert.equal(edited.frames - edited.reusedFrames, 50);
  assert.ok(edited.synthesised > 40);
  await using other = await Room.make();
  const clean = await other.run({ ...first, output: other.path('clean.mkv') });
  assert.equal(clean.reusedFrames, 0);
  assert.deepEqual(frameHashes(first.output), frameHashes(other.path('clean.mkv')));
});

test('a split is neither seen nor heard', async () => {
  await using room = await Room.make();
  const input = room.clip('a.mov', { tone: { hertz: 330, channels: 2, sampleRate: 48_000 } });
  const whole = sequenceClip(input, 0, 80, 0.625);
  const parts = [
    { ...whole, frames: 33 },
    { ...whole, id: 'second', start: 33, first: 33, frames: 47 },
  ];
  const outputs = [];
  for (const [name, clips] of Object.entries({ whole: [whole], split: parts })) {
    const spec = sequenceSpec(clips, room.path(`${name}.mkv`), { codec: 'ffv1' });
    await room.run(spec);
    outputs.push(spec.output);
  }
  assert.deepEqual(frameHashes(outputs[0]!), frameHashes(outputs[1]!));
  assert.deepEqual(samplesOf(outputs[0]!, 0), samplesOf(outputs[1]!, 0));
});

test('clips of other sizes, shapes, depths and ranges are fitted into the sequence, and all join', async () => {
  await using room = await Room.make();
  const looks = {
    large: room.clip('large.mov', { size: '320x180', frames: 10 }),
    small: room.clip('small.mov', { size: '80x44', frames: 10 }),
    tall: room.clip('tall.mov', { size: '90x160', frames: 10 }),
    wide: room.clip('wide.mov', { size: '80x90', frames: 10, source: 'testsrc2=r=25:s=80x90,setsar=2' }),
    deep: room.clip('deep.mkv', { format: 'yuv422p10le', frames: 10, more: ['-c:v', 'ffv1'] }),
    full: room.clip('full.mkv', { format: 'yuvj420p', frames: 10, more: ['-c:v', 'ffv1', '-color_range', 'pc'] }),
    rgb: room.clip('rgb.mkv', { format: 'gbrp', frames: 10, more: ['-c:v', 'ffv1', '-color_range', 'pc'] }),
    same: room.clip('same.mov', { frames: 10 }),
  };
  const isOne = ([look]: readonly [string, string]): boolean => /small|tall|wide|rgb/.test(look);
  const chosen = few(Object.entries(looks), isOne).map(([, path]) => path);
  const clips = chosen.map((input, i) => sequenceClip(input, i * 10, 10));
  const spec = sequenceSpec(clips, room.path('out.mp4'), { quality: 4, title: 'All of them' });
  const result = await room.run(spec);
  assert.equal(result.passedThrough, 10 * chosen.length);
  const info = await probe(spec.output);
  assert.deepEqual([info.video.width, info.video.height, info.video.pixelFormat], [160, 90, 'yuv420p']);
  assert.equal(info.tags['title'], 'All of them');
  const scale =
    'scale=W:H:flags=bicubic:in_color_matrix=bt709:out_color_matrix=bt709:in_range=R:out_range=tv,format=yuv420p';
  const reference = (size: string, range = 'tv', pad = '') =>
    scale.replace('W:H', size).replace('R', range) + (pad === '' ? '' : `,pad=160:90:${pad}`);
  const wanted: [string, string][] = [
    [looks.large, reference('160:90')],
    [looks.small, reference('160:88', 'tv', '0:0')],
    [looks.tall, reference('50:90', 'tv', '54:0')],
    [looks.wide, reference('160:90')],
    [looks.deep, reference('160:90')],
    [looks.full, reference('160:90', 'pc')],
    // All of its colour counts, not every second pixel's.
    [looks.rgb, reference('160:90', 'pc').replace('bicubic', 'bicubic+full_chroma_inp+accurate_rnd')],
    [looks.same, 'null'],
  ];
  for (const [i, [input, filter]] of wanted.filter(([path]) => chosen.includes(path)).entries()) {
    const db = differenceDb(frameAt(spec.output, i * 10 + 5), frameAt(input, 5, filter));
    assert.ok(db > 36, `${input}: ${db}`);
  }
  assert.equal(
    result.notes.some((note) => /10 bits, of which the sequence keeps 8/.test(note)),
    chosen.includes(looks.deep),
  );
});

test('bars are black in full range too', async () => {
  await using room = await Room.make();
  const input = room.clip('tall.mov', { size: '90x160', frames: 4 });
  const colour = { ...SETTINGS.colour, range: 'full' as const };
  const spec = sequenceSpec([sequenceClip(input, 0, 4), sequenceClip(input, 6, 2)], room.path('out.mkv'), {
    codec: 'ffv1',
    settings: { ...SETTINGS, colour },
  });
  await room.run(spec);
  for (const index of [0, 5]) {
    const frame = frameAt(spec.output, index);
    for (let y = 0; y < 90; y++) assert.equal(frame[y * 160], 0);
    assert.equal(frame[160 * 90], 128);
  }
});

test('a segment begins with the timecode it was given', async () => {
  await using room = await Room.make();
  const input = room.clip('a.mov', { frames: 20 });
  const spec = sequenceSpec([sequenceClip(input, 0, 20)], room.path('out.mov'), { timecode: '01:02:03:04' });
  await room.run(spec);
  assert.equal((await probe(spec.output)).tags['timecode'], '01:02:03:04');
});

test('the sequence may not be written over one of its sources', async () => {
  await using room = await Room.make();
  const [a, b] = [room.clip('a.mov', { frames: 10 }), room.clip('b.mov', { frames: 10 })];
  const before = readFileSync(b);
  const spec = sequenceSpec([sequenceClip(a, 0, 10), sequenceClip(b, 10, 10)], b, { force: true });
  await assert.rejects(room.run(spec), code('output-is-input'));
  assert.deepEqual(readFileSync(b), before);
});

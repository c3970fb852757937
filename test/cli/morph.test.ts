import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { test } from 'node:test';
import { morphSpec, morphStills, takesOf, type MorphOptions } from '../../app/cli/morph-options.ts';
import { onDevice, plural } from '../../app/cli/words.ts';
import { morph } from '../../app/cli/verbs/morph.ts';
import type { MorphSpec } from '../../app/contract/morph.ts';
import { TICKS } from '../../app/contract/time.ts';
import { picture } from '../core/morph/support.ts';
import { tempFolder } from '../support/command.ts';

const noTiming = () => Promise.reject(new Error('no clip was named'));
const timing = async () => ({
  times: Array.from({ length: 25 }, (_, k) => (k * TICKS) / 25),
  end: TICKS,
  rate: { num: 25, den: 1 },
  vfr: false,
  timeBase: { num: 1, den: 25 },
});

async function spec(stills: string[], options: MorphOptions, output = 'out.webm'): Promise<MorphSpec> {
  return morphSpec(await morphStills(stills, options, noTiming), output, options);
}

test('two stills and --frames 14: film, through, 30 frames a second, seed 0', async () => {
  const { gaps, keyframes, fps, output, fit, loop } = await spec(['a.png', 'b.png'], { frames: '14' });
  assert.deepEqual(gaps, [{ frames: 14, engine: 'film', motion: 'linear', ease: 'through', seed: 0 }]);
  assert.deepEqual(
    keyframes.map(({ path, at }) => [path, at]),
    [
      [resolve('a.png'), null],
      [resolve('b.png'), null],
    ],
  );
  assert.deepEqual([fps, output, fit, loop], [{ num: 30, den: 1 }, resolve('out.webm'), 'crop', false]);
  const halved = await spec(['a.png', 'b.png'], { recursions: '4' });
  assert.deepEqual([halved.gaps[0]!.frames, halved.gaps[0]!.ease], [15, 'linear']);
});

test('one word for all gaps, or one a gap', async () => {
  const three = ['a.png', 'b.png', 'c.png'];
  const { gaps } = await spec(three, {
    frames: '3,9',
    engine: 'cvi',
    motion: 'linear,adversarial',
    ease: 'in,out',
    seed: '7',
  });
  assert.deepEqual(gaps, [
    { frames: 3, engine: 'cvi', motion: 'linear', ease: 'in', seed: 7 },
    { frames: 9, engine: 'cvi', motion: 'adversarial', ease: 'out', seed: 7 },
  ]);
  assert.equal((await spec(three, { frames: '1,2,3', loop: true })).gaps.length, 3);
  await assert.rejects(spec(three, { frames: '1,2,3' }), {
    code: 'usage',
    message: /there are 2 gaps, and 3 were given/,
  });
  await assert.rejects(spec(three, { frames: '2', engine: 'cvi,film,glide' }), { code: 'usage' });
});

test('what the options cannot be is said', async () => {
  const ab = ['a.png', 'b.png'];
  const cases: [string[], MorphOptions, RegExp][] = [
    [[], { frames: '3' }, /two stills or more/],
    [ab, { frames: '100000' }, /from 1 to 10000 for each gap.*not '100000'/],
    [ab, { frames: '-3' }, /not '-3'/],
    [ab, { frames: '3', recursions: '2' }, /leave one of them out/],
    [ab, { recursions: '9' }, /from 1 to 8/],
    [ab, { frames: '3', motion: 'wild' }, /linear, adversarial, autoregressive/],
    [ab, { frames: '3', ease: 'slow' }, /through, linear/],
    [ab, { frames: '3', fit: 'squash' }, /crop, pad, stretch/],
    [ab, { frames: '3', size: '100' }, /1280x720/],
    [ab, { frames: '3', seed: '-1' }, /--seed/],
    [ab, { frames: '3', from: '1' }, /--between CLIP/],
    [ab, { frames: '3', between: 'clip.mp4', from: '1', to: '2' }, /name no others/],
    [[], { frames: '3', between: 'clip.mp4', from: '1' }, /both ends/],
  ];
  for (const [stills, options, sentence] of cases)
    await assert.rejects(spec(stills, options), { code: 'usage', message: sentence });
});

test('a folder gives its pictures by number', async (t) => {
  const folder = tempFolder(t);
  for (const name of ['p10.png', 'p9.JPG', 'p1.png', 'notes.txt', '.hidden.png']) writeFileSync(join(folder, name), '');
  const { keyframes, notes } = await morphStills([folder], {}, noTiming);
  assert.deepEqual(
    keyframes.map(({ path }) => basename(path)),
    ['p1.png', 'p9.JPG', 'p10.png'],
  );
  assert.match(notes.join(), /1 file/);
  mkdirSync(join(folder, 'sub'));
  writeFileSync(join(folder, 'sub', 'only.png'), '');
  await assert.rejects(morphStills([join(folder, 'sub')], {}, noTiming), { code: 'bad-morph', message: /one picture/ });
});

test('a gap in footage: its ends by time or number, its rate, and how many frames lie there', async () => {
  const options = { between: 'clip.mp4', from: '0.2', to: '00:00:00.600', frames: '4' };
  const stills = await morphStills([], options, timing);
  assert.deepEqual(
    stills.keyframes.map(({ at }) => at),
    [0.2, 0.6],
  );
  assert.deepEqual(stills.fps, { num: 25, den: 1 });
  assert.match(stills.notes.join(), /From frame 5 \(0\.200 s\) to frame 15.*9 frames lie between/);
  const numbered = await morphStills([], { ...options, from: '3f', to: '24f' }, timing);
  assert.deepEqual(
    numbered.keyframes.map(({ at }) => at),
    [0.12, 0.96],
  );
  await assert.rejects(morphStills([], { ...options, to: '0.2' }, timing), { code: 'empty-range' });
  for (const [from, to] of [
    ['9', '10'],
    ['0.2', '9'],
  ] as const) {
    const beyond = { code: 'empty-range', message: /has no frame at 9: it has 25 frames in 1\.000 s/ };
    await assert.rejects(morphStills([], { ...options, from, to }, timing), beyond);
  }
  const still = async () => ({ ...(await timing()), times: [0] });
  await assert.rejects(morphStills([], options, still), { code: 'bad-morph', message: /is one picture/ });
});

test('takes have names and seeds of their own', async () => {
  const one = await spec(['a.png', 'b.png'], { frames: '2', engine: 'cvi', seed: '5' });
  assert.deepEqual(takesOf(one, undefined), [one]);
  const takes = takesOf(one, '3');
  assert.deepEqual(
    takes.map(({ output }) => basename(output)),
    ['out-1.webm', 'out-2.webm', 'out-3.webm'],
  );
  assert.deepEqual(
    takes.map(({ gaps }) => gaps[0]!.seed),
    [5, 6, 7],
  );
  const folders = takesOf(await spec(['a.png', 'b.png'], { frames: '2' }, 'dir/'), '2');
  assert.deepEqual(
    folders.map(({ output }) => output),
    [`${resolve('dir-1')}/`, `${resolve('dir-2')}/`],
  );
  assert.throws(() => takesOf(one, '99'), { code: 'usage' });
  const last = await spec(['a.png', 'b.png'], { frames: '2', seed: String(2 ** 32 - 1) });
  assert.throws(() => takesOf(last, '2'), { code: 'usage', message: /seed is too large/ });
});

test('one is one, and what was there already was made on nothing', () => {
  assert.deepEqual(
    [plural(1, 'window'), plural(2, 'window'), plural(0, 'source was', 'sources were')],
    ['1 window', '2 windows', '0 sources were'],
  );
  assert.deepEqual([onDevice('cpu'), onDevice('nothing: every frame came from earlier chunks')], [' on cpu', '']);
});

test('a file that is where the second take goes is found before the first is made', async (t) => {
  const folder = tempFolder(t);
  const [a, b] = ['red', 'blue'].map((colour) => picture(join(folder, `${colour}.png`), `color=${colour}:size=64x64`));
  writeFileSync(join(folder, 'out-2.gif'), 'mine');
  const home = process.env['INBETWEEN_HOME'];
  process.env['INBETWEEN_HOME'] = join(folder, 'home');
  try {
    const io = { json: true, signal: new AbortController().signal, out: () => {}, err: () => {} };
    const words = [a!, b!, '-o', join(folder, 'out.gif'), '--frames', '2', '--engine', 'cvi', '--takes', '2'];
    await assert.rejects(morph.run(words, io), { code: 'output-exists', message: /out-2\.gif exists already/ });
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('out')),
      ['out-2.gif'],
    );
  } finally {
    process.env['INBETWEEN_HOME'] = home;
  }
});

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { MOST_GAP_FRAMES, type MorphSpec } from '../../../app/contract/morph.ts';
import { pixelFormat } from '../../../app/core/media/pixel-format.ts';
import { keepNewest } from '../../../app/core/morph/keyframes.ts';
import { planMorph } from '../../../app/core/morph/plan.ts';
import { writeFileSync } from 'node:fs';
import { gap, morphOf, picture, rgba } from './support.ts';

const folder = await mkdtemp(join(tmpdir(), 'inbetween-plan-'));
after(() => rm(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const [a, b, wide] = [
  picture(at('a.png'), 'testsrc2=size=64x48'),
  picture(at('b.png'), 'testsrc=size=64x48'),
  picture(at('wide.png'), 'testsrc2=size=96x48', ['-pix_fmt', 'rgb48be']),
];
const clear = rgba(at('clear.png'), 64, 48, (x) => [200, 100, 50, 4 * x]);
const output = at('out.webm');

/** What is refused: its code, and the sentence. */
async function refusal(spec: MorphSpec): Promise<[string, string]> {
  const { refused } = await planMorph(spec);
  assert.ok(refused.length > 0, 'something is refused');
  return [refused[0]!.code, refused[0]!.reason];
}

test('what a morph will be: frames, size, length, and a note where stills are made to fit', async () => {
  const plan = await planMorph(morphOf([a, b, wide], output, [gap(14), gap(5)]));
  const { width, height, frames, made, duration, refused } = plan;
  assert.deepEqual([width, height, frames, made, duration, refused], [64, 48, 22, 19, 22 / 25, []]);
  assert.match(plan.notes.join('\n'), /wide\.png is 96x48 and is cropped to 64x48/);
  assert.equal(plan.gaps.length, 2);
  const loop = await planMorph(
    morphOf([a, b], output, 3, { loop: true, size: { width: 128, height: 128 }, fit: 'pad' }),
  );
  assert.deepEqual([loop.width, loop.frames, loop.made], [128, 8, 6]);
  assert.match(loop.notes.join('\n'), /a\.png is 64x48 and is framed to 128x128/);
});

test('stills larger than any film are made smaller; of large ones few are kept', async () => {
  const long = picture(at('long.png'), 'color=red:size=8200x64');
  const plan = await planMorph(morphOf([long, a], output, 2));
  assert.deepEqual([plan.width, plan.height, plan.refused], [8192, 64, []]);
  assert.match(plan.notes.join('\n'), /long\.png is 8200x64 and is (scaled|cropped) to 8192x64/);
  const small = await planMorph(morphOf([picture(at('small.png'), 'color=red:size=64x8'), a], output, 2));
  assert.match(small.refused[0]!.reason, /64x8, and a film is from 16 to 8192 .*larger still first/);
  const kept = (width: number): number[] => {
    const frame = { format: pixelFormat('gbrp'), width, height: 6000, planes: [], time: 0, index: 0 };
    const frames = new Map([0, 1, 2, 3].map((index) => [index, frame]));
    keepNewest(frames, (one) => one, 1);
    return [...frames.keys()];
  };
  assert.deepEqual([kept(8000), kept(5000), kept(600)], [[3], [2, 3], [0, 1, 2, 3]]);
});

test('too few stills, too few and too many frames, and gaps that do not fit are refused in words', async () => {
  const cases: [MorphSpec, RegExp][] = [
    [morphOf([a], output, []), /two or more, and there is one/],
    [morphOf([], output, []), /there is none/],
    [morphOf([a, b], output, 0), /nothing to make/],
    [morphOf([a, b], output, 100_000), new RegExp(`at most ${MOST_GAP_FRAMES} frames, not 100000`)],
    [morphOf([a, b, a, b, a, b, a, b], output, MOST_GAP_FRAMES), /at most 50000 frames/],
    [morphOf([a, b], output, [gap(1), gap(1)]), /2 stills have 1 gap, not 2/],
    [morphOf([a, b], output, 2, { size: { width: 9000, height: 8 } }), /from 16 to 8192 pixels/],
  ];
  for (const [spec, sentence] of cases) {
    const [code, reason] = await refusal(spec);
    assert.equal(code, 'bad-morph');
    assert.match(reason, sentence);
  }
});

test('everything that is wrong is listed at once', async () => {
  writeFileSync(at('text.png'), 'not a picture');
  const spec = morphOf([a, at('none.png'), at('text.png')], at('no/out.webm'), [gap(2, { engine: 'nothing' }), gap(2)]);
  const codes = (await planMorph(spec)).refused.map(({ code }) => code);
  assert.deepEqual(codes, ['not-found', 'unreadable', 'engine-unknown', 'output-folder']);
});

test('outputs are refused before anything is made', async () => {
  writeFileSync(at('there.webm'), 'mine');
  assert.equal((await refusal(morphOf([a, b], at('there.webm'), 2)))[0], 'output-exists');
  assert.deepEqual((await planMorph(morphOf([a, b], at('there.webm'), 2, { force: true }))).refused, []);
  assert.equal((await refusal(morphOf([a, b], b, 2, { force: true })))[0], 'output-is-input');
  const avi = await refusal(morphOf([a, b], at('x.avi'), 2));
  assert.deepEqual(
    [avi[0], /\.avi, which cannot be written\. Use .*\.gif, \.png .*DIR\//.test(avi[1])],
    ['output-format', true],
  );
  const [code, reason] = await refusal(morphOf([a, b], at('x.gif'), 2, { fps: { num: 60, den: 1 } }));
  assert.deepEqual([code, /50 frames a second/.test(reason)], ['output-format', true]);
  const strip = await refusal(morphOf([a, b], at('x.png'), 2000, { size: { width: 512, height: 512 } }));
  assert.equal(strip[0], 'too-large');
  assert.match(strip[1], /folder \(x\/\)/);
  const rows = await planMorph(morphOf([a, b], at('x.png'), 298));
  assert.match(rows.notes.join('\n'), /2 rows of 256 frames/);
});

test('what is said of gaps: the same picture twice, a cut, settings that nobody heeds', async () => {
  const same = await planMorph(morphOf([a, a, b], output, [gap(2, { motion: 'adversarial' }), gap(0)]));
  assert.match(same.gaps[0]!.notes.join(), /same picture/);
  assert.match(same.gaps[1]!.notes.join(), /cut/);
  assert.match(same.notes.join(), /blend goes its own way: the motion 'adversarial'/);
  const points = morphOf([a, b], output, 2);
  points.keyframes[0]!.points = [{ x: 0, y: 0, jacobian: [1, 0, 0, 1] }];
  assert.match((await planMorph(points)).notes.join(), /key points/);
});

test('transparency is kept where the output holds it, and shown on black elsewhere', async () => {
  const notes = async (name: string) => (await planMorph(morphOf([clear, a], at(name), 2))).notes.join('\n');
  assert.match(await notes('x.mp4'), /shown on black: h264 in \.mp4/);
  for (const name of ['x.webm', 'x.mov', 'x.mkv', 'x.png', 'x.gif', 'x/'])
    assert.doesNotMatch(await notes(name), /on black/);
});

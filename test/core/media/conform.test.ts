/** Pictures of one size and format in another's frame: which size they get, where the bars are, and what is left alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capabilities } from '../../../app/core/media/capabilities.ts';
import {
  conformed,
  conformNotes,
  fittedSize,
  sourceWithin,
  type Canvas,
  type Size,
} from '../../../app/core/media/conform.ts';
import { runFfmpeg } from '../../../app/core/media/ffmpeg.ts';
import type { OutputPlan } from '../../../app/core/media/output-format.ts';
import { pixelFormat } from '../../../app/core/media/pixel-format.ts';
import { BT709, infoOf, planFor } from './output-kit.ts';

const { filters } = await capabilities();
const SQUARE = { num: 1, den: 1 };
const size = (width: number, height: number): Size => ({ width, height });

function canvas(width: number, height: number): Canvas {
  return { width, height, format: pixelFormat('yuv420p'), colour: BT709 };
}

test('the size that shows a picture whole and undistorted, even, never larger than the frame', () => {
  const frame = size(1920, 1080);
  assert.deepEqual(fittedSize(frame, SQUARE, frame), frame);
  assert.deepEqual(fittedSize(size(3840, 2160), SQUARE, frame), frame);
  assert.deepEqual(fittedSize(size(640, 480), SQUARE, frame), size(1440, 1080));
  assert.deepEqual(fittedSize(size(1080, 1920), SQUARE, frame), size(608, 1080));
  assert.deepEqual(fittedSize(size(720, 576), { num: 12, den: 11 }, frame), size(1472, 1080));
  assert.deepEqual(fittedSize(size(720, 576), { num: 16, den: 11 }, frame), size(1920, 1056));
  assert.deepEqual(fittedSize(size(4096, 2), SQUARE, frame), size(1920, 2), 'never nothing');
  assert.deepEqual(fittedSize(size(720, 576), { num: 0, den: 1 }, size(720, 576)), size(720, 576), '0:1 says nothing');
});

test('what is larger than the frame is decoded smaller, turned pictures by their own sides; what is not stays', () => {
  const small = infoOf('yuv420p', 640, 360);
  assert.equal(sourceWithin(small, size(1920, 1080)), small);
  const turned = infoOf('yuv420p', 2160, 3840, { rotation: 90, codedWidth: 3840, codedHeight: 2160 });
  const { video } = sourceWithin(turned, size(1920, 1080));
  assert.deepEqual([video.width, video.height, video.codedWidth, video.codedHeight], [608, 1080, 1080, 608]);
  assert.deepEqual(video.sampleAspect, SQUARE);
});

test('a picture that fits is encoded by the very plan, also where its pixels are square but for rounding', async () => {
  const frame = canvas(480, 270);
  const plan = await planFor('yuv420p', size(480, 270));
  for (const sampleAspect of [SQUARE, { num: 640, den: 639 }, { num: 639, den: 640 }]) {
    const info = infoOf('yuv420p', 480, 270, { sampleAspect });
    assert.equal(conformed(plan, frame, info, filters), plan);
    assert.deepEqual(conformNotes('clip', info, frame, filters), []);
  }
  const oblong = infoOf('yuv420p', 480, 270, { sampleAspect: { num: 12, den: 11 } });
  assert.notEqual(conformed(plan, frame, oblong, filters), plan);
});

test('what is lost or looks different is said, one sentence each', () => {
  const hdr = { range: 'limited', matrix: 'bt2020nc', primaries: 'bt2020', transfer: 'smpte2084' } as const;
  const notes = conformNotes('clip', infoOf('yuv420p10le', 3840, 2160, { colour: hdr }), canvas(1920, 1080), filters);
  assert.equal(notes.length, 3);
  assert.match(notes[0]!, /3840x2160 .* 1920x1080/);
  assert.match(notes[1]!, /10 bits, of which the sequence keeps 8/);
  assert.match(notes[2]!, /PQ of the primaries bt2020, the sequence bt709 .* tone-mapped/);
});

/** The luma of a picture of one value, after a plan's filters. */
async function filtered(plan: OutputPlan, from: Size, value: number, to: Size): Promise<Uint8Array> {
  const luma = from.width * from.height;
  const picture = new Uint8Array((3 * luma) / 2).fill(128).fill(value, 0, luma);
  const input = ['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${from.width}x${from.height}`, '-i', 'pipe:0'];
  const output = ['-vf', plan.filters.join(','), '-f', 'rawvideo', '-pix_fmt', 'yuv420p', 'pipe:1'];
  const { stdout } = await runFfmpeg([...input, ...output], { input: picture, logLevel: 'error' });
  assert.equal(stdout.length, (3 * to.width * to.height) / 2);
  return stdout.subarray(0, to.width * to.height);
}

test('720x576 with pixels of 12:11 stands in the middle of 1920x1080, black beside it, its grey the same', async () => {
  const frame = canvas(1920, 1080);
  const info = infoOf('yuv420p', 720, 576, { sampleAspect: { num: 12, den: 11 } });
  const plan = conformed(await planFor('yuv420p', size(1920, 1080)), frame, info, filters);
  assert.deepEqual([plan.input.width, plan.input.height], [720, 576]);
  const luma = await filtered(plan, size(720, 576), 180, frame);
  for (const row of [0, 540, 1079]) {
    const at = (column: number): number => luma[row * frame.width + column]!;
    for (const bar of [0, 223, 1696, 1919]) assert.equal(at(bar), 16, `column ${bar} of row ${row}`);
    for (const inside of [224, 960, 1695]) assert.ok(Math.abs(at(inside) - 180) <= 1, `column ${inside} of row ${row}`);
  }
});

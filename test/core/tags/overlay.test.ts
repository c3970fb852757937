import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readPackets } from '../../../app/core/media/packets.ts';
import { probe } from '../../../app/core/media/probe.ts';
import { writeCurvePicture } from '../../../app/core/tags/curve-picture.ts';
import { scoresIn } from '../../../app/core/tags/curves.ts';
import { writeOverlay } from '../../../app/core/tags/overlay.ts';
import { ffmpegOutput, makeClip } from '../../support/clips.ts';

const folder = mkdtempSync(join(tmpdir(), 'inbetween-overlay-test-'));
after(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

const labels = ['walk', 'jump', 'nothing'];
const scores = scoresIn(
  Float32Array.from({ length: 30 }, (_, i) => [0.9, 0.05, 0.002][i % 3]!),
  labels,
  10,
);
const clip = at('clip.mp4');
makeClip(clip, { size: '96x54', rate: '12', seconds: 1 });
// The same frames, ever slower.
const varying = at('varying.mkv');
const slower = '-an -vf settb=1/1000,setpts=50*N+7*N*N -vsync 0 -enc_time_base 1:1000 -c:v ffv1 -y';
ffmpegOutput('-i', clip, ...slower.split(' '), varying);

/** Start of every frame in milliseconds. */
async function times(path: string): Promise<number[]> {
  const stream = (await readPackets(path)).find(({ type }) => type === 'video')!;
  const { num, den } = stream.timeBase;
  return stream.times.map((time) => Math.round((time * num * 1000) / den)).toSorted((a, b) => a - b);
}

test('a film has the frames of its clip at their own times, the playhead at each, and its sound', async () => {
  let told = 0;
  const output = at('overlay.mp4');
  const made = await writeOverlay({ input: clip, scores, top: 2, output, onProgress: (done) => (told = done) });
  assert.deepEqual(made.labels, ['walk', 'jump']);
  assert.equal(made.frames, 12);
  assert.equal(told, 12);
  assert.deepEqual(await times(output), await times(clip));
  const info = await probe(output);
  assert.equal(info.audio.length, 1);
  assert.deepEqual([info.video.width, info.video.height], [made.width, made.height]);
  const grey = ffmpegOutput('-i', output, '-map', '0:v', '-f', 'rawvideo', '-pix_fmt', 'gray', '-');
  const heads = Array.from({ length: 12 }, (_, k) => {
    const row = grey.subarray((k * made.height + 440) * made.width, (k * made.height + 441) * made.width);
    return row.indexOf(Math.max(...row));
  });
  const steps = heads.slice(1).map((x, k) => x - heads[k]!);
  assert.ok(
    steps.every((step) => Math.abs(step - (made.width - heads[0]!) / 12.3) < 4),
    heads.join(' '),
  );
  await assert.rejects(writeOverlay({ input: clip, scores, top: 2, output }), { code: 'output-exists' });
});

test('a clip of varying rate stays one', async () => {
  const output = at('overlay.mkv');
  await writeOverlay({ input: varying, scores, top: 1, output });
  assert.deepEqual(
    await times(output),
    Array.from({ length: 12 }, (_, n) => 50 * n + 7 * n * n),
  );
});

test('a GIF shows ten pictures a second, a strip eight in two rows', async () => {
  const gif = await writeOverlay({ input: clip, scores, top: 2, output: at('overlay.gif') });
  assert.equal(gif.frames, 10);
  const strip = await writeOverlay({ input: clip, scores, top: 2, output: at('overlay.png') });
  const { video } = await probe(at('overlay.png'));
  assert.deepEqual([video.width, video.height], [4 * strip.width, 2 * strip.height]);
});

test('what cannot be written is refused before anything is decoded', async () => {
  const write = (output: string) => writeOverlay({ input: clip, scores, top: 2, output: at(output) });
  await assert.rejects(write('overlay.avi'), { code: 'output-format' });
  await assert.rejects(write('frames-%05d.png'), { code: 'output-format' });
  await assert.rejects(writeOverlay({ input: clip, scores, top: 1, output: clip, force: true }), {
    code: 'output-is-input',
  });
});

test("one label's probability is a picture", async () => {
  const output = at('jump.png');
  await writeCurvePicture({
    scores,
    label: 'jump',
    seconds: 1,
    spans: [{ label: 'jump', start: 0.2, end: 0.5 }],
    output,
  });
  assert.ok(statSync(output).size > 2000);
  await assert.rejects(writeCurvePicture({ scores, label: 'jump', seconds: 1, output }), { code: 'output-exists' });
});

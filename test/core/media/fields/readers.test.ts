/** Whoever shows frames of a video shows pictures of one moment: film that was telecined comes back sample for sample, whoever reads it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { windowsOf } from '../../../../app/core/dataset/window-source.ts';
import { readKeyframe } from '../../../../app/core/morph/keyframe.ts';
import { lumaPsnr, makeFields, moving, originals, pulldown, rawBytes } from '../../../support/fields.ts';
import { tempFolder } from '../../../support/command.ts';

const source = moving({ width: 64, frames: 32 });
let clip = '';
let film: Uint8Array[] = [];

before((t) => {
  clip = join(tempFolder(t as { after(hook: () => void): void }), 'telecined.mkv');
  film = originals(source);
  makeFields(clip, source, { filters: pulldown('23'), rate: '30000/1001' });
});

/** Just before the clip's frame 13, which is woven of film frames 10 and 11; the film's next frame from then on is 11. */
const SECONDS = (13 * 1001) / 30_000 - 0.002;

test("a morph's keyframe is a frame of the film; with the fields off it is one of the clip", async () => {
  const read = async (fields?: 'off') =>
    await readKeyframe({ path: clip, at: SECONDS, points: null, ...(fields && { fields }) });
  const taken = await read();
  assert.equal(lumaPsnr(rawBytes(taken.frame), film[11]!, source), Infinity);
  assert.match(taken.notes.join(), /^telecined\.mkv is telecined film .* taken back/);
  const woven = await read('off');
  assert.ok(film.every((one) => lumaPsnr(rawBytes(woven.frame), one, source) < 60));
});

test('windows for training are cut from the film', async () => {
  const cut = { count: 2, stride: 1, step: 1, size: 8, channels: 1, view: 'image_aux1' } as const;
  const starts: number[] = [];
  for await (const window of windowsOf({ path: clip, name: 'film', ranges: [] }, cut)) starts.push(window.index);
  assert.deepEqual(
    starts,
    film.slice(1).map((_, i) => i),
  );
});

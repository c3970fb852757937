import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../app/contract/errors.ts';
import { capabilities } from '../../../app/core/media/capabilities.ts';
import { chunkRecipe, planOutput } from '../../../app/core/media/output-format.ts';
import { pixelFormat, PIXEL_FORMATS } from '../../../app/core/media/pixel-format.ts';
import { encodes, infoOf, planFor } from './output-kit.ts';
import { few } from '../../support/few.ts';

async function refusal(format: string, request: Parameters<typeof planFor>[1]): Promise<AppError> {
  try {
    await planFor(format, request);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

test('the ending of the name picks the container and its default codec', async (t) => {
  for (const [path, container, codec, encoder] of [
    ['a.mp4', 'mp4', 'h264', 'libx264'],
    ['a.M4V', 'mp4', 'h264', 'libx264'],
    ['a.mov', 'mov', 'h264', 'libx264'],
    ['a.mkv', 'mkv', 'h264', 'libx264'],
    ['a.webm', 'webm', 'vp9', 'libvpx-vp9'],
    ['f/%05d.png', 'png', 'png', 'png'],
    ['f/a%d.EXR', 'exr', 'exr', 'exr'],
  ] as const) {
    if (!(await encodes(t, codec))) continue;
    const plan = await planFor('yuv420p', { path, codecChosen: false });
    assert.deepEqual([plan.container.name, plan.codec, plan.encoder], [container, codec, encoder], path);
  }
});

test('names that say no format, and codecs a container does not hold, are refused with what would do', async () => {
  for (const [path, codec, says] of [
    ['a.avi', 'h264', /\.mp4, \.mov, \.mkv/],
    ['a', 'h264', /no ending/],
    ['a.gif', 'h264', /\.gif/],
    ['a.png', 'h264', /a-%05d\.png/],
    ['a.mp4', 'prores', /\.mov or \.mkv/],
    ['a.webm', 'h264', /vp9, av1 in \.webm/],
    ['a.mov', 'ffv1', /\.mkv/],
  ] as const) {
    const error = await refusal('yuv420p', { path, codec });
    assert.equal(error.code, 'output-format', path);
    assert.match(error.message, says);
  }
});

/** What every encoder takes. */
const LARGE = { width: 96, height: 64 };

test('depth and chroma are never dropped: a chosen codec refuses, an open one is replaced', async (t) => {
  for (const [format, path, instead] of [
    ['yuv420p12le', 'a.mp4', 'hevc'],
    ['yuv444p12le', 'a.mov', 'hevc'],
    ['yuv420p16le', 'a.mkv', 'ffv1'],
    ['yuva420p', 'a.mp4', 'h264'],
    ['yuv422p10le', 'a.mp4', 'h264'],
    ['yuv440p12le', 'a.mp4', 'hevc'],
  ] as const) {
    const plan = await planFor(format, { path, codecChosen: false, ...LARGE });
    assert.equal(plan.codec, instead, format);
    const { bits } = pixelFormat(format);
    assert.ok(pixelFormat(plan.pixelFormat).bits >= bits);
    if (instead === 'h264') continue;
    assert.ok(
      plan.notes.some((note) => note.includes(instead) && note.includes('h264')),
      plan.notes.join(' '),
    );
    const error = await refusal(format, { path, ...LARGE });
    assert.equal(error.code, 'encoder-cannot');
    assert.match(error.message, new RegExp(instead));
  }
  const none = await refusal('yuv420p16le', { path: 'a.mp4', codecChosen: false });
  assert.equal(none.code, 'encoder-cannot');
  assert.match(none.message, /ffv1 \(\.mkv\)/);
  if (!(await encodes(t, 'av1'))) return;
  const av1 = await refusal('yuv422p16le', { path: 'a.mp4', codec: 'av1' });
  assert.equal(av1.code, 'encoder-cannot');
});

test('every carrier fits every container, or is refused with a reason; YUV never loses bits or chroma', async () => {
  for (const format of few([...PIXEL_FORMATS.values()], ({ bits }) => bits === 8 || bits === 12)) {
    for (const path of ['a.mp4', 'a.mov', 'a.mkv', 'a.webm', '%d.png']) {
      try {
        const plan = await planFor(format.name, { path, codecChosen: false });
        if (!format.name.startsWith('yuv') || plan.container.images) continue;
        const target = pixelFormat(plan.pixelFormat);
        assert.ok(target.bits >= format.bits, `${format.name} ${path}`);
        assert.ok(target.planes[1]!.shiftX <= format.planes[1]!.shiftX, `${format.name} ${path}`);
        assert.ok(target.planes[1]!.shiftY <= format.planes[1]!.shiftY, `${format.name} ${path}`);
      } catch (error) {
        assert.ok(
          error instanceof AppError && error.code === 'encoder-cannot',
          `${format.name} ${path}: ${String(error)}`,
        );
        assert.ok(path !== 'a.mkv' && format.bits > 10, `${format.name} ${path}: ${error.message}`);
      }
    }
  }
});

test('an encoder this ffmpeg lacks is said by name', async () => {
  const known = await capabilities();
  const without = { ...known, encoders: new Set([...known.encoders].filter((name) => name !== 'libx265')) };
  const request = {
    info: infoOf('yuv420p', 64, 64),
    carrier: pixelFormat('yuv420p'),
    width: 64,
    height: 64,
    path: 'a.mp4',
    rate: { num: 24, den: 1 },
  };
  await assert.rejects(planOutput({ ...request, codec: 'hevc' }, without), (error: AppError) => {
    assert.equal(error.code, 'encoder-missing');
    assert.match(error.message, /libx265/);
    return true;
  });
  // Left open, another codec takes its place.
  const none = { ...known, encoders: new Set(['libx265', 'aac']) };
  const plan = await planOutput({ ...request, codec: 'h264', codecChosen: false }, none);
  assert.equal(plan.codec, 'hevc');
});

test('qualities are in the codec’s own measure', async (t) => {
  const prores = await planFor('yuv422p10le', { codec: 'prores', path: 'a.mov' });
  assert.equal(prores.quality, 3);
  const fine = await planFor('yuv444p10le', { codec: 'prores', path: 'a.mov' });
  assert.equal(fine.quality, 4);
  const coarse = await refusal('yuv444p10le', { codec: 'prores', path: 'a.mov', quality: 2 });
  assert.equal(coarse.code, 'encoder-cannot');
  assert.match(coarse.message, /4 and 5 hold 4:4:4/);
  for (const [codec, quality] of [
    ['h264', 52],
    ['av1', 64],
    ['hevc', -1],
    ['prores', 6],
  ] as const) {
    if (!(await encodes(t, codec))) continue;
    const error = await refusal('yuv420p', {
      codec,
      quality,
      ...LARGE,
      path: 'a.mov'.replace('mov', codec === 'av1' ? 'mp4' : 'mov'),
    });
    assert.equal(error.code, 'usage', codec);
  }
  const lossless = await planFor('yuv420p', { codec: 'ffv1', path: 'a.mkv', quality: 7 });
  assert.ok(lossless.notes.some((note) => /ignored/.test(note)));
});

test('what is lost is said, what is not is not', async () => {
  assert.deepEqual((await planFor('yuv420p')).notes, []);
  assert.deepEqual((await planFor('yuv420p10le', { codec: 'hevc', width: 64, height: 64 })).notes, []);
  const rgb = await planFor('gbrap');
  assert.match(rgb.notes.join(' '), /RGB/);
  assert.match(rgb.notes.join(' '), /Transparency is not kept/);
  assert.equal(rgb.colour.matrix, 'bt709');
  assert.equal(rgb.colour.range, 'limited');
  const full = await planFor('yuv420p', { codec: 'prores', path: 'a.mov', video: { colour: { range: 'full' } } });
  assert.match(full.notes.join(' '), /full range/);
  const kept = await planFor('yuva444p10le', { codec: 'prores', path: 'a.mov' });
  assert.equal(kept.pixelFormat, 'yuva444p10le');
  assert.doesNotMatch(kept.notes.join(' '), /Transparency/);
  const hdr = { contentLight: { max: 1000, average: 400 } };
  assert.match((await planFor('yuv420p10le', { codec: 'vp9', video: { hdr } })).notes.join(' '), /HDR10/);
  const silent = await planFor('yuv420p', { path: '%05d.png', sound: true });
  assert.match(silent.notes.join(' '), /no sound/);
  assert.equal(silent.audio, undefined);
});

test('a recipe changes with what shapes a chunk and with nothing else', async () => {
  const recipe = chunkRecipe(await planFor('yuv420p'));
  assert.equal(chunkRecipe(await planFor('yuv420p', { path: 'elsewhere.mov', sound: true })), recipe);
  for (const other of [
    { quality: 20 },
    { codec: 'hevc' as const, ...LARGE },
    { width: 50 },
    { rate: { num: 25, den: 1 } },
    { video: { colour: { matrix: 'bt470bg' } } },
    { video: { sampleAspect: { num: 4, den: 3 } } },
  ]) {
    assert.notEqual(chunkRecipe(await planFor('yuv420p', other)), recipe, JSON.stringify(other));
  }
});

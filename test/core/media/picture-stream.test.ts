import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameBytes, frameFromBytes, type Frame } from '../../../app/core/media/frame.ts';
import { encodePictures, jpegLength, pngLength } from '../../../app/core/media/picture-stream.ts';
import { pixelFormat } from '../../../app/core/media/pixel-format.ts';
import { runFfmpeg } from '../../../app/core/media/ffmpeg.ts';

const SIZE = { width: 37, height: 22 };

/** Pictures of one level each, of noise where that is asked for. */
async function* pictures(name: string, levels: readonly number[], noise = false): AsyncGenerator<Frame> {
  const format = pixelFormat(name);
  for (const level of levels) {
    const bytes = new Uint8Array(frameBytes(format, SIZE.width, SIZE.height)).fill(level);
    if (noise) for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 7919 + level) % 251;
    yield frameFromBytes(format, SIZE.width, SIZE.height, bytes, 0, 0);
  }
}

async function rgba(file: Buffer): Promise<Uint8Array> {
  const { stdout } = await runFfmpeg(['-i', 'pipe:0', '-f', 'rawvideo', '-pix_fmt', 'rgba', 'pipe:1'], { input: file });
  return stdout;
}

test('each frame becomes one file, in order: JPEG in the colours it has, PNG where it is transparent', async () => {
  const options = { ...SIZE, format: pixelFormat('yuv420p'), colour: { range: 'limited', matrix: 'bt709' } as const };
  const grey: number[] = [];
  for await (const file of encodePictures(pictures('yuv420p', [16, 128, 235]), options)) {
    assert.equal(jpegLength(file), file.length);
    const pixels = await rgba(file);
    assert.equal(pixels.length, 4 * SIZE.width * SIZE.height);
    grey.push(pixels[0]! * (pixels[3] === 255 ? 1 : -1));
  }
  // Chroma of the same level as luma: only the middle one is grey, so it alone is compared.
  assert.equal(grey.length, 3);
  assert.ok(Math.abs(grey[1]! - Math.round(((128 - 16) * 255) / 219)) <= 2, String(grey));

  const clear = { ...SIZE, format: pixelFormat('gbrap'), colour: { range: 'full' } as const };
  const alphas: number[] = [];
  for await (const file of encodePictures(pictures('gbrap', [0, 99, 255]), clear)) {
    assert.equal(pngLength(file), file.length);
    alphas.push((await rgba(file))[3]!);
  }
  assert.deepEqual(alphas, [0, 99, 255]);
});

test('what the frames throw is told, and nothing is left running', async () => {
  const options = { ...SIZE, format: pixelFormat('gbrp'), colour: { range: 'full' } as const };
  async function* failing(): AsyncGenerator<Frame> {
    yield* pictures('gbrp', [1, 2], true);
    throw new Error('no more');
  }
  const read = async (signal?: AbortSignal): Promise<number> => {
    let count = 0;
    for await (const file of encodePictures(failing(), { ...options, signal })) count += Number(file.length > 0);
    return count;
  };
  await assert.rejects(read(), /no more/);
  await assert.rejects(read(AbortSignal.abort(new Error('stopped'))), /stopped/);
});

/** The CVI that comes with Inbetween: what PyTorch gave when it was published, and the way a morph takes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { cviGraph } from '../../../../app/core/engines/cvi/graph.ts';
import { readCvi, recogniseCvi } from '../../../../app/core/engines/cvi/weights.ts';
import { findInbetweener } from '../../../../app/core/engines/registry.ts';
import { openCheckpoint } from '../../../../app/core/import/registry.ts';
import { installedModels } from '../../../../app/core/nn/store.ts';
import { openSession } from '../../../../app/core/nn/session.ts';
import type { Tensor } from '../../../../app/core/onnx/graph.ts';
import { collect, FORMATS, maxDifference, paint, psnr, texture } from '../frames.ts';

const goldenSchema = z.object({
  width: z.number(),
  height: z.number(),
  frames: z.array(z.number()),
  tolerance: z.number(),
  output: z.array(z.number()),
});

/** The picture that golden.json's formula describes, as the network sees it, moved on by `k` steps. */
function still(k: number, channels: number, width: number, height: number): Tensor {
  const data = Float32Array.from({ length: channels * width * height }, (_, i) => {
    const c = Math.floor(i / (width * height));
    const u = (i % width) - 3 * k;
    const v = (Math.floor(i / width) % height) - 2 * k;
    return 2 * (0.5 + 0.2 * Math.sin(0.31 * u + 0.17 * v + c) + 0.15 * Math.cos(0.23 * v - 0.41 * u + 2 * c)) - 1;
  });
  return { dtype: 'float32', dims: [1, channels, height, width], data };
}

const model = (await installedModels()).find(({ id, embedded }) => embedded && id === 'cvi')!;

test('it gives what it gave when it was published', async () => {
  const text = readFileSync(join(model.folder, 'golden.json'), 'utf8');
  const { width, height, frames, tolerance, output } = goldenSchema.parse(JSON.parse(text));
  await using checkpoint = await openCheckpoint(model.path);
  const config = recogniseCvi(checkpoint)!;
  const graph = cviGraph(config, await readCvi(checkpoint, config), { width, height });
  const session = await openSession(graph, { threads: 1 });
  const random = Float32Array.from({ length: config.noise }, (_, d) => 1.5 * Math.sin(1.7 * d + 0.4));
  const [first, last] = [0, 1].map((k) => still(k, config.channels, width, height)) as [Tensor, Tensor];
  const { video } = await session.run({
    first,
    last,
    noise: { dtype: 'float32', dims: [1, config.noise], data: random },
  });
  await session.close();
  const size = config.channels * width * height;
  assert.equal(output.length, frames.length * size);
  const off = output.map((wanted, i) => {
    const frame = frames[Math.floor(i / size)]!;
    return Math.abs((Number(video!.data[frame * size + (i % size)]) + 1) / 2 - wanted);
  });
  assert.ok(Math.max(...off) < tolerance, `off by ${Math.max(...off)}`);
});

test('it moves what it is shown, is no crossfade, and has takes', async () => {
  const entry = await findInbetweener('cvi');
  assert.deepEqual(entry.uses, { seed: true, motion: false, points: false });
  // A disc goes over a textured ground.
  const picture = (at: number) =>
    paint(FORMATS.gbrp, 128, 128, Math.round(15 * at), (x, y, channel) => {
      const inside = (x - 40 - 48 * at) ** 2 + (y - 64) ** 2 < 400;
      return inside ? (channel === 'r' ? 0.9 : 0.15) : 0.25 + 0.3 * texture(x, y);
    });
  await using engine = await entry.open({ width: 128, height: 128, threads: 1, device: 'cpu' });
  const [first, last] = [picture(0), picture(1)];
  const take = async (seed: number) =>
    await collect(
      engine.fill({ first: { frame: first }, last: { frame: last } }, [1 / 15, 7 / 15, 14 / 15], {
        seed,
        motion: 'linear',
      }),
    );
  const [one, again, other] = [await take(1), await take(1), await take(2)];
  assert.equal(maxDifference(one[1]!.frame, again[1]!.frame), 0);
  assert.ok(maxDifference(one[1]!.frame, other[1]!.frame) > 0, 'another seed is another take');
  const fade = paint(FORMATS.gbrp, 128, 128, 0, () => 0);
  fade.planes.forEach(({ data }, n) => {
    data.forEach((_, i) => (data[i] = Math.round((8 * first.planes[n]!.data[i]! + 7 * last.planes[n]!.data[i]!) / 15)));
  });
  assert.ok(psnr(one[1]!.frame, fade) < 45, `${psnr(one[1]!.frame, fade)} dB from a crossfade`);
  assert.ok(psnr(one[0]!.frame, first) > psnr(one[1]!.frame, first), 'it comes from the first');
  assert.ok(psnr(one[2]!.frame, last) > psnr(one[1]!.frame, last), 'it goes to the last');
});

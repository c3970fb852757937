/** Every model that comes with Inbetween, through the way a job takes: what PyTorch gave when it was published. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { FAMILIES } from '../../../app/core/engines/families.ts';
import { findEngine } from '../../../app/core/engines/registry.ts';
import { frameOfFloatRgb, floatRgb } from '../../../app/core/media/float-rgb.ts';
import { frameBytes, frameFromBytes } from '../../../app/core/media/frame.ts';
import { pixelFormat } from '../../../app/core/media/pixel-format.ts';
import { installedModels, verifyModels } from '../../../app/core/nn/store.ts';
import { collect } from '../engines/frames.ts';

const goldenSchema = z.object({
  width: z.number(),
  height: z.number(),
  tolerance: z.number(),
  output: z.array(z.number()),
});
/** Sixteen bits, there and back. */
const ROUNDING = 1 / 65535;

/** The picture that golden.json's formula describes, moved on by `k` steps. */
function picture(k: number, { width, height }: { width: number; height: number }): Float32Array {
  return Float32Array.from({ length: 3 * width * height }, (_, i) => {
    const c = Math.floor(i / (width * height));
    const u = (i % width) - 3 * k;
    const v = (Math.floor(i / width) % height) - 2 * k;
    return 0.5 + 0.2 * Math.sin(0.31 * u + 0.17 * v + c) + 0.15 * Math.cos(0.23 * v - 0.41 * u + 2 * c);
  });
}

const models = (await installedModels()).filter(({ embedded }) => embedded);

test('there are some, each whole and with a card', async () => {
  assert.ok(models.length > 0);
  for (const { id, folder } of models) {
    assert.ok(
      (await verifyModels(id)).every(({ good }) => good),
      id,
    );
    assert.ok(existsSync(join(folder, 'card.md')), `${id} has no card`);
  }
});

/** Those of the other kinds have other golden files: engines/cvi/embedded.test.ts and so on. */
const interpolating = models.filter(({ manifest }) =>
  FAMILIES.some(({ id, kind }) => id === manifest.family && kind === 'interpolate'),
);

for (const { id, folder } of interpolating)
  test(`${id} gives what it gave when it was published`, async () => {
    const golden = goldenSchema.parse(JSON.parse(readFileSync(join(folder, 'golden.json'), 'utf8')));
    const { width, height, tolerance, output } = golden;
    const format = pixelFormat('gbrp16le');
    const like = frameFromBytes(format, width, height, new Uint8Array(frameBytes(format, width, height)), 0, 0);
    const frames = [0, 1].map((k) => frameOfFloatRgb(picture(k, golden), like, {}, k));
    await using engine = await (await findEngine(id)).open({ width, height, threads: 1, device: 'cpu' });
    const [made] = await collect(engine.between(frames[0]!, frames[1]!, [0.5]));
    const given = [...floatRgb(made!.frame, {})];
    assert.equal(given.length, output.length);
    const most = Math.max(...given.map((value, i) => Math.abs(value - output[i]!)));
    assert.ok(most < tolerance + 2 * ROUNDING, `off by ${most}`);
  });

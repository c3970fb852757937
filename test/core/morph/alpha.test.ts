import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Blend } from '../../../app/core/engines/blend.ts';
import { asInbetween, type InbetweenEntry } from '../../../app/core/engines/inbetween.ts';
import type { Frame } from '../../../app/core/media/frame.ts';
import { pixelFormat } from '../../../app/core/media/pixel-format.ts';
import { bled } from '../../../app/core/morph/bleed.ts';
import { fillGap } from '../../../app/core/morph/fill.ts';

const [WIDTH, HEIGHT] = [24, 16];

/** A square of one colour on something transparent of another. */
function sprite(name: string, left: number, colour: readonly number[], under: readonly number[]): Frame {
  const format = pixelFormat(name);
  const top = 2 ** format.bits - 1;
  const planes = format.planes.map((_, c) => {
    const data = format.bits > 8 ? new Uint16Array(WIDTH * HEIGHT) : new Uint8Array(WIDTH * HEIGHT);
    for (let i = 0; i < data.length; i++) {
      const inside = i % WIDTH >= left && i % WIDTH < left + 8;
      data[i] = Math.round(((inside ? [...colour, 255][c] : [...under, 0][c])! * top) / 255);
    }
    return { width: WIDTH, height: HEIGHT, data };
  });
  return { format, width: WIDTH, height: HEIGHT, planes, index: 0, time: 0 };
}

const blend = (network: boolean): InbetweenEntry => ({
  ...asInbetween({ id: 'blend', version: '1', name: 'Blend', summary: '', open: async () => new Blend() }),
  network,
});

for (const network of [false, true])
  for (const name of ['gbrap', 'gbrap16le'])
    test(`colours are weighted by what is seen of them: ${network ? 'two grounds' : 'multiplied'}, ${name}`, async () => {
      const [green, orange] = [
        [255, 0, 0],
        [120, 20, 220],
      ] as const;
      const [a, b] = [sprite(name, 4, orange, green), sprite(name, 8, orange, green)];
      const setup = { width: WIDTH, height: HEIGHT, threads: 1 };
      const gap = { first: { frame: a }, last: { frame: b } };
      const request = { gap, entry: blend(network), times: [0.25, 0.5], motion: 'linear', seed: 0, setup } as const;
      const made: Frame[] = [];
      for await (const { frame } of fillGap(request)) made.push(frame);
      assert.equal(made.length, 2);
      const top = 2 ** a.format.bits - 1;
      for (const [n, frame] of made.entries()) {
        assert.equal(frame.format.name, name);
        const t = request.times[n]!;
        for (let x = 0; x < WIDTH; x++) {
          const [g, blue, r, alpha] = frame.planes.map(({ data }) => (data[8 * WIDTH + x]! * 255) / top);
          const [inA, inB] = [x >= 4 && x < 12, x >= 8 && x < 16];
          const seen = (inA ? 1 - t : 0) + (inB ? t : 0);
          assert.ok(Math.abs(alpha! - 255 * seen) < 1.5, `alpha at ${x}: ${alpha}`);
          if (seen === 1) assert.equal(alpha, 255, 'opaque stays opaque');
          if (seen === 0) continue;
          for (const [have, want] of [
            [g, 120],
            [blue, 20],
            [r, 220],
          ])
            assert.ok(Math.abs(have! - want!) < 3, `${x}: ${g} ${blue} ${r}`);
        }
      }
    });

test('colours go on under what is transparent, as far as a codec mixes them, and nothing that is seen changes', () => {
  const frame = sprite('gbrap', 4, [120, 20, 220], [255, 0, 0]);
  const out = bled(frame);
  const at = (x: number): number[] => out.planes.map(({ data }) => data[8 * WIDTH + x]!);
  for (const x of [0, 3, 12, 19]) assert.deepEqual(at(x), [120, 20, 220, 0], `${x}`);
  assert.deepEqual(at(20), [0, 0, 0, 0], 'black beyond');
  for (let x = 4; x < 12; x++) assert.deepEqual(at(x), [120, 20, 220, 255]);
  assert.equal(frame.planes[0]!.data[0], 255, 'the frame itself is as it was');
});

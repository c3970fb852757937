/** What moves over nothing keeps its colours to the edge: no halo of what lies under the transparency. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findEngine } from '../../../app/core/engines/registry.ts';
import { frameBytes, frameFromBytes, type Frame } from '../../../app/core/media/frame.ts';
import { pixelFormat } from '../../../app/core/media/pixel-format.ts';
import { FIGURE } from '../../guarantees/promise.ts';

const SIDE = 64;
const COLOUR = { range: 'limited', matrix: 'bt709' } as const;

/** A light square of 24 pixels from `left` on, its edge a pixel soft; black under what is transparent. */
function square(name: string, left: number, time: number): Frame {
  const format = pixelFormat(name);
  const frame = frameFromBytes(format, SIDE, SIDE, new Uint8Array(frameBytes(format, SIDE, SIDE)), time, time);
  const unit = 2 ** (format.bits - 8);
  const cover = (x: number, y: number): number =>
    y < 20 || y >= 44 ? 0 : Math.min(1, Math.max(0, Math.min(x - left + 1, left + 25 - x) / 2));
  format.planes.forEach(({ channel, shiftX, shiftY }, p) => {
    const { data, width } = frame.planes[p]!;
    data.forEach((_, i) => {
      const [x, y] = [(i % width) << shiftX, Math.floor(i / width) << shiftY];
      const share = cover(x, y);
      if (channel === 'a') data[i] = Math.round(share * (2 ** format.bits - 1));
      else if (channel === 'u' || channel === 'v') data[i] = (share > 0 ? 100 : 128) * unit;
      else data[i] = (share > 0 ? 200 : 16) * unit;
    });
  });
  return frame;
}

async function middle(id: string, name: string): Promise<Frame> {
  const entry = await findEngine(id);
  const [a, b] = [square(name, 12, 0), square(name, 20, 1000)];
  await using engine = await entry.open({ width: SIDE, height: SIDE, threads: 1, colour: COLOUR, device: 'cpu' });
  for await (const { frame } of engine.between(a, b, [0.5])) {
    assert.equal(frame.format, a.format);
    return frame;
  }
  throw new Error('nothing was made');
}

for (const [id, name] of [
  ['blend', 'yuva444p'],
  ['glide', 'yuva444p10le'],
  ['glide', 'yuva420p'],
  ['film', 'yuva444p'],
] as const) {
  test(`${id}, ${name}: wherever something is seen it is as light as what moves`, async (t) => {
    const { format, planes } = await middle(id, name);
    const unit = 2 ** (format.bits - 8);
    const [luma, alpha] = [planes[0]!.data, planes.at(-1)!.data];
    const top = 2 ** format.bits - 1;
    let darkest = 255;
    let [seen, weight] = [0, 0];
    alpha.forEach((value, i) => {
      seen += value / top;
      // Networks are less sure of an edge.
      if (value < (id === 'film' ? 0.3 : 0.1) * top) return;
      weight++;
      darkest = Math.min(darkest, luma[i]! / unit);
    });
    assert.ok(weight > 400, `${weight} pixels are seen`);
    assert.ok(Math.abs(seen / (24 * 25) - 1) < 0.25, `${seen} pixels' worth is seen`);
    assert.ok(darkest > (id === 'film' ? 150 : 190), `a pixel of luma ${darkest} beside 200`);
    t.diagnostic(`${FIGURE}the darkest visible pixel is ${darkest.toFixed(1)} where 200 moves over black`);
  });
}

/** How far pictures made in tiles are from those made whole, where tiles meet. */
import { engineDevice } from '../../app/core/engines/engine-device.ts';
import { findEngine } from '../../app/core/engines/registry.ts';
import type { Axis } from '../../app/core/engines/tile-plan.ts';
import type { TilePlan } from '../../app/core/engines/tiles.ts';
import type { Frame } from '../../app/core/media/frame.ts';

export interface Seams {
  readonly tiles: string;
  /** In 8-bit code values, of the samples that two tiles or more have in common. */
  readonly mean: number;
  readonly max: number;
  /** Part of them, in percent, that is off by more than one code value. */
  readonly overOne: number;
  /** The largest mean difference along a line across which a tile ends or begins, against that of its neighbours. */
  readonly step: number;
}

/** The frame halfway between two. */
export async function middle(id: string, a: Frame, b: Frame, shrink: number): Promise<Frame> {
  const entry = await findEngine(id);
  const { device } = await engineDevice(entry, 'cpu', { threads: 2 });
  const { width, height } = a;
  await using engine = await entry.open({ width, height, threads: 2, device, shrink, colour: { matrix: 'bt709' } });
  for await (const { frame } of engine.between(a, b, [0.5])) return frame;
  throw new Error(`${id} made nothing`);
}

/** Whether two tiles have a sample in common there. */
function shared({ starts, size }: Axis, shift: number): (at: number) => boolean {
  return (at) => starts.filter((start) => at << shift >= start && at << shift < start + size).length > 1;
}

export function seams(whole: Frame, tiled: Frame, { x, y }: TilePlan): Seams {
  const { bits, planes } = whole.format;
  const scale = 2 ** (8 - bits);
  let [sum, max, count, over, step] = [0, 0, 0, 0, 0];
  for (const [n, layout] of planes.entries()) {
    const [a, b] = [whole.planes[n]!, tiled.planes[n]!];
    const [acrossX, acrossY] = [shared(x, layout.shiftX), shared(y, layout.shiftY)];
    for (let row = 0; row < a.height; row++)
      for (let column = 0; column < a.width; column++) {
        if (!acrossX(column) && !acrossY(row)) continue;
        const off = Math.abs(a.data[row * a.width + column]! - b.data[row * a.width + column]!) * scale;
        sum += off;
        count++;
        if (off > 1) over++;
        max = Math.max(max, off);
      }
    step = Math.max(step, excessStep(a, b, scale));
  }
  const tiles = `${x.starts.length}x${y.starts.length} of ${x.size}x${y.size}`;
  return { tiles, mean: sum / count, max, overOne: (100 * over) / count, step };
}

/** How much larger than in the whole picture the mean step from a column or row to the next is, at most. */
function excessStep(whole: Frame['planes'][number], tiled: Frame['planes'][number], scale: number): number {
  const [columnsA, columnsB] = [steps(whole, true), steps(tiled, true)];
  const [rowsA, rowsB] = [steps(whole, false), steps(tiled, false)];
  const excess = (a: Float64Array, b: Float64Array): number => b.reduce((most, s, i) => Math.max(most, s - a[i]!), 0);
  return scale * Math.max(excess(columnsA, columnsB), excess(rowsA, rowsB));
}

function steps({ width, height, data }: Frame['planes'][number], across: boolean): Float64Array {
  const sums = new Float64Array((across ? width : height) - 1);
  const [lines, samples] = [across ? height : width, sums.length];
  for (let line = 0; line < lines; line++)
    for (let n = 0; n < samples; n++) {
      const at = across ? line * width + n : n * width + line;
      sums[n] = sums[n]! + Math.abs(data[at + (across ? 1 : width)]! - data[at]!) / lines;
    }
  return sums;
}

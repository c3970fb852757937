/** A still scene through an engine: how far the frames it makes are from the real ones, which is what flickers when they alternate. */
import { findEngine } from '../../app/core/engines/registry.ts';
import type { Frame } from '../../app/core/media/frame.ts';
import { chartFrame, SIDE, type Chart } from './colour-charts.ts';

export const STILL_ENGINES = ['blend', 'glide', 'film', 'sepconv', 'adaconv'] as const;

export interface Flicker {
  readonly chart: string;
  /** In codes of 8 bits: the largest mean over a plane of made minus real (without sign), and of its absolute value. */
  readonly mean: number;
  readonly absolute: number;
}

/**
 * A still picture as a camera sees it: within what RGB shows, and with grain (of `grain` codes of 8 bits, standard deviation) that is another in each frame.
 */
export function stillFrame(chart: Chart, seed: number, grain: number): Frame {
  const frame = chartFrame(chart, 0);
  const random = randomOf(seed);
  const { bits, name } = frame.format;
  const unit = 2 ** (bits - 8);
  const [top, rgb] = [2 ** bits - 1, name.startsWith('gbr')];
  frame.planes.forEach(({ data }, p) => {
    const chroma = !rgb && p > 0 && p < 3;
    for (let i = 0; i < data.length; i++) {
      // Colours of little saturation, luma from black to white.
      const code = chroma ? 128 * unit + (data[i]! - 128 * unit) / 8 : 24 * unit + (data[i]! * 200) / 255;
      const noise = grain * unit * (random() + random() + random() - 1.5) * 2;
      data[i] = Math.min(top, Math.max(0, Math.round(code + noise)));
    }
  });
  return frame;
}

function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Of each chart: the frame an engine makes between two of a still picture; `grain` 0 takes the chart itself, all its codes, twice. */
export async function flicker(id: string, charts: readonly Chart[], grain: number): Promise<Flicker[]> {
  const entry = await findEngine(id);
  const found: Flicker[] = [];
  for (const chart of charts) {
    const { colour, format } = chart;
    await using engine = await entry.open({ width: SIDE, height: SIDE, threads: 1, colour, device: 'cpu' });
    const picture = (seed: number): Frame => (grain > 0 ? stillFrame(chart, seed, grain) : chartFrame(chart, 0));
    const a = { ...picture(1), time: 0 };
    const b = { ...picture(2), index: 1, time: 1000 };
    const unit = 2 ** (format.bits - 8);
    let [mean, absolute] = [0, 0];
    for await (const { frame } of engine.between(a, b, [0.5])) {
      frame.planes.forEach(({ data }, p) => {
        let [signed, off] = [0, 0];
        for (let i = 0; i < data.length; i++) {
          const difference = data[i]! - (a.planes[p]!.data[i]! + b.planes[p]!.data[i]!) / 2;
          signed += difference;
          off += Math.abs(difference);
        }
        mean = Math.max(mean, Math.abs(signed) / data.length / unit);
        absolute = Math.max(absolute, off / data.length / unit);
      });
    }
    found.push({ chart: chart.name, mean, absolute });
  }
  return found;
}

export function worstFlicker(all: readonly Flicker[]): Flicker {
  return all.reduce((worst, one) => (one.mean > worst.mean ? one : worst), { chart: '', mean: 0, absolute: 0 });
}

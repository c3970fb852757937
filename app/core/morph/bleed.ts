/** Colours under what is transparent. */
import type { Frame, Samples } from '../media/frame.ts';

/** Pixels that colours are carried on: the block of a lossy codec. */
const REACH = 8;

/**
 * RGB with alpha whose colours go on a little into what is transparent, and are black beyond. Nobody sees them; but lossy codecs mix them into the edge, where black
 * or what a painting program left there would show as a rim.
 */
export function bled(frame: Frame): Frame {
  const { width, height } = frame;
  const alpha = frame.planes[3]!.data;
  const colours = frame.planes.slice(0, 3).map(({ data }) => data.slice() as Samples);
  const known = new Uint8Array(alpha.length);
  for (let i = 0; i < alpha.length; i++) {
    if (alpha[i]! > 0) known[i] = 1;
    else for (const plane of colours) plane[i] = 0;
  }
  const around = (i: number): number[] => {
    const [x, y] = [i % width, Math.floor(i / width)];
    const near: number[] = [];
    for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++)
      for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) near.push(v * width + u);
    return near;
  };
  let edge = new Set<number>();
  for (let i = 0; i < known.length; i++) if (known[i] && touches(i, known, width)) edge.add(i);
  for (let step = 0; step < REACH && edge.size > 0; step++) {
    const next = new Set<number>();
    for (const i of edge) for (const j of around(i)) if (!known[j]) next.add(j);
    for (const i of next) {
      const near = around(i).filter((j) => known[j]);
      for (const plane of colours) plane[i] = near.reduce((sum, j) => sum + plane[j]!, 0) / near.length + 0.5;
    }
    for (const i of next) known[i] = 1;
    edge = next;
  }
  return { ...frame, planes: [...colours.map((data) => ({ width, height, data })), frame.planes[3]!] };
}

/** Whether a pixel has one beside, above or below it (or round the border, which does no harm) that is not known. */
function touches(i: number, known: Uint8Array, width: number): boolean {
  return known[i - 1] === 0 || known[i + 1] === 0 || known[i - width] === 0 || known[i + width] === 0;
}

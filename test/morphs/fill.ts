/** Two stills and the pictures an engine makes between them. */
import { availableParallelism } from 'node:os';
import { OpenInbetweeners, windowEngine } from '../../app/core/score/window-engines.ts';
import { frameOfRgb, toRgb8, type Rgb8 } from '../../app/core/score/rgb.ts';

/** Both stills and `count` pictures between them, by ID[:MOTION][:enlarged]. */
export async function filled(engine: string, first: Rgb8, last: Rgb8, count: number, seed = 1): Promise<Rgb8[]> {
  const { entry, motion, guided } = await windowEngine(engine);
  await using open = new OpenInbetweeners(availableParallelism(), 'cpu');
  const inbetweener = await open.get(entry, first.width, first.height);
  const gap = { first: { frame: frameOfRgb(first) }, last: { frame: frameOfRgb(last) } };
  const times = Array.from({ length: count }, (_, i) => (i + 1) / (count + 1));
  const how = { seed, motion, guided };
  const made: Rgb8[] = [first];
  // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- it is no array
  for await (const { frame } of inbetweener.fill(gap, times, how)) made.push(toRgb8(frame, {}, 'linear-centre'));
  return [...made, last];
}

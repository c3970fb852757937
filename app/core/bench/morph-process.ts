/** Runs in a process of its own: fills one gap by one engine. Started by morphs.ts. */
import { frameFromBytes } from '../media/frame.ts';
import { OpenInbetweeners, windowEngine } from '../score/window-engines.ts';
import { answerOnce } from './ask.ts';
import type { MorphCost, MorphRequest } from './morphs.ts';

async function measure(request: MorphRequest): Promise<MorphCost> {
  const { engine, side, format, threads, device, stills, pictures } = request;
  const frames = stills.map((bytes, i) => frameFromBytes(format, side, side, bytes, i, i));
  const [first, last] = [{ frame: frames[0]! }, { frame: frames[1]! }];
  const times = Array.from({ length: pictures }, (_, i) => (i + 1) / (pictures + 1));
  const { entry, motion, guided } = await windowEngine(engine);
  const started = performance.now();
  await using open = new OpenInbetweeners(threads, device);
  const inbetweener = await open.get(entry, side);
  const opened = performance.now();
  const how = { seed: 1, motion, guided };
  let made = 0;
  // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- it is no array
  for await (const { frame } of inbetweener.fill({ first, last }, times, how)) if (frame.width === side) made++;
  if (made !== pictures) throw new Error(`${engine} made ${made} of ${pictures} pictures`);
  return {
    openSeconds: (opened - started) / 1000,
    seconds: (performance.now() - opened) / 1000,
    memoryMB: (process.resourceUsage().maxRSS * 1024) / 1e6,
    device: inbetweener.device,
  };
}

answerOnce(measure);

/**
 * What a gesture costs the page: script, style and layout of every frame, read off Chromium's own trace.
 *
 * [Note: frame trace] Frames a second say nothing under software rendering, where rasterising is the bottleneck of the machine and not of the
 * page. What the page itself can do well or badly is the main thread's work between two frames, so that is what is measured. Use:
 *
 *   const trace = await traceFrames(page, async () => {
 *     for (let step = 0; step < 120; step++) await page.mouse.move(x + 4 * step, y);   // a drag, a scroll: whatever is to be smooth
 *   });
 *   console.log(describeTrace('drag of 200 clips', trace));
 *   assert.ok(trace.p95 <= 8);
 *
 * A *frame* is what the page's main thread did up to one commit to the compositor and after the one before. Counted are the outermost events of each kind (nested ones
 * belong to what they are nested in; style and layout that a script forces count as style and layout once). Frames in which the page did
 * nothing, and those without any input or animation callback, are left out, so that idling cannot flatter the percentile. Durations are the
 * main thread's own CPU time where the trace has it (`tdur`), else wall time: on a machine that others use too, waiting for a core is not work.
 * `wall` has the same by the clock.
 */
import type { Page } from 'playwright-core';

/** Milliseconds of one frame's main thread. */
export interface FrameCost {
  script: number;
  style: number;
  layout: number;
  /** script + style + layout. */
  total: number;
  /** `total` by the clock. */
  wall: number;
}

export interface FrameTrace {
  frames: FrameCost[];
  /** Of `total` over `frames`, ms. */
  median: number;
  p95: number;
  max: number;
  /** p95 of `wall`. */
  wallP95: number;
}

interface TraceEvent {
  name: string;
  ph: string;
  ts: number;
  dur?: number;
  tdur?: number;
  pid: number;
  tid: number;
  args?: { name?: string; data?: { type?: string } };
}

type Kind = 'script' | 'style' | 'layout';

/** Names of Chromium 120 to 156. */
const KINDS: Readonly<Record<string, Kind>> = {
  FunctionCall: 'script',
  EvaluateScript: 'script',
  EventDispatch: 'script',
  FireAnimationFrame: 'script',
  TimerFire: 'script',
  RunMicrotasks: 'script',
  V8Callback: 'script',
  MinorGC: 'script',
  MajorGC: 'script',
  UpdateLayoutTree: 'style',
  RecalculateStyles: 'style',
  Layout: 'layout',
};

/** The instant at which a frame is handed to the compositor. */
const COMMIT = 'BeginCommitCompositorFrame';
const CATEGORIES = ['devtools.timeline', 'disabled-by-default-devtools.timeline'];

/** Runs `gesture` and answers what each frame of it cost. Throws when the trace has no frames of work at all: then nothing was measured. */
export async function traceFrames(page: Page, gesture: () => Promise<void>): Promise<FrameTrace> {
  const session = await page.context().newCDPSession(page);
  const events: TraceEvent[] = [];
  session.on('Tracing.dataCollected', ({ value }) => {
    for (const event of value) events.push(event as unknown as TraceEvent);
  });
  const ended = new Promise<void>((resolve) => session.once('Tracing.tracingComplete', () => resolve()));
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: CATEGORIES },
  });
  try {
    await gesture();
  } finally {
    await session.send('Tracing.end');
    await ended;
    await session.detach();
  }
  const frames = framesOf(events);
  if (frames.length === 0) throw new Error('the trace has no frame in which the page did anything');
  return summarise(frames);
}

/** The costs of all frames in which the page worked. */
export function framesOf(events: readonly TraceEvent[]): FrameCost[] {
  const main = mainThread(events);
  const own = events.filter(({ pid, tid }) => main !== undefined && pid === main.pid && tid === main.tid);
  const commits = own
    .filter(({ name }) => name === COMMIT)
    .map(({ ts }) => ts)
    .toSorted((a, b) => a - b);
  const work = own.filter(({ ph, name, dur }) => ph === 'X' && dur !== undefined && KINDS[name] !== undefined);
  const frames = new Map<number, FrameCost & { moved: boolean }>();
  const open: TraceEvent[] = [];
  let at = 0;
  for (const event of work.toSorted((a, b) => a.ts - b.ts || b.dur! - a.dur!)) {
    while (open.length > 0 && open.at(-1)!.ts + open.at(-1)!.dur! <= event.ts) open.pop();
    while (at < commits.length && commits[at]! <= event.ts) at++;
    const frame = frames.get(at) ?? { script: 0, style: 0, layout: 0, total: 0, wall: 0, moved: false };
    frames.set(at, frame);
    const kind = KINDS[event.name]!;
    const [cost, wall] = [(event.tdur ?? event.dur!) / 1000, event.dur! / 1000];
    const parent = open.at(-1);
    // Time is counted where it was spent: what is nested is taken from what holds it.
    frame[kind] += cost;
    if (parent) frame[KINDS[parent.name]!] -= cost;
    else frame.wall += wall;
    if (event.name === 'EventDispatch' || event.name === 'FireAnimationFrame') frame.moved = true;
    open.push(event);
  }
  return [...frames.values()]
    .filter(({ moved }) => moved)
    .map(({ script, style, layout, wall }) => ({ script, style, layout, total: script + style + layout, wall }));
}

/** The main thread that drew most frames: the page's, not that of a frame or a worker. */
function mainThread(events: readonly TraceEvent[]): { pid: number; tid: number } | undefined {
  const counts = new Map<string, { pid: number; tid: number; count: number }>();
  for (const { name, pid, tid } of events) {
    if (name !== COMMIT) continue;
    const key = `${pid}:${tid}`;
    const entry = counts.get(key) ?? { pid, tid, count: 0 };
    entry.count++;
    counts.set(key, entry);
  }
  return [...counts.values()].toSorted((a, b) => b.count - a.count)[0];
}

function summarise(frames: FrameCost[]): FrameTrace {
  const totals = frames.map(({ total }) => total).toSorted((a, b) => a - b);
  const walls = frames.map(({ wall }) => wall).toSorted((a, b) => a - b);
  return {
    frames,
    median: quantile(totals, 0.5),
    p95: quantile(totals, 0.95),
    max: totals.at(-1)!,
    wallP95: quantile(walls, 0.95),
  };
}

/** The smallest value that a fraction `q` of the sorted values does not exceed. */
function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]!;
}

/** One line for a log. */
export function describeTrace(what: string, { frames, median, p95, max, wallP95 }: FrameTrace): string {
  const mean = (pick: (frame: FrameCost) => number) =>
    (frames.reduce((sum, frame) => sum + pick(frame), 0) / frames.length).toFixed(2);
  return (
    `${what}: script + style + layout a frame over ${frames.length} frames: median ${median.toFixed(2)} ms, p95 ${p95.toFixed(2)} ms, ` +
    `max ${max.toFixed(2)} ms; by the clock p95 ${wallP95.toFixed(2)} ms; means: script ${mean((f) => f.script)}, ` +
    `style ${mean((f) => f.style)}, layout ${mean((f) => f.layout)} ms`
  );
}

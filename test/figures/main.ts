/**
 * `npm run figures`: how quick the studio is on this machine. Start to usable window, seek to displayed frame, what a drag costs a frame, and the longest time
 * nobody answered during an export. Printed, and written to docs/evidence/studio-figures.json. Run it while the machine does nothing else.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeClip } from '../support/clips.ts';
import { writeEvidence } from '../support/evidence.ts';
import { describeTrace, type FrameTrace } from '../support/frame-trace.ts';
import { measureAllSeeks } from '../support/preview-figures.ts';
import { openStudioPage } from '../support/studio-page.ts';
import { dragHundredth, openTwoHundred } from '../support/timeline-figures.ts';
import { measureBlocks } from './blocks.ts';
import { measureStart } from './start.ts';

const folder = mkdtempSync(join(tmpdir(), 'inbetween-figures-'));
const ms = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} ms`;

async function starts(clip: string) {
  const home = join(folder, 'started');
  // Built, and a library with a clip and its picture: what somebody opens in the morning.
  await using first = await openStudioPage({ host: 'double', home, clips: [clip] });
  await first.page.waitForTimeout(2000);
  await first[Symbol.asyncDispose]();
  const figures = [];
  for (const host of ['serve', 'double'] as const) {
    const figure = await measureStart(host, home);
    console.log(
      `start to usable window, ${host}: median ${ms(figure.medianMs)}, worst of ${figure.runs} ${ms(figure.worstMs)}`,
    );
    figures.push(figure);
  }
  return figures;
}

async function seeks() {
  const figures = await measureAllSeeks();
  for (const { clip, played, medianMs, p95Ms, seeks: count } of figures) {
    console.log(`seek to displayed frame, ${clip} (${played}): median ${ms(medianMs)}, p95 ${ms(p95Ms)} of ${count}`);
  }
  return figures;
}

async function drags(clip: string) {
  await using studio = await openStudioPage({ clips: [clip] });
  const { clips } = await studio.call('library.query', { query: {}, offset: 0, limit: 1 });
  await openTwoHundred(studio, clips[0]!.id);
  const one = await dragHundredth(studio, 200);
  await studio.page.keyboard.press('ControlOrMeta+KeyA');
  const all = await dragHundredth(studio, 60);
  console.log(describeTrace('timeline drag, one of 200 clips', one));
  console.log(describeTrace('timeline drag, all 200 clips', all));
  const figure = ({ frames, median, p95, max }: FrameTrace) => ({ frames: frames.length, median, p95, max });
  return { one: figure(one), all: figure(all) };
}

async function blocks(host: 'serve' | 'double', clip: string) {
  await using studio = await openStudioPage({ host, clips: [clip], folders: [folder] });
  const { call, page } = studio;
  const { clips } = await call('library.query', { query: {}, offset: 0, limit: 1 });
  const { id, version } = await call('project.create', { name: 'Blocks' });
  await call('project.place', { id, version, clips: [{ media: clips[0]!.id }], at: 0, how: 'append' });
  const { state, version: placed } = await call('project.open', { id });
  const before = Object.values(state.clips)[0]!;
  const keys = before.keys.map((key) => ({ ...key, output: 4 * key.output }));
  const after = { ...before, keys, frames: 4 * before.frames };
  const changes = [{ kind: 'clip' as const, id: before.id, before, after }];
  await call('project.edit', { id, version: placed, edit: { label: 'Slow', changes } });
  await page.evaluate(() => void (location.hash = '#/queue'));
  await page.waitForTimeout(1500);
  const output = join(folder, `${host}.mp4`);
  let seconds = 0;
  const figure = await measureBlocks(page, async () => {
    const begun = performance.now();
    await call('export.start', {
      project: id,
      options: { scope: { what: 'sequence' }, output, codec: 'h264', force: false },
    });
    for (;;) {
      await page.waitForTimeout(500);
      const { items } = await call('queue.status', {});
      const item = items.find(({ job }) => job.spec.output === output);
      if (item?.state === 'failed') throw new Error(item.job.error?.message);
      if (item?.state === 'done') break;
    }
    seconds = (performance.now() - begun) / 1000;
  });
  console.log(
    `longest main-thread block during an export of ${after.frames} frames of 1080p (${seconds.toFixed(0)} s), ${host}: page ${ms(figure.pageMs)}, ` +
      `host ${ms(figure.hostMs)} (p95 of ${figure.calls} calls ${ms(figure.hostP95Ms)})`,
  );
  return { host, ...figure, seconds };
}

try {
  const small = join(folder, 'small.mp4');
  makeClip(small, { seconds: 2, size: '320x180' });
  const large = join(folder, 'large.mp4');
  makeClip(large, { seconds: 2, size: '1920x1080' });
  const start = await starts(small);
  const seek = await seeks();
  const drag = await drags(small);
  const block = [await blocks('serve', large), await blocks('double', large)];
  writeEvidence('studio-figures', { start, seek, drag, block });
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/**
 * What scrolling and dragging cost a frame, with more in the view than anybody has: at most 8 ms of the page's main thread (12 where all 200 clips are dragged at once). Run after all others and alone.
 * What else the machine does can only add to a measurement, so where one is too slow another may stand for it.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { openHome } from '../../../app/core/base/home.ts';
import { openLibrary } from '../../../app/core/library/db.ts';
import { skipWithoutChromium } from '../../support/chromium.ts';
import { ffmpegOutput, makeClip } from '../../support/clips.ts';
import { describeTrace, traceFrames, type FrameTrace } from '../../support/frame-trace.ts';
import { seedClips } from '../../support/library.ts';
import { openStudioPage } from '../../support/studio-page.ts';
import { dragHundredth, openTwoHundred } from '../../support/timeline-figures.ts';

const folder = mkdtempSync(join(tmpdir(), 'inbetween-frames-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const skip = skipWithoutChromium();
const LIMIT_MS = 8;
const TRIES = 6;

async function smooth(
  t: TestContext,
  what: string,
  measure: () => Promise<FrameTrace>,
  limit: number = LIMIT_MS,
): Promise<void> {
  let least = Infinity;
  for (let tries = 0; tries < TRIES && least > limit; tries++) {
    const trace = await measure();
    t.diagnostic(describeTrace(what, trace));
    least = Math.min(least, trace.p95);
  }
  assert.ok(least <= limit, `${what}: p95 is ${least.toFixed(2)} ms of ${limit}`);
}

/** A library of ten thousand clips with pictures. */
async function seedTenThousand(): Promise<string> {
  const seeded = join(folder, 'many');
  const home = await openHome({ library: seeded });
  using db = openLibrary(home);
  const [thumb, sprite, films] = [join(folder, 'thumb.jpg'), join(folder, 'sprite.jpg'), join(folder, 'ten thousand')];
  const picture = (size: string, path: string): void =>
    void ffmpegOutput('-f', 'lavfi', '-i', `testsrc2=size=${size}`, '-frames:v', '1', '-q:v', '5', '-y', path);
  picture('384x216', thumb);
  picture('4608x108', sprite);
  mkdirSync(films);
  seedClips(db, 10_000, { folder: films, home: seeded, thumb, sprite });
  return seeded;
}

test('ten thousand clips scroll smoothly: script, style and layout at most 8 ms a frame', { skip }, async (t) => {
  await using studio = await openStudioPage({ home: await seedTenThousand() });
  const { page } = studio;
  const options = page.locator('[role=option]');
  const list = page.getByRole('listbox', { name: 'Clips' });
  await page.getByText('10,000 clips').waitFor();
  await options.first().locator('img').waitFor();
  for (const mode of ['Grid', 'List'] as const) {
    await page.getByRole('button', { name: mode, exact: true }).click();
    await page.mouse.move(600, 500);
    await page.waitForTimeout(300);
    await smooth(t, `${mode.toLowerCase()} of 10,000 clips scrolled`, () =>
      traceFrames(page, async () => {
        // A wheel spun fast: a notch is 120 pixels.
        for (let step = 0; step < 120; step++) await page.mouse.wheel(0, 120);
        await page.waitForTimeout(200);
      }),
    );
    const place = await list.evaluate((element) => element.scrollTop);
    assert.ok(place > 5000, `it was scrolled: ${place}`);
  }
  // The far end is there at once too, and so is what is searched for.
  await list.focus();
  await page.keyboard.press('End');
  await page.locator('[role=option][aria-posinset="10000"]').getByText('00000.mp4').waitFor();
  await page.getByRole('searchbox').fill('09876');
  await page.getByText('1 clip', { exact: false }).first().waitFor();
  await options.filter({ hasText: '09876' }).first().waitFor();
});

test('dragging with 200 clips on the timeline: one at most 8 ms a frame, all at once 12', { skip }, async (t) => {
  const silent = join(folder, 'silent.mp4');
  makeClip(silent, { seconds: 2, size: '320x180', sound: false });
  await using studio = await openStudioPage({ clips: [silent] });
  const { clips } = await studio.call('library.query', { query: {}, offset: 0, limit: 1 });
  await openTwoHundred(studio, clips[0]!.id);
  await smooth(t, 'one of 200 clips dragged by 200 pixels', () => dragHundredth(studio, 200));
  await studio.page.keyboard.press('Control+KeyA');
  // More than is promised: two hundred boxes are moved at every step, which costs style and layout of each. Within a frame of a 60 Hz screen.
  await smooth(t, 'all of 200 clips dragged by 60 pixels', () => dragHundredth(studio, 60), 12);
});

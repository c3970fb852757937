/** A folder of clips and two photos, as a user works through them. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { skipWithoutChromium } from '../support/chromium.ts';
import { ffmpegOutput, makeClip } from '../support/clips.ts';
import { openStudioPage } from '../support/studio-page.ts';

const skip = skipWithoutChromium();
const PATIENCE = { timeout: 60_000 };

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'inbetween-e2e-batch-'));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

test(
  'a folder: the plan, a file left out, one that fails and says why, again when it is mended',
  { skip },
  async (t) => {
    const folder = await folderOf(t);
    const [input, output] = [join(folder, 'in'), join(folder, 'out')];
    mkdirSync(join(input, 'day 1'), { recursive: true });
    makeClip(join(input, 'a.mp4'), { seconds: 0.25, size: '64x48', sound: false });
    for (const name of ['day 1/b.mp4', 'left.mp4']) cpSync(join(input, 'a.mp4'), join(input, name));
    writeFileSync(join(input, 'broken.mp4'), 'nothing');
    await using studio = await openStudioPage({ folders: [folder] });
    const { page } = studio;
    await page.evaluate(() => (location.hash = '#/batch'));
    await page.getByText('No batch yet').waitFor(PATIENCE);
    await page.getByLabel('Clips from').fill(input);
    await page.getByLabel('Results to').fill(output);
    await page.getByRole('checkbox', { name: 'Take left.mp4' }).uncheck(PATIENCE);
    await page.getByRole('button', { name: 'Start with 3 files' }).click(PATIENCE);
    const card = page.getByRole('article', { name: 'Batch in' });
    await card.getByText('2 of 3 done, 1 failed, 1 left out').waitFor(PATIENCE);
    const reason = await card.getByRole('list', { name: 'Failures' }).innerText();
    assert.match(reason, /^broken\.mp4: .+/);
    assert.ok(existsSync(join(output, 'day 1', 'b.mp4')) && !existsSync(join(output, 'left.mp4')));
    cpSync(join(input, 'a.mp4'), join(input, 'broken.mp4'));
    await card.getByRole('button', { name: 'Try the failed again' }).click();
    await card.getByText('3 of 3 done, 1 left out').waitFor(PATIENCE);
    assert.deepEqual(studio.errors, []);
  },
);

test(
  'two photos: first, middle and last, the film; another size is fitted, no picture is refused in words',
  { skip },
  async (t) => {
    const folder = await folderOf(t);
    const photo = (name: string, size: string, at: number): string => {
      const path = join(folder, name);
      const source = `testsrc2=size=${size}:rate=10`;
      ffmpegOutput('-f', 'lavfi', '-ss', String(at), '-i', source, '-frames:v', '1', '-y', path);
      return path;
    };
    const [a, b, small] = [photo('a.png', '160x90', 0), photo('b.png', '160x90', 0.3), photo('s.png', '80x44', 0)];
    await using studio = await openStudioPage({ folders: [folder] });
    const { page } = studio;
    await page.evaluate(() => (location.hash = '#/pair'));
    await page.getByText(/come here beside each other/).waitFor(PATIENCE);
    const spec = { recursions: 2, engine: 'glide', fps: { num: 10, den: 1 } };
    writeFileSync(join(folder, 'n.png'), 'no picture');
    await studio.call('pair.start', { spec: { ...spec, a, b: join(folder, 'n.png') } });
    await page
      .getByRole('article', { name: 'a.png to n.png' })
      .getByText(/n\.png/)
      .last()
      .waitFor(PATIENCE);
    await studio.call('pair.start', { spec: { ...spec, a, b: small } });
    await page.getByRole('article', { name: 'a.png to s.png' }).getByText('Done').waitFor(PATIENCE);
    await studio.call('pair.start', { spec: { ...spec, a, b } });
    const card = page.getByRole('article', { name: 'a.png to b.png' });
    await card.getByText('Done').waitFor(PATIENCE);
    await card.locator('img').nth(2).waitFor(PATIENCE);
    const widths = await card.locator('img').evaluateAll(async (pictures) => {
      const images = pictures as HTMLImageElement[];
      await Promise.all(images.map((image) => image.decode()));
      return images.map((image) => image.naturalWidth);
    });
    assert.deepEqual(widths, [160, 160, 160]);
    await card.getByText('Play the film').click();
    await page.waitForFunction(() => (document.querySelector('video')?.duration ?? 0) > 0.4, undefined, PATIENCE);
    assert.deepEqual(studio.errors, []);
  },
);

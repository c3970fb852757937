/** The mask is painted in a page: by mouse and by keys, undone, saved as one edit, and what is saved is what was painted. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { clipsInOrder } from '../../app/core/sequence/geometry.ts';
import { readStill } from '../../app/core/media/stills.ts';
import { masksFolder } from '../../app/core/base/home.ts';
import { maskPath } from '../../app/core/media/mask/painted.ts';
import { openStudioPage } from '../support/studio-page.ts';

const shots = process.env['MASK_SCREENS'];

test('a mask is painted over the picture, saved as an edit, undone as one', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'inbetween-mask-page-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const clip = join(folder, 'drawn on twos.mp4');
  const drawn = 'testsrc2=s=640x360:r=12:d=4,fps=24,drawbox=x=40:y=300:w=260:h=36:color=white:t=fill';
  const args = ['-v', 'error', '-f', 'lavfi', '-i', drawn, '-threads', '1', '-pix_fmt', 'yuv420p', clip];
  execFileSync('ffmpeg', args);
  await using studio = await openStudioPage({ clips: [clip], folders: [folder] });
  const { page, call } = studio;
  const { clips } = await call('library.query', { query: {}, offset: 0, limit: 1 });
  const created = await call('project.create', { name: 'Masks' });
  const place = { media: clips[0]!.id };
  await call('project.place', { id: created.id, version: created.version, clips: [place], at: 0, how: 'append' });
  await page.evaluate((to) => void (location.hash = to), `#/edit/${created.id}`);
  await page
    .locator('[data-clip]')
    .first()
    .click({ position: { x: 60, y: 40 } });
  await page.locator('[data-drawn]').waitFor();
  assert.match((await page.locator('[data-drawn]').textContent()) ?? '', /Drawn on twos/);
  await page.getByRole('button', { name: 'Paint a mask ...' }).click();
  const surface = page.locator('[data-mask]');
  await surface.waitFor();
  await page.waitForTimeout(800);
  const box = (await surface.boundingBox())!;
  const at = (x: number, y: number): [number, number] => [
    box.x + (x * box.width) / 640,
    box.y + (y * box.height) / 360,
  ];
  await page.mouse.move(...at(50, 318));
  await page.mouse.down();
  await page.mouse.move(...at(170, 318), { steps: 4 });
  await page.mouse.move(...at(290, 318), { steps: 4 });
  await page.mouse.up();
  if (shots) {
    for (const theme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme: theme });
      await page.waitForTimeout(500);
      await page.screenshot({ path: join(shots, `mask-${theme}.png`) });
    }
  }
  // A dab by keys in the middle, undone; another, kept.
  await surface.focus();
  await page.keyboard.press('Control+z');
  await page.keyboard.press('Control+Shift+z');
  await page.mouse.move(5, 5);
  await page.keyboard.press('Space');
  await page.keyboard.press('Control+z');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Space');
  await page.getByRole('button', { name: 'Save the mask' }).click();
  await surface.waitFor({ state: 'detached' });
  const project = await call('project.open', { id: created.id });
  const [only] = clipsInOrder(project.state);
  const id = only!.mask?.painted;
  assert.ok(id, 'the clip names its mask');
  assert.equal(project.done.at(-1)!.label, 'Paint mask');
  const { frame } = await readStill(maskPath(masksFolder({ root: studio.home }), id));
  const { data } = frame.planes[0]!;
  assert.deepEqual([frame.width, frame.height, frame.format.name], [640, 360, 'gray']);
  const value = (x: number, y: number): number => data[y * 640 + x]!;
  assert.ok(value(170, 318) > 250 && value(60, 318) > 250 && value(280, 318) > 250, 'the stroke');
  assert.ok(value(320, 176) > 250, 'the dab by keys');
  assert.equal(value(500, 60), 0);
  await call('project.undo', { id: created.id, version: project.version });
  const before = await call('project.open', { id: created.id });
  assert.equal(clipsInOrder(before.state)[0]!.mask, undefined);
  if (shots) {
    for (const theme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme: theme });
      await page.waitForTimeout(700);
      await page.screenshot({ path: join(shots, `twos-${theme}.png`) });
    }
  }
  assert.deepEqual(studio.errors, []);
});

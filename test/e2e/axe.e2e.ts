/** Every view, dark and light, under axe-core: nothing serious, nothing critical. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { AXE, findings } from '../support/axe.ts';
import { openStudioPage, type StudioPage } from '../support/studio-page.ts';

async function show(page: Page, address: string): Promise<void> {
  await page.evaluate((hash) => (location.hash = hash), `#/${address}`);
  await page.locator('main h1, main h2, main [role="tablist"], main [role="toolbar"]').first().waitFor();
  await page.waitForTimeout(150);
}

/** What opens inside views: a clip that is chosen, its curve, its menu, the export, a clip of the library. */
async function deeper(page: Page, project: string): Promise<string[]> {
  const all: string[] = [];
  await show(page, `edit/${project}`);
  const clip = page.locator('[data-clip]').first();
  await clip.waitFor();
  await clip.click({ position: { x: 40, y: 12 } });
  await page.keyboard.press('KeyC');
  await page.waitForTimeout(400);
  all.push(...(await findings(page, 'a clip and its curve')));
  await clip.click({ button: 'right', position: { x: 40, y: 12 } });
  await page.getByRole('menu').waitFor();
  all.push(...(await findings(page, 'the menu of a clip')));
  await page.keyboard.press('Escape');
  await page.getByRole('menu').waitFor({ state: 'hidden' });
  await page.keyboard.press('Control+KeyE');
  await page.getByRole('dialog').waitFor();
  all.push(...(await findings(page, 'the export')));
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await page.keyboard.press('KeyC');
  return all;
}

/** A morph board with two moments of a clip on it: its film, its takes, a keyframe, the export. */
async function morphBoard({ page, call }: StudioPage, path: string): Promise<string[]> {
  const { id, version, board } = await call('board.create', { name: 'Look' });
  const keyframes = [0, 0.2].map((at, i) => ({ id: `k${i}`, name: 'A moment', path, at, points: null }));
  const gap = { frames: 2, engine: 'glide', motion: 'linear' as const, ease: 'through' as const, takes: [0], take: 0 };
  await call('board.edit', { id, version, label: 'Add', board: { ...board, keyframes, gaps: [gap, gap] } });
  await show(page, `morph/${id}`);
  await page.locator('[data-gap]').click();
  const all = await findings(page, 'a morph board');
  await page.getByRole('button', { name: 'Takes', exact: true }).click();
  all.push(...(await findings(page, 'takes of a gap')));
  await page.locator('[data-keyframe]').first().click();
  await page.getByRole('tab', { name: 'Board' }).click();
  all.push(...(await findings(page, 'settings of a board')));
  await page.keyboard.press('Control+KeyE');
  await page.getByRole('dialog').waitFor();
  all.push(...(await findings(page, 'the export of a board')));
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  return all;
}

const PLACES = [
  ...['library', 'edit', 'morph', 'tags', 'batch', 'pair', 'queue', 'models'],
  ...['settings/appearance', 'settings/keys', 'settings/work', 'settings/cache', 'settings/about'],
];

for (const theme of ['dark', 'light'] as const) {
  test(`nothing serious in any view, ${theme}`, async () => {
    const shared = process.env['INBETWEEN_SHARED'];
    // Without the clips: the same views, empty.
    const clips = shared === undefined ? [] : [join(shared, 'clips/odd/auto-editor__SAR-2by3.mp4')];
    await using studio = await openStudioPage({ theme, clips });
    const { page } = studio;
    // A tool's script under the page's own policy: what runs in the isolated world of the test needs no permission.
    await page.evaluate(AXE);
    const all: string[] = [];
    let project: string | undefined;
    if (clips.length > 0) {
      const [clip] = (await studio.call('library.query', { query: {}, offset: 0, limit: 1 })).clips;
      await studio.call('library.tag', { ids: [clip!.id], add: ['portrait'], remove: [] });
      const created = await studio.call('project.create', { name: 'Look' });
      project = created.id;
      const where = { id: created.id, version: created.version, at: 0, how: 'append' as const };
      await studio.call('project.place', { ...where, clips: [{ media: clip!.id }] });
    }
    for (const place of [...PLACES, ...(project === undefined ? [] : [`edit/${project}`])]) {
      await show(page, place);
      all.push(...(await findings(page, place)));
    }
    if (project !== undefined) all.push(...(await deeper(page, project)), ...(await morphBoard(studio, clips[0]!)));
    await show(page, 'models');
    for (const name of ['To install', 'Devices']) {
      await page.getByRole('tab', { name }).click();
      await page.waitForTimeout(150);
      all.push(...(await findings(page, `models, ${name}`)));
    }
    for (const chord of ['Shift+Slash', 'Control+Shift+KeyP']) {
      await page.keyboard.press(chord);
      await page.getByRole('dialog').waitFor();
      all.push(...(await findings(page, chord)));
      await page.keyboard.press('Escape');
    }
    assert.deepEqual(all, []);
    assert.deepEqual(studio.errors, []);
  });
}

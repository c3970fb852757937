/** `npm run screens`: a picture of every view at 1440x900, dark and light, empty and full, into docs/screens. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStudioPage, type StudioPage } from '../support/studio-page.ts';
import { footage } from './footage.ts';
import { fillActions, fillBatch, fillMorph, fillPair, fillProject, fillQueue, fillTags } from './fill.ts';

const TO = join(import.meta.dirname, '..', '..', 'docs', 'screens');

/** Goes to a view and waits until it is drawn and its pictures are there. */
async function visit({ page }: StudioPage, view: string): Promise<void> {
  await page.evaluate((to) => void (location.hash = `#/${to}`), view);
  await page.waitForTimeout(400);
  await page.waitForFunction(() => [...document.images].every((image) => image.complete));
  await page.waitForTimeout(600);
}

async function shoot({ page }: StudioPage, name: string): Promise<void> {
  for (const theme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme: theme });
    await page.mouse.move(720, 895);
    await page.waitForTimeout(500);
    await page.screenshot({ path: join(TO, `${name}-${theme}.png`) });
    console.log(`docs/screens/${name}-${theme}.png`);
  }
  await page.emulateMedia({ colorScheme: 'dark' });
}

async function empty(): Promise<void> {
  await using studio = await openStudioPage();
  for (const view of ['library', 'edit', 'morph', 'batch', 'pair', 'queue', 'tags']) {
    await visit(studio, view);
    await shoot(studio, `${view}-empty`);
  }
  await visit(studio, 'morph');
  await studio.page.getByRole('button', { name: 'New board' }).click();
  await studio.page.getByText('Drop two or more stills here').waitFor();
  await shoot(studio, 'morph-board-empty');
}

async function full(clips: readonly string[], folder: string): Promise<void> {
  await using studio = await openStudioPage({ clips, folders: [folder] });
  const { page } = studio;
  await fillTags(studio);
  // Thumbnails are made in the background.
  await page.waitForTimeout(6000);
  await visit(studio, 'library');
  await shoot(studio, 'library');
  await page.locator('[data-index="0"]').click();
  await page.waitForTimeout(2500);
  await shoot(studio, 'library-inspector');

  const project = await fillProject(studio);
  await visit(studio, `edit/${project.id}`);
  await page.waitForTimeout(3000);
  await page.locator(`[data-clip="${project.slow}"]`).click({ position: { x: 60, y: 40 } });
  await page.waitForTimeout(12_000);
  await shoot(studio, 'edit');
  await page.getByRole('button', { name: 'Speed curves on the clips' }).first().click();
  await page.waitForTimeout(800);
  await shoot(studio, 'edit-curve');
  await page.getByRole('toolbar', { name: 'Timeline' }).getByRole('button', { name: 'Curve editor' }).click();
  await page.waitForTimeout(800);
  await shoot(studio, 'edit-curve-editor');
  await page.getByRole('toolbar', { name: 'Timeline' }).getByRole('button', { name: 'Curve editor' }).click();
  // Only what was rendered can be judged.
  await page.getByText('to render').first().waitFor({ state: 'detached', timeout: 90_000 });
  await page.keyboard.press('KeyG');
  await page.waitForTimeout(1500);
  await page.keyboard.press('KeyB');
  await page.waitForTimeout(4000);
  await page.keyboard.press('KeyG');
  await page.waitForTimeout(1500);
  await shoot(studio, 'edit-trust');
  await page
    .getByRole('button', { name: /^Export/ })
    .first()
    .click();
  await page.waitForTimeout(2500);
  await shoot(studio, 'export');
  await page.keyboard.press('Escape');

  await fillQueue(studio, project.id, folder);
  await visit(studio, 'queue');
  await shoot(studio, 'queue');
  await fillBatch(studio, folder);
  await visit(studio, 'batch');
  await page.locator('summary').first().click();
  await page.waitForTimeout(2000);
  await shoot(studio, 'batch');
  await fillPair(studio, folder);
  await visit(studio, 'pair');
  await shoot(studio, 'pair');
  await morph(studio);
  await actions(studio);
  for (const view of ['models', 'settings']) {
    await visit(studio, view);
    await shoot(studio, view);
  }
  await page
    .getByRole('button', { name: 'Keys' })
    .or(page.getByRole('link', { name: 'Keys' }))
    .first()
    .click();
  await page.waitForTimeout(500);
  await shoot(studio, 'settings-keys');
  await page.keyboard.press('Shift+Slash');
  await page.waitForTimeout(500);
  await shoot(studio, 'shortcuts');
  for (const error of studio.errors) console.error(`the page said: ${error}`);
}

/** A board in all its modes: the film, key points of one of its gaps, takes of another. */
async function morph(studio: StudioPage): Promise<void> {
  const { page } = studio;
  const { id, points, takes } = await fillMorph(studio);
  await visit(studio, `morph/${id}`);
  const gap = page.locator('[data-gap]');
  await gap.nth(takes).click();
  await page.getByText('All pictures are made').waitFor({ timeout: 300_000 });
  await shoot(studio, 'morph');
  const show = page.getByRole('group', { name: 'Show' });
  await show.getByRole('button', { name: 'Takes' }).click();
  await page.waitForTimeout(800);
  await shoot(studio, 'morph-takes');
  if (points < 0) return;
  await gap.nth(points).click();
  await show.getByRole('button', { name: 'Key points' }).click();
  await page.locator('[data-point]').first().waitFor({ timeout: 60_000 });
  await page.locator('[data-point="2"]').first().hover();
  await page.waitForTimeout(500);
  await shoot(studio, 'morph-points');
  await page.getByRole('button', { name: 'All boards' }).click();
  await page.waitForTimeout(1000);
  await shoot(studio, 'morph-list');
}

/** The lanes of a clip, its rules, the review queue, and the words of clips. */
async function actions(studio: StudioPage): Promise<void> {
  const { page } = studio;
  if (!(await fillActions(studio)))
    console.log('no recogniser or no footage: the probabilities on these pictures are made up');
  await visit(studio, 'tags');
  // What was put in beside the app is seen after a reload.
  await page.reload();
  await page.locator('[data-hit]').first().waitFor({ timeout: 60_000 });
  await page.waitForTimeout(3000);
  await page.locator('[data-hit]').nth(1).click();
  await page.waitForTimeout(1500);
  await page.keyboard.press('KeyA');
  await page.keyboard.press('ArrowDown');
  await page.waitForTimeout(800);
  await shoot(studio, 'tags');
  await page.getByRole('tab', { name: 'Rules' }).click();
  await page.getByRole('spinbutton', { name: 'Begins at' }).fill('0.4');
  await page.keyboard.press('Enter');
  await page.waitForTimeout(800);
  await shoot(studio, 'tags-rules');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('tab', { name: 'Span' }).click();
  await page.keyboard.press('KeyV');
  await page.waitForTimeout(2500);
  await page.keyboard.press('Space');
  await shoot(studio, 'tags-review');
  await page.keyboard.press('KeyV');
  await page.getByRole('button', { name: 'Words of clips' }).click();
  await page.waitForTimeout(500);
  await shoot(studio, 'tags-words');
  await page.getByRole('button', { name: 'Search', exact: true }).click();
}

const folder = mkdtempSync(join(tmpdir(), 'inbetween-screens-'));
try {
  mkdirSync(TO, { recursive: true });
  await empty();
  await full(footage(join(folder, 'footage')), folder);
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** The library as it is used: clips in, found, scrubbed over, tagged, and found again after they were moved. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { skipWithoutChromium } from '../support/chromium.ts';
import { makeClip } from '../support/clips.ts';
import { shared } from '../support/command.ts';
import { openStudioPage, type StudioPage } from '../support/studio-page.ts';

const folder = mkdtempSync(join(tmpdir(), 'inbetween-library-e2e-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const skip = skipWithoutChromium();

const cards = (page: Page): Locator => page.locator('[role=option]');
const card = (page: Page, name: string): Locator => cards(page).filter({ hasText: name });

/** Presses what asks for a folder, and answers with `path`: in the page's own dialog, or the system's. */
async function chooseFolder({ page, app }: StudioPage, path: string, press: () => Promise<void>): Promise<void> {
  if (app) {
    await app.evaluate(({ dialog }: { dialog: Dialogs }, chosen: string) => {
      dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [chosen] });
    }, path);
    return await press();
  }
  await page.evaluate((where) => localStorage.setItem('inbetween.folder', where), path);
  await press();
  await page.locator('.where', { hasText: path }).waitFor();
  await page.getByRole('button', { name: 'Choose this folder' }).click();
}

interface Dialogs {
  showOpenDialog: () => Promise<{ canceled: boolean; filePaths: string[] }>;
}

/** A real drop of a file from the desktop, in the middle of the page. */
async function dropFile({ page, app }: StudioPage, path: string): Promise<void> {
  await app?.setPath(basename(path), path);
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x: 500, y: 400, data });
  }
  await session.detach();
}

test('clips are added, searched, scrubbed over, tagged, and found again', { skip }, async () => {
  const odd = shared && join(shared, 'clips', 'odd');
  const films = join(folder, 'films');
  mkdirSync(join(films, 'copies'), { recursive: true });
  if (odd) {
    for (const name of [
      'moviepy__smpte-2997.mp4',
      'media__hlg10-color-test.mp4',
      'media__sample_fragmented_uuid.mp4',
    ]) {
      copyFileSync(join(odd, name), join(films, name));
    }
  } else makeClip(join(films, 'moviepy__smpte-2997.mp4'), { seconds: 3 });
  const count = odd ? 5 : 3;
  makeClip(join(films, 'walking dog.mp4'), { seconds: 2, size: '640x360', rate: '60' });
  copyFileSync(join(films, 'walking dog.mp4'), join(films, 'copies', 'same dog.mp4'));

  await using studio = await openStudioPage({ folders: [folder] });
  const { page } = studio;
  await page.getByText('Add your first clips').waitFor();
  await chooseFolder(studio, films, async () => {
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Folder' }).click();
  });
  await page.getByText(`${count} clips`, { exact: false }).first().waitFor();
  assert.equal(await cards(page).count(), count);
  if (odd) await card(page, 'fragmented_uuid').getByText('Cannot be used').waitFor();

  // Hover: the sprite's picture follows the pointer.
  const smpte = card(page, 'smpte');
  await smpte.locator('img').waitFor();
  const box = (await smpte.locator('.thumb').boundingBox())!;
  const seen: string[] = [];
  for (const part of [0.1, 0.5, 0.9]) {
    await page.mouse.move(box.x + part * box.width, box.y + box.height / 2);
    const sprite = smpte.locator('.sprite');
    seen.push(await sprite.evaluate((element) => getComputedStyle(element).backgroundPositionX));
  }
  assert.equal(new Set(seen).size, 3, `three pictures: ${seen.join(', ')}`);
  const places = seen.map((place) => Number.parseFloat(place));
  assert.ok(places[0]! < 15 && places[1]! > 40 && places[1]! < 60 && places[2]! > 85, seen.join(', '));
  await page.mouse.move(5, 5);
  assert.equal(await smpte.locator('.sprite').count(), 0);

  // Search by words and by chips.
  const search = page.getByRole('searchbox');
  await search.fill('DOG walk');
  await page.waitForFunction(() => document.querySelectorAll('[role=option]').length === 1);
  await search.fill('');
  await page.getByRole('button', { name: 'Rate' }).click();
  await page.getByRole('menuitemcheckbox', { name: '48 to 60 fps' }).click();
  await page.waitForFunction(() => document.querySelectorAll('[role=option]').length === 2);
  await page.getByRole('button', { name: 'Clear' }).click();

  // Duplicates, once their content is hashed.
  await page.getByRole('button', { name: 'Duplicates' }).click();
  await page.waitForFunction(() => document.querySelectorAll('[role=option]').length === 2, undefined, {
    timeout: 15_000,
  });
  await card(page, 'same dog').click();
  await page.getByRole('complementary', { name: 'Inspector' }).getByText('walking dog.mp4').waitFor();
  await page.getByRole('combobox', { name: 'Add a tag' }).fill('best, slow');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Remove tag slow' }).waitFor();
  await page.getByRole('button', { name: 'Clear' }).click();
  await search.fill('best');
  await page.waitForFunction(() => document.querySelectorAll('[role=option]').length === 1);
  await search.fill('');

  // Moved away, and found below another folder.
  const away = join(folder, 'moved');
  mkdirSync(away);
  renameSync(join(films, 'walking dog.mp4'), join(away, 'renamed.mp4'));
  assert.deepEqual(await studio.call('library.check', {}), { missing: 1 });
  await page.getByText('1 file is not where it was').waitFor();
  await chooseFolder(studio, away, () => page.getByRole('button', { name: 'Look in a folder' }).click());
  await card(page, 'renamed.mp4').waitFor();
  await page.getByText('1 file is not where it was').waitFor({ state: 'detached' });

  // A file that is dropped: a window knows where it is, a page sends it to the core, which keeps it.
  const dropped = join(folder, 'dropped here.mp4');
  makeClip(dropped, { seconds: 1, sound: false });
  await dropFile(studio, dropped);
  await card(page, 'dropped here.mp4').waitFor();

  // Onto a timeline, by the keyboard alone.
  await page.getByRole('listbox', { name: 'Clips' }).focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('Shift+ArrowRight');
  await page.getByText('2 selected').waitFor();
  await page.keyboard.press('Home');
  await search.fill('renamed');
  await page.waitForFunction(() => document.querySelectorAll('[role=option]').length === 1);
  await page.getByRole('listbox', { name: 'Clips' }).focus();
  await page.keyboard.press('Home');
  await page.getByText('1 selected').waitFor();
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => location.hash.startsWith('#/edit/'));
  const [project] = await studio.call('project.list', {});
  assert.equal(project?.name, 'renamed');
  const refused = /404|Failed to load resource/;
  assert.deepEqual(
    studio.errors.filter((error) => !refused.test(error)),
    [],
  );
});

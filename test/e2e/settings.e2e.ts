/** Settings, keys and models, as a user changes them; what was chosen is there after a reload. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openStudioPage } from '../support/studio-page.ts';

test('theme and motion are shown at once and kept', async () => {
  await using studio = await openStudioPage({ theme: 'dark' });
  const { page } = studio;
  page.setDefaultTimeout(20_000);
  const look = () =>
    page.evaluate(() => [document.documentElement.dataset['theme'], document.documentElement.dataset['motion']]);
  assert.deepEqual(await look(), ['dark', 'full']);
  await page.getByRole('link', { name: 'Settings' }).click();
  for (const [name, value] of [
    ['Theme', 'Light'],
    ['Motion', 'Reduced'],
  ] as const) {
    await page.getByRole('combobox', { name }).click();
    await page.getByRole('option', { name: value }).click();
  }
  assert.deepEqual(await look(), ['light', 'reduced']);
  await page.reload();
  await page.getByRole('heading', { name: 'Settings' }).waitFor();
  assert.deepEqual(await look(), ['light', 'reduced']);
  assert.equal((await studio.call('settings.get', {})).theme, 'light');
  assert.deepEqual(studio.errors, []);
});

test('a key map is chosen, a chord recorded, a clash said, and all taken back', async () => {
  await using studio = await openStudioPage();
  const { page } = studio;
  page.setDefaultTimeout(20_000);
  const keysOf = async () => (await studio.call('settings.get', {})).keys;
  await page.evaluate(() => (location.hash = '#/settings/keys'));
  await page.getByRole('combobox', { name: 'Key map' }).click();
  await page.getByRole('option', { name: 'DaVinci Resolve' }).click();
  await page.getByRole('searchbox', { name: 'Search actions and keys' }).fill('queue');
  // Recording keeps the chord from doing what it does.
  await page.getByRole('button', { name: 'Add a key to Queue' }).click();
  await page.keyboard.press('Control+Alt+KeyQ');
  await page.getByRole('button', { name: 'Ctrl+Alt+Q: take it off Queue' }).waitFor();
  assert.deepEqual(await keysOf(), { preset: 'resolve', changed: { 'go.queue': ['Mod+Digit7', 'Mod+Alt+KeyQ'] } });
  await page.getByRole('button', { name: 'Add a key to Queue' }).click();
  await page.keyboard.press('Space');
  await page.getByText('is Play or pause').waitFor();
  await page.getByRole('button', { name: 'Use for both' }).click();
  await page.getByText('1 chord with more than one action').waitFor();
  // The new chord works, and a text field keeps the keyboard.
  await page.getByRole('searchbox', { name: 'Search actions and keys' }).click();
  await page.keyboard.press('Control+Alt+KeyQ');
  assert.match(page.url(), /settings\/keys/);
  await page.getByRole('heading', { name: 'Keys' }).click();
  await page.keyboard.press('Escape');
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await page.keyboard.press('Control+Alt+KeyQ');
  await page.getByRole('heading', { name: 'Queue', exact: true }).waitFor();
  await page.keyboard.press('Control+Comma');
  await page.getByRole('link', { name: 'Keys' }).click();
  await page.getByRole('button', { name: 'Reset all' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Reset' }).click();
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  assert.deepEqual(await keysOf(), { preset: 'resolve', changed: {} });
  // A button that was clicked leaves Space to the key map; one that was reached by keys has it itself.
  await studio.call('settings.set', { changes: { keys: { preset: 'resolve', changed: { 'go.queue': ['Space'] } } } });
  const mine = page.getByRole('switch', { name: 'Only mine' });
  await page.getByRole('searchbox', { name: 'Search actions and keys' }).focus();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Space');
  assert.equal(await mine.isChecked(), true);
  await mine.click();
  await page.keyboard.press('Space');
  await page.waitForURL(/#\/queue$/);
  // Everything by its words: the palette.
  await page.keyboard.press('Control+Shift+KeyP');
  await page.keyboard.type('two pho');
  await page.keyboard.press('Enter');
  await page.waitForURL(/#\/pair$/);
  assert.deepEqual(studio.errors, []);
});

test('an engine is measured here once; a model shows its files; clearing asks and answers in bytes', async () => {
  await using studio = await openStudioPage();
  const { page } = studio;
  page.setDefaultTimeout(20_000);
  await page.evaluate(() => (location.hash = '#/models'));
  await page.getByRole('button', { name: 'Measure Blend here' }).click();
  await page.getByRole('row', { name: /Blend/ }).getByText('1280×720').waitFor({ timeout: 60_000 });
  const blend = (await studio.call('engines.list', {})).find(({ id }) => id === 'blend');
  assert.ok(blend!.speed!.milliseconds > 0);
  await page.getByRole('button', { name: 'More about SepConv, compact' }).click();
  await page.getByRole('menuitem', { name: 'Files and details' }).click();
  await page.getByRole('button', { name: 'Verify files' }).click();
  await page.getByText('as it was').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('tab', { name: 'To install' }).click();
  await page.getByRole('searchbox', { name: 'Search models' }).fill('sepconv-l1');
  await page
    .getByRole('button', { name: /^Install / })
    .first()
    .click();
  await page
    .getByRole('dialog', { name: /^The licence of/ })
    .getByRole('button', { name: 'Do not install' })
    .click();
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await page.evaluate(() => (location.hash = '#/settings/cache'));
  await page.getByText('0 bytes of 20.0 GB').waitFor();
  assert.ok(await page.getByRole('button', { name: 'Clear Rendered parts' }).isDisabled());
  assert.deepEqual(studio.errors, []);
});

/** Actions as they are worked on: searched, judged in a row, moved and marked by keys and by the pointer, made by other rules, and never lost. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import type { ClipTags, Span } from '../../app/contract/tags.ts';
import { AXE, findings } from '../support/axe.ts';
import { skipWithoutChromium } from '../support/chromium.ts';
import { makeClip } from '../support/clips.ts';
import { openStudioPage, type StudioPage } from '../support/studio-page.ts';
import { hill, seedRun, withLibrary } from '../support/tagged.ts';

const skip = skipWithoutChromium();
const PATIENCE = { timeout: 30_000 };
const SECONDS = 6;
const FRAME = 1 / 10;
const folder = mkdtempSync(join(tmpdir(), 'inbetween-tags-e2e-'));
let studio: StudioPage;
let page: Page;
let beach: string;
let hall: string;

before(async () => {
  if (skip) return;
  const films = ['beach.mp4', 'hall.mp4'].map((name) => join(folder, name));
  for (const film of films) makeClip(film, { seconds: SECONDS, size: '96x64', rate: '10', sound: false });
  studio = await openStudioPage({ folders: [folder], clips: films });
  page = studio.page;
  const { clips } = await studio.call('library.query', { query: { order: 'name' }, offset: 0, limit: 2 });
  [beach, hall] = clips.map(({ id }) => id) as [string, string];
  const labels = ['jump', 'walk', 'wave one hand', 'nothing'];
  withLibrary(studio.home, (db) => {
    const run = { labels, seconds: SECONDS };
    const of = (label: string, at: number): number => {
      if (label === 'jump') return Math.max(hill(at, 0.5, 1.5, 0.9), hill(at, 3, 4, 0.6));
      return label === 'walk' ? hill(at, 2, 5, 0.8) : 0.02;
    };
    seedRun(db, { ...run, clip: beach, of });
    seedRun(db, { ...run, clip: hall, of: (label, at) => (label === 'wave one hand' ? hill(at, 1, 3, 0.7) : 0.02) });
  });
  await page.evaluate(() => (location.hash = '#/tags'));
  await page.reload();
});
after(async () => {
  await studio?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

const block = (name: RegExp): Locator => page.locator('[data-span]').and(page.getByRole('button', { name }));
const row = (name: string): Locator => page.getByRole('option').filter({ hasText: name });
const press = (chord: string): Promise<void> => page.keyboard.press(chord);

async function tags(clip = beach): Promise<ClipTags> {
  return await studio.call('tags.clip', { id: clip });
}

/** Waits until the core has spans as wanted. */
async function until(wanted: (spans: Span[]) => boolean, clip = beach): Promise<Span[]> {
  for (let tries = 0; tries < 100; tries++) {
    const { spans } = await tags(clip);
    if (wanted(spans)) return spans;
    await page.waitForTimeout(50);
  }
  assert.fail(`never so: ${JSON.stringify((await tags(clip)).spans)}`);
}

/** The review is at a span of that clip, which is selected. */
async function reviewing(place: string, clip: string): Promise<void> {
  await page.getByText(place).waitFor(PATIENCE);
  const desk = page.getByRole('region', { name: `Actions of ${clip}` });
  await desk.locator('[data-span][aria-pressed=true]').waitFor(PATIENCE);
}

const near = (a: number, b: number): boolean => Math.abs(a - b) < 1e-6;

test('spans are searched in words, and what is not understood is said', { skip }, async () => {
  await row('jump').first().waitFor(PATIENCE);
  const search = page.getByRole('searchbox', { name: 'Search spans' });
  await page.getByText('4 spans in 2 clips').waitFor();
  await search.fill('jump longr:1s');
  await page.getByRole('alert').filter({ hasText: 'longr' }).waitFor();
  await search.fill('wave longer:1s');
  await page.getByText('1 span in 1 clip').waitFor();
  await search.fill('dance');
  await page.getByText('No span matches').waitFor();
  await page.getByRole('button', { name: 'Show all spans' }).click();
  await page.getByRole('button', { name: /^jump\s*2\s*found/ }).click();
  await page.getByText('2 spans in 1 clip').waitFor();
  assert.equal(await search.inputValue(), 'label:jump');
  await search.fill('');
  await page.getByText('4 spans in 2 clips').waitFor();
});

test('a span is chosen, judged, moved, split, relabelled and taken back by keys', { skip }, async () => {
  await row('jump').first().click();
  await page.locator('canvas[data-frame]').waitFor(PATIENCE);
  await block(/^jump, 0:00\.\d+/)
    .and(page.locator('[aria-pressed=true]'))
    .waitFor(PATIENCE);
  await press('KeyA');
  const [accepted] = await until(([first]) => first?.state === 'accepted');
  await press('KeyR');
  await until(([first]) => first?.state === 'rejected');
  await press('KeyU');
  await until(([first]) => first?.state === 'found');

  // Three presses of two keys, one step of undo.
  await press('Digit4');
  await press('Digit4');
  await press('Digit2');
  const moved = await until(([first]) => first !== undefined && near(first.end, accepted!.end + 2 * FRAME));
  assert.ok(near(moved[0]!.start, accepted!.start + FRAME), `${moved[0]!.start}`);
  await press('Control+KeyZ');
  await until(([first]) => first !== undefined && near(first.end, accepted!.end) && first.state === 'found');
  await press('Control+Shift+KeyZ');
  await until(([first]) => first !== undefined && near(first.end, accepted!.end + 2 * FRAME));

  await press('ArrowRight');
  await press('ArrowRight');
  await press('ArrowRight');
  await press('KeyS');
  const split = await until((spans) => spans.length === 4);
  assert.ok(near(split[0]!.end, split[1]!.start), 'halves meet');
  await press('KeyL');
  await page.getByRole('combobox', { name: 'Label' }).fill('hop');
  await page.getByRole('option', { name: 'hop' }).waitFor();
  await press('Enter');
  const named = await until((spans) => spans.some(({ label }) => label === 'hop'));
  assert.equal(named.filter(({ label }) => label === 'jump').length, 2);
  await page.locator('[data-lane="hop"]').waitFor();
  await press('Delete');
  await until((spans) => spans.length === 3);
  for (let steps = 0; steps < 4; steps++) await press('Control+KeyZ');
  await until((spans) => spans.length === 3 && spans.every(({ state }) => state === 'found'));
});

test('spans are marked by holding a key, by two presses, and pulled by their ends', { skip }, async () => {
  await page.locator('[data-lane="walk"]').getByRole('button', { name: /^walk/ }).first().click();
  await press('Escape');
  await press('Home');
  await press('BracketLeft');
  for (let i = 0; i < 9; i++) await press('ArrowRight');
  await press('BracketRight');
  const made = await until((spans) => spans.some(({ state }) => state === 'marked'));
  const mark = made.find(({ state }) => state === 'marked')!;
  assert.deepEqual([mark.label, mark.start, Number(mark.end.toFixed(6)), mark.engine], ['walk', 0, 1, null]);

  // It plays while the key is held, and stops where it is let go.
  await press('Shift+ArrowRight');
  const began = await page.locator('canvas[data-frame]').getAttribute('data-frame');
  await page.keyboard.down('KeyM');
  await page.waitForTimeout(900);
  await page.keyboard.up('KeyM');
  await until((spans) => spans.filter(({ state }) => state === 'marked').length === 2);
  const held = (await tags()).spans.filter(({ state }) => state === 'marked').find(({ id }) => id !== mark.id)!;
  assert.ok(near(held.start, Number(began) * FRAME) && held.end - held.start > 0.3, JSON.stringify(held));
  await press('Delete');
  await until((spans) => spans.filter(({ state }) => state === 'marked').length === 1);

  const handle = page.locator(`[data-span="${mark.id}"] [data-end="end"]`);
  const from = (await handle.boundingBox())!;
  const track = (await page.getByRole('slider', { name: 'Playhead' }).boundingBox())!;
  const x = from.x + from.width / 2;
  await page.mouse.move(x, from.y + 8);
  await page.mouse.down();
  await page.mouse.move(x + (track.width / SECONDS) * 0.5, from.y + 8, { steps: 4 });
  await page.mouse.up();
  const pulled = await until((spans) => spans.some(({ id, end }) => id === mark.id && end > 1.3));
  assert.ok(near(pulled.find(({ id }) => id === mark.id)!.end, 1.5), 'a whole number of frames');
});

test('other rules are tried before they are kept, and leave what a person said', { skip }, async () => {
  await page.getByRole('tab', { name: 'Rules' }).click();
  const begins = page.getByRole('spinbutton', { name: 'Begins at' });
  await begins.fill('0.7');
  await press('Enter');
  await page.getByText('2 spans by these rules').waitFor();
  assert.equal((await tags()).spans.length, 4, 'nothing is stored yet');
  await page.getByRole('button', { name: 'Keep', exact: true }).click();
  const kept = await until((spans) => spans.length === 3);
  assert.deepEqual(kept.map(({ label, state }) => `${label} ${state}`).toSorted(), [
    'jump found',
    'walk found',
    'walk marked',
  ]);
  await page.getByRole('tab', { name: 'Span' }).click();
});

test('the review goes through all that was found, the most doubtful first, and takes back', { skip }, async () => {
  await press('KeyV');
  await reviewing('1 of 3', 'hall.mp4');
  await page.locator('[role=option][aria-selected=true]').filter({ hasText: 'wave one hand' }).waitFor();
  await press('KeyA');
  await until(([only]) => only?.state === 'accepted', hall);
  await reviewing('2 of 3', 'beach.mp4');
  await press('KeyR');
  await page.getByText('3 of 3').waitFor();
  await until((spans) => spans.some(({ state }) => state === 'rejected'));
  await press('Control+KeyZ');
  await until((spans) => spans.every(({ state }) => state !== 'rejected'));
  await reviewing('2 of 3', 'beach.mp4');
  await press('KeyA');
  await reviewing('3 of 3', 'beach.mp4');
  await press('ArrowDown');
  await page.getByText('That was all').waitFor();
  await page.getByText('2 spans judged, 1 skipped', { exact: false }).first().waitFor();
  await page.getByRole('button', { name: 'Back to the search' }).click();
  await page.getByRole('searchbox', { name: 'Search spans' }).waitFor();

  // After a rerun of another version it is as it was said.
  const said = (await tags()).spans.filter(({ state }) => state !== 'found');
  withLibrary(studio.home, (db) =>
    seedRun(db, {
      ...{ clip: beach, version: '2', labels: ['jump', 'walk', 'clap'], seconds: SECONDS },
      of: () => 0.95,
    }),
  );
  const again = (await tags()).spans.filter(({ state }) => state !== 'found');
  assert.deepEqual(again, said);
  assert.deepEqual(studio.errors, []);
});

test('words given to clips are still there', { skip }, async () => {
  await studio.call('library.tag', { ids: [beach], add: ['holiday'], remove: [] });
  await page.getByRole('button', { name: 'Words of clips' }).click();
  await page.getByRole('link', { name: /holiday/ }).click();
  await page.locator('[data-index="0"]').waitFor();
  await page.locator('[data-index="0"]').click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Show its actions' }).click();
  await page.getByRole('heading', { name: 'beach.mp4' }).waitFor(PATIENCE);
  assert.deepEqual(studio.errors, []);
});

test('actions are recognised from here, and a label is taught', { skip }, async (t) => {
  const [engine] = (await studio.call('tags.engines', {})).filter(({ embedded }) => embedded);
  if (!engine) return t.diagnostic('no recogniser is embedded');
  const said = (await tags()).spans.filter(({ state }) => state !== 'found');
  await page.getByRole('button', { name: 'Recognise actions ...' }).click();
  await page.getByRole('dialog').getByText('All 2 clips of the library').waitFor(PATIENCE);
  await page.getByRole('dialog').getByRole('button', { name: 'Recognise', exact: true }).click();
  for (const clip of [beach, hall]) {
    for (let tries = 0; tries < 600; tries++) {
      if ((await tags(clip)).runs.some((run) => run.engine === engine.id && run.finished)) break;
      await page.waitForTimeout(100);
    }
  }
  const { runs, spans } = await tags();
  assert.ok(runs.some((run) => run.engine === engine.id && run.finished && run.scores > 0));
  assert.deepEqual(
    spans.filter(({ state }) => state !== 'found'),
    said,
  );

  await page.getByRole('tab', { name: 'Teach' }).click();
  await page.locator('[aria-label^="Label to teach:"]').click();
  await page.locator('[role=option][data-label="walk"]').click();
  await page.getByRole('button', { name: 'Make', exact: true }).click();
  const taught = page.getByRole('list', { name: 'Taught labels' });
  await taught.getByText('walk').waitFor(PATIENCE);
  await taught.getByText(/example/).waitFor();
  await page.getByRole('button', { name: 'More about walk' }).click();
  await page.getByRole('menuitem', { name: 'Forget ...' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Forget' }).click();
  await page.getByText('Nothing is taught yet.').waitFor(PATIENCE);
  await page.getByRole('tab', { name: 'Span' }).click();
});

test('a screen reader finds its way, dark and light', { skip }, async () => {
  await page.evaluate(AXE);
  const all: string[] = [];
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const panel of colorScheme === 'dark' ? ['Rules', 'Teach', 'Span'] : ['Span']) {
      await page.getByRole('tab', { name: panel }).click();
      all.push(...(await findings(page, `${panel}, ${colorScheme}`)));
    }
    await press('KeyV');
    await page.getByText('1 of ').waitFor();
    await page.locator('.span-scroller [role=option]').first().waitFor();
    all.push(...(await findings(page, `the review, ${colorScheme}`)));
    await press('KeyV');
    if (colorScheme === 'light') continue;
    await page.getByRole('button', { name: 'Lane', exact: true }).click();
    await page.getByRole('dialog').waitFor();
    all.push(...(await findings(page, `the labels, ${colorScheme}`)));
    await press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    for (const name of ['Export ...', 'Recognise actions ...']) {
      await page.getByRole('button', { name }).click();
      await page.getByRole('dialog').waitFor();
      all.push(...(await findings(page, `${name}, ${colorScheme}`)));
      await press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'hidden' });
    }
  }
  assert.deepEqual(all, []);
  assert.deepEqual(studio.errors, []);
});

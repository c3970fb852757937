/** The morph board as it is used: stills dropped and ordered, gaps set, key points dragged, takes, undo, scrubbing, export; and a gap of a timeline, there and back. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import type { Board } from '../../app/contract/morph.ts';
import { lift } from '../../app/core/sequence/edits.ts';
import { clipsInOrder } from '../../app/core/sequence/geometry.ts';
import { skipWithoutChromium } from '../support/chromium.ts';
import { ffmpegOutput, makeClip } from '../support/clips.ts';
import { openStudioPage, type StudioPage } from '../support/studio-page.ts';

const skip = skipWithoutChromium();
const PATIENCE = { timeout: 90_000 };
const folder = mkdtempSync(join(tmpdir(), 'inbetween-morph-e2e-'));
const stills = ['one.png', 'two.png', 'three.png'].map((name) => join(folder, name)) as [string, string, string];
let studio: StudioPage;
let page: Page;

before(async () => {
  if (skip) return;
  for (const [i, path] of stills.entries()) {
    // The third of another shape: it is fitted.
    const size = i === 2 ? '96x96' : '128x96';
    ffmpegOutput('-f', 'lavfi', '-ss', String(i * 0.4), '-i', `testsrc2=size=${size}:rate=10`, '-frames:v', '1', path);
  }
  makeClip(join(folder, 'clip.mp4'), { seconds: 1, size: '128x96', sound: false });
  studio = await openStudioPage({ folders: [folder], clips: [join(folder, 'clip.mp4')] });
  page = studio.page;
});
after(async () => {
  await studio?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

const card = (name: string): Locator => page.locator('[data-keyframe]').filter({ hasText: name });
const gap = (at: number): Locator => page.locator('[data-gap]').nth(at);

/** Everything that was done is durable. */
async function saved(): Promise<void> {
  await page.waitForFunction(() => document.querySelector('.bar [role=status]')?.textContent === 'Saved');
}

/** The board as the core has it. */
async function board(): Promise<Board> {
  await saved();
  const id = await page.evaluate(() => location.hash.split('/')[2]!);
  return (await studio.call('board.open', { id })).board;
}

async function order(): Promise<string> {
  return (await board()).keyframes.map(({ name }) => name).join(' ');
}

async function choose(label: string, option: string): Promise<void> {
  await page.locator(`[aria-label^="${label}:"]`).click();
  await page.locator(`[role=option][data-label="${option}"]`).click();
}

/** A real drop of files from the desktop. */
async function dropFiles(paths: readonly string[], at: { x: number; y: number }): Promise<void> {
  for (const path of paths) await studio.app?.setPath(basename(path), path);
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [...paths], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, ...at, data });
  }
  await session.detach();
}

async function scrubTo(frame: number): Promise<void> {
  await page.getByRole('slider', { name: 'Place in the film' }).focus();
  await page.keyboard.press('Home');
  for (let i = 1; i < frame; i++) await page.keyboard.press('ArrowRight');
  await page.waitForFunction(
    (wanted) => document.querySelector('canvas[data-frame]')?.getAttribute('data-frame') === wanted,
    String(frame - 1),
  );
}

async function keyPoints(t: TestContext): Promise<void> {
  const { engines } = await studio.call('board.engines', {});
  if (!engines.some(({ uses }) => uses.points)) return t.diagnostic('no engine here has key points');
  const { name } = engines.find(({ uses }) => uses.points)!;
  await gap(0).click();
  await choose('Engine', name);
  await page.getByRole('group', { name: 'Show' }).getByRole('button', { name: 'Key points' }).click();
  const first = page.getByRole('group', { name: /^Key points of/ }).first();
  const point = first.locator('[data-point="2"]');
  await point.waitFor(PATIENCE);
  const [from, frame] = [(await point.boundingBox())!, (await first.boundingBox())!];
  await page.mouse.move(from.x + 11, from.y + 11);
  await page.mouse.down();
  await page.mouse.move(frame.x + frame.width * 0.25, frame.y + frame.height * 0.75, { steps: 4 });
  await page.mouse.up();
  await page.getByText('set by hand').first().waitFor();
  const { x, y } = (await board()).keyframes[0]!.points![2]!;
  assert.ok(Math.abs(x + 0.5) < 0.05 && Math.abs(y - 0.5) < 0.05, `${x} ${y}`);
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await page.waitForTimeout(500);
  const nudged = (await board()).keyframes[0]!.points![2]!.x;
  assert.ok(Math.abs(nudged - x - 0.02) < 1e-6, 'two presses, one edit');
  // The nudge, the drag and the engine.
  await page.keyboard.press('Control+KeyZ');
  await page.keyboard.press('Control+KeyZ');
  assert.equal((await board()).keyframes[0]!.points, null);
  await page.keyboard.press('Control+KeyZ');
}

test('stills become a film: ordered, set, made, scrubbed, undone, exported, and there again', { skip }, async (t) => {
  // Pictures are made when they are asked for: those of settings that stay for a moment cost time here.
  await page.evaluate(() => localStorage.setItem('inbetween.morph.auto', 'false'));
  await page.evaluate(() => (location.hash = '#/morph'));
  await page.getByRole('button', { name: 'New board' }).click(PATIENCE);
  await page.getByText('Drop two or more stills here').waitFor();
  await dropFiles(stills, { x: 700, y: 450 });
  await card('one.png').waitFor(PATIENCE);
  assert.equal(await order(), 'one.png three.png two.png');

  await card('three.png').dragTo(card('two.png'), { targetPosition: { x: 120, y: 50 } });
  assert.equal(await order(), 'one.png two.png three.png');
  await card('one.png').click();
  await page.keyboard.press('Alt+ArrowRight');
  assert.equal(await order(), 'two.png one.png three.png');
  await page.keyboard.press('Control+KeyZ');
  assert.equal(await order(), 'one.png two.png three.png');
  await page.keyboard.press('Control+Shift+KeyZ');
  assert.equal(await order(), 'two.png one.png three.png', 'done again');
  await page.getByRole('button', { name: /^Undo/ }).click();
  assert.equal(await order(), 'one.png two.png three.png');

  await gap(0).click();
  await choose('Engine', 'Glide');
  const frames = page.getByLabel('Frames between');
  await frames.fill('3');
  await frames.press('Enter');
  await choose('Easing', 'Even');
  await page.getByRole('button', { name: 'Give all gaps these settings' }).click();
  const set = (await board()).gaps.slice(0, 2).map((one) => [one.frames, one.engine, one.ease]);
  assert.deepEqual(
    set,
    [3, 3].map((count) => [count, 'glide', 'linear']),
  );

  await page.locator('[data-keyframe] img >> nth=2').waitFor(PATIENCE);
  await scrubTo(3);
  await page.locator('canvas[data-badge="not-rendered"]').waitFor(PATIENCE);
  await page.getByRole('button', { name: 'Make', exact: true }).click();
  for (const at of [0, 1]) await page.locator(`[data-gap][data-state="done"] >> nth=${at}`).waitFor(PATIENCE);
  await page.locator('canvas[data-frame="2"][data-badge=""]').waitFor(PATIENCE);
  await page.getByText('Frame 3 of 9, gap 1, picture 2 of 3').waitFor();

  await keyPoints(t);
  await takes(t);

  await page.keyboard.press('Control+KeyE');
  const output = join(folder, 'film.mp4');
  await page.getByRole('dialog').getByRole('textbox', { name: 'File' }).fill(output);
  await page.getByRole('dialog').getByText('9 frames').waitFor();
  await page.getByRole('button', { name: 'Add to queue' }).click();
  for (let tries = 0; tries < 600 && !existsSync(output); tries++) await page.waitForTimeout(200);
  const count = ffmpegOutput('-i', `file:${output}`, '-f', 'framemd5', '-').toString().split('\n');
  assert.equal(count.filter((line) => /^\d/.test(line)).length, 9);

  await page.reload();
  await card('three.png').waitFor(PATIENCE);
  assert.equal(await order(), 'one.png two.png three.png');
  await page.getByRole('button', { name: 'All boards' }).click();
  await page.getByText('3 keyframes').waitFor();
  assert.deepEqual(studio.errors, []);
});

async function takes(t: TestContext): Promise<void> {
  const { engines } = await studio.call('board.engines', {});
  const stochastic = engines.find(({ uses }) => uses.seed && !uses.motion);
  if (!stochastic) return t.diagnostic('no engine here has takes');
  await gap(1).click();
  await choose('Engine', stochastic.name);
  await page.keyboard.press('Shift+KeyT');
  await page.locator('[data-take]').nth(1).waitFor();
  assert.deepEqual((await board()).gaps[1]!.takes, [0, 1]);
  await page.getByRole('button', { name: /^Take 1,/ }).click();
  assert.equal((await board()).gaps[1]!.take, 0);
  await page.getByRole('button', { name: 'Remove take 2' }).click();
  for (const label of ['Remove a take', 'Choose a take', 'Add a take', 'Engine of a gap']) {
    await page.getByRole('button', { name: `Undo: ${label}` }).click();
    await saved();
  }
  assert.deepEqual((await board()).gaps[1]!.takes, [0]);
}

test('a gap of a timeline is filled on the board and comes back', { skip }, async () => {
  const { clips } = await studio.call('library.query', { query: { text: 'clip' }, offset: 0, limit: 1 });
  const media = clips[0]!.id;
  const { id, version } = await studio.call('project.create', { name: 'With a hole' });
  const parts = [0, 0.25, 0.5].map((from) => ({ media, from, to: from + 0.25 }));
  const { version: placed } = await studio.call('project.place', { id, version, clips: parts, at: 0, how: 'append' });
  const { state } = await studio.call('project.open', { id });
  const hole = lift(state, [clipsInOrder(state)[1]!.id]);
  await studio.call('project.edit', { id, version: placed, edit: { label: 'Delete', changes: hole } });
  await page.evaluate((hash) => (location.hash = hash), `#/edit/${id}`);
  await page.locator('[data-clip]').nth(1).waitFor(PATIENCE);
  await page.keyboard.press('Home');
  for (let i = 0; i < 7; i++) await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Shift+KeyB');
  await page.locator('[data-gap]').waitFor(PATIENCE);
  assert.deepEqual(await board().then(({ origin, gaps }) => [origin, gaps[0]!.frames]), [
    { project: id, at: 6, frames: 6 },
    6,
  ]);
  await gap(0).click();
  await choose('Engine', 'Glide');
  await page.getByRole('button', { name: 'Put on the timeline' }).click();
  const filled = async (): Promise<number> =>
    clipsInOrder((await studio.call('project.open', { id })).state).filter(({ start }) => start === 6).length;
  for (let tries = 0; tries < 600 && (await filled()) === 0; tries++) await page.waitForTimeout(200);
  const [, made] = clipsInOrder((await studio.call('project.open', { id })).state);
  assert.deepEqual([made?.start, made?.frames], [6, 6]);
  assert.deepEqual(studio.errors, []);
});

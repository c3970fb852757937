/** The edit view as it is used, by mouse and by keys: clips placed, cut, moved, retimed, judged. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import type { ProjectDocument, TimelineClip } from '../../app/contract/project.ts';
import { applyChanges } from '../../app/core/sequence/apply.ts';
import { rippleDelete } from '../../app/core/sequence/edits.ts';
import { clipsInOrder, retimeFrames } from '../../app/core/sequence/geometry.ts';
import { skipWithoutChromium } from '../support/chromium.ts';
import { ffmpegOutput, makeClip } from '../support/clips.ts';
import { openStudioPage, type StudioPage } from '../support/studio-page.ts';

const folder = mkdtempSync(join(tmpdir(), 'inbetween-timeline-e2e-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const skip = skipWithoutChromium();
const [plain, planted] = [join(folder, 'plain.mp4'), join(folder, 'planted.mp4')];
const PLANTED = 12;
let studio: StudioPage;
let page: Page;

before(async () => {
  if (skip) return;
  makeClip(plain, { seconds: 2, size: '320x180' });
  // One frame in which half of the picture is something else: too little for a cut, too much for any motion.
  const half = `drawbox=x=0:y=0:w=iw/2:h=ih:color=white:t=fill:enable='eq(n,${PLANTED})'`;
  const source = ['-f', 'lavfi', '-t', '1', '-i', 'testsrc2=size=320x180:rate=24', '-vf', half];
  ffmpegOutput(...source, '-c:v', 'libx264', '-g', '12', '-pix_fmt', 'yuv420p', '-y', `file:${planted}`);
  studio = await openStudioPage({ clips: [plain, planted] });
  page = studio.page;
});
after(async () => await studio?.[Symbol.asyncDispose]());

const clip = (at: number): Locator => page.locator('[data-clip]').nth(at);

async function mediaOf(name: string): Promise<string> {
  const { clips } = await studio.call('library.query', { query: { text: name }, offset: 0, limit: 10 });
  return clips[0]!.id;
}

/** A project with one clip of each of `names`, open in the page. */
async function openWith(names: readonly string[], settings: { still?: boolean } = {}): Promise<string> {
  const { id, version } = await studio.call('project.create', { name: `Spec ${names.join(' ')}` });
  const clips = [];
  for (const name of names) clips.push({ media: await mediaOf(name) });
  await studio.call('project.place', { id, version, clips, at: 0, how: 'append' });
  if (!settings.still) await show(id);
  return id;
}

async function show(id: string): Promise<void> {
  await page.evaluate((hash) => (location.hash = hash), `#/edit/${id}`);
  await page.waitForSelector('[data-clip]');
  await saved();
}

/** Everything that was done is durable. */
async function saved(): Promise<void> {
  await page.waitForFunction(() => document.querySelector('.bar [role=status]')?.textContent === 'Saved');
}

async function project(id: string): Promise<ProjectDocument> {
  await saved();
  return await studio.call('project.open', { id });
}

async function clipsOf(id: string): Promise<TimelineClip[]> {
  return clipsInOrder((await project(id)).state);
}

/** Waits until the project is as said: what the core has, not what the page shows. */
async function until(id: string, what: string, holds: (clips: TimelineClip[]) => boolean): Promise<TimelineClip[]> {
  for (let tries = 0; tries < 60; tries++) {
    const clips = await clipsOf(id);
    if (holds(clips)) return clips;
    await page.waitForTimeout(100);
  }
  const found = (await clipsOf(id)).map(({ start, first, frames }) => `${start}+${frames} from ${first}`);
  throw new Error(`not ${what}: ${found.join(', ')}`);
}

/** Presses the middle of an element and drags it. */
async function drag(what: Locator, dx: number, dy = 0, at?: { x: number; y: number }): Promise<void> {
  const box = (await what.boundingBox())!;
  const [x, y] = [box.x + (at?.x ?? box.width / 2), box.y + (at?.y ?? box.height / 2)];
  await page.mouse.move(x, y);
  await page.mouse.down();
  for (let step = 1; step <= 8; step++) await page.mouse.move(x + (dx * step) / 8, y + (dy * step) / 8);
  await page.mouse.up();
}

/** Puts the playhead on a frame by its timecode field. */
async function go(frame: number): Promise<void> {
  const field = page.getByLabel('Timecode of the playhead');
  await field.fill(`${frame === 0 ? '0' : `0:00:00:${frame}`}`);
  await field.press('Enter');
  await page.waitForFunction(
    (to) => document.querySelector('[role=slider][aria-label=Playhead]')?.getAttribute('aria-valuenow') === String(to),
    frame,
  );
}

test('clips are dropped, split, trimmed, deleted with a ripple, undone and redone', { skip }, async () => {
  const id = (await studio.call('project.create', { name: 'By hand' })).id;
  await page.evaluate((hash) => (location.hash = hash), `#/edit/${id}`);
  await page.locator('.bin .item').first().waitFor();
  const item = page.locator('.bin .item').filter({ hasText: 'plain' });
  await item.dragTo(page.locator('[data-track]'));
  await until(id, 'one clip', (clips) => clips.length === 1 && clips[0]!.frames === 48);
  await item.dblclick();
  await until(id, 'two clips', (clips) => clips.length === 2);

  await page.mouse.click(700, 700);
  await go(12);
  await page.keyboard.press('KeyS');
  const [first, second, third] = await until(id, 'split at 12', (clips) => clips.length === 3);
  assert.deepEqual([first!.frames, second!.start, second!.first, third!.start], [12, 12, 12, 48]);

  // Trimming leaves a gap, with Alt it ripples.
  const scale = ((await clip(0).boundingBox())!.width + 1) / 12;
  await drag(clip(1).locator('[data-edge=end]'), -10 * scale);
  await until(id, 'trimmed by 10', (clips) => clips[1]!.frames === 26 && clips[2]!.start === 48);
  await page.keyboard.down('Alt');
  await drag(clip(1).locator('[data-edge=start]'), 6 * scale);
  await page.keyboard.up('Alt');
  await until(id, 'ripple trimmed', ([, b]) => b!.start === 12 && b!.first === 18 && b!.frames === 20);

  await clip(1).click({ position: { x: 30, y: 40 } });
  const whole = await project(id);
  const here = clipsInOrder(whole.state)[1]!.id;
  await page.keyboard.press('Delete');
  const gone = applyChanges(whole.state, rippleDelete(whole.state, [here]));
  const left = await until(id, 'deleted', (clips) => clips.length === 2);
  assert.deepEqual(left, clipsInOrder(gone), 'the core did what the page showed');

  await page.keyboard.press('Control+KeyZ');
  await until(id, 'undone', (clips) => clips.length === 3);
  await page.keyboard.press('Control+Shift+KeyZ');
  await until(id, 'redone', (clips) => clips.length === 2);
  await page.getByRole('tab', { name: 'History' }).click();
  await page.locator('.history').getByRole('button', { name: 'Start', exact: true }).click();
  await until(id, 'back at the start', (clips) => clips.length === 0);
  await page
    .locator('.history')
    .getByRole('button', { name: /^Split/ })
    .click();
  await until(id, 'forward to the split', (clips) => clips.length === 3);
  await page.getByRole('tab', { name: 'Clip' }).click();
});

test('clips are moved with snapping, over others or between them, and selected by a frame', { skip }, async () => {
  const id = await openWith(['plain', 'planted', 'plain']);
  const scale = ((await clip(0).boundingBox())!.width + 1) / 48;
  // Leaves a gap, then comes near the end of its neighbour and sticks to it.
  await drag(clip(2), 20 * scale, 0, { x: 40, y: 40 });
  await until(id, 'moved by 20', (clips) => clips[2]!.start === 92);
  await drag(clip(2), -20 * scale + 5, 0, { x: 40, y: 40 });
  await until(id, 'snapped', (clips) => clips[2]!.start === 72);
  // Between the others with Ctrl.
  const names = async (): Promise<string[]> => (await clipsOf(id)).map(({ name }) => name.slice(0, 5));
  await page.keyboard.down('Control');
  const box = (await clip(1).boundingBox())!;
  await page.mouse.move(box.x + 30, box.y + 40);
  await page.keyboard.up('Control');
  await page.mouse.down();
  await page.keyboard.down('Control');
  for (let step = 1; step <= 8; step++) await page.mouse.move(box.x + 30 - (48 * scale * step) / 8, box.y + 40);
  await page.mouse.up();
  await page.keyboard.up('Control');
  await until(
    id,
    'inserted before the first',
    (clips) => clips[0]!.name.startsWith('planted') && clips[1]!.start === 24,
  );
  assert.deepEqual(await names(), ['plant', 'plain', 'plain']);

  await page.keyboard.press('Minus');
  const track = (await page.locator('[data-track]').boundingBox())!;
  const right = (await clip(2).boundingBox())!;
  await page.mouse.move(right.x + right.width + 40, track.y + 30);
  await page.mouse.down();
  await page.mouse.move(right.x + right.width / 2, track.y + 40, { steps: 5 });
  await page.mouse.move(right.x - 10, track.y + 40, { steps: 5 });
  await page.mouse.up();
  assert.equal(await page.locator('[data-clip][aria-current=true]').count(), 2);

  await go(10);
  await page.keyboard.press('KeyM');
  await page.locator('[data-marker]').waitFor();
  await drag(page.locator('[data-marker]'), (20 * scale) / 1.4);
  await saved();
  const marker = Object.values((await project(id)).state.markers)[0]!;
  assert.ok(Math.abs(marker.frame - 30) <= 2 || marker.frame === 24, `${marker.frame}`);
});

test('a long drag is saved on the way and is one step of the history', { skip }, async () => {
  const id = await openWith(['plain']);
  const steps = (await project(id)).done.length;
  const box = (await clip(0).boundingBox())!;
  await page.mouse.move(box.x + 60, box.y + 50);
  await page.mouse.down();
  for (let step = 1; step <= 16; step++) {
    await page.mouse.move(box.x + 60 + step * 12, box.y + 50);
    await page.waitForTimeout(100);
  }
  // The button is still held: what a kill -9 now would leave.
  const held = await studio.call('project.open', { id });
  assert.ok(clipsInOrder(held.state)[0]!.start > 0, 'saved on the way');
  await page.mouse.up();
  const end = await project(id);
  assert.ok(clipsInOrder(end.state)[0]!.start > clipsInOrder(held.state)[0]!.start);
  assert.equal(end.done.length, steps + 1);
});

test('a speed curve is drawn by mouse and by keys, and taken from a preset', { skip }, async () => {
  const id = await openWith(['plain', 'planted']);
  await clip(0).click({ position: { x: 40, y: 40 } });
  await page.keyboard.press('KeyC');
  const graph = page.locator('[data-graph]');
  const box = (await graph.boundingBox())!;
  await graph.dblclick({ position: { x: box.width / 2, y: 20 } });
  const [keyed] = await until(id, 'a third key', ([a]) => a!.keys.length === 3);
  assert.equal(keyed!.frames, 48, 'a key by itself changes nothing');

  // Later in the output at the same source: slower before it, faster after.
  await drag(graph.locator('[data-key="1"]'), box.width * 0.2, 0);
  await until(id, 'slower, then faster', ([a]) => {
    const [p, q, r] = a!.keys;
    return (
      (q!.source - p!.source) / (q!.output - p!.output) < 0.9 && (r!.source - q!.source) / (r!.output - q!.output) > 1.1
    );
  });
  const speedBefore = (await clipsOf(id))[0]!.frames;
  await page.getByRole('button', { name: 'Speed', exact: true }).click();
  await drag(graph.locator('[data-piece="0"]'), 0, 30);
  const [slow, next] = await until(id, 'longer', ([a]) => a!.frames > speedBefore + 5);
  assert.equal(slow!.frames, retimeFrames(slow!.keys, { num: 24, den: 1 }));
  assert.equal(next!.start, slow!.frames, 'what follows comes later');
  assert.match(await page.locator('.editor [role=status]').innerText(), new RegExp(`^${slow!.frames} frames`));

  const key = graph.locator('[data-key="1"]');
  await key.focus();
  const at = slow!.keys[1]!.output;
  await page.keyboard.press('ArrowRight');
  await until(id, 'a frame later', ([a]) => Math.abs(a!.keys[1]!.output - at - 1 / 24) < 1e-6);

  await page.locator('.editor').getByText('Presets').click();
  await page.getByRole('option', { name: /Bullet/ }).click();
  const [bullet] = await until(id, 'a preset', ([a]) => a!.keys.length > 3);
  assert.ok(bullet!.frames > 0);
  await page.getByRole('button', { name: 'Close the curve editor' }).click();

  // The same on the clip itself.
  await page.getByRole('button', { name: 'Speed curves on the clips' }).click();
  await drag(page.locator('.curves .curve').nth(1).locator('[data-piece="0"]'), 0, 14);
  await until(id, 'slowed on the timeline', (clips) => clips[1]!.frames > 24);
  await page.getByRole('button', { name: 'Speed curves on the clips' }).click();
  const { done } = await project(id);
  assert.equal(done.at(-1)!.label, 'Change speed', 'one step for one drag');
});

test('the planted frame is the first suspicious one; its remedy is one key', { skip }, async () => {
  const id = await openWith(['planted']);
  await clip(0).click({ position: { x: 40, y: 40 } });
  const speed = page.locator('.inspector').getByLabel('Speed', { exact: true });
  await speed.fill('50');
  await speed.press('Enter');
  const [slow] = await until(id, 'half speed', ([a]) => a!.frames === 48);
  await page
    .getByRole('button', { name: 'Next suspicious frame' })
    .and(page.locator(':enabled'))
    .waitFor({ timeout: 60_000 });
  // All of it is rendered before the worst is asked for.
  for (let tries = 0; tries < 200; tries++) {
    const answer = await studio.call('preview.clip', { project: id, clip: slow!.id });
    if (answer.state === 'ready' && answer.preview.chunks.every(({ ready }) => ready)) break;
    await page.waitForTimeout(200);
  }
  await page.waitForTimeout(300);
  await page.locator('.ruler').focus();
  await page.keyboard.press('KeyG');
  const frame = Number(await page.locator('.ruler').getAttribute('aria-valuenow'));
  assert.ok([2 * PLANTED - 1, 2 * PLANTED + 1].includes(frame), `the first stop is frame ${frame}`);
  assert.match(await page.locator('.timeline [aria-live]').innerText(), /^Suspicious frame 1 of/);

  await page.keyboard.press('KeyH');
  const [remedied] = await until(id, 'remedied', ([a]) => a!.remedies.length === 1);
  assert.equal(remedied!.remedies[0]!.engine, 'hold');
  await page.keyboard.press('KeyG');
  const second = Number(await page.locator('.ruler').getAttribute('aria-valuenow'));
  assert.notEqual(second, frame, 'what is remedied is no suspect');
  await page.keyboard.press('Control+KeyZ');
  await until(id, 'taken back', ([a]) => a!.remedies.length === 0);
});

test('nothing went wrong in the page', { skip }, () => {
  assert.deepEqual(
    studio.errors.filter((message) => !/404/.test(message)),
    [],
  );
});

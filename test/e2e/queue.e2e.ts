/** Exports as a user does them: the dialog with its plan, the queue with pause, order and report, the file itself, and going on after kill -9. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { QueueItem } from '../../app/contract/queue.ts';
import { skipWithoutChromium } from '../support/chromium.ts';
import { makeClip } from '../support/clips.ts';
import { openStudioPage, type StudioPage } from '../support/studio-page.ts';

const skip = skipWithoutChromium();

/** A real clip where there are some, else a made one. */
function clipIn(folder: string): string {
  const shared = process.env['INBETWEEN_SHARED'];
  if (shared !== undefined) return join(shared, 'clips/odd/media__sample_sef_super_slow_motion.mp4');
  const path = join(folder, 'clip.mp4');
  makeClip(path, { seconds: 5, size: '176x144', sound: false });
  return path;
}

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'inbetween-e2e-out-'));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** A project with four seconds of the clip at a quarter of the speed; its id and how many frames it has. */
async function slowProject(studio: StudioPage): Promise<{ id: string; frames: number }> {
  const { clips } = await studio.call('library.query', { query: {}, offset: 0, limit: 1 });
  const { id, version } = await studio.call('project.create', { name: 'Slow' });
  const media = { media: clips[0]!.id, from: 0, to: 4 };
  await studio.call('project.place', { id, version, clips: [media], at: 0, how: 'append' });
  const { state, version: placed } = await studio.call('project.open', { id });
  const before = Object.values(state.clips)[0]!;
  const { source } = before.keys.at(-1)!;
  const keys = [
    { output: 0, source: 0, ease: 'linear' as const },
    { output: 4 * before.keys.at(-1)!.output, source, ease: 'linear' as const },
  ];
  const after = { ...before, keys, frames: 4 * before.frames };
  const changes = [{ kind: 'clip' as const, id: before.id, before, after }];
  await studio.call('project.edit', { id, version: placed, edit: { label: 'Slow', changes } });
  return { id, frames: after.frames };
}

async function itemOf(studio: StudioPage, id: string): Promise<QueueItem | undefined> {
  return (await studio.call('queue.status', {})).items.find((item) => item.id === id);
}

async function until(done: () => Promise<boolean>, what: string, ms = 60_000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await done())) {
    if (performance.now() > end) throw new Error(`${what} did not happen`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function probe(path: string): { codec: string; frames: number } {
  const args = ['-v', 'error', '-select_streams', 'v', '-count_frames', '-of', 'json'];
  const entries = ['-show_entries', 'stream=codec_name,nb_read_frames'];
  const { streams } = JSON.parse(execFileSync('ffprobe', [...args, ...entries, path], { encoding: 'utf8' })) as {
    streams: { codec_name: string; nb_read_frames: string }[];
  };
  return { codec: streams[0]!.codec_name, frames: Number(streams[0]!.nb_read_frames) };
}

test('an export: its plan, pause and resume, the file, the report', { skip }, async (t) => {
  const folder = await folderOf(t);
  await using studio = await openStudioPage({ clips: [clipIn(folder)], folders: [folder] });
  const { page } = studio;
  const { id, frames } = await slowProject(studio);
  await page.evaluate((hash) => (location.hash = hash), `#/edit/${id}`);
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Export Slow' });
  // A folder that is not there is refused before anything starts.
  await dialog.getByLabel('File').fill(join(folder, 'nowhere', 'slow.mp4'));
  await dialog.getByText(/nowhere for the output does not exist/).waitFor();
  const start = dialog.getByRole('button', { name: 'Add to queue' });
  assert.ok(await start.isDisabled());
  const output = join(folder, 'slow.mp4');
  await dialog.getByLabel('File').fill(output);
  await until(() => start.isEnabled(), 'a plan without refusals');
  assert.equal(await dialog.locator('[data-plan=frames]').innerText(), frames.toLocaleString('en'));
  await start.click();

  await page.evaluate(() => (location.hash = '#/queue'));
  const row = page.locator('[data-job]').first();
  await row.waitFor();
  const job = (await row.getAttribute('data-job'))!;
  await until(async () => (await itemOf(studio, job))!.fraction > 0.2, 'progress');
  assert.match(await page.title(), /^\d+ % · Inbetween$/);
  await page.getByRole('button', { name: 'Pause Slow' }).click();
  await page.getByText(/\d+ % is made and kept/).waitFor();
  assert.equal((await itemOf(studio, job))?.state, 'paused');
  await page.getByRole('button', { name: 'Go on with Slow' }).click();
  await page.getByRole('heading', { name: 'Report' }).waitFor({ timeout: 60_000 });
  const done = (await itemOf(studio, job))!;
  assert.equal(done.state, 'done');
  assert.ok(done.job.result!.reusedFrames > 0, 'what was made before the pause was kept');
  assert.deepEqual(probe(output), { codec: 'h264', frames });
  await page.getByText('Read back: frames, length and streams are as planned').waitFor();
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await page.waitForFunction(() => (document.querySelector('video')?.currentTime ?? 0) > 0.1);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Clear finished' }).click();
  await page.getByText('Nothing in the queue').waitFor();
  assert.deepEqual(studio.errors, []);
});

test(
  'the order is changed by keys and by dragging; a held queue waits; cancelling and trying again',
  { skip },
  async (t) => {
    const folder = await folderOf(t);
    await using studio = await openStudioPage({ clips: [clipIn(folder)], folders: [folder] });
    const { page } = studio;
    const { id } = await slowProject(studio);
    await page.evaluate(() => (location.hash = '#/queue'));
    await studio.call('queue.hold', { held: true });
    const jobs: string[] = [];
    for (const to of [20, 30, 40]) {
      const options = { scope: { what: 'range' as const, from: 0, to }, codec: 'h264' as const, force: false };
      const output = join(folder, `${to}.mp4`);
      jobs.push(...(await studio.call('export.start', { project: id, options: { ...options, output } })).jobs);
    }
    const [a, b, c] = jobs as [string, string, string];
    const order = async (): Promise<(string | null)[]> =>
      await page.locator('[data-job]').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-job')));
    const becomes = async (wanted: string[]): Promise<void> => {
      await until(
        async () => JSON.stringify(await order()) === JSON.stringify(wanted),
        `the order ${wanted.join()}`,
        5000,
      );
    };
    await becomes([a, b, c]);
    await page.locator(`[data-job="${c}"] .main`).click();
    await page.keyboard.press('Alt+ArrowUp');
    await becomes([a, c, b]);
    await page.keyboard.press('Alt+ArrowUp');
    await becomes([c, a, b]);
    await page.keyboard.press('Alt+ArrowDown');
    await becomes([a, c, b]);
    await page
      .locator(`[data-job="${b}"]`)
      .dragTo(page.locator(`[data-job="${a}"]`), { targetPosition: { x: 60, y: 8 } });
    await becomes([b, a, c]);
    await page.locator(`[data-job="${b}"] .main`).click();
    await page.keyboard.press('Delete');
    await until(async () => (await itemOf(studio, b))?.state === 'cancelled', 'cancelling');
    await page.getByRole('button', { name: 'Go on', exact: true }).click();
    for (const job of [a, c]) await until(async () => (await itemOf(studio, job))?.state === 'done', 'the others');
    assert.ok(!existsSync(join(folder, '30.mp4')));
    await page.getByRole('button', { name: /^Try .* again$/ }).click();
    await until(async () => (await itemOf(studio, b))?.state === 'done', 'the one that was cancelled');
    assert.equal(probe(join(folder, '30.mp4')).frames, 30);
    assert.deepEqual(studio.errors, []);
  },
);

test('kill -9 of the app during an export: it is offered to go on, and does', { skip }, async (t) => {
  const folder = await folderOf(t);
  const home = join(folder, 'home');
  const output = join(folder, 'slow.mp4');
  let job: string;
  {
    await using studio = await openStudioPage({ clips: [clipIn(folder)], folders: [folder], home });
    const { id } = await slowProject(studio);
    const options = { scope: { what: 'sequence' as const }, output, codec: 'h264' as const, force: false };
    [job = ''] = (await studio.call('export.start', { project: id, options })).jobs;
    await until(async () => (await itemOf(studio, job))!.fraction > 0.35, 'progress');
    await studio.kill();
  }
  assert.ok(!existsSync(output));
  await using studio = await openStudioPage({ home, folders: [folder] });
  const { page } = studio;
  await page.evaluate(() => (location.hash = '#/queue'));
  await page.getByText(/1 job was left unfinished/).waitFor();
  await page.getByRole('button', { name: 'Go on with it' }).click();
  await page.getByRole('heading', { name: 'Report' }).waitFor({ timeout: 60_000 });
  const { result } = (await itemOf(studio, job))!.job;
  assert.ok(
    result!.verified && result!.reusedFrames > result!.frames / 5,
    `${result!.reusedFrames} of ${result!.frames}`,
  );
  assert.equal(probe(output).frames, result!.frames);
});

/**
 * The way through the studio that most people go, on every host: `serve`, the real main bundle on the Electron double, and Electron where its binary is
 * (npm run test:electron). Real clips are imported, put on the timeline, slowed by drawing, previewed, exported, and the file is probed.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sequenceLength } from '../../app/core/sequence/geometry.ts';
import { skipWithoutChromium } from '../support/chromium.ts';
import { makeClip } from '../support/clips.ts';
import { openStudioPage, type StudioPage } from '../support/studio-page.ts';
import { few } from '../support/few.ts';

const HOSTS = process.env['INBETWEEN_ELECTRON'] === '1' ? (['double'] as const) : (['serve', 'double'] as const);
/** 12.5 frames a second, and sound that ends before the picture does. */
const ODD = ['media__sample_12_5fps_720p_1s.mp4', 'media__sample_shorter_audio.mp4'];

function clipsIn(folder: string): string[] {
  const shared = process.env['INBETWEEN_SHARED'];
  if (shared !== undefined) return ODD.map((name) => join(shared, 'clips', 'odd', name));
  return ['one', 'two'].map((name) => {
    const path = join(folder, `${name}.mp4`);
    makeClip(path, { seconds: 1.2, size: '320x180' });
    return path;
  });
}

async function project({ page, call }: StudioPage) {
  const id = await page.evaluate(() => decodeURIComponent(location.hash.split('/')[2] ?? ''));
  return await call('project.open', { id });
}

// Most other specs go over `serve`.
for (const host of few(HOSTS, (one) => one === 'double')) {
  test(`import, draw, preview, export: ${host}`, { skip: skipWithoutChromium() }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'inbetween-e2e-out-'));
    t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
    await using studio = await openStudioPage({ host, clips: clipsIn(folder), folders: [folder] });
    const { page, call } = studio;

    // Library to timeline: both clips, by keyboard.
    const cards = page.locator('[data-index]');
    await cards.nth(1).waitFor();
    await cards.first().click();
    await page.keyboard.press('ControlOrMeta+KeyA');
    await page.getByText('2 selected').waitFor();
    await page.keyboard.press('Enter');
    const clips = page.locator('[data-track] [data-clip]');
    await clips.nth(1).waitFor({ timeout: 30_000 });
    const before = await project(studio);
    assert.equal(Object.keys(before.state.clips).length, 2);
    const plain = sequenceLength(before.state);

    // The speed of the first clip, drawn: a key in its middle, and the speed after it dragged down.
    await page.getByRole('button', { name: 'Speed curves on the clips' }).click();
    const id = await clips.first().getAttribute('data-clip');
    const curve = page.locator(`[data-curve="${id}"]`);
    const middle = async (name: string): Promise<[number, number]> => {
      const box = (await curve.locator(name).boundingBox())!;
      return [box.x + box.width / 2, box.y + box.height / 2];
    };
    await page.mouse.dblclick(...(await middle('[data-piece="0"]')));
    await curve.locator('[data-key="1"]').waitFor();
    const [x, y] = await middle('[data-piece="1"]');
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x, y + 25, { steps: 6 });
    await page.mouse.up();
    await page.getByText('Saved').waitFor();
    const drawn = await project(studio);
    const slowed = drawn.state.clips[id!]!;
    assert.ok(slowed.keys.length >= 3, 'the key is there');
    assert.ok(sequenceLength(drawn.state) > plain, 'the sequence became longer');

    // Preview: every frame of the slowed clip is rendered, and what is on the screen is a picture.
    for (let tries = 0; ; tries++) {
      const answer = await call('preview.clip', { project: drawn.id, clip: id! });
      if (answer.state === 'ready') {
        const { preview } = answer;
        assert.equal(preview.kinds.length, slowed.frames);
        if (!preview.direct && preview.chunks.every(({ ready }) => ready)) {
          assert.ok(
            preview.confidence.some((value) => value !== null),
            'made frames have a confidence',
          );
          break;
        }
      }
      assert.ok(tries < 500, 'the preview is rendered');
      await page.waitForTimeout(150);
    }

    // Export through the dialog, then the file itself.
    const output = join(folder, `${host}.mp4`);
    await page.getByRole('button', { name: 'Export', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('File').fill(output);
    await dialog
      .getByRole('button', { name: 'Add to queue' })
      .click()
      .catch(async (thrown: unknown) => assert.fail(`${String(thrown)}\n${await dialog.innerText()}`));
    for (let tries = 0; ; tries++) {
      const { items } = await call('queue.status', {});
      const item = items.find(({ job }) => job.spec.output === output);
      if (item?.state === 'done') {
        assert.equal(item.job.result?.verified, true);
        break;
      }
      assert.notEqual(item?.state, 'failed', item?.job.error?.message);
      assert.ok(tries < 500, 'the export ends');
      await page.waitForTimeout(150);
    }
    const entries = 'stream=codec_name,codec_type,width,height,nb_read_frames,r_frame_rate';
    const told = execFileSync('ffprobe', [
      '-v',
      'error',
      '-count_frames',
      '-show_entries',
      entries,
      '-of',
      'json',
      output,
    ]);
    const { streams } = JSON.parse(String(told)) as {
      streams: {
        codec_type: string;
        codec_name: string;
        width: number;
        height: number;
        nb_read_frames: string;
        r_frame_rate: string;
      }[];
    };
    const video = streams.find(({ codec_type }) => codec_type === 'video')!;
    const { settings } = drawn.state;
    assert.equal(video.codec_name, 'h264');
    assert.equal(Number(video.nb_read_frames), sequenceLength(drawn.state));
    assert.deepEqual([video.width, video.height], [settings.width, settings.height]);
    const [num, den] = video.r_frame_rate.split('/').map(Number);
    assert.equal(num! * settings.rate.den, settings.rate.num * den!);
    // Pictures that are not made yet are not there yet.
    assert.deepEqual(
      studio.errors.filter((error) => !/404/.test(error)),
      [],
    );
  });
}

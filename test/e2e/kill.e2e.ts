/** kill -9 of the app while somebody edits by keyboard: after starting again nothing older than two seconds is missing, and undo still knows the way back. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { skipWithoutChromium } from '../support/chromium.ts';
import { makeClip } from '../support/clips.ts';
import { openStudioPage } from '../support/studio-page.ts';
import { few } from '../support/few.ts';

for (const host of few(['serve', 'double'] as const, (one) => one === 'double')) {
  test(`kill -9 while editing: ${host}`, { skip: skipWithoutChromium() }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'inbetween-e2e-kill-'));
    t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
    const [home, clip] = [join(folder, 'home'), join(folder, 'clip.mp4')];
    makeClip(clip, { seconds: 4, size: '176x144', sound: false });
    const pressed: number[] = [];
    let id = '';
    {
      await using studio = await openStudioPage({ host, home, clips: [clip] });
      const { page, call } = studio;
      const { clips } = await call('library.query', { query: {}, offset: 0, limit: 1 });
      const made = await call('project.create', { name: 'Killed' });
      ({ id } = made);
      await call('project.place', {
        id,
        version: made.version,
        clips: [{ media: clips[0]!.id }],
        at: 0,
        how: 'append',
      });
      await page.evaluate((hash) => void (location.hash = hash), `#/edit/${id}`);
      await page.locator('[data-track] [data-clip]').first().waitFor();
      await page.getByRole('slider', { name: 'Playhead' }).focus();
      // Markers, one a frame: each is an edit of its own.
      for (let i = 0; i < 25; i++) {
        await page.keyboard.press('KeyM');
        pressed.push(performance.now());
        await page.keyboard.press('ArrowRight');
        await page.waitForTimeout(60);
      }
      await studio.kill();
    }
    const killed = performance.now();
    const due = pressed.filter((time) => time < killed - 2000).length;
    await using again = await openStudioPage({ host, home });
    const { state, done, version } = await again.call('project.open', { id });
    const markers = Object.keys(state.markers).length;
    t.diagnostic(`${markers} of ${pressed.length} markers are there; ${due} were older than two seconds`);
    assert.ok(markers >= due && markers > 5, `${markers} markers, ${due} due`);
    assert.equal(done.length, markers + 1, 'every edit is in the history');
    await again.call('project.undo', { id, version });
    const { state: before } = await again.call('project.open', { id });
    assert.equal(Object.keys(before.markers).length, markers - 1);
  });
}

/** A page of another origin, open in the same browser as the studio and so with its cookie, gets nothing from the local server. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { skipWithoutChromium } from '../support/chromium.ts';
import { openStudioPage } from '../support/studio-page.ts';

/** Runs in the foreign page: every way to reach the studio at `address`, and what came of each. */
async function attack(address: string): Promise<Record<string, string>> {
  const tried: Record<string, string> = {};
  const attempt = async (name: string, work: () => Promise<string>): Promise<void> => {
    tried[name] = await work().catch((error: unknown) => `failed: ${String(error)}`);
  };
  const loads = (element: HTMLElement & { src: string }, src: string): Promise<string> =>
    new Promise((resolve) => {
      element.onload = () => resolve('loaded');
      element.onerror = () => resolve('failed');
      element.src = src;
      document.body.append(element);
      setTimeout(() => resolve('failed: nothing happened'), 3000);
    });
  const socket = (url: string): Promise<string> =>
    new Promise((resolve) => {
      const open = new WebSocket(url);
      open.addEventListener('open', () => resolve('open'));
      open.addEventListener('error', () => resolve('failed'));
    });
  await attempt('fetch', async () => `read: ${await (await fetch(address, { credentials: 'include' })).text()}`);
  await attempt('opaque fetch', async () => {
    const reply = await fetch(`${address}/upload?name=evil.mp4`, {
      method: 'POST',
      mode: 'no-cors',
      credentials: 'include',
      body: 'evil',
    });
    return `answered blindly: ${reply.type}`;
  });
  await attempt('script', () => loads(document.createElement('script'), `${address}/`));
  await attempt('picture', () => loads(document.createElement('img'), `${address}/media/clip/any/thumb`));
  await attempt('socket', () => socket(`${address.replace('http', 'ws')}/api`));
  return tried;
}

test('a foreign page gets nothing', { skip: skipWithoutChromium() }, async (t) => {
  await using studio = await openStudioPage({ host: 'serve' });
  const evil = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<body>evil</body>'));
  await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve));
  t.after(() => evil.close());
  const { port } = evil.address() as AddressInfo;
  const { origin, host } = new URL(studio.url);
  const before = await studio.call('app.info', {});
  // The same host by number has the studio's cookie (cookies do not know ports); by name it has not.
  for (const name of ['127.0.0.1', 'localhost']) {
    const page = await studio.page.context().newPage();
    await page.goto(`http://${name}:${port}/`);
    const tried = await page.evaluate(attack, origin);
    for (const [way, outcome] of Object.entries(tried)) {
      if (way === 'opaque fetch') continue;
      assert.match(outcome, /^failed/, `${name}, ${way}: ${outcome}`);
    }
    // A frame of ours in a foreign page stays empty, and a foreign form changes nothing.
    await page.setContent(`<iframe src="${origin}/"></iframe>`);
    const frame = page.frames().find((one) => one !== page.mainFrame());
    assert.equal(await frame?.locator('main').count(), 0, 'no view of ours inside a frame');
    await page.close();
  }
  const roots = before.roots ?? [];
  const uploads = readdirSync(join(studio.home, 'uploads'));
  assert.deepEqual(uploads, [], `nothing was uploaded to ${host}: ${roots.join()}`);
});

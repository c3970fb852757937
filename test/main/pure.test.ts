/** Of the main process what needs no window: addresses, menus, the taskbar's words. Electron is the double here. */
// oxlint-disable-next-line import/no-unassigned-import -- it registers a hook
import '../support/electron-double/register.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobSummary } from '../../app/contract/jobs.ts';
import type { QueueStatus } from '../../app/contract/queue.ts';

const { fractionOf, wordsOf } = await import('../../app/main/desk.ts');
const { menuTemplate } = await import('../../app/main/menu.ts');
const { addressBelow, isOwn } = await import('../../app/main/protocol.ts');
const { isPage } = await import('../../app/main/security.ts');

test('an address is taken as it is written', () => {
  const root = 'inbetween://app/';
  assert.equal(addressBelow('inbetween://app/assets/a.js?v=1#x', root), 'assets/a.js');
  assert.equal(addressBelow('inbetween://app/%2e%2e/x', root), '%2e%2e/x');
  for (const url of ['inbetween://apparently/x', 'inbetween://other/x', 'file:///x', 'inbetween:/app/x', ''])
    assert.equal(addressBelow(url, root), undefined);
});

test('which addresses are ours', () => {
  for (const url of ['inbetween://app/', 'inbetween-media://studio/clip/a/thumb', 'blob:inbetween://app/1', 'data:,'])
    assert.ok(isOwn(url), url);
  for (const url of ['https://example.com/', 'file:///etc/passwd', 'inbetween://appx/', 'inbetween-media://other/'])
    assert.ok(!isOwn(url), url);
  for (const url of ['inbetween://app/', 'inbetween://app/#/queue', 'inbetween://app/index.html?x'])
    assert.ok(isPage(url), url);
  for (const url of ['inbetween://app/x', 'data:text/html,x', 'inbetween-media://studio/', 'blob:inbetween://app/1'])
    assert.ok(!isPage(url), url);
});

test('the taskbar shows what runs and what waits behind it', () => {
  const of = (...items: [string, number][]): number =>
    fractionOf({ items: items.map(([state, fraction]) => ({ state, fraction })) } as unknown as QueueStatus);
  assert.equal(of(), -1);
  assert.equal(of(['waiting', 0], ['done', 1], ['paused', 0.5]), -1);
  assert.equal(of(['running', 0.5], ['done', 1]), 0.5);
  assert.equal(of(['running', 0.5], ['waiting', 0]), 0.25);
});

test('a notification says which file, and nothing of what the user did', () => {
  const job = (state: string, error?: { code: string; message: string }): JobSummary =>
    ({ state, spec: { output: '/films/slow.mp4' }, ...(error && { error }) }) as unknown as JobSummary;
  assert.deepEqual(wordsOf(job('done')), { title: 'slow.mp4 is done', body: '/films/slow.mp4' });
  assert.deepEqual(wordsOf(job('failed', { code: 'disk-full', message: 'The disk is full.' })), {
    title: 'slow.mp4 has failed',
    body: 'The disk is full.',
  });
  assert.equal(wordsOf(job('cancelled')), undefined);
});

test('menus follow the system, and a packaged app has nothing for developers', () => {
  const seen: string[] = [];
  const actions = { addFiles: () => seen.push('add'), go: (hash: string) => seen.push(hash) };
  const rolesOf = (mac: boolean, dev: boolean): string => JSON.stringify(menuTemplate(actions, mac, dev));
  assert.match(rolesOf(true, false), /"hideOthers"/);
  assert.doesNotMatch(rolesOf(false, false), /"hideOthers"|toggleDevTools|"reload"/);
  assert.match(rolesOf(false, true), /toggleDevTools/);
  for (const mac of [true, false]) assert.equal(rolesOf(mac, false).match(/"role":"quit"/g)?.length, 1);
  for (const menu of menuTemplate(actions, false, false)) {
    for (const item of Array.isArray(menu.submenu) ? menu.submenu : [])
      item.click?.(item as never, undefined, {} as never);
  }
  assert.deepEqual(seen, ['add', '#/settings', '#/library', '#/queue', '#/models']);
});

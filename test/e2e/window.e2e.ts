/** The desktop around the window, on the built main process: files from outside, dialogs, jobs in utility processes, leaving, coming back. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Answer, Method, Params, Result } from '../../app/contract/api.ts';
import { skipWithoutChromium } from '../support/chromium.ts';
import { frameHashes, makeClip } from '../support/clips.ts';
import { launchDouble, startMain, type LaunchedApp } from '../support/electron-double/launch.ts';
import type { record as recordType } from '../support/electron-double/record.ts';

// Dialogs, the taskbar and notifications are seen through the double's record.
const skip =
  skipWithoutChromium() || (process.env['INBETWEEN_ELECTRON'] === '1' ? 'needs the record of the double' : false);
const folder = mkdtempSync(join(tmpdir(), 'inbetween-window-'));
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

async function call<M extends Method>(it: LaunchedApp, method: M, params: Params<M>): Promise<Result<M>> {
  const answer = await it.page.evaluate(
    ([name, given]) =>
      (window as unknown as { inbetween: { invoke(name: unknown, given: unknown): Promise<Answer> } }).inbetween.invoke(
        name,
        given,
      ),
    [method, params] as [unknown, unknown],
  );
  assert.ok(answer.ok, JSON.stringify(answer));
  return answer.result as Result<M>;
}

function recorded(it: LaunchedApp): Promise<typeof recordType> {
  return it.app.evaluate(({ record }: { record: typeof recordType }) => record);
}

async function until(what: string, holds: () => Promise<boolean>, seconds = 30): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await holds())) {
    assert.ok(Date.now() < end, `${what} within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function names(it: LaunchedApp): Promise<string[]> {
  const { clips } = await call(it, 'library.query', { query: {}, offset: 0, limit: 100 });
  return clips.map(({ name }) => name).toSorted();
}

test('files given to the app, to a second start and chosen in its dialog come into the library', { skip }, async () => {
  const home = join(folder, 'files');
  const clips = ['one', 'two', 'three'].map((name) => join(folder, `${name}.mp4`));
  for (const clip of clips) makeClip(clip, { size: '64x48', seconds: 0.25, sound: false });
  const it = await launchDouble({ home, files: [clips[0]!] });
  try {
    await until('the first clip', async () => (await names(it)).length === 1);
    const second = startMain({ home, files: [clips[1]!] });
    assert.deepEqual(await once(second, 'exit'), [0, null]);
    await until('the second clip', async () => (await names(it)).length === 2);
    // The menu's entry, with a dialog that answers.
    await it.app.evaluate(({ dialog, Menu }: never, path: string) => {
      const desk = { dialog, Menu } as {
        dialog: { showOpenDialog: unknown };
        Menu: { current: { template: { submenu: { click?: () => void }[] }[] } };
      };
      desk.dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [path] });
      desk.Menu.current.template[0]!.submenu[0]!.click!();
    }, clips[2]!);
    await until('the third clip', async () => (await names(it)).length === 3);
    assert.deepEqual(
      (await names(it)).map((name) => name.replace(/\.mp4$/, '')),
      ['one', 'three', 'two'],
    );
    // A clip of the library may be shown in the file manager.
    await call(it, 'host.reveal', { path: clips[1]! });
    assert.deepEqual((await recorded(it)).revealed, [clips[1]]);
    // The native dialogs of a page, cancelled.
    await it.app.evaluate(({ dialog }: { dialog: { showOpenDialog: unknown } }) => {
      dialog.showOpenDialog = async () => ({ canceled: true, filePaths: [] });
    });
    assert.deepEqual(await call(it, 'host.pickFolder', { title: 'Where to' }), { path: null });
    assert.deepEqual(await call(it, 'host.pickSave', { title: 'Save', name: '../x.mp4', endings: ['mp4'] }), {
      path: null,
    });
  } finally {
    await it.close();
  }
});

test('window and theme are as they were left', { skip }, async () => {
  const home = join(folder, 'state');
  const first = await launchDouble({ home });
  try {
    await call(first, 'settings.set', { changes: { theme: 'light' } });
    await first.app.evaluate(
      ({ BrowserWindow }: { BrowserWindow: { getAllWindows(): { setBounds(b: object): void }[] } }) =>
        BrowserWindow.getAllWindows()[0]!.setBounds({ x: 33, y: 44, width: 1001, height: 702 }),
    );
  } finally {
    await first.close();
  }
  const again = await launchDouble({ home });
  try {
    const [options] = (await recorded(again)).windows as Record<string, unknown>[];
    const { x, y, width, height, backgroundColor } = options!;
    assert.deepEqual({ x, y, width, height }, { x: 33, y: 44, width: 1001, height: 702 });
    assert.equal(backgroundColor, '#dfe1e5');
    assert.ok(await again.page.evaluate(() => matchMedia('(prefers-color-scheme: light)').matches));
  } finally {
    await again.close();
  }
});

test(
  'a job runs in a utility process; leaving asks; the next start goes on and tells when it is done',
  { skip },
  async () => {
    const home = join(folder, 'jobs');
    const input = join(folder, 'in');
    const output = join(folder, 'out');
    mkdirSync(input);
    makeClip(join(input, 'clip.mp4'), { size: '160x120', seconds: 2, sound: false });
    const recipe = { speed: { num: 1, den: 4 }, factor: 1, engine: 'glide', codec: 'h264' as const };
    const spec = { input, output, recipe, recursive: false, watch: false, overrides: {} };
    const it = await launchDouble({ home });
    try {
      await call(it, 'batch.start', { spec });
      await until('progress on the taskbar', async () => ((await recorded(it)).progress ?? -1) >= 0);
      assert.equal((await recorded(it)).awake, true, 'the machine is kept awake');
      // Keep running: the app stays.
      await it.app.evaluate(({ dialog, app }: never) => {
        const desk = { dialog, app } as { dialog: { showMessageBox: unknown; was?: unknown }; app: { quit(): void } };
        desk.dialog.was = desk.dialog.showMessageBox;
        desk.dialog.showMessageBox = async () => ({ response: 1, checkboxChecked: false });
        desk.app.quit();
      });
      await it.page.waitForTimeout(500);
      const { items } = await call(it, 'queue.status', {});
      assert.equal(items[0]!.state, 'running');
      await it.app.evaluate(({ dialog }: { dialog: { showMessageBox: unknown; was?: unknown } }) => {
        dialog.showMessageBox = dialog.was;
      });
    } finally {
      // Asked again, the double presses the default: quit, and go on next time.
      await it.close();
    }
    assert.equal(await it.app.ended, 0);
    const next = await launchDouble({ home });
    try {
      await next.app.evaluate(({ BrowserWindow }: { BrowserWindow: { getAllWindows(): { focused: boolean }[] } }) => {
        BrowserWindow.getAllWindows()[0]!.focused = false;
      });
      await until('the job done by itself', async () => (await recorded(next)).notifications.length > 0, 90);
      const { notifications } = await recorded(next);
      assert.match(notifications[0]!.title, /clip.*is done/, notifications[0]!.body);
      await until('the machine may sleep again, and the taskbar shows nothing', async () => {
        const { awake, progress } = await recorded(next);
        return !awake && progress === -1;
      });
      assert.equal(frameHashes(join(output, 'clip.mp4')).length, 192);
    } finally {
      await next.close();
    }
  },
);

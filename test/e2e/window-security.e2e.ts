/** What a window may not do, on the built main process: go elsewhere, open others, name files, run strings, be asked by frames that are not ours. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Answer } from '../../app/contract/api.ts';
import { skipWithoutChromium } from '../support/chromium.ts';
import { launchDouble, type LaunchedApp } from '../support/electron-double/launch.ts';

const skip = skipWithoutChromium();
const real = process.env['INBETWEEN_ELECTRON'] === '1';
let home: string;
let it: LaunchedApp;

before(async () => {
  if (skip) return;
  home = await mkdtemp(join(tmpdir(), 'inbetween-window-'));
  await writeFile(join(home, 'secret.txt'), 'not for pages');
  it = await launchDouble({ home });
});
after(async () => {
  if (skip) return;
  await it?.close();
  await rm(home, { recursive: true, force: true, maxRetries: 5 });
});

interface Bridge {
  inbetween: Record<string, (...args: unknown[]) => unknown>;
}

function invoke(method: unknown, params: unknown): Promise<Answer> {
  return it.page.evaluate(
    ([name, given]) => (window as unknown as Bridge).inbetween['invoke']!(name, given) as Promise<Answer>,
    [method, params],
  );
}

test('a page gets three functions of the main process, and nothing of Electron or Node', { skip }, async () => {
  const found = await it.page.evaluate(() => {
    const { inbetween } = window as unknown as Bridge;
    const names = Object.keys(inbetween).toSorted();
    // It cannot be exchanged either.
    for (const change of [
      () => ((window as unknown as Bridge).inbetween = {}),
      () => (inbetween['invoke'] = () => 'mine'),
      () => delete inbetween['listen'],
    ]) {
      try {
        change();
      } catch {
        // Strict code is told.
      }
    }
    const foreign = ['require', 'process', 'module', 'Buffer', 'global', '__dirname', 'electron', 'ipcRenderer'];
    return {
      names,
      after: Object.entries((window as unknown as Bridge).inbetween)
        .map(([name, value]) => `${name}: ${typeof value}`)
        .toSorted(),
      leaked: foreign.filter((name) => name in window),
    };
  });
  assert.deepEqual(found.names, ['invoke', 'listen', 'pathOf']);
  assert.deepEqual(found.after, ['invoke: function', 'listen: function', 'pathOf: function']);
  assert.deepEqual(found.leaked, []);
});

test(
  'the window is sandboxed and isolated, without Node, webviews or dropped pages',
  { skip: skip || real },
  async () => {
    const [options] = await it.app.evaluate(
      ({ record }: { record: { windows: Record<string, unknown>[] } }) => record.windows,
    );
    const { preload, ...preferences } = options!['webPreferences'] as Record<string, unknown>;
    assert.match(String(preload), /preload\.cjs$/);
    assert.deepEqual(preferences, {
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      navigateOnDragDrop: false,
      devTools: true,
    });
  },
);

test('no navigation leads away, no window is opened', { skip }, async () => {
  const at = it.page.url();
  const elsewhere = [
    'https://example.com/',
    `file://${home}/secret.txt`,
    'data:text/html,hello',
    'http://127.0.0.1:9/',
  ];
  for (const url of elsewhere) {
    await it.page.evaluate((to) => {
      location.href = to;
    }, url);
    await it.page.waitForTimeout(100);
    assert.equal(it.page.url(), at, `went to ${url}`);
  }
  await it.page.evaluate(() => {
    const form = document.createElement('form');
    form.action = 'https://example.com/';
    document.body.append(form);
    form.submit();
  });
  const opened = await it.page.evaluate(() => {
    const link = Object.assign(document.createElement('a'), { href: 'https://example.com/', target: '_blank' });
    document.body.append(link);
    link.click();
    return window.open('https://example.com/') === null;
  });
  // The double closes what main has refused; Electron does not open it.
  for (let tries = 0; tries < 30 && it.page.context().pages().length > 1; tries++) await it.page.waitForTimeout(100);
  assert.equal(it.page.url(), at);
  assert.equal(it.page.context().pages().length, 1);
  if (real) assert.ok(opened);
  // The page is still ours, and works.
  assert.equal((await invoke('app.info', {})).ok, true);
});

test('a reload of the page is let through, and finds its way back', { skip }, async () => {
  await it.page.reload();
  await it.page.waitForSelector('main');
  assert.equal((await invoke('app.info', {})).ok, true);
});

test(
  'the policy of the page runs no inline script and no string, frames nothing, reaches nobody else',
  { skip },
  async () => {
    const heard: string[] = [];
    const stranger = createServer((asked, response) => {
      heard.push(asked.url ?? '');
      response.setHeader('access-control-allow-origin', '*').end('{}');
    });
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    const { port } = stranger.address() as AddressInfo;
    try {
      const ran = await it.page.evaluate(async (elsewhere) => {
        const done: string[] = [];
        Object.assign(window, { ran: (what: string) => done.push(what) });
        const script = document.createElement('script');
        script.textContent = 'ran("inline script")';
        document.head.append(script);
        document.body.insertAdjacentHTML('beforeend', '<img src="data:," onerror="ran(\'handler\')">');
        const foreign = Object.assign(document.createElement('script'), { src: `${elsewhere}/script.js` });
        document.head.append(foreign);
        document.body.append(Object.assign(document.createElement('iframe'), { src: `${elsewhere}/frame` }));
        document.body.append(Object.assign(document.createElement('img'), { src: `${elsewhere}/pixel` }));
        const fetched = await fetch(`${elsewhere}/fetch`).then(
          () => ['fetch'],
          () => [],
        );
        navigator.sendBeacon(`${elsewhere}/beacon`);
        await new Promise((resolve) => setTimeout(resolve, 500));
        return [...done, ...fetched];
      }, `http://127.0.0.1:${port}`);
      assert.deepEqual(ran, []);
      assert.deepEqual(heard, []);
      assert.equal(await evaluateOnMove(), 'EvalError EvalError');
    } finally {
      stranger.closeAllConnections();
      stranger.close();
    }
  },
);

/** What becomes of code from strings in a handler of the page's own: what a test evaluates directly may evaluate in its turn. */
async function evaluateOnMove(): Promise<string> {
  const outcome = it.page.evaluate(
    () =>
      new Promise<string>((resolve) => {
        const attempt = (work: () => unknown): string => {
          try {
            return `ran: ${String(work())}`;
          } catch (error) {
            return (error as Error).name;
          }
        };
        const both = (): void =>
          resolve(
            // oxlint-disable-next-line no-eval, no-implied-eval, typescript/no-implied-eval -- what must fail
            `${attempt(() => (0, eval)('1 + 1'))} ${attempt(() => new Function('return 2')())}`,
          );
        addEventListener('pointermove', both, { once: true });
      }),
  );
  await it.page.waitForTimeout(100);
  await it.page.mouse.move(10, 10);
  await it.page.mouse.move(20, 20);
  return await outcome;
}

test('a frame inside the page is not answered, whatever its origin', { skip: skip || real }, async () => {
  // As code would that had broken out of a renderer: by the channel itself.
  const answers = await it.page.evaluate(async () => {
    const ask = async (address: string): Promise<unknown> => {
      const frame = document.createElement('iframe');
      if (address !== '') frame.src = address;
      document.body.append(frame);
      await new Promise((resolve) => setTimeout(resolve, 300));
      const inner = frame.contentWindow as unknown as {
        __electronInvoke?: (channel: string, args: unknown[]) => Promise<unknown>;
      };
      return await inner.__electronInvoke?.('inbetween:call', ['app.info', {}]);
    };
    return [await ask(''), await ask('about:srcdoc')];
  });
  for (const answer of answers) {
    const { result } = answer as { result: Answer };
    assert.ok(!result.ok && result.error.code === 'not-allowed', JSON.stringify(answer));
  }
});

test('an unknown channel has no handler', { skip: skip || real }, async () => {
  const answer = await it.page.evaluate(() =>
    (window as unknown as { __electronInvoke(channel: string, args: unknown[]): Promise<unknown> }).__electronInvoke(
      'fs:read',
      ['/etc/passwd'],
    ),
  );
  assert.match(JSON.stringify(answer), /No handler registered/);
});

const HOSTILE: [string, unknown, unknown][] = [
  ['no method', undefined, {}],
  ['a method that is none', 'app.quit', {}],
  ['a name of every object', 'constructor', {}],
  ['a prototype', '__proto__', {}],
  ['a number', 7, {}],
  ['a list', ['app.info'], {}],
  ['no parameters', 'library.get', undefined],
  ['null', 'library.get', null],
  ['more than is asked for', 'library.get', { ids: [], more: 1 }],
  ['a number for a list', 'library.get', { ids: 1 }],
  ['an id that is a path', 'library.get', { ids: ['../../etc/passwd'] }],
  ['a path with NUL', 'library.add', { paths: ['/tmp/a\0.mp4'] }],
  ['too many ids', 'library.get', { ids: Array.from({ length: 2000 }, () => 'a') }],
  ['a deep object', 'settings.set', { changes: deep(20) }],
];

function deep(levels: number): unknown {
  return levels === 0 ? 1 : { keys: deep(levels - 1) };
}

test('hostile calls are refused with a code, and the next one is answered', { skip }, async () => {
  for (const [what, method, params] of HOSTILE) {
    const answer = await invoke(method, params);
    assert.equal(answer.ok, false, what);
    if (!answer.ok) assert.equal(answer.error.code, 'bad-request', what);
  }
  assert.equal((await invoke('app.info', {})).ok, true);
});

test('what is no structured clone does not leave the page', { skip }, async () => {
  const error = await it.page.evaluate(() =>
    Promise.resolve()
      .then(() => (window as unknown as Bridge).inbetween['invoke']!('app.info', { run: () => 1 }))
      .then(String, String),
  );
  assert.match(error, /clone/i);
});

test(
  'only files of the library and the queue, or chosen in a dialog, are shown in the file manager',
  { skip },
  async () => {
    for (const path of [join(home, 'secret.txt'), '/etc/passwd', '/']) {
      const answer = await invoke('host.reveal', { path });
      assert.ok(!answer.ok, path);
    }
  },
);

const TRAVERSALS = [
  '/../package.json',
  '/../../package.json',
  '/%2e%2e/package.json',
  '/%2e%2e%2f%2e%2e%2fpackage.json',
  '/..%2fpackage.json',
  '/..\\package.json',
  '/..%5cpackage.json',
  '/assets/../../app/main/main.js',
  '/assets/%2e%2e/%2e%2e/app/main/main.js',
  '//etc/passwd',
  '/%2fetc%2fpasswd',
  '/index.html%00.png',
  '/file:///etc/passwd',
  '/C:%5cWindows%5cwin.ini',
  '/clip/../../library.db',
  '/clip/..%2f..%2flibrary.db/source',
  '/clip/%00/source',
  '/constructor',
  '/__proto__',
  '/clip/__proto__/source',
];

test('no address of our schemes leads to another file', { skip: skip || real }, async () => {
  const { port } = new URL(it.page.url());
  for (const host of ['app.inbetween', 'studio.inbetween-media']) {
    for (const path of TRAVERSALS) {
      const { status, body } = await raw(Number(port), `${host}.localhost:${port}`, path);
      assert.ok(status === 404 || status === 0, `${host}${path} gave ${status}`);
      assert.doesNotMatch(body, /"name": "inbetween"|root:|SQLite|import /, `${host}${path}`);
    }
  }
  // Hosts that we are not.
  assert.equal((await raw(Number(port), `elsewhere.inbetween.localhost:${port}`, '/')).status, 0);
  assert.equal((await raw(Number(port), `elsewhere.inbetween-media.localhost:${port}`, '/clip/a/source')).status, 0);
  // The page itself is there: the test asks the right place.
  assert.equal((await raw(Number(port), `app.inbetween.localhost:${port}`, '/index.html')).status, 200);
});

/** As it is, without what a browser makes of dots and backslashes. */
function raw(port: number, host: string, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve) => {
    const asked = request(
      { port, host: '127.0.0.1', path: path.replaceAll('\0', '%00'), headers: { host } },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      },
    );
    // A request that main cancels gets no answer.
    asked.on('error', () => resolve({ status: 0, body: '' }));
    asked.end();
  });
}

test(
  'permissions: fullscreen and notifications for our page, nothing else for anybody',
  { skip: skip || real },
  async () => {
    const found = await it.app.evaluate(({ session }: { session: { defaultSession: Record<string, unknown> } }) => {
      const { permissionRequest, permissionCheck } = session.defaultSession as Record<
        string,
        (...args: unknown[]) => unknown
      >;
      const granted: string[] = [];
      for (const url of ['inbetween://app/', 'https://example.com/', 'inbetween://other/']) {
        for (const name of [
          'fullscreen',
          'notifications',
          'media',
          'geolocation',
          'clipboard-read',
          'openExternal',
          'fileSystem',
        ]) {
          permissionRequest!({}, name, (may: boolean) => may && granted.push(`ask ${name} ${url}`), {
            requestingUrl: url,
          });
          if (permissionCheck!({}, name, url)) granted.push(`check ${name} ${url}`);
        }
      }
      return granted.toSorted();
    });
    assert.deepEqual(found, [
      'ask fullscreen inbetween://app/',
      'ask notifications inbetween://app/',
      'check fullscreen inbetween://app/',
      'check notifications inbetween://app/',
    ]);
  },
);

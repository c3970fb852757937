/**
 * The studio as a user has it, for specs: a page in Chromium on `inbetween serve`, or on the real main bundle over the Electron double.
 * INBETWEEN_E2E_HOST=serve|double|electron chooses for all specs that do not say.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Browser, Page } from 'playwright-core';
import type { Answer, Method, Params, Result } from '../../app/contract/api.ts';
import { launchChromium } from './chromium.ts';
import { lendListings } from './listings.ts';
import type { AppHandle, LaunchedApp } from './electron-double/launch.ts';

export interface StudioPageOptions {
  readonly host?: 'serve' | 'double';
  /** Files that are put into the library before the page is given; waits until they are probed. */
  readonly clips?: readonly string[];
  /** A library that exists; it is left. Otherwise a new one, which is removed. */
  readonly home?: string;
  /** Folders opened to the page besides that of the library. */
  readonly folders?: readonly string[];
  readonly theme?: 'dark' | 'light';
  readonly width?: number;
  readonly height?: number;
}

export interface StudioPage extends AsyncDisposable {
  readonly page: Page;
  /** The library's folder. */
  readonly home: string;
  readonly url: string;
  /** The main process, where the host is a window. */
  readonly app: AppHandle | undefined;
  /** Calls the Api as the page does. Rejects with the error's code in front. */
  call<M extends Method>(method: M, params: Params<M>): Promise<Result<M>>;
  /** kill -9 of the app: the server, or Electron's main process. The browser stays. */
  kill(): Promise<void>;
  /** What the page wrote to its console as errors, and what it threw. */
  readonly errors: string[];
}

const CLI = join(import.meta.dirname, '..', '..', 'app', 'cli', 'inbetween.js');

export async function openStudioPage(options: StudioPageOptions = {}): Promise<StudioPage> {
  const host = options.host ?? (process.env['INBETWEEN_E2E_HOST'] === 'double' ? 'double' : 'serve');
  const home = options.home ?? (await mkdtemp(join(tmpdir(), 'inbetween-e2e-')));
  lendListings(home);
  const opened = host === 'double' ? await openDouble(home, options) : await openServe(home, options);
  const errors: string[] = [];
  const { page } = opened;
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  try {
    await page.emulateMedia({ colorScheme: options.theme ?? 'dark' });
    await page.setViewportSize({ width: options.width ?? 1440, height: options.height ?? 900 });
    await page.waitForSelector('main', { timeout: 30_000 });
  } catch (error) {
    await opened.close();
    throw new Error(`the studio did not show itself: ${errors.join(' ')}`, { cause: error });
  }
  const call: StudioPage['call'] = async (method, params) => {
    const answer = (await page.evaluate(callFromPage, [method, params] as [string, unknown])) as Answer;
    if (answer.ok) return answer.result as never;
    throw new Error(`${answer.error.code}: ${answer.error.message}`);
  };
  if (options.clips && options.clips.length > 0) await addClips(call, options.clips);
  return {
    page,
    home,
    url: opened.url,
    app: opened.app,
    call,
    errors,
    kill: opened.kill,
    async [Symbol.asyncDispose]() {
      await opened.close();
      if (options.home === undefined) await rm(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Runs in the page: a call of its own, beside those of the renderer, over what the host gives a page. */
async function callFromPage([method, params]: [string, unknown]): Promise<unknown> {
  const { inbetween } = globalThis as { inbetween?: { invoke(method: string, params: unknown): Promise<unknown> } };
  if (inbetween) return await inbetween.invoke(method, params);
  const socket = new WebSocket(`ws://${location.host}/api`);
  return await new Promise((resolve, reject) => {
    socket.onerror = () => reject(new Error('no connection'));
    socket.onopen = () => socket.send(JSON.stringify({ id: 1, method, params }));
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(String(data)) as { id?: number; answer?: unknown };
      if (message.id !== 1) return;
      socket.close();
      resolve(message.answer);
    };
  });
}

async function addClips(call: StudioPage['call'], paths: readonly string[]): Promise<void> {
  const { ids } = await call('library.add', { paths: [...paths] });
  for (let tries = 0; tries < 300; tries++) {
    const clips = await call('library.get', { ids: ids.slice(0, 1000) });
    if (clips.every(({ state }) => state !== 'probing')) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('clips were not probed within 30 s');
}

interface Opened {
  readonly page: Page;
  readonly app?: AppHandle;
  readonly url: string;
  kill(): Promise<void>;
  close(): Promise<void>;
}

async function openServe(home: string, { folders = [], clips = [] }: StudioPageOptions): Promise<Opened> {
  const roots = [
    home,
    tmpdir(),
    process.env['INBETWEEN_SHARED'],
    ...folders,
    ...clips.map((path) => dirname(path)),
  ].filter((root) => root !== undefined);
  const child = spawn(process.execPath, [CLI, 'serve', ...roots, '--json', '--library', home], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await addressOf(child);
  let browser: Browser | undefined;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await gone;
    clearTimeout(timer);
  };
  try {
    browser = await launchChromium();
    const page = await (await browser.newContext({ acceptDownloads: true })).newPage();
    await page.goto(url);
    return {
      page,
      url,
      kill: () => end('SIGKILL'),
      async close() {
        await browser?.close();
        await end('SIGTERM');
      },
    };
  } catch (error) {
    await browser?.close();
    await end('SIGKILL');
    throw error;
  }
}

async function addressOf(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const { url } = JSON.parse(line) as { url?: string };
    if (url !== undefined) return url;
  }
  throw new Error('serve ended without an address');
}

async function openDouble(home: string, _options: StudioPageOptions): Promise<Opened> {
  const launch = './electron-double/launch.ts';
  const { launchDouble } = (await import(launch)) as {
    launchDouble(options: { home: string }): Promise<LaunchedApp>;
  };
  const { page, app, kill, close } = await launchDouble({ home });
  return { page, app, url: page.url(), kill, close };
}

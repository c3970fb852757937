/**
 * Starts the built app for a test: on the Electron double, or on real Electron where INBETWEEN_ELECTRON=1 asks for it. A spec sees the same of both: a Playwright
 * Page, and `evaluate` in the main process. [Note: Electron double]
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { buildNode, buildRenderer } from '../../../scripts/build.ts';
import { DoubleBrowser } from './double-browser.ts';
import { launchElectron } from './real.ts';

export interface LaunchOptions {
  /** The library's folder. */
  readonly home: string;
  /** Files to open, as if double-clicked. */
  readonly files?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

export interface LaunchedApp {
  /** The window's page. */
  readonly page: Page;
  readonly app: AppHandle;
  /** Quits as a user does, and waits until all is gone. */
  close(): Promise<void>;
  /** kill -9 of the main process; the double's page stays. */
  kill(): Promise<void>;
}

export interface AppHandle {
  readonly pid: number;
  /** Runs `fn`, by its text, in the main process with the electron module. */
  evaluate<R, A = undefined>(fn: (electron: never, arg: A) => R | Promise<R>, arg?: A): Promise<R>;
  /** Resolves with the exit status when the main process has ended. */
  readonly ended: Promise<number | null>;
  /** What a file of that name that is dropped on the page is called on disk. The double's only. */
  setPath(name: string, path: string): Promise<void>;
}

const ROOT = join(import.meta.dirname, '..', '..', '..');
const MAIN = join(ROOT, 'build', 'app', 'main', 'main.js');
const END_MS = 15_000;

export async function launchDouble(options: LaunchOptions): Promise<LaunchedApp> {
  // INBETWEEN_BUILT=1: what is in build/ is used as it is.
  if (process.env['INBETWEEN_BUILT'] !== '1') {
    buildNode();
    await buildRenderer();
  }
  if (process.env['INBETWEEN_ELECTRON'] === '1') return await launchElectron(ROOT, options);
  const child = startMain(options);
  const browser = new DoubleBrowser(child);
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  try {
    const page = await Promise.race([
      browser.firstPage(),
      ended.then((code) => Promise.reject(new Error(`the main process ended with ${code} before it had a window`))),
    ]);
    return {
      page,
      app: {
        pid: child.pid!,
        ended,
        evaluate: (fn, arg) => browser.evaluate(fn.toString(), arg) as Promise<never>,
        setPath: (name, path) => browser.setPath(name, path),
      },
      async close() {
        await endMain(child, ended, browser);
        await browser.close();
      },
      async kill() {
        child.kill('SIGKILL');
        await ended;
      },
    };
  } catch (error) {
    child.kill('SIGKILL');
    await browser.close();
    throw error;
  }
}

/** Starts the main process alone: for a second start, which hands its files over and ends. */
export function startMain({ home, files = [], env = {} }: LaunchOptions): ChildProcess {
  return fork(MAIN, [...files], {
    execArgv: ['--import', new URL('./register.ts', import.meta.url).href],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, ...env, INBETWEEN_HOME: home },
  });
}

async function endMain(child: ChildProcess, ended: Promise<unknown>, browser: DoubleBrowser): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const timer = setTimeout(() => child.kill('SIGKILL'), END_MS);
  await browser.evaluate('({ app }) => setImmediate(() => app.quit())').catch(() => {});
  await ended;
  clearTimeout(timer);
}

/** The same app on real Electron, where its binary is. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { _electron } from 'playwright-core';
import type { AppHandle, LaunchedApp, LaunchOptions } from './launch.ts';

/** Path of Electron's binary, or undefined where it was never downloaded; nothing is downloaded here. */
export function electronBinary(root: string): string | undefined {
  const folder = join(root, 'node_modules', 'electron');
  try {
    const path = join(folder, 'dist', readFileSync(join(folder, 'path.txt'), 'utf8'));
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

export async function launchElectron(
  root: string,
  { home, files = [], env = {} }: LaunchOptions,
): Promise<LaunchedApp> {
  const executablePath = electronBinary(root);
  if (executablePath === undefined) throw new Error('there is no Electron binary here (npx install-electron)');
  const electron = await _electron.launch({
    executablePath,
    args: [root, ...files],
    env: { ...(process.env as Record<string, string>), ...(env as Record<string, string>), INBETWEEN_HOME: home },
  });
  const child = electron.process();
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const page = await electron.firstWindow();
  return {
    page,
    app: {
      pid: child.pid!,
      ended,
      evaluate: (fn, arg) => electron.evaluate(fn as never, arg as never),
      setPath: () => Promise.reject(new Error('real Electron knows the paths of files itself')),
    } satisfies AppHandle,
    close: () => electron.close(),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

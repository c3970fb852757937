/** The same app on real Electron, where its binary is. */
import { _electron } from 'playwright-core';
import { electronBinary } from '../../../scripts/electron-binary.ts';
import type { AppHandle, LaunchedApp, LaunchOptions } from './launch.ts';

export async function launchElectron(
  root: string,
  { home, files = [], env = {} }: LaunchOptions,
): Promise<LaunchedApp> {
  const executablePath = electronBinary();
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

/** Leaving while jobs run. What they have made is kept, so the question is only when the rest is made. */
import { app, dialog, type BrowserWindow } from 'electron';
import { setTimeout as sleep } from 'node:timers/promises';

export interface QuitOptions {
  readonly window: () => BrowserWindow | undefined;
  readonly running: () => number;
  /** Whether the user wants to be asked. */
  readonly ask: () => Promise<boolean>;
  /** Jobs are left running: the next start goes on with them. */
  readonly goOnNextTime: () => void;
}

/** Returns whether the app may end now; asks where it has to, once at a time. */
export function createQuitGuard({ window, running, ask, goOnNextTime }: QuitOptions): () => Promise<boolean> {
  let asking: Promise<boolean> | undefined;
  const question = async (): Promise<boolean> => {
    const jobs = running();
    if (jobs === 0) return true;
    if (!(await ask())) {
      goOnNextTime();
      return true;
    }
    const options = {
      type: 'question' as const,
      title: 'Inbetween',
      message: jobs === 1 ? 'A job is running.' : `${jobs} jobs are running.`,
      detail: 'What is finished is kept. Inbetween goes on with the rest when it is next started.',
      buttons: ['Quit and go on next time', 'Keep running'],
      defaultId: 0,
      cancelId: 1,
      noLink: true,
    };
    const owner = window();
    const { response } = await (owner ? dialog.showMessageBox(owner, options) : dialog.showMessageBox(options));
    if (response !== 0) return false;
    goOnNextTime();
    return true;
  };
  return () => (asking ??= question().finally(() => (asking = undefined)));
}

/** Milliseconds that closing the library may take: what it holds is on the disk already. */
const END_MS = 10_000;

/** Makes every way of leaving (the window's close button, the menu, the system) go through `mayQuit`; `onEnd` is awaited before the app ends. */
export function guardQuit(mayQuit: () => Promise<boolean>, onEnd: () => Promise<void>): void {
  let state: 'running' | 'ending' | 'ended' = 'running';
  app.on('before-quit', (event) => {
    if (state === 'ended') return;
    event.preventDefault();
    if (state === 'ending') return;
    void mayQuit().then(async (may) => {
      if (!may || state !== 'running') return;
      state = 'ending';
      await Promise.race([onEnd().catch(console.error), sleep(END_MS)]);
      state = 'ended';
      app.quit();
    });
  });
  app.on('browser-window-created', (_event, window) => {
    window.on('close', (event) => {
      // On a Mac an app lives on without a window, and its jobs with it.
      if (state === 'ended' || process.platform === 'darwin') return;
      event.preventDefault();
      app.quit();
    });
  });
}

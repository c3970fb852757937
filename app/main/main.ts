/**
 * Electron's main process: the core with a window. Thin: what can be done without Electron is done in the core, and the same core is behind `inbetween serve`.
 *
 * [Note: start] Before the app is ready only what must be: schemes, sandbox, the lock that makes it the only one. The core is loaded while Chromium starts.
 * [Note: one at a time] Chromium's own files, and with them the lock, are in the library's folder: a second start on the same library hands its files to the
 * first and ends, one on another library is an app of its own.
 */
import { app, dialog, nativeTheme, session, type BrowserWindow } from 'electron';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createClient, type Client } from '../contract/api.ts';
import { AppError, toAppError } from '../contract/errors.ts';
import type { Settings } from '../contract/settings.ts';
import { homeFolder } from '../core/base/home.ts';
import { startProcessesBy } from '../core/base/node-process.ts';
import { packagePath } from '../core/base/own-files.ts';
import { filesOf, readArguments } from './arguments.ts';
import { MEDIA_ROOT } from './channels.ts';
import { watchJobs } from './desk.ts';
import { desktopHost } from './desktop.ts';
import { serveCalls } from './ipc.ts';
import { setMenu } from './menu.ts';
import { openFiles } from './open-files.ts';
import { startByUtility } from './processes.ts';
import { registerSchemes, serveSchemes } from './protocol.ts';
import { createQuitGuard, guardQuit } from './quit.ts';
import { lockContents, lockSession } from './security.ts';
import { StateFile } from './state-file.ts';
import { background, openWindow, showWindow } from './window.ts';

const launch = readArguments(process.argv, process.cwd(), app.isPackaged);
const home = homeFolder({ library: launch.library });
/** Files named before there is anything to open them. */
const waiting = [...launch.files];
let openNow = (files: readonly string[]): void => void waiting.push(...files);

app.setName('Inbetween');
// By this name Windows knows whose notifications they are: appId of electron-builder.yml.
app.setAppUserModelId('studio.inbetween.app');
app.setPath('userData', windowFolder());
// A packaged app brings an ffmpeg: extraResources of electron-builder.yml.
if (app.isPackaged) process.env['INBETWEEN_RESOURCES'] = process.resourcesPath;
registerSchemes();
lockContents();
startProcessesBy(startByUtility);

if (app.requestSingleInstanceLock({ files: launch.files })) {
  // What the other start has understood of its words: Chromium may have mixed them with its own since.
  app.on('second-instance', (_event, _argv, _folder, told) => openNow(filesOf(told)));
  // macOS tells of files this way, before it is ready as well.
  app.on('open-file', (event, path) => {
    event.preventDefault();
    openNow([path]);
  });
  app.whenReady().then(start).catch(fail);
} else {
  app.quit();
}

async function start(): Promise<void> {
  const { openStudio } = await import('../core/studio/open.ts');
  const state = new StateFile(join(home, 'window', 'inbetween.json'));
  let window: BrowserWindow | undefined;
  const current = (): BrowserWindow | undefined => (window?.isDestroyed() === false ? window : undefined);
  let client: Client;
  const studio = await openStudio({
    library: home,
    desktop: desktopHost(current, () => client),
    media: MEDIA_ROOT,
    roots: null,
  });
  client = createClient({ invoke: studio.invoke, listen: (listener) => studio.topics.listen(listener) });
  let settings = await client.call('settings.get', {});
  const dress = (now: Settings): void => {
    settings = now;
    nativeTheme.themeSource = now.theme;
    current()?.setBackgroundColor(background());
  };
  dress(settings);
  client.on('settings.changed', dress);

  lockSession(session.defaultSession);
  await serveSchemes(session.defaultSession, studio, packagePath('build', 'renderer'));
  const endCalls = serveCalls(studio);

  const show = (hash?: string): void => {
    const there = current();
    if (there) showWindow(there, hash);
    else window = openWindow(state.now, hash ?? '', (changes) => state.change(changes));
  };
  const desk = watchJobs({ client, window: current, notify: () => settings.notify, onClick: () => show('#/queue') });
  const mayQuit = createQuitGuard({
    window: current,
    running: () => (studio.busy() ? Math.max(1, desk.running()) : desk.running()),
    ask: async () => settings.askBeforeQuit,
    goOnNextTime: () => state.change({ continueJobs: true }),
  });
  guardQuit(mayQuit, async () => {
    desk.close();
    endCalls();
    state.flush();
    await studio[Symbol.asyncDispose]();
  });
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit();
  });
  app.on('activate', () => show());

  openNow = (files) => void openFiles(files, client, (message) => studio.topics.emit('notice', message)).then(show);
  setMenu({
    addFiles: () =>
      void client
        .call('host.pickFiles', { title: 'Add files to the library', endings: [], many: true })
        .then(({ paths }) => paths && openNow(paths)),
    go: show,
  });
  show();
  if (waiting.length > 0) openNow(waiting.splice(0));
  if (state.now.continueJobs) {
    state.change({ continueJobs: false });
    await client.call('queue.continue', {}).catch((thrown: unknown) => {
      studio.topics.emit('notice', { kind: 'error', message: toAppError(thrown).message });
    });
  }
}

/** The folder for Chromium's files: it must be there before Chromium is told of it. */
function windowFolder(): string {
  const folder = join(home, 'window');
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    fail(new AppError('library-folder', `The library folder ${home} cannot be used (${why}).`, { cause }));
  }
  return folder;
}

/** There is no window to say it in. */
function fail(thrown: unknown): void {
  const { code, message } = toAppError(thrown);
  console.error(`${code}: ${message}`);
  dialog.showErrorBox('Inbetween cannot start', message);
  app.exit(1);
}

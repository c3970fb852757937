/** The one window. */
import { app, BrowserWindow, nativeTheme, screen } from 'electron';
import { fileURLToPath } from 'node:url';
import { APP_ORIGIN } from './channels.ts';
import { LEAST, placeWindow, type WindowState } from './window-state.ts';

/** What is seen before the page is: the renderer's --bg-0 (theme.css). */
const BACKGROUND = { dark: '#121316', light: '#dfe1e5' };
/** A page that dies again this soon is not started again by itself. */
const AGAIN_MS = 10_000;

/** Opens it on `hash` ('#/library'), hidden until it has something to show. `keep` is told whenever what is remembered of it has changed. */
export function openWindow(
  state: WindowState,
  hash: string,
  keep: (changes: Partial<WindowState>) => void,
): BrowserWindow {
  const primary = screen.getPrimaryDisplay();
  const others = screen.getAllDisplays().filter(({ id }) => id !== primary.id);
  const window = new BrowserWindow({
    ...placeWindow(
      state.bounds,
      [primary, ...others].map(({ workArea }) => workArea),
    ),
    minWidth: LEAST.width,
    minHeight: LEAST.height,
    title: 'Inbetween',
    show: false,
    backgroundColor: background(),
    autoHideMenuBar: true,
    webPreferences: {
      preload: fileURLToPath(new URL('./preload.cjs', import.meta.url)),
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      navigateOnDragDrop: false,
      devTools: !app.isPackaged,
    },
  });
  if (state.maximised) window.maximize();
  if (state.fullscreen) window.setFullScreen(true);
  window.once('ready-to-show', () => window.show());
  const remember = (): void => {
    if (window.isDestroyed() || window.isMinimized()) return;
    const fullscreen = window.isFullScreen();
    keep({ bounds: window.getNormalBounds(), maximised: window.isMaximized(), fullscreen });
  };
  window.on('resize', remember).on('move', remember).on('maximize', remember).on('unmaximize', remember);
  window.on('enter-full-screen', remember).on('leave-full-screen', remember).on('close', remember);
  reviveAfterCrash(window);
  load(window, hash);
  return window;
}

/** The page holds nothing that the library does not: a new one goes on where it was. */
function reviveAfterCrash(window: BrowserWindow): void {
  let died = -Infinity;
  window.webContents.on('render-process-gone', (_event, { reason }) => {
    if (reason === 'clean-exit' || performance.now() - died < AGAIN_MS) return;
    died = performance.now();
    window.webContents.reload();
  });
}

export function background(): string {
  return BACKGROUND[nativeTheme.shouldUseDarkColors ? 'dark' : 'light'];
}

/** Brings it to the front, and to a view where one is given. */
export function showWindow(window: BrowserWindow, hash?: string): void {
  if (window.isMinimized()) window.restore();
  window.show();
  window.focus();
  if (hash === undefined) return;
  const { webContents } = window;
  if (webContents.isLoadingMainFrame()) webContents.once('did-finish-load', () => load(window, hash));
  else load(window, hash);
}

/** Another place of the page that is there is reached within it: nothing is loaded anew. */
function load(window: BrowserWindow, hash: string): void {
  window.loadURL(`${APP_ORIGIN}/${hash}`).catch((error: unknown) => {
    // A window that was closed meanwhile has nothing to load.
    if (!window.isDestroyed()) console.error(error);
  });
}

/** BrowserWindow and its WebContents: here what main knows of them, the page itself is the launcher's. */
import type { BrowserWindowConstructorOptions, WindowOpenHandlerResponse } from 'electron';
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { app, DoubleEvent } from './app.ts';
import { hear, tell } from './main-link.ts';
import { addWindow, openWindows, removeWindow } from './open-windows.ts';
import { record } from './record.ts';
import { addressesNow } from './session.ts';

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

let next = 1;
let loads = 1;

export class WebContents extends EventEmitter {
  readonly id: number;
  url = '';
  destroyed = false;
  openHandler: (details: { url: string }) => WindowOpenHandlerResponse = () => ({ action: 'allow' });
  readonly waiting = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();

  constructor(id: number) {
    super();
    this.id = id;
  }

  isDestroyed(): boolean {
    return this.destroyed;
  }

  isLoadingMainFrame(): boolean {
    return this.waiting.size > 0;
  }

  getURL(): string {
    return this.url;
  }

  send(channel: string, ...args: unknown[]): void {
    if (this.destroyed) throw new TypeError('Object has been destroyed');
    tell({ op: 'push', window: this.id, channel, args: addressesNow().outwardIn(structuredClone(args)) as unknown[] });
  }

  reload(): void {
    tell({ op: 'reload', window: this.id });
  }

  setWindowOpenHandler(handler: WebContents['openHandler']): void {
    this.openHandler = handler;
  }

  /** Whether the listeners let it go there. */
  mayGo(url: string): boolean {
    const event = new DoubleEvent(url);
    this.emit('will-navigate', event, url);
    if (event.defaultPrevented) record.refused.push(url);
    return !event.defaultPrevented;
  }
}

export class BrowserWindow extends EventEmitter {
  readonly webContents: WebContents;
  readonly #id: number;
  #destroyed = false;
  #bounds: Box;
  #maximised = false;
  #fullscreen = false;
  #visible: boolean;
  /** Tests may say that the user looks elsewhere. */
  focused = true;

  constructor(options: BrowserWindowConstructorOptions = {}) {
    super();
    if (!app.isReadyNow) throw new Error('Cannot create BrowserWindow before app is ready');
    this.#id = next++;
    this.webContents = new WebContents(this.#id);
    const { width = 800, height = 600, x = 0, y = 0 } = options;
    this.#bounds = { x, y, width, height };
    this.#visible = options.show !== false;
    record.windows.push(structuredClone(options));
    addWindow(this);
    const { preload } = options.webPreferences ?? {};
    tell({ op: 'open', window: this.#id, preload: preload ? readFileSync(preload, 'utf8') : '', width, height });
    app.emit('browser-window-created', new DoubleEvent(), this);
    app.emit('web-contents-created', new DoubleEvent(), this.webContents);
  }

  static getAllWindows(): BrowserWindow[] {
    return openWindows() as BrowserWindow[];
  }

  static byId(id: number): BrowserWindow | undefined {
    return BrowserWindow.getAllWindows().find((window) => window.#id === id);
  }

  loadURL(url: string): Promise<void> {
    const seq = loads++;
    this.webContents.url = url;
    tell({ op: 'load', window: this.#id, url: addressesNow().outward(url), seq });
    return new Promise((resolve, reject) => this.webContents.waiting.set(seq, { resolve, reject }));
  }

  close(): void {
    if (this.#destroyed) return;
    const event = new DoubleEvent();
    this.emit('close', event);
    if (!event.defaultPrevented) this.destroy();
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.webContents.destroyed = true;
    removeWindow(this);
    tell({ op: 'close', window: this.#id });
    this.webContents.emit('destroyed');
    this.emit('closed');
    if (openWindows().length === 0) app.emit('window-all-closed');
  }

  isDestroyed(): boolean {
    return this.#destroyed;
  }

  getNormalBounds(): Box {
    return { ...this.#bounds };
  }

  setBounds(bounds: Partial<Box>): void {
    this.#bounds = { ...this.#bounds, ...bounds };
    this.emit('resize');
  }

  maximize(): void {
    this.#maximised = true;
    this.emit('maximize');
  }

  isMaximized(): boolean {
    return this.#maximised;
  }

  isMinimized(): boolean {
    return false;
  }

  restore(): void {}

  setFullScreen(on: boolean): void {
    this.#fullscreen = on;
    this.emit(on ? 'enter-full-screen' : 'leave-full-screen');
  }

  isFullScreen(): boolean {
    return this.#fullscreen;
  }

  show(): void {
    this.#visible = true;
  }

  isVisible(): boolean {
    return this.#visible;
  }

  focus(): void {
    this.focused = true;
    this.emit('focus');
  }

  isFocused(): boolean {
    return this.focused;
  }

  setBackgroundColor(): void {}

  setProgressBar(fraction: number): void {
    record.progress = fraction;
  }
}

hear('loaded', ({ window, seq, error }) => {
  const found = BrowserWindow.byId(window);
  const waiting = found?.webContents.waiting.get(seq);
  found?.webContents.waiting.delete(seq);
  if (error !== undefined) waiting?.reject(new Error(error));
  else waiting?.resolve();
  if (error !== undefined) return;
  found?.webContents.emit('did-finish-load');
  found?.emit('ready-to-show');
});
hear('navigated', ({ window, url }) => {
  const contents = BrowserWindow.byId(window)?.webContents;
  if (contents) contents.url = addressesNow().inward(url);
  contents?.emit('did-navigate');
});
hear('closed', ({ window }) => BrowserWindow.byId(window)?.close());
hear(
  'navigate',
  ({ window, url }) => BrowserWindow.byId(window)?.webContents.mayGo(addressesNow().inward(url)) ?? false,
);
hear('popup', ({ window, url }) => {
  const answer = BrowserWindow.byId(window)?.webContents.openHandler({ url: addressesNow().inward(url) });
  if (answer?.action !== 'allow') record.refused.push(url);
  return answer?.action === 'allow';
});
hear('evaluate', async ({ source, arg }) => {
  // oxlint-disable-next-line no-implied-eval, typescript/no-implied-eval -- as Playwright's electronApp.evaluate does
  const run = new Function(`return (${source})`)() as (electron: object, arg: unknown) => unknown;
  return await run(await import('./electron.ts'), arg);
});

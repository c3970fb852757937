/** Electron's `app`: life cycle, paths, the single instance. */
import { EventEmitter } from 'node:events';
import { existsSync, readdirSync, renameSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWindows } from './open-windows.ts';

/** An event whose default a listener may prevent. */
export class DoubleEvent {
  defaultPrevented = false;
  readonly url: string;

  constructor(url = '') {
    this.url = url;
  }

  preventDefault(): void {
    this.defaultPrevented = true;
  }
}

/** Milliseconds between two looks for a second start. */
const LOOK_MS = 100;

class App extends EventEmitter {
  readonly isPackaged = false;
  name = 'double';
  readonly #paths = new Map<string, string>([['userData', join(tmpdir(), 'electron-double')]]);
  readonly #ready: Promise<void>;
  #lock: string | undefined;
  /** Asked for before the app was ready: too early for windows, just right for schemes. */
  isReadyNow = false;

  constructor() {
    super();
    // As in Electron: not before the main module has been run.
    this.#ready = new Promise((resolve) =>
      setImmediate(() => {
        this.isReadyNow = true;
        resolve();
        this.emit('ready');
      }),
    );
  }

  whenReady(): Promise<void> {
    return this.#ready;
  }

  setName(name: string): void {
    this.name = name;
  }

  setAppUserModelId(): void {}

  setPath(name: string, path: string): void {
    if (!existsSync(path)) throw new Error(`Failed to set '${name}' to ${path}: it does not exist`);
    this.#paths.set(name, path);
  }

  getPath(name: string): string {
    const path = this.#paths.get(name);
    if (path === undefined) throw new Error(`Failed to get '${name}' path`);
    return path;
  }

  enableSandbox(): void {
    if (this.isReadyNow) throw new Error('app.enableSandbox() can only be called before app is ready');
  }

  requestSingleInstanceLock(data: object = {}): boolean {
    const folder = this.getPath('userData');
    const lock = join(folder, 'double-lock');
    const holder = existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : 0;
    if (holder !== 0 && isAlive(holder)) {
      const letter = join(folder, `double-second-${process.pid}.json`);
      writeFileSync(`${letter}.tmp`, JSON.stringify({ argv: process.argv, folder: process.cwd(), data }));
      renameSync(`${letter}.tmp`, letter);
      return false;
    }
    writeFileSync(lock, String(process.pid));
    this.#lock = lock;
    setInterval(() => this.#readLetters(folder), LOOK_MS).unref();
    return true;
  }

  quit(): void {
    const event = new DoubleEvent();
    this.emit('before-quit', event);
    if (event.defaultPrevented) return;
    for (const window of openWindows()) window.close();
    if (openWindows().length > 0) return;
    const last = new DoubleEvent();
    this.emit('will-quit', last);
    if (!last.defaultPrevented) this.exit(0);
  }

  exit(code = 0): void {
    if (this.#lock) rmSync(this.#lock, { force: true });
    process.exit(code);
  }

  #readLetters(folder: string): void {
    for (const name of readdirSync(folder).filter((each) => /^double-second-\d+\.json$/.test(each))) {
      const letter = JSON.parse(readFileSync(join(folder, name), 'utf8')) as {
        argv: string[];
        folder: string;
        data: object;
      };
      rmSync(join(folder, name));
      this.emit('second-instance', new DoubleEvent(), letter.argv, letter.folder, letter.data);
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export const app = new App();
// Electron answers these by quitting.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => app.quit());

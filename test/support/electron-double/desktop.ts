/** The desktop around the windows. Dialogs answer as if cancelled until a test says otherwise, by `evaluate`, as with real Electron. */
import type { MenuItemConstructorOptions, MessageBoxOptions, Rectangle } from 'electron';
import { EventEmitter } from 'node:events';
import { tell } from './main-link.ts';
import { record } from './record.ts';

export const dialog = {
  showOpenDialog: async (..._of: unknown[]) => ({ canceled: true, filePaths: [] as string[] }),
  showSaveDialog: async (..._of: unknown[]) => ({ canceled: true, filePath: '' }),
  /** Presses the default button. */
  async showMessageBox(...args: unknown[]): Promise<{ response: number; checkboxChecked: boolean }> {
    const { message, detail, buttons, defaultId = 0 } = args.at(-1) as MessageBoxOptions;
    record.asked.push({ message, detail, buttons });
    return { response: defaultId, checkboxChecked: false };
  },
  showErrorBox(title: string, content: string): void {
    record.asked.push({ message: title, detail: content });
    console.error(`${title}: ${content}`);
  },
};

export class Menu {
  readonly template: MenuItemConstructorOptions[];

  constructor(template: MenuItemConstructorOptions[]) {
    this.template = template;
  }

  static buildFromTemplate(template: MenuItemConstructorOptions[]): Menu {
    return new Menu(template);
  }

  static setApplicationMenu(menu: Menu | null): void {
    const nameOf = ({ label, role, type }: MenuItemConstructorOptions): string => label ?? role ?? type ?? '';
    Menu.current = menu;
    record.menu = (menu?.template ?? []).map((item) => ({
      label: nameOf(item),
      items: Array.isArray(item.submenu) ? item.submenu.map((each) => nameOf(each as MenuItemConstructorOptions)) : [],
    }));
  }

  static current: Menu | null = null;
}

class NativeTheme extends EventEmitter {
  #source: 'system' | 'dark' | 'light' = 'system';

  get themeSource(): 'system' | 'dark' | 'light' {
    return this.#source;
  }

  set themeSource(source) {
    this.#source = source;
    tell({ op: 'theme', source });
    this.emit('updated');
  }

  get shouldUseDarkColors(): boolean {
    return this.#source !== 'light';
  }
}

export const nativeTheme = new NativeTheme();

export class Notification extends EventEmitter {
  readonly #words: { title: string; body: string };

  constructor({ title = '', body = '' }: { title?: string; body?: string } = {}) {
    super();
    this.#words = { title, body };
  }

  static isSupported(): boolean {
    return true;
  }

  show(): void {
    record.notifications.push(this.#words);
    Notification.last = this;
  }

  /** For tests to click. */
  static last: Notification | undefined;
}

const blockers = new Set<number>();
let nextBlocker = 1;

export const powerSaveBlocker = {
  start(): number {
    blockers.add(nextBlocker);
    record.awake = true;
    return nextBlocker++;
  },
  stop(id: number): boolean {
    const was = blockers.delete(id);
    record.awake = blockers.size > 0;
    return was;
  },
};

const display = { id: 1, workArea: { x: 0, y: 0, width: 1920, height: 1080 } satisfies Rectangle };

export const screen = {
  getPrimaryDisplay: () => display,
  getAllDisplays: () => [display],
};

export const shell = {
  showItemInFolder: (path: string): void => void record.revealed.push(path),
};

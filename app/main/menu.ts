/** The application's menu. Keys of editing belong to the page, which sees them first; here is what a system expects of every program. */
import { app, Menu, type MenuItemConstructorOptions } from 'electron';

export interface MenuActions {
  addFiles(): void;
  /** To a view of the page: '#/queue'. */
  go(hash: string): void;
}

export function setMenu(actions: MenuActions): void {
  Menu.setApplicationMenu(
    Menu.buildFromTemplate(menuTemplate(actions, process.platform === 'darwin', !app.isPackaged)),
  );
}

/** `mac`: the conventions of macOS; `dev`: with what only developers need. */
export function menuTemplate({ addFiles, go }: MenuActions, mac: boolean, dev: boolean): MenuItemConstructorOptions[] {
  const settings: MenuItemConstructorOptions = {
    label: mac ? 'Settings…' : 'Settings',
    accelerator: 'CmdOrCtrl+,',
    click: () => go('#/settings'),
  };
  const line: MenuItemConstructorOptions = { type: 'separator' };
  const own: MenuItemConstructorOptions[] = [
    { role: 'about' },
    line,
    settings,
    line,
    { role: 'services' },
    line,
    { role: 'hide' },
    { role: 'hideOthers' },
    { role: 'unhide' },
    line,
    { role: 'quit' },
  ];
  const file: MenuItemConstructorOptions[] = [
    { label: 'Add files to the library…', accelerator: 'CmdOrCtrl+O', click: addFiles },
    line,
    ...(mac ? [{ role: 'close' } as const] : [settings, line, { role: 'quit' } as const]),
  ];
  const view: MenuItemConstructorOptions[] = [
    { label: 'Library', click: () => go('#/library') },
    { label: 'Queue', click: () => go('#/queue') },
    { label: 'Models', click: () => go('#/models') },
    line,
    { role: 'resetZoom' },
    { role: 'zoomIn' },
    { role: 'zoomOut' },
    line,
    { role: 'togglefullscreen' },
    ...(dev ? [line, { role: 'reload' } as const, { role: 'toggleDevTools' } as const] : []),
  ];
  return [
    ...(mac ? [{ label: app.name, submenu: own }] : []),
    { label: 'File', submenu: file },
    { role: 'editMenu' },
    { label: 'View', submenu: view },
    { role: 'windowMenu' },
    ...(mac ? [] : [{ role: 'help', submenu: [{ role: 'about' }] } satisfies MenuItemConstructorOptions]),
  ];
}

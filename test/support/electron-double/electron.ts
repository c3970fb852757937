/**
 * A double of Electron for the main process: what app/main uses of it.
 *
 * [Note: Electron double] The unmodified built main process runs in plain Node with this module as 'electron' (register.ts). A BrowserWindow is a page of Chromium that the
 * launcher, the test's process, drives through playwright-core: the preload script is an init script, IPC a binding whose payloads must be structured clones,
 * schemes are served on the loopback interface (addresses.ts), a utility process is a forked one with a parent port. It cannot show: real context
 * isolation and sandbox, asar, MessagePort, native menus and dialogs. Specs see a Playwright Page and `evaluate`, as with real Electron (launch.ts).
 */
export { app } from './app.ts';
export { BrowserWindow } from './browser-window.ts';
export { ipcMain } from './ipc-main.ts';
export { protocol, session } from './session.ts';
export { dialog, Menu, nativeTheme, Notification, powerSaveBlocker, screen, shell } from './desktop.ts';
export { utilityProcess } from './utility-process.ts';
export { record } from './record.ts';

/** The Api over Electron's IPC: one channel in, one out. */
import { BrowserWindow, ipcMain, type IpcMainInvokeEvent, type WebContents } from 'electron';
import type { Answer } from '../contract/api.ts';
import type { Studio } from '../core/studio/open.ts';
import { APP_ORIGIN, CALL, PUSH } from './channels.ts';

/** Answers calls of our own pages' top frames, and pushes topics to every window; returns what ends it. */
export function serveCalls(studio: Pick<Studio, 'invoke' | 'topics'>): () => void {
  const gone = new WeakMap<WebContents, AbortController>();
  ipcMain.handle(CALL, async (event, method: unknown, params: unknown): Promise<Answer> => {
    if (!isOurs(event)) {
      return { ok: false, error: { code: 'not-allowed', message: 'Only the pages of Inbetween may ask this.' } };
    }
    return await studio.invoke(method, params, { signal: signalOf(event.sender, gone) });
  });
  const unlisten = studio.topics.listen((topic, payload) => {
    for (const { webContents } of BrowserWindow.getAllWindows()) {
      if (!webContents.isDestroyed()) webContents.send(PUSH, topic, payload);
    }
  });
  return () => {
    unlisten();
    ipcMain.removeHandler(CALL);
  };
}

/** A frame inside a page is nobody, whatever its origin: we have none. */
function isOurs({ senderFrame }: IpcMainInvokeEvent): boolean {
  return senderFrame !== null && senderFrame.parent === null && senderFrame.origin === APP_ORIGIN;
}

/** Aborted when the contents are gone or load anew. */
function signalOf(contents: WebContents, gone: WeakMap<WebContents, AbortController>): AbortSignal {
  const known = gone.get(contents);
  if (known) return known.signal;
  const controller = new AbortController();
  gone.set(contents, controller);
  const abort = (): void => {
    gone.delete(contents);
    controller.abort();
  };
  contents.once('destroyed', abort);
  contents.once('did-navigate', abort);
  return controller.signal;
}

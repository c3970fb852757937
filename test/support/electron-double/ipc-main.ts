/** ipcMain: what pages ask arrives here from the launcher's binding. */
import { BrowserWindow } from './browser-window.ts';
import { hear } from './main-link.ts';
import { addressesNow } from './session.ts';

type Handler = (event: unknown, ...args: unknown[]) => unknown;

const handlers = new Map<string, Handler>();

export const ipcMain = {
  handle(channel: string, handler: Handler): void {
    if (handlers.has(channel)) throw new Error(`Attempted to register a second handler for '${channel}'`);
    handlers.set(channel, handler);
  },
  removeHandler(channel: string): void {
    handlers.delete(channel);
  },
};

hear('invoke', async ({ window, channel, args, frame }) => {
  const handler = handlers.get(channel);
  if (!handler) throw new Error(`No handler registered for '${channel}'`);
  const url = addressesNow().inward(frame.url);
  const sender = BrowserWindow.byId(window)?.webContents;
  const senderFrame = { url, origin: originOf(url), parent: frame.top ? null : { url: sender?.getURL() } };
  const result = await handler({ sender, senderFrame }, ...(addressesIn(args) as unknown[]));
  // Throws DataCloneError where Electron does.
  return addressesNow().outwardIn(structuredClone(result));
});

/** Of a scheme that was registered as standard: SCHEME://HOST. Of others it is opaque. */
function originOf(url: string): string {
  return /^(?:inbetween|inbetween-media|https?):\/\/[^/?#]+/.exec(url)?.[0] ?? 'null';
}

/** A page that hands back an address it was given means ours. */
function addressesIn(value: unknown): unknown {
  if (typeof value === 'string') return addressesNow().inward(value);
  if (Array.isArray(value)) return value.map(addressesIn);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, addressesIn(each)]));
}

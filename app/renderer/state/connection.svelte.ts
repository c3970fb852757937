/** The core, as this page reaches it: through the window's preload, or over a WebSocket from the server that gave the page. */
import { createClient, type AppInfo, type Client, type Transport } from '../../contract/api.ts';
import { openSocket } from './socket.ts';

/** What the preload of a window offers. */
export interface WindowBridge extends Transport {
  /** Where a dropped file is on this machine. */
  pathOf(file: File): string;
}

declare global {
  interface Window {
    readonly inbetween?: WindowBridge;
  }
}

class AppState {
  /** Valid once `ready`; views are shown only then. */
  info: AppInfo = $state.raw({
    version: '',
    host: 'page',
    platform: '',
    media: './media/',
    upload: null,
    roots: null,
    places: { library: '', chunks: '', models: '' },
    notices: [],
  });
  connected = $state(false);
  ready = $state(false);
  /** Why nothing can be shown. */
  problem: string | null = $state(null);
  /** One more after every reconnection: what was shown may be old then. */
  session = $state(0);
}

export const app = new AppState();

export const bridge: WindowBridge | undefined = window.inbetween;

function open(): Transport {
  if (bridge) {
    app.connected = true;
    return bridge;
  }
  const socket = openSocket(new URL('api', location.href.replace(/^http/, 'ws')));
  let before = false;
  socket.watch((connected) => {
    app.connected = connected;
    if (connected && before) app.session += 1;
    before ||= connected;
  });
  return socket;
}

export const client: Client = createClient(open());

/** Asks who is there. Never throws; `app.problem` says what went wrong. */
export async function connect(): Promise<void> {
  try {
    app.info = await client.call('app.info', {});
    app.ready = true;
  } catch (thrown) {
    app.problem = messageOf(thrown);
  }
}

/** Resolves when the core can be reached. */
export function reconnected(): Promise<void> {
  return new Promise((resolve) => {
    const check = (): void => {
      if (app.connected) resolve();
      else setTimeout(check, 100);
    };
    check();
  });
}

/** The address of a media path, see [Note: media paths] in core/studio/media.ts. */
export function mediaUrl(path: string): string {
  return app.info.media + path;
}

/** The sentence of anything thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

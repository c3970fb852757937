/** What runs in the page before anything else: the preload script, with an `electron` of its own. */

interface Bindings {
  /** Of the launcher: answers calls. */
  __electronInvoke(channel: string, args: unknown[]): Promise<{ result?: unknown; error?: string }>;
  /** Paths of files that a test drops, by their name. */
  __electronPaths?: Record<string, string>;
}

type Preload = (require: (name: string) => unknown) => void;
type Listener = (event: unknown, ...args: unknown[]) => void;

/** Runs in the page, by its text: it uses nothing from outside itself. */
function runPreload(preload: Preload): void {
  // As without nodeIntegrationInSubFrames: preload scripts run in the top frame.
  if (window !== window.top) return;
  const bindings = window as unknown as Bindings;
  const { __electronInvoke: invoke } = bindings;
  const listeners = new Map<string, Set<Listener>>();
  Object.defineProperty(window, '__electronPush', {
    value: (channel: string, args: unknown[]): void => {
      for (const listener of listeners.get(channel) ?? []) listener({}, ...args);
    },
  });
  const electron = {
    ipcRenderer: {
      async invoke(channel: string, ...args: unknown[]): Promise<unknown> {
        // Throws DataCloneError where Electron does.
        const answer = await invoke(channel, structuredClone(args));
        if (answer.error !== undefined) throw new Error(`Error invoking remote method '${channel}': ${answer.error}`);
        return answer.result;
      },
      on: (channel: string, listener: Listener): void =>
        void listeners.set(channel, (listeners.get(channel) ?? new Set()).add(listener)),
      off: (channel: string, listener: Listener): void => void listeners.get(channel)?.delete(listener),
    },
    contextBridge: {
      exposeInMainWorld: (name: string, api: object): void =>
        void Object.defineProperty(window, name, { value: Object.freeze({ ...api }), enumerable: true }),
    },
    webUtils: { getPathForFile: (file: File): string => bindings.__electronPaths?.[file.name] ?? '' },
  };
  preload((name) => {
    if (name !== 'electron') throw new Error(`module not found: ${name}`);
    return electron;
  });
}

/** The init script of a window. A page's policy does not hold for it. */
export function initScript(preload: string): string {
  return `(${runPreload.toString()})((require) => { const exports = {}; ${preload}\n});`;
}

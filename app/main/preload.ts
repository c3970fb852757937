/**
 * What a page of ours gets of the main process: three functions, and nothing of Electron. Built as CommonJS, the only kind a sandboxed preload may be.
 */
import { contextBridge, ipcRenderer, webUtils } from 'electron';

const CALL = 'inbetween:call';
const PUSH = 'inbetween:push';

type Listener = (topic: string, payload: unknown) => void;

contextBridge.exposeInMainWorld('inbetween', {
  invoke: (method: string, params: unknown): Promise<unknown> => ipcRenderer.invoke(CALL, method, params),
  listen: (listener: Listener): (() => void) => {
    // The event, which leads to ipcRenderer, stays here.
    const hear = (_event: unknown, topic: string, payload: unknown): void => listener(topic, payload);
    ipcRenderer.on(PUSH, hear);
    return () => void ipcRenderer.off(PUSH, hear);
  },
  pathOf: (file: File): string => webUtils.getPathForFile(file),
});

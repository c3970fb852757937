/** A process's way to the one that started it: fork's channel, or the parent port of an Electron utility process. [Note: own processes] */

export interface ParentPort {
  /** Resolves when the message is on its way. */
  post(message: unknown): Promise<void>;
  onMessage(listener: (message: unknown) => void): void;
  /** The parent is gone. */
  onClose(listener: () => void): void;
}

interface UtilityPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { data: unknown }) => void): void;
}

export function parentPort(): ParentPort {
  const port: unknown = Reflect.get(process, 'parentPort');
  return isUtilityPort(port) ? ofUtility(port) : ofFork();
}

/** Whether Electron started this process. */
export function inUtilityProcess(): boolean {
  return isUtilityPort(Reflect.get(process, 'parentPort'));
}

function isUtilityPort(port: unknown): port is UtilityPort {
  return typeof port === 'object' && port !== null && 'postMessage' in port && 'on' in port;
}

function ofFork(): ParentPort {
  return {
    post: (message) =>
      new Promise((resolve) => {
        if (process.send === undefined || !process.connected) resolve();
        else process.send(message, undefined, undefined, () => resolve());
      }),
    onMessage: (listener) => void process.on('message', listener),
    onClose: (listener) => void process.once('disconnect', listener),
  };
}

/** Milliseconds a message needs to leave a process that ends after it: Chromium sends it from another thread. */
const LEAVE_MS = 50;

function ofUtility(port: UtilityPort): ParentPort {
  return {
    post: (message) => {
      port.postMessage(message);
      return new Promise((resolve) => setTimeout(resolve, LEAVE_MS));
    },
    onMessage: (listener) => port.on('message', ({ data }) => listener(data)),
    // Chromium ends a utility process together with its parent.
    onClose: () => {},
  };
}

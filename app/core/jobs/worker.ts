/**
 * The entry of a job's own process, started by `fork` and later by Electron's `utilityProcess`. Imported by nobody.
 *
 * [Note: no orphans] On POSIX the worker leads its own process group (the runner starts it detached), and everything it starts belongs to it.
 * When its parent is gone, however suddenly, the IPC channel closes and the whole group is killed, ffmpeg included. On Windows the children of
 * a worker that ends lose their pipes and end by themselves.
 */
import { serveJob, type WorkerPort } from './worker-host.ts';

interface ParentPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { data: unknown }) => void): void;
}

function isParentPort(port: unknown): port is ParentPort {
  return typeof port === 'object' && port !== null && 'postMessage' in port && 'on' in port;
}

function portOfFork(): WorkerPort {
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

function portOfUtility(port: ParentPort): WorkerPort {
  return {
    post: (message) => {
      port.postMessage(message);
      return Promise.resolve();
    },
    onMessage: (listener) => port.on('message', ({ data }) => listener(data)),
    // Chromium ends a utility process together with its parent.
    onClose: () => {},
  };
}

function killGroup(): never {
  try {
    // Only a group of our own: a worker started some other way must not take its parent's terminal down.
    if (process.platform !== 'win32' && process.env['INBETWEEN_GROUP'] === 'own') process.kill(-process.pid, 'SIGKILL');
  } catch {
    // Not its leader after all.
  }
  process.exit(1);
}

const parentPort: unknown = Reflect.get(process, 'parentPort');
const port = isParentPort(parentPort) ? portOfUtility(parentPort) : portOfFork();
// Ctrl-C in a terminal is the parent's to answer: it asks the worker by message.
process.on('SIGINT', () => {});
serveJob(port, { end: () => process.exit(0), die: killGroup });

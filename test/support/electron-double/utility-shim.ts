/** Loaded into a forked process before its entry: makes it look like a utility process, which has a parent port and no channel of fork's. */
import { EventEmitter } from 'node:events';
import { isMainThread } from 'node:worker_threads';

class ParentPort extends EventEmitter {
  readonly #send = process.send!.bind(process);

  postMessage(message: unknown): void {
    // A structured clone, as Electron's would be.
    this.#send(structuredClone(message));
  }
}

// Threads of the process inherit the flag that loads this.
if (isMainThread) {
  const port = new ParentPort();
  process.on('message', (data) => port.emit('message', { data }));
  // Chromium ends a utility process together with its parent.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  Object.defineProperty(process, 'parentPort', { value: port });
  Object.defineProperty(process, 'send', { value: undefined });
}

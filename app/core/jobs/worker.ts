/**
 * The entry of a job's own process, started by `fork` or Electron's `utilityProcess`. Imported by nobody.
 *
 * [Note: no orphans] On POSIX the worker leads its own process group (the runner starts it detached), and everything it starts belongs to it.
 * When its parent is gone, however suddenly, the IPC channel closes and the whole group is killed, ffmpeg included. On Windows the children of
 * a worker that ends lose their pipes and end by themselves. So they do in a utility process, which Chromium ends with its parent but which cannot lead a
 * group; what on Linux still carries the job's mark when the worker has ended is killed besides, by its parent or by whoever next goes on with the job.
 */
import { workerPort } from '../base/asked-process.ts';
import { serveJob } from './worker-host.ts';

function killGroup(): never {
  try {
    // Only a group of our own: a worker started some other way must not take its parent's terminal down.
    if (process.platform !== 'win32' && process.env['INBETWEEN_GROUP'] === 'own') process.kill(-process.pid, 'SIGKILL');
  } catch {
    // Not its leader after all.
  }
  process.exit(1);
}

// Ctrl-C in a terminal is the parent's to answer: it asks the worker by message.
process.on('SIGINT', () => {});
serveJob(workerPort(), { end: () => process.exit(0), die: killGroup });

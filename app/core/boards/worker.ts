/** The entry of the boards' own process. Imported by nobody. */
import { workerPort } from '../base/asked-process.ts';
import { serveBoards } from './worker-host.ts';

function die(): never {
  try {
    // Decoders and encoders belong to its group where it leads one; elsewhere they end by losing their pipes.
    if (process.platform !== 'win32' && process.env['INBETWEEN_GROUP'] === 'own') process.kill(-process.pid, 'SIGKILL');
  } catch {
    // Not its leader after all.
  }
  process.exit(0);
}

process.on('SIGINT', () => {});
serveBoards(workerPort(), die);

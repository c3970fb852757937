/** A folder that electron-builder takes for an unpacked Electron: what it renames, trims and flips fuses in, and nothing that runs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What @electron/fuses looks for in the binary, then the version of the wire, its length, and a state for each fuse. */
const SENTINEL = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX';
const FUSES = 9;

export function makeStubElectron(folder: string): void {
  for (const name of ['locales', 'resources']) mkdirSync(join(folder, name), { recursive: true });
  const wire = Buffer.concat([
    Buffer.from(`stub ${SENTINEL}`),
    Buffer.from([1, FUSES]),
    // As Electron is delivered: most of what an application does without is on.
    Buffer.from('101100111'),
    Buffer.from(' end'),
  ]);
  writeFileSync(join(folder, 'electron'), wire, { mode: 0o755 });
  writeFileSync(join(folder, 'version'), '45.4.1');
  writeFileSync(join(folder, 'LICENSE'), 'licence of Electron');
  for (const name of ['en-US', 'de', 'fr']) writeFileSync(join(folder, 'locales', `${name}.pak`), name);
}

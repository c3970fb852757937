/** Electron's binary, which npm does not bring: the package downloads it once. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const PACKAGE = join(ROOT, 'node_modules', 'electron');
/** There since the last download that failed: it is not tried again for a day. */
const FAILED = join(ROOT, 'build', 'electron-failed');
const AGAIN_MS = 24 * 3600e3;
const LIMIT_MS = 300_000;

/** Its path, or undefined where it was never downloaded. */
export function electronBinary(): string | undefined {
  try {
    const path = join(PACKAGE, 'dist', readFileSync(join(PACKAGE, 'path.txt'), 'utf8'));
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

/** As `electronBinary`, downloaded first where it can be. `tell` says that it takes a moment. */
export async function fetchElectron(tell: (line: string) => void): Promise<string | undefined> {
  const found = electronBinary();
  const install = join(PACKAGE, 'install.js');
  if (found !== undefined || !existsSync(install) || process.env['INBETWEEN_OFFLINE'] || failedLately()) return found;
  tell('Fetching Electron (about 110 MB, once) ...');
  const child = spawn(process.execPath, [install], { stdio: 'ignore' });
  const timer = setTimeout(() => child.kill(), LIMIT_MS);
  await new Promise<void>((resolve) => {
    child.on('error', () => resolve());
    child.on('exit', () => resolve());
  });
  clearTimeout(timer);
  const fetched = electronBinary();
  if (fetched === undefined) {
    mkdirSync(dirname(FAILED), { recursive: true });
    writeFileSync(FAILED, '');
  } else rmSync(FAILED, { force: true });
  return fetched;
}

function failedLately(): boolean {
  return existsSync(FAILED) && Date.now() - statSync(FAILED).mtimeMs < AGAIN_MS;
}

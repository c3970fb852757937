/** The built renderer: where it is, and making it in a checkout when it is missing or older than its sources. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { glob, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '../contract/errors.ts';

/** The checkout, or what it was built into. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What the renderer is made from. */
const SOURCES = ['app/renderer/**', 'app/contract/**', 'app/core/time/**', 'app/core/sequence/**', 'package-lock.json'];

/**
 * The folder of the renderer's files, built first where this is a checkout and they are missing or old. `tell` says that it takes a moment.
 * Throws 'not-found' when they are not there and cannot be built.
 */
export async function rendererFolder(tell: (line: string) => void): Promise<string> {
  const beside = join(ROOT, 'renderer');
  if (existsSync(join(beside, 'index.html'))) return beside;
  const built = join(ROOT, 'build', 'renderer');
  if (!existsSync(join(ROOT, 'app', 'renderer', 'vite.config.ts')) || (await isFresh(join(built, 'index.html')))) {
    return built;
  }
  tell('Building the pages of the studio (some seconds, once) ...');
  await build();
  return built;
}

async function isFresh(page: string): Promise<boolean> {
  const made = await stat(page).catch(() => undefined);
  if (!made) return false;
  for await (const file of glob(SOURCES, { cwd: ROOT })) {
    const source = await stat(join(ROOT, file)).catch(() => undefined);
    if (source?.isFile() && source.mtimeMs > made.mtimeMs) return false;
  }
  return true;
}

async function build(): Promise<void> {
  const vite = join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js');
  if (!existsSync(vite)) {
    throw new AppError(
      'not-found',
      'The pages of the studio were not built, and vite is not here to build them; run npm ci.',
    );
  }
  // Made aside and put in place whole: another process may be serving what is there.
  const aside = join(ROOT, 'build', `renderer-${process.pid}`);
  const args = ['build', '--config', join('app', 'renderer', 'vite.config.ts'), '--outDir', aside, '--emptyOutDir'];
  const child = spawn(process.execPath, [vite, ...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => (said = (said + String(data)).slice(-2000)));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0) {
    await rm(aside, { recursive: true, force: true });
    throw new AppError('internal', `The pages of the studio could not be built: ${said.trim()}`);
  }
  const place = join(ROOT, 'build', 'renderer');
  await rename(place, `${aside}-old`).catch(() => {});
  // One that was put there in between was built just now as well.
  await rename(aside, place).catch(() => rm(aside, { recursive: true, force: true }));
  await rm(`${aside}-old`, { recursive: true, force: true });
}

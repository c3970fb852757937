/**
 * `npm start`: builds what is stale and opens the window. Where there can be none (Electron's binary cannot be had, no display) it says so in one line and opens
 * the same studio as a local page. Words after `npm start --` go to whichever it is: files to open, --library DIR.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildNode, buildRenderer } from './build.ts';
import { fetchElectron } from './electron-binary.ts';

const ROOT = join(import.meta.dirname, '..');
/** A window that ends itself with an error this soon never opened. */
const EARLY_MS = 5000;

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const words = process.argv.slice(2);
let child: ChildProcess | undefined;

// Ctrl-C in a terminal reaches the child as well; anything else is passed on. Either way it ends, and then we do.
process.on('SIGINT', () => {});
for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child?.kill(signal));

buildNode();
await buildRenderer();
const why = await openWindow();
process.exitCode = why === undefined ? 0 : await openPage(why);

/** Undefined when there was a window; otherwise why not, the beginning of a sentence. */
async function openWindow(): Promise<string | undefined> {
  if (!hasDisplay()) return 'There is no display for a window';
  const electron = await fetchElectron(say);
  if (electron === undefined) return "Electron's binary cannot be had here";
  const started = performance.now();
  child = spawn(electron, [ROOT, ...words], { stdio: 'inherit' });
  const status = await ended(child);
  const early = status !== 0 && performance.now() - started < EARLY_MS;
  return early ? `Electron does not run here (it ended with ${status ?? 'a signal'})` : undefined;
}

async function openPage(reason: string): Promise<number> {
  say(`${reason}: Inbetween opens as a local page instead.`);
  const at = words.findIndex((word) => word === '--library');
  const library = at >= 0 ? words.slice(at, at + 2) : words.filter((word) => word.startsWith('--library='));
  child = spawn(process.execPath, [join(ROOT, 'app', 'cli', 'inbetween.js'), 'serve', ...library], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  createInterface({ input: child.stdout! }).on('line', (line) => {
    process.stdout.write(`${line}\n`);
    const [url] = /http:\S+/.exec(line) ?? [];
    if (url !== undefined && !process.env['CI'] && hasDisplay()) openBrowser(url);
  });
  return (await ended(child)) ?? 0;
}

/** Its exit status, null for a signal, 127 where it could not be started. */
async function ended(process: ChildProcess): Promise<number | null> {
  return await new Promise((resolve) => {
    process.on('error', () => resolve(127));
    process.on('exit', resolve);
  });
}

function hasDisplay(): boolean {
  if (process.platform !== 'linux') return true;
  return Boolean(process.env['DISPLAY'] || process.env['WAYLAND_DISPLAY']);
}

/** The address is printed as well: where this does nothing, nothing is lost. */
function openBrowser(url: string): void {
  const [command, ...args] =
    process.platform === 'darwin'
      ? ['open', url]
      : process.platform === 'win32'
        ? ['rundll32', 'url.dll,FileProtocolHandler', url]
        : ['xdg-open', url];
  spawn(command!, args, { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref();
}

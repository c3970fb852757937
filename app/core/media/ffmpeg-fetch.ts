/** Fetches the binary of the ffmpeg-static package, whose install script npm did not run (`ignore-scripts`). */
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { startChild } from '../base/child-process.ts';
import { homeFolder } from '../base/home.ts';

export interface FetchOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  /** Try although a recent attempt failed (`setup` does; first use does not). */
  readonly again: boolean;
  readonly signal?: AbortSignal;
}

/** Where the binary is now, or one sentence why it could not be fetched. */
export type Fetched =
  { readonly path: string; readonly reason?: undefined } | { readonly path?: undefined; readonly reason: string };

/** How long a failed attempt at first use is remembered. */
const RETRY_AFTER_MS = 24 * 3600 * 1000;

/**
 * Runs ffmpeg-static's own install.js with our node, into HOME/bin (node_modules may be read-only). The binary is
 * fetched aside, started once and renamed, so a download cut short is never mistaken for an ffmpeg. INBETWEEN_OFFLINE=1 forbids it.
 */
export async function fetchFfmpegStatic(options: FetchOptions): Promise<Fetched> {
  const { env } = options;
  if (env['INBETWEEN_OFFLINE']) return { reason: 'ffmpeg was not fetched: INBETWEEN_OFFLINE is set.' };
  const folder = join(homeFolder({ env }), 'bin');
  const marker = join(folder, 'ffmpeg-fetch-failed.json');
  const before = options.again ? undefined : recentFailure(marker);
  if (before) return { reason: before };
  let script: string;
  let aside: string;
  try {
    script = join(dirname(createRequire(import.meta.url).resolve('ffmpeg-static/package.json')), 'install.js');
    mkdirSync(folder, { recursive: true });
    aside = mkdtempSync(join(folder, '.fetch-'));
  } catch (error) {
    return { reason: `ffmpeg could not be fetched: ${error instanceof Error ? error.message : String(error)}` };
  }
  try {
    const reason = await download(script, join(aside, 'ffmpeg'), options);
    if (reason) {
      writeFileSync(marker, JSON.stringify({ at: Date.now(), reason }));
      return { reason };
    }
    const path = join(folder, process.platform === 'win32' ? 'ffmpeg.exe' : 'ffmpeg');
    renameSync(join(aside, 'ffmpeg'), path);
    rmSync(marker, { force: true });
    return { path };
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

/** Undefined when the binary is at `target` and runs, else one sentence. */
async function download(script: string, target: string, options: FetchOptions): Promise<string | undefined> {
  const limit = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal ? AbortSignal.any([limit, options.signal]) : limit;
  // FFMPEG_BIN is where its install.js puts the binary; CI silences its progress bar.
  const child = startChild(process.execPath, [script], {
    signal,
    env: { ...options.env, FFMPEG_BIN: target, CI: '1' },
  });
  child.stdout.resume();
  const exit = await child.exited;
  if (limit.aborted) return `ffmpeg-static's binary was not fetched within ${options.timeoutMs / 1000} s.`;
  if (exit.code !== 0) return `ffmpeg-static's binary cannot be fetched: ${cause(child.tail())}.`;
  const trial = startChild(target, ['-version'], { signal: AbortSignal.timeout(20_000) });
  trial.stdout.resume();
  return (await trial.exited).code === 0 ? undefined : "ffmpeg-static's binary was fetched but does not run here.";
}

/** What a Node stack trace on stderr says: its 'Error: ...' line, or the code of a network error. */
function cause(lines: readonly string[]): string {
  const told = lines.find((line) => /(^|\s)(\w*Error|errno|code)\b.*:/.test(line)) ?? lines.at(-1) ?? 'no reason given';
  return told.trim().replace(/[.,{]+$/, '');
}

function recentFailure(marker: string): string | undefined {
  try {
    const stored: unknown = JSON.parse(readFileSync(marker, 'utf8'));
    if (typeof stored !== 'object' || stored === null || !('at' in stored) || !('reason' in stored)) return undefined;
    const recent = typeof stored.at === 'number' && Date.now() - stored.at < RETRY_AFTER_MS;
    return recent && typeof stored.reason === 'string'
      ? `${stored.reason} (Tried lately; \`npm run setup\` tries again.)`
      : undefined;
  } catch {
    return undefined;
  }
}

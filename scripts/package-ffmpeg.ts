/**
 * electron-builder's hook before it packs: puts an ffmpeg for the target into build/ffmpeg/PLATFORM-ARCH, which extraResources takes along. ffmpeg-static's, fetched
 * where it can be (INBETWEEN_OFFLINE=1 forbids it), or the older one of @ffmpeg-installer where npm has brought that for the target.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface PackContext {
  readonly electronPlatformName: string;
  /** electron-builder's Arch. */
  readonly arch: number;
}

const ROOT = join(import.meta.dirname, '..');
const ARCHES = ['ia32', 'x64', 'armv7l', 'arm64', 'universal'];
const LIMIT_MS = 180_000;

export async function beforePack({ electronPlatformName: platform, arch }: PackContext): Promise<void> {
  const target = `${platform}-${ARCHES[arch]}`;
  const folder = join(ROOT, 'build', 'ffmpeg', target);
  const name = platform === 'win32' ? 'ffmpeg.exe' : 'ffmpeg';
  const path = join(folder, name);
  if (existsSync(path)) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const from = fetchStatic(platform, ARCHES[arch]!, path) ?? copyInstalled(target, name, path);
  if (from === undefined) {
    throw new Error(
      `There is no ffmpeg for ${target}: ffmpeg-static's could not be fetched, and npm has not brought one. Put one at ${path} and pack again.`,
    );
  }
  chmodSync(path, 0o755);
  writeFileSync(
    join(folder, 'README.txt'),
    `ffmpeg (https://ffmpeg.org), built by ${from}; licensed under the GPL 3 as built. Inbetween runs it as a program of its own.\n`,
  );
}

/** The system's own ffmpeg-static already, or the target's by its install script; undefined where it cannot be had. */
function fetchStatic(platform: string, arch: string, path: string): string | undefined {
  const script = join(ROOT, 'node_modules', 'ffmpeg-static', 'install.js');
  if (process.env['INBETWEEN_OFFLINE'] || !existsSync(script)) return undefined;
  const env = { ...process.env, FFMPEG_BIN: path, npm_config_platform: platform, npm_config_arch: arch };
  const { status } = spawnSync(process.execPath, [script], { env, stdio: 'ignore', timeout: LIMIT_MS });
  if (status === 0 && existsSync(path)) return 'ffmpeg-static (https://github.com/eugeneware/ffmpeg-static)';
  rmSync(path, { force: true });
  return undefined;
}

function copyInstalled(target: string, name: string, path: string): string | undefined {
  const installed = join(ROOT, 'node_modules', '@ffmpeg-installer', target, name);
  if (!existsSync(installed)) return undefined;
  copyFileSync(installed, path);
  return 'John Van Sickle in 2018 (@ffmpeg-installer; https://johnvansickle.com/ffmpeg)';
}

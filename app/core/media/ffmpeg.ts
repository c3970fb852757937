/**
 * The only place that finds and spawns ffmpeg and ffprobe.
 *
 * [Note: one build] ffmpeg and ffprobe must say the same version, or what one promises the other may not do; without
 * a matching ffprobe everything that asks it goes through ffmpeg itself (probe-text.ts).
 *
 * [Note: hostile names] Names reach ffmpeg only through `inputArgs` and `fileUrl`: `file:` and an absolute path, so that no
 * name is taken for an option, a protocol (`concat:`) or standard input (`-`). Only the protocols file and pipe are
 * allowed, and demuxers that open further files or devices (playlists) are not: a file cannot make us read another.
 */
import { accessSync, chmodSync, constants, copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join, resolve } from 'node:path';
import { AppError, toAppError } from '../../contract/errors.ts';
import { startChild } from '../base/child-process.ts';
import type { Child, ChildOptions } from '../base/child-process.ts';
import { homeFolder } from '../base/home.ts';
import { fetchFfmpegStatic } from './ffmpeg-fetch.ts';
import { remembered } from './ffmpeg-memory.ts';

export type FfmpegOrigin = 'setting' | 'FFMPEG_BIN' | 'PATH' | 'ffmpeg-static' | 'app' | '@ffmpeg-installer';

/** An ffmpeg that runs. */
export interface FfmpegBuild {
  readonly path: string;
  /** What it calls itself: '5.1.9-0+deb12u1', 'N-47683-g0e8eb07980-static'. */
  readonly version: string;
  readonly origin: FfmpegOrigin;
  /** An ffprobe of the same build, when there is one. */
  readonly ffprobe?: string;
  /** What a user should know: an old build, an ffprobe passed over. One sentence each. */
  readonly notes: readonly string[];
}

const EXE = process.platform === 'win32' ? '.exe' : '';
const requireHere = createRequire(import.meta.url);

let located: Promise<FfmpegBuild> | undefined;

/**
 * The ffmpeg to use: INBETWEEN_FFMPEG (the setting), FFMPEG_BIN, PATH, ffmpeg-static, the one an
 * application was packed with, ffmpeg-static fetched on first use where it can be, @ffmpeg-installer. Found once for the process; a failure is forgotten, so that installing one helps.
 * Throws ffmpeg-missing.
 */
export function locateFfmpeg(): Promise<FfmpegBuild> {
  located ??= findFfmpeg(process.env).catch((error: unknown) => {
    located = undefined;
    throw error;
  });
  return located;
}

/** Forgets what was found: after `setup` fetched one. */
export function forgetFfmpeg(): void {
  located = undefined;
}

/** The search behind `locateFfmpeg`, in the given environment, not remembered. A setting that does not run is an error, not passed over. */
export async function findFfmpeg(env: NodeJS.ProcessEnv): Promise<FfmpegBuild> {
  for (const [origin, path] of [
    ['setting', env['INBETWEEN_FFMPEG']],
    ['FFMPEG_BIN', env['FFMPEG_BIN']],
  ] as const) {
    if (!path) continue;
    const version = await versionOf(path, 'ffmpeg');
    if (version) return await describe(resolve(path), version, origin, env, []);
    const name = origin === 'setting' ? 'INBETWEEN_FFMPEG' : origin;
    throw new AppError(
      'ffmpeg-missing',
      `${name} names ${path}, which is no ffmpeg that runs here; correct it or unset it.`,
    );
  }
  const notes: string[] = [];
  for (const path of onPath('ffmpeg', env)) {
    const version = await versionOf(path, 'ffmpeg');
    if (version) return await describe(path, version, 'PATH', env, notes);
    notes.push(`${path} does not run and was passed over.`);
  }
  for (const path of staticPaths(env)) {
    const version = await versionOf(path, 'ffmpeg');
    if (version) return await describe(path, version, 'ffmpeg-static', env, notes);
  }
  const own = env['INBETWEEN_RESOURCES'] ? join(env['INBETWEEN_RESOURCES'], 'ffmpeg', `ffmpeg${EXE}`) : undefined;
  const ownVersion = own ? await versionOf(own, 'ffmpeg') : undefined;
  if (own && ownVersion) return await describe(own, ownVersion, 'app', env, notes);
  const fetched = await fetchFfmpegStatic({ env, timeoutMs: 60_000, again: false });
  if (fetched.path !== undefined) {
    const version = await versionOf(fetched.path, 'ffmpeg');
    if (version) return await describe(fetched.path, version, 'ffmpeg-static', env, notes);
  } else notes.push(fetched.reason);
  const old = packaged('@ffmpeg-installer', 'ffmpeg', env);
  const version = old ? await versionOf(old, 'ffmpeg') : undefined;
  if (old && version) {
    notes.push(
      'This is the 2018 ffmpeg inside npm, the last resort: slower, without AV1, and short of newer formats. Install ffmpeg.',
    );
    return await describe(old, version, '@ffmpeg-installer', env, notes);
  }
  throw new AppError(
    'ffmpeg-missing',
    `There is no ffmpeg here: install it (apt install ffmpeg, brew install ffmpeg), or run \`npm run setup\`. ${notes.join(' ')}`.trim(),
  );
}

async function describe(
  path: string,
  version: string,
  origin: FfmpegOrigin,
  env: NodeJS.ProcessEnv,
  notes: string[],
): Promise<FfmpegBuild> {
  const candidates = [join(dirname(path), `ffprobe${EXE}`), env['FFPROBE_BIN'], ...onPath('ffprobe', env)];
  const passedOver: string[] = [];
  for (const candidate of [...candidates, packaged('@ffprobe-installer', 'ffprobe', env)]) {
    if (!candidate || !existsSync(candidate)) continue;
    const found = await versionOf(candidate, 'ffprobe');
    if (found === version) return { path, version, origin, ffprobe: resolve(candidate), notes };
    if (found) passedOver.push(`${candidate} (${found})`);
  }
  const others = passedOver.length > 0 ? `; ${[...new Set(passedOver)].join(', ')} is another build` : '';
  notes.push(`No ffprobe of the same build as ffmpeg${others}: probing goes through ffmpeg.`);
  return { path, version, origin, notes };
}

/** What `path -version` says, remembered; undefined when it is not `name`, does not run, or takes more than 20 s. */
async function versionOf(path: string, name: 'ffmpeg' | 'ffprobe'): Promise<string | undefined> {
  return existsSync(path) ? await remembered(path, [name, '-version'], () => askVersion(path, name)) : undefined;
}

async function askVersion(path: string, name: 'ffmpeg' | 'ffprobe'): Promise<string | undefined> {
  const child = startChild(path, ['-version'], { signal: AbortSignal.timeout(20_000) });
  const text = (await collect(child, 1 << 16)).toString('utf8');
  const exit = await child.exited;
  return exit.code === 0 ? new RegExp(`^${name} version (\\S+)`).exec(text)?.[1] : undefined;
}

function* onPath(name: string, env: NodeJS.ProcessEnv): Iterable<string> {
  for (const folder of (env['PATH'] ?? env['Path'] ?? '').split(delimiter)) {
    const path = join(folder || '.', name + EXE);
    if (existsSync(path)) yield resolve(path);
  }
}

function* staticPaths(env: NodeJS.ProcessEnv): Iterable<string> {
  yield join(homeFolder({ env }), 'bin', `ffmpeg${EXE}`);
  try {
    yield join(dirname(requireHere.resolve('ffmpeg-static/package.json')), `ffmpeg${EXE}`);
  } catch {
    // Not installed: it is fetched, or the next one is taken.
  }
}

/** The binary of an @ffmpeg-installer package, made executable (npm scripts are off), or a copy of it where node_modules is read-only. */
function packaged(scope: string, name: string, env: NodeJS.ProcessEnv): string | undefined {
  let path: string;
  try {
    const home = dirname(requireHere.resolve(`${scope}/${name}/package.json`));
    path = createRequire(join(home, 'index.js')).resolve(`${scope}/${process.platform}-${process.arch}/${name}${EXE}`);
  } catch {
    return undefined;
  }
  if (executable(path)) return path;
  try {
    chmodSync(path, 0o755);
    if (executable(path)) return path;
  } catch {
    // Read-only: copy it.
  }
  try {
    const copy = join(homeFolder({ env }), 'bin', `${scope.slice(1)}-${name}${EXE}`);
    if (executable(copy)) return copy;
    mkdirSync(dirname(copy), { recursive: true });
    copyFileSync(path, copy);
    chmodSync(copy, 0o755);
    return copy;
  } catch {
    return undefined;
  }
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A path as ffmpeg takes it safely, for input or output ([Note: hostile names]). '%' still counts in image2 patterns. */
export function fileUrl(path: string): string {
  return `file:${resolve(path)}`;
}

export interface RunOptions extends Pick<ChildOptions, 'signal' | 'onLine'> {
  /** 'pipe' to write to pipe:0. */
  readonly stdin?: 'pipe' | 'ignore';
  /** ffmpeg's log level; 'info' for showinfo and the like, 'level+' writes each line's level. Default 'warning'. */
  readonly logLevel?: 'error' | 'warning' | 'info' | 'level+info';
  readonly tool?: 'ffmpeg' | 'ffprobe';
  /** Another build than the located one. */
  readonly build?: FfmpegBuild;
}

/** A running ffmpeg. */
export interface FfmpegProcess {
  readonly stdout: Child['stdout'];
  /** Resolves when it ended well; rejects with AppError (ffmpeg-failed, or the abort's reason). */
  readonly done: Promise<void>;
  /** Writes to its standard input, waiting while that is full. Rejects as `done` does when it has died. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends its standard input and waits for `done`. */
  end(): Promise<void>;
  /** Asks it to stop and waits until it is gone; does not throw. */
  stop(): Promise<void>;
  /** Its last lines. */
  tail(): readonly string[];
}

/** Starts ffmpeg with `args` after `-hide_banner -nostdin -nostats -loglevel ...`. Throws ffmpeg-missing; the rest shows in `done`. */
export async function spawnFfmpeg(args: readonly string[], options: RunOptions = {}): Promise<FfmpegProcess> {
  const { signal, tool = 'ffmpeg' } = options;
  if (signal?.aborted) throw toAppError(signal.reason);
  const build = options.build ?? (await locateFfmpeg());
  const path = tool === 'ffmpeg' ? build.path : build.ffprobe;
  if (!path) throw new AppError('ffmpeg-missing', `There is no ${tool} of the same build as ${build.path}.`);
  const level = ['-loglevel', options.logLevel ?? 'warning'];
  const common = tool === 'ffmpeg' ? ['-hide_banner', '-nostdin', '-nostats', ...level] : ['-hide_banner', ...level];
  const child = startChild(path, [...common, ...args], {
    signal,
    stdin: options.stdin ?? 'ignore',
    ...(options.onLine ? { onLine: options.onLine } : {}),
  });
  let stopped = false;
  const done = child.exited.then((exit) => {
    if (signal?.aborted) throw toAppError(signal.reason);
    if (exit.error) throw new AppError('ffmpeg-missing', `${path} could not be started.`, { cause: exit.error });
    if (exit.code === 0 || stopped) return;
    // What it said last before a kill is not why it ended.
    const why = exit.signal ? `was ended by ${exit.signal}.` : `failed: ${tellingLine(child.tail())}`;
    throw new AppError('ffmpeg-failed', `${tool} ${why}`);
  });
  done.catch(() => {});
  return {
    stdout: child.stdout,
    done,
    write: (bytes) => writeTo(child, bytes, done, tool),
    async end() {
      child.stdin?.end();
      await done;
    },
    async stop() {
      stopped = true;
      await child.stop();
    },
    tail: () => child.tail(),
  };
}

async function writeTo(child: Child, bytes: Uint8Array, done: Promise<void>, tool: string): Promise<void> {
  const { stdin } = child;
  if (!stdin) throw new Error('stdin is not a pipe');
  let broken = stdin.destroyed || !stdin.writable;
  if (!broken && !stdin.write(bytes)) {
    await new Promise<void>((proceed) => {
      const end = (): void => {
        stdin.off('drain', end);
        stdin.off('close', end);
        proceed();
      };
      stdin.on('drain', end);
      stdin.on('close', end);
    });
    broken = stdin.destroyed;
  }
  if (!broken) return;
  // The reason is in how it ended; one that closed its input and yet ended well did not take all it was given.
  await done;
  throw new AppError('ffmpeg-failed', `${tool} stopped reading before it had everything: ${tellingLine(child.tail())}`);
}

/** Runs ffmpeg to its end; `stdout` whole, at most `maxOutput` bytes (default 64 MiB). Throws as `spawnFfmpeg`'s `done`. */
export async function runFfmpeg(
  args: readonly string[],
  options: RunOptions & { readonly input?: Uint8Array; readonly maxOutput?: number } = {},
): Promise<{ stdout: Buffer; stderr: readonly string[] }> {
  const running = await spawnFfmpeg(args, { ...options, stdin: options.input ? 'pipe' : 'ignore' });
  const stdout = collect({ stdout: running.stdout, stop: () => running.stop() }, options.maxOutput ?? 64 << 20);
  stdout.catch(() => {});
  if (options.input) {
    // It may have all it wants before it has read everything: only how it ends counts.
    await running.write(options.input).catch(() => {});
    await running.end();
  }
  await running.done;
  return { stdout: await stdout, stderr: running.tail() };
}

async function collect(child: { stdout: Child['stdout']; stop(): Promise<unknown> }, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) {
      await child.stop();
      throw new AppError('ffmpeg-failed', `ffmpeg said more than ${limit} bytes.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The line of ffmpeg's last words that says most: the first that reports an error, without its `[name @ 0x...]`. */
export function tellingLine(lines: readonly string[]): string {
  const bare = lines.map((line) => line.replace(/^(\[[^\]]*\] ?)+/, '').trim()).filter((line) => line.length > 0);
  const vague =
    /^(Conversion failed!|Error (while|(re)?initializing|opening) |Terminating|Task finished|Nothing was written)/i;
  const wrong =
    /error|invalid|unable|cannot|could not|failed|no such|not found|unknown|unsupported|no space|denied|missing|whitelist/i;
  const told = bare.filter((line) => wrong.test(line) && !vague.test(line));
  return told.at(0) ?? bare.at(-1) ?? 'it gave no reason';
}

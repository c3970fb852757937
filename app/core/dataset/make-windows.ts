/**
 * Makes a data set of windows. [Note: windows data set]
 *
 * A folder of windows-00000.tfrecord, ... (one for each source that has any) and windows.json, which says of every source whether it is done. A file gets its
 * name when it is whole, and windows.json is replaced after each: whatever ends a run, the next one with the same options goes on after the last whole source.
 */
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError, toAppError } from '../../contract/errors.ts';
import { asDiskFull, isErrno, renameDurably, syncFile } from '../base/durable.ts';
import { createEta } from '../base/eta.ts';
import { TfRecordWriter } from './tfrecord.ts';
import { encodeWindow } from './window.ts';
import { sourceKey, startsBySize, windowsOf, type WindowOptions, type WindowSource } from './window-source.ts';

export const WINDOWS_MANIFEST = 'windows.json';
const MAKING = '.making.tfrecord';
const RECORDS = /^windows-\d{5}\.tfrecord$/;

export interface MakeWindowsOptions extends Omit<WindowOptions, 'onProgress'> {
  /** Windows that are there, made with other options, are replaced. */
  readonly force: boolean;
  readonly onProgress?: (progress: WindowsProgress) => void;
}

export interface WindowsProgress {
  readonly fraction: number;
  readonly source: string;
  readonly windows: number;
  readonly etaSeconds?: number;
}

const sourceSchema = z.object({
  name: z.string(),
  /** [sourceKey]; those of before there was one are made again. */
  key: z.string().optional(),
  windows: z.number().int().nonnegative(),
  file: z.string().regex(RECORDS).nullable(),
  bytes: z.number().int().nonnegative(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});
type MadeSource = z.infer<typeof sourceSchema>;

const manifestSchema = z.object({
  options: z.record(z.string(), z.unknown()),
  windows: z.number().int().nonnegative(),
  complete: z.boolean(),
  sources: z.array(sourceSchema),
});
export type WindowsManifest = z.infer<typeof manifestSchema>;

/**
 * Writes the windows of `sources` to the folder `out`, going on where a former run with the same options ended. A source that cannot be read is noted and
 * left out. Throws `output-exists` when the folder holds something else or windows made otherwise (unless `force`), `output-folder`, `disk-full`, `no-frames` when
 * no source gives a window, the signal's reason; what is whole stays.
 */
export async function makeWindows(
  sources: readonly WindowSource[],
  out: string,
  options: MakeWindowsOptions,
): Promise<WindowsManifest & { readonly kept: number }> {
  const chosen = chosenOf(options);
  const before = await prepare(out, chosen, options.force);
  const manifest: WindowsManifest = { options: chosen, windows: 0, complete: false, sources: [] };
  const starts = await startsBySize(sources);
  const eta = createEta();
  let kept = 0;
  for (const [n, source] of sources.entries()) {
    options.signal?.throwIfAborted();
    const tell = (share: number): void => {
      const fraction = starts[n]! + share * (starts[n + 1]! - starts[n]!);
      const etaSeconds = eta.update(fraction, performance.now() / 1000);
      const progress = { fraction, source: source.name, windows: manifest.windows };
      options.onProgress?.(etaSeconds === undefined ? progress : { ...progress, etaSeconds });
    };
    const file = `windows-${String(n).padStart(5, '0')}.tfrecord`;
    const key = await sourceKey(source);
    const old = before.get(key);
    const whole = old && (await isWhole(out, old, file));
    if (whole) kept++;
    const made = whole ? old : { ...(await makeOne(source, out, file, { ...options, onProgress: tell })), key };
    manifest.sources.push(made);
    manifest.windows += made.windows;
    tell(1);
    if (!whole) await writeManifest(out, manifest);
  }
  if (manifest.windows === 0) {
    await rm(join(out, WINDOWS_MANIFEST), { force: true });
    throw new AppError('no-frames', noneMessage(manifest));
  }
  await writeManifest(out, { ...manifest, complete: true });
  await removeOthers(out, manifest);
  return { ...manifest, complete: true, kept };
}

/** What the windows depend on. */
function chosenOf({ count, stride, step, size, channels, view }: MakeWindowsOptions): Record<string, unknown> {
  return { count, stride, step, size, channels, view };
}

/** What of it is done, by key. */
async function prepare(
  out: string,
  chosen: Record<string, unknown>,
  force: boolean,
): Promise<ReadonlyMap<string, MadeSource>> {
  const names = await readdir(out).catch(async (cause: unknown) => {
    if (!isErrno(cause, 'ENOENT')) throw new AppError('output-folder', `${out} cannot be used as a folder.`, { cause });
    await mkdir(out, { recursive: true }).catch((why: unknown) => {
      throw new AppError('output-folder', `The folder ${out} cannot be made.`, { cause: why });
    });
    return [];
  });
  if (names.length === 0) return new Map();
  const manifest = await readManifest(out);
  if (manifest && JSON.stringify(manifest.options) === JSON.stringify(chosen))
    return new Map(manifest.sources.map((source) => [source.key ?? '', source]));
  if (!force)
    throw new AppError(
      'output-exists',
      manifest
        ? `${out} holds windows made with other options; choose another folder, or --force to replace them.`
        : `${out} is not empty.`,
    );
  await rm(join(out, WINDOWS_MANIFEST), { force: true });
  for (const name of names) if (RECORDS.test(name)) await rm(join(out, name));
  return new Map();
}

async function readManifest(out: string): Promise<WindowsManifest | undefined> {
  const text = await readFile(join(out, WINDOWS_MANIFEST), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return manifestSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Whether what a former run says of a source still holds, under the same name. */
async function isWhole(out: string, { file, bytes, error }: MadeSource, wanted: string): Promise<boolean> {
  if (error) return false;
  if (file === null) return true;
  if (file !== wanted) return false;
  const found = await stat(join(out, file)).catch(() => undefined);
  return found?.size === bytes;
}

async function makeOne(source: WindowSource, out: string, file: string, options: WindowOptions): Promise<MadeSource> {
  const temporary = join(out, MAKING);
  await rm(temporary, { force: true });
  try {
    let windows = 0;
    {
      await using writer = await TfRecordWriter.create(temporary);
      for await (const window of windowsOf(source, options)) await writer.write(encodeWindow(window));
      windows = writer.count;
    }
    if (windows === 0) return { name: source.name, windows, file: null, bytes: 0 };
    await syncFile(temporary);
    const { size } = await stat(temporary);
    await rename(temporary, join(out, file));
    return { name: source.name, windows, file, bytes: size };
  } catch (thrown) {
    const error = toAppError(thrown);
    options.signal?.throwIfAborted();
    if (['internal', 'disk-full', 'ffmpeg-missing'].includes(error.code)) throw asDiskFull(thrown, out);
    return { name: source.name, windows: 0, file: null, bytes: 0, error: { code: error.code, message: error.message } };
  } finally {
    await rm(temporary, { force: true });
  }
}

async function writeManifest(out: string, manifest: WindowsManifest): Promise<void> {
  const temporary = join(out, `.${WINDOWS_MANIFEST}`);
  try {
    await writeFile(temporary, `${JSON.stringify(manifest, null, 2)}\n`);
    await syncFile(temporary);
    await renameDurably(temporary, join(out, WINDOWS_MANIFEST));
  } catch (error) {
    throw asDiskFull(error, out);
  }
}

/** Files of sources that are no more. */
async function removeOthers(out: string, { sources }: WindowsManifest): Promise<void> {
  const own = new Set(sources.map(({ file }) => file));
  for (const name of await readdir(out)) if (RECORDS.test(name) && !own.has(name)) await rm(join(out, name));
}

function noneMessage({ sources }: WindowsManifest): string {
  const failed = sources.find(({ error }) => error !== undefined);
  const why = failed?.error ? ` ${failed.name}: ${failed.error.message}` : ' They are too short.';
  return `No window fits into these videos: nothing was written.${why}`;
}

/**
 * Looking through files and folders for clips.
 *
 * What is a video is found out by probing, later; here only that is left out which nobody means: hidden files and folders (our own
 * temporaries are hidden), the library's own folders, and the single pictures of an image sequence, which is one clip.
 */
import { opendir, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { toAppError } from '../../contract/errors.ts';
import { fileState, type FileState } from './files.ts';

export interface FoundFile extends FileState {
  readonly path: string;
  /** Given by name, rather than found in a folder. */
  readonly named: boolean;
}

export interface LeftOut {
  readonly path: string;
  readonly reason: string;
}

export interface ScanOptions {
  /** Which files may be used: the absolute path, or throws path-refused. */
  readonly check: (path: string) => Promise<string>;
  /** Folders that are not looked into. */
  readonly skip: readonly string[];
  readonly signal?: AbortSignal | undefined;
  /** Files taken at most; default 100,000. */
  readonly most?: number;
}

/** Folders within each other, at most. */
const MOST_DEEP = 64;
/** Numbered pictures in a row that are a sequence. */
const SEQUENCE_FROM = 5;
const NUMBERED = /^(.*?)(\d{1,9})(\.(?:png|jpe?g|tiff?|exr|bmp|dpx|tga|webp))$/i;
const OWN_TEMPORARY = /^\..*\.inbetween-[A-Za-z0-9]+\.part(\.|$)/;

interface Scan extends ScanOptions {
  readonly files: Map<string, FoundFile>;
  readonly refused: LeftOut[];
  /** Real paths of folders that were looked into: links may lead in circles. */
  readonly seen: Set<string>;
  readonly most: number;
}

/** All files that `paths` name or contain, in order of the paths and, within folders, of names. Throws cancelled only. */
export async function findFiles(
  paths: readonly string[],
  options: ScanOptions,
): Promise<{ files: FoundFile[]; refused: LeftOut[] }> {
  const scan: Scan = { most: 100_000, ...options, files: new Map(), refused: [], seen: new Set() };
  for (const given of paths) {
    options.signal?.throwIfAborted();
    await attempt(scan, given, async () => {
      const path = await options.check(given);
      if (OWN_TEMPORARY.test(basename(path))) return leaveOut(scan, path, 'It is being written by Inbetween.');
      const kind = await stat(path).catch(() => undefined);
      if (kind?.isDirectory()) return await lookInto(scan, path, 0);
      const file = await fileState(path);
      if (file === 'none') return leaveOut(scan, path, 'There is no such file.');
      if (file === 'other') return leaveOut(scan, path, 'It is neither a file nor a folder.');
      take(scan, { path, ...file, named: true });
    });
  }
  return { files: [...scan.files.values()], refused: scan.refused };
}

function leaveOut(scan: Scan, path: string, reason: string): void {
  scan.refused.push({ path, reason });
}

async function attempt(scan: Scan, path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    scan.signal?.throwIfAborted();
    leaveOut(scan, path, toAppError(thrown).message);
  }
}

function take(scan: Scan, file: FoundFile): void {
  const known = scan.files.get(file.path);
  if (!known || (file.named && !known.named)) scan.files.set(file.path, file);
}

async function lookInto(scan: Scan, folder: string, depth: number): Promise<void> {
  const real = await realpath(folder);
  if (scan.seen.has(real) || scan.skip.includes(real) || scan.skip.includes(folder)) return;
  scan.seen.add(real);
  if (depth > MOST_DEEP) return leaveOut(scan, folder, `Folders more than ${MOST_DEEP} deep are left out.`);
  const { names, folders } = await entries(scan, folder);
  const { single, patterns } = groupNumbered(names);
  for (const name of [...single, ...patterns].toSorted()) {
    scan.signal?.throwIfAborted();
    if (scan.files.size >= scan.most)
      return leaveOut(scan, folder, `More than ${scan.most} files: the rest is left out.`);
    const path = join(folder, name);
    const file = await fileState(path);
    if (typeof file === 'object') take(scan, { path, bytes: file.bytes, mtimeNs: file.mtimeNs, named: false });
  }
  for (const name of folders.toSorted()) {
    await attempt(scan, join(folder, name), async () => await lookInto(scan, join(folder, name), depth + 1));
  }
}

async function entries(scan: Scan, folder: string): Promise<{ names: string[]; folders: string[] }> {
  const names: string[] = [];
  const folders: string[] = [];
  for await (const entry of await opendir(folder)) {
    if (entry.name.startsWith('.')) continue;
    let kind: { isFile(): boolean; isDirectory(): boolean } | undefined = entry;
    if (entry.isSymbolicLink()) {
      const path = join(folder, entry.name);
      // A link may lead out of what was opened.
      await attempt(scan, path, async () => void (await scan.check(path)));
      if (scan.refused.at(-1)?.path === path) continue;
      kind = await stat(path).catch(() => undefined);
    }
    if (kind?.isFile()) names.push(entry.name);
    else if (kind?.isDirectory()) folders.push(entry.name);
  }
  return { names, folders };
}

/** Numbered pictures, of which a run makes one number pattern, apart from all other names. */
export function groupNumbered(names: readonly string[]): { single: string[]; patterns: string[] } {
  const groups = new Map<string, { digits: string[]; names: string[] }>();
  const single: string[] = [];
  for (const name of names) {
    const [match, head = '', digits = '', tail = ''] = NUMBERED.exec(name) ?? [];
    if (match === undefined) {
      single.push(name);
      continue;
    }
    // Numbers with zeros before them have one length; others have as many digits as they need.
    const padded = digits.startsWith('0') && digits.length > 1;
    const key = `${head}%${padded ? `0${digits.length}` : ''}d${tail}`;
    const group = groups.get(key) ?? { digits: [], names: [] };
    groups.set(key, group);
    group.digits.push(digits);
    group.names.push(name);
  }
  mergeWidths(groups);
  const patterns: string[] = [];
  for (const [pattern, { digits, names: members }] of groups) {
    const numbers = digits.map(Number);
    const run = Math.max(...numbers) - Math.min(...numbers) + 1;
    if (members.length >= SEQUENCE_FROM && members.length >= run / 2) patterns.push(pattern);
    else single.push(...members);
  }
  return { single, patterns };
}

/** 0099.png and 0100.png are padded, 1000.png of the same row does not show it. */
function mergeWidths(groups: Map<string, { digits: string[]; names: string[] }>): void {
  for (const [pattern, group] of groups) {
    const [match, head, width, tail] = /^(.*)%0(\d+)d(\.\w+)$/s.exec(pattern) ?? [];
    if (match === undefined) continue;
    const plain = groups.get(`${head}%d${tail}`);
    if (!plain) continue;
    const fits = plain.digits.map((digits) => digits.length === Number(width));
    for (const [i, fit] of fits.entries()) {
      if (!fit) continue;
      group.digits.push(plain.digits[i]!);
      group.names.push(plain.names[i]!);
    }
    plain.digits = plain.digits.filter((_, i) => !fits[i]);
    plain.names = plain.names.filter((_, i) => !fits[i]);
  }
}

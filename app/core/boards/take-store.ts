/**
 * The pictures of boards on the disk: HOME/boards.
 *
 * [Note: board pictures] `stills/KEY.jpg` is a keyframe fitted to the film, `takes/KEY/00012.jpg` a picture between two; PNG where they are transparent. A key is the
 * hash of all that determines the pictures, so nothing in here is ever out of date: what an edit does not touch keeps its key. A picture is written
 * under a hidden name and renamed, and a take is whole when its `done.json` is there, so a killed process leaves fewer pictures and never half a one.
 * What was looked at longest ago goes when there is too much.
 */
import { statSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { asDiskFull, renameTo } from '../base/durable.ts';
import { parseJson } from '../base/json.ts';
import type { PictureEnding } from '../media/picture-stream.ts';

/** Bytes that takes, and pictures of keyframes, are kept to. */
const LIMITS = { takes: 4e9, stills: 5e8 };
/** A hidden name this old was left by a process that was killed. */
const STALE_MS = 3600e3;
const ENDINGS: readonly PictureEnding[] = ['jpg', 'png'];
const TYPES: Readonly<Record<PictureEnding, string>> = { jpg: 'image/jpeg', png: 'image/png' };

const doneSchema = z.object({ frames: z.int(), confidence: z.number(), bytes: z.number() });

export interface StoredTake {
  /** How many of the first pictures are there. */
  readonly done: number;
  /** All are. */
  readonly whole: boolean;
  readonly confidence: number | null;
}

export interface StoredPicture {
  readonly path: string;
  readonly type: string;
}

export interface TakeWriter {
  write(picture: Uint8Array, ending: PictureEnding): Promise<void>;
  /** After the last picture. */
  finish(confidence: number): Promise<void>;
}

/** The folder of all of it. */
export function boardsFolder(root: string): string {
  return join(root, 'boards');
}

export class TakeStore {
  readonly #stills: string;
  readonly #takes: string;
  readonly #limits: typeof LIMITS;

  constructor(root: string, limits = LIMITS) {
    this.#stills = join(boardsFolder(root), 'stills');
    this.#takes = join(boardsFolder(root), 'takes');
    this.#limits = limits;
  }

  /** What is there of a take of so many frames. Asking counts as using it. */
  async take(key: string, frames: number): Promise<StoredTake> {
    const folder = this.#folder(key);
    const text = await readFile(join(folder, 'done.json'), 'utf8').catch(() => undefined);
    const done = text === undefined ? undefined : parseJson(doneSchema, text);
    if (done?.frames === frames) {
      const now = new Date();
      await utimes(join(folder, 'done.json'), now, now).catch(() => {});
      return { done: frames, whole: true, confidence: done.confidence };
    }
    const names = new Set(await readdir(folder).catch((): string[] => []));
    let first = 0;
    while (first < frames && ENDINGS.some((ending) => names.has(nameOf(first, ending)))) first++;
    return { done: first, whole: false, confidence: null };
  }

  /** The file of a picture of a take. One that is gone although the take is whole is missed: the take is to be made again. */
  async picture(key: string, index: number): Promise<StoredPicture | undefined> {
    const folder = this.#folder(key);
    const found = existing((ending) => join(folder, nameOf(index, ending)));
    if (found) return found;
    const done = join(folder, 'done.json');
    const text = await readFile(done, 'utf8').catch(() => undefined);
    const frames = text === undefined ? undefined : parseJson(doneSchema, text)?.frames;
    if (frames !== undefined && index < frames) await rm(done, { force: true });
    return undefined;
  }

  /** Begins a take, from its first picture: what is there of it is written over by the same pictures. */
  async open(key: string): Promise<TakeWriter> {
    const folder = this.#folder(key);
    await mkdir(folder, { recursive: true });
    await clearStale(folder);
    let [frames, bytes] = [0, 0];
    return {
      write: async (picture, ending) => {
        await put(folder, nameOf(frames, ending), picture);
        frames++;
        bytes += picture.byteLength;
      },
      finish: async (confidence) => {
        await put(folder, 'done.json', Buffer.from(JSON.stringify({ frames, confidence, bytes })));
        await this.#pruneTakes(key);
      },
    };
  }

  /** The picture of a keyframe; it counts as used. */
  async still(key: string): Promise<StoredPicture | undefined> {
    const found = existing((ending) => join(this.#stills, `${checked(key)}.${ending}`));
    const now = new Date();
    if (found) await utimes(found.path, now, now).catch(() => {});
    return found;
  }

  async writeStill(key: string, picture: Uint8Array, ending: PictureEnding): Promise<void> {
    await mkdir(this.#stills, { recursive: true });
    await put(this.#stills, `${checked(key)}.${ending}`, picture);
    const files = await entriesOf(this.#stills);
    await prune(files, this.#limits.stills, join(this.#stills, `${key}.${ending}`));
  }

  /** Takes away what can be made again. */
  async clear(): Promise<void> {
    for (const folder of [this.#stills, this.#takes]) await rm(folder, { recursive: true, force: true });
  }

  async #pruneTakes(newest: string): Promise<void> {
    const takes: Entry[] = [];
    for (const name of await readdir(this.#takes)) {
      const path = join(this.#takes, name);
      const text = await readFile(join(path, 'done.json'), 'utf8').catch(() => undefined);
      const done = text === undefined ? undefined : parseJson(doneSchema, text);
      const file = await stat(done ? join(path, 'done.json') : path).catch(() => undefined);
      if (!file) continue;
      const bytes = done?.bytes ?? (await entriesOf(path)).reduce((sum, one) => sum + one.bytes, 0);
      takes.push({ path, bytes, used: file.mtimeMs });
    }
    await prune(takes, this.#limits.takes, this.#folder(newest));
  }

  #folder(key: string): string {
    return join(this.#takes, checked(key));
  }
}

interface Entry {
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly used: number;
}

/** Keys become names of files; nothing else may. */
function checked(key: string): string {
  if (!/^[0-9a-f]{64}$/.test(key)) throw new Error(`'${key}' is no key`);
  return key;
}

function nameOf(index: number, ending: PictureEnding): string {
  return `${String(index).padStart(5, '0')}.${ending}`;
}

function existing(pathOf: (ending: PictureEnding) => string): StoredPicture | undefined {
  // An empty one is what a power cut left. [Note: power cuts]
  const ending = ENDINGS.find((one) => (statSync(pathOf(one), { throwIfNoEntry: false })?.size ?? 0) > 0);
  return ending && { path: pathOf(ending), type: TYPES[ending] };
}

async function put(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  // Another app on the same library may be making the same picture.
  const part = join(folder, `.part-${process.pid}-${name}`);
  try {
    await writeFile(part, bytes);
    await renameTo(part, join(folder, name));
  } catch (error) {
    await rm(part, { force: true });
    throw asDiskFull(error, join(folder, name));
  }
}

async function entriesOf(folder: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const name of await readdir(folder).catch((): string[] => [])) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found) entries.push({ path, bytes: found.size, used: found.mtimeMs });
  }
  return entries;
}

async function clearStale(folder: string): Promise<void> {
  for (const { path, used } of await entriesOf(folder)) {
    if (path.startsWith(join(folder, '.part-')) && Date.now() - used > STALE_MS) await rm(path, { force: true });
  }
}

/** Drops what was used longest ago, but for one, until the rest fits. */
async function prune(entries: readonly Entry[], limit: number, but: string): Promise<void> {
  let excess = entries.reduce((sum, { bytes }) => sum + bytes, 0) - limit;
  for (const { path, bytes } of entries.toSorted((a, b) => a.used - b.used)) {
    if (excess <= 0) return;
    if (path === but) continue;
    await rm(path, { recursive: true, force: true });
    excess -= bytes;
  }
}

/** Small files made for looking at or listening to, by key, kept to a size. What is lost is made again. */
import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { renameTo } from '../base/durable.ts';

export interface KeptFilesOptions {
  readonly folder: string;
  /** Ending of the files without dot. */
  readonly ending: string;
  readonly maxBytes: number;
}

export class KeptFiles {
  readonly #options: KeptFilesOptions;

  constructor(options: KeptFilesOptions) {
    this.#options = options;
  }

  /** The file of a key (hex digits), or undefined. It counts as used. */
  async find(key: string): Promise<string | undefined> {
    const path = this.#path(key);
    try {
      const now = new Date();
      await utimes(path, now, now);
      // An empty one is what a power cut left. [Note: power cuts]
      return (await stat(path)).size > 0 ? path : undefined;
    } catch {
      return undefined;
    }
  }

  /** Has `write` make the file of a key under another name, puts it in place, and drops what was used longest ago when there is too much. */
  async make(key: string, write: (path: string) => Promise<void>): Promise<string> {
    const { folder, ending } = this.#options;
    await mkdir(folder, { recursive: true });
    const part = join(folder, `.part-${randomUUID()}.${ending}`);
    try {
      await write(part);
      await renameTo(part, this.#path(key));
    } finally {
      await rm(part, { force: true });
    }
    await this.#prune(key);
    return this.#path(key);
  }

  #path(key: string): string {
    if (!/^[0-9a-f]{16,128}$/.test(key)) throw new Error(`'${key}' is no key`);
    return join(this.#options.folder, `${key}.${this.#options.ending}`);
  }

  async #prune(newest: string): Promise<void> {
    const { folder, maxBytes } = this.#options;
    const files: { path: string; bytes: number; used: number }[] = [];
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const found = await stat(path).catch(() => undefined);
      if (!found) continue;
      // Left by a process that was killed.
      if (name.startsWith('.part-') && Date.now() - found.mtimeMs > 24 * 3600e3) await rm(path, { force: true });
      else if (!name.startsWith('.')) files.push({ path, bytes: found.size, used: found.mtimeMs });
    }
    let excess = files.reduce((sum, { bytes }) => sum + bytes, 0) - maxBytes;
    for (const { path, bytes } of files.toSorted((a, b) => a.used - b.used)) {
      if (excess <= 0) return;
      if (path === this.#path(newest)) continue;
      await rm(path, { force: true });
      excess -= bytes;
    }
  }
}

/** Folders of what previews keep beside the chunk store. */
export function previewFolders(root: string): { sounds: string; frames: string } {
  return { sounds: join(root, 'preview-sounds'), frames: join(root, 'preview-frames') };
}

/** Sounds and pictures of the previews of the library at `root`. */
export function previewFiles(root: string): { sounds: KeptFiles; frames: KeptFiles } {
  const folders = previewFolders(root);
  return {
    sounds: new KeptFiles({ folder: folders.sounds, ending: 'wav', maxBytes: 2e9 }),
    frames: new KeptFiles({ folder: folders.frames, ending: 'png', maxBytes: 200e6 }),
  };
}

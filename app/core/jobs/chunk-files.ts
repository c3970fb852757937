/**
 * The chunk store on disk: `chunks/aa/KEY.nut`, aa being the key's first two digits.
 *
 * [Note: chunk store] A chunk is written under a temporary name that says which process writes it, fsynced, and renamed inside the same
 * transaction that writes its row; eviction deletes row and file inside one too. So whoever holds the database's write lock sees rows and
 * files agree, whatever other processes do. After a crash they may disagree in two harmless ways: a file without a row is complete (it has its
 * final name) and is adopted when a store is next opened; a row without its file, or with one of another size, is dropped when asked for.
 */
import { rmSync, statSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { asDiskFull, isErrno, makeFolder, renameNow, syncFile, syncFolder } from '../base/durable.ts';
import { processTag, tagLiveness, thisProcess } from '../base/process-identity.ts';
import {
  adoptChunk,
  allChunks,
  chunkByKey,
  chunkBytes,
  evictable,
  forgetChunk,
  putChunk,
  useChunk,
} from '../library/chunk-rows.ts';
import { putConfidence } from '../library/chunk-facts.ts';
import type { Library } from '../library/db.ts';
import { requireUnchanged, type FileIdentity } from '../library/file-identity.ts';
import type { ChunkFacts, ChunkStore, PendingChunk } from './chunk-store.ts';

/** Bytes the store is kept to unless told otherwise. */
export const CACHE_BYTES = 20e9;

/** Age at which a temporary file of another host is given up. */
const FOREIGN_MS = 24 * 3600 * 1000;
const TEMPORARY = /^\.tmp-(\d+-[0-9a-f]{8}-[0-9a-f]{8})-\d+\./;
const FINISHED = /^([0-9a-f]{16,128})\.[A-Za-z0-9]+$/;

export interface ChunkStoreOptions {
  /** Folder of the store. */
  readonly root: string;
  readonly db: Library;
  /** The job that asks: chunks it has used stay until it ends. */
  readonly job: string;
  readonly cacheBytes?: number;
}

/** Opens the store for a job: leftovers of dead processes are removed, finished files without a row are adopted. */
export async function openChunkStore(options: ChunkStoreOptions): Promise<ChunkStore> {
  await sweep(options);
  const { root, db, job, cacheBytes = CACHE_BYTES } = options;
  const tag = processTag(thisProcess());
  let begun = 0;
  return {
    async find(key) {
      checkKey(key);
      return db.soft(() => findChunk(db, root, key, job));
    },
    async forget(key) {
      checkKey(key);
      db.soft(() => {
        const row = chunkByKey(db, key);
        if (row === undefined) return;
        forgetChunk(db, key);
        rmSync(join(folderOf(root, key), row.file), { force: true });
      });
    },
    async begin(key, extension = 'nut') {
      checkKey(key);
      if (!/^[A-Za-z0-9]+$/.test(extension))
        throw new AppError('internal', `'${extension}' is no extension for a chunk.`);
      const folder = folderOf(root, key);
      await makeFolder(folder).catch((error: unknown) => {
        throw asDiskFull(error, folder);
      });
      const path = join(folder, `.tmp-${tag}-${begun++}.${extension}`);
      return pendingChunk(path, `${key}.${extension}`, async (final, facts) => {
        const { size } = await stat(path);
        db.soft(() => {
          renameNow(path, final);
          putChunk(db, { key, file: `${key}.${extension}`, bytes: size }, job);
          if (facts) putConfidence(db, key, facts.confidence);
        });
        evict(db, root, cacheBytes);
      });
    },
  };
}

/** The store, keeping a chunk only while the files it was made of are what its key says. Throws `source-changed` on commit. */
export function guardedStore(store: ChunkStore, files: readonly FileIdentity[]): ChunkStore {
  return {
    find: (key) => store.find(key),
    forget: (key) => store.forget(key),
    async begin(key, extension) {
      const pending = await store.begin(key, extension);
      return {
        path: pending.path,
        abandon: () => pending.abandon(),
        async commit(facts) {
          await requireUnchanged(files);
          return await pending.commit(facts);
        },
      };
    },
  };
}

function pendingChunk(
  path: string,
  name: string,
  place: (final: string, facts: ChunkFacts | undefined) => Promise<void>,
): PendingChunk {
  let state: 'open' | 'committed' | 'abandoned' = 'open';
  return {
    path,
    async commit(facts) {
      if (state !== 'open') throw new AppError('internal', `A chunk was committed after it was ${state}.`);
      state = 'committed';
      const final = join(dirname(path), name);
      try {
        await syncFile(path);
        await place(final, facts);
        await syncFolder(dirname(path));
      } catch (error) {
        await rm(path, { force: true });
        throw asStoreError(error, path);
      }
      return final;
    },
    async abandon() {
      if (state === 'committed') return;
      state = 'abandoned';
      await rm(path, { force: true });
    },
  };
}

function asStoreError(error: unknown, path: string): unknown {
  if (!isErrno(error, 'ENOENT')) return asDiskFull(error, path);
  const folder = dirname(dirname(path));
  return new AppError('library-folder', `What was made so far was removed from ${folder}; run it again.`, {
    cause: error,
  });
}

function findChunk(db: Library, root: string, key: string, job: string): string | undefined {
  const row = chunkByKey(db, key);
  if (row === undefined) return undefined;
  const path = join(folderOf(root, key), row.file);
  if (sizeOf(path) === row.bytes) {
    useChunk(db, key, job);
    return path;
  }
  forgetChunk(db, key);
  rmSync(path, { force: true });
  return undefined;
}

/** Deletes what was used longest ago until the store is within its size; what running jobs use stays, even if that is more. */
function evict(db: Library, root: string, cacheBytes: number): void {
  if (chunkBytes(db) <= cacheBytes) return;
  db.soft(() => {
    let excess = chunkBytes(db) - cacheBytes;
    for (const chunk of evictable(db)) {
      if (excess <= 0) break;
      forgetChunk(db, chunk.key);
      rmSync(join(folderOf(root, chunk.key), chunk.file), { force: true });
      excess -= chunk.bytes;
    }
  });
}

/** Chunks deleted in one transaction: others wait for the lock meanwhile. */
const BATCH = 100;

/** Deletes every chunk that no running or waiting job has used; the bytes that are free now. */
export async function clearChunks(db: Library, root: string): Promise<number> {
  let freed = 0;
  for (;;) {
    const gone = db.soft(() => {
      const some = evictable(db).slice(0, BATCH);
      for (const chunk of some) {
        forgetChunk(db, chunk.key);
        rmSync(join(folderOf(root, chunk.key), chunk.file), { force: true });
      }
      return some;
    });
    freed += gone.reduce((sum, { bytes }) => sum + bytes, 0);
    if (gone.length < BATCH) return freed;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function sweep({ root, db }: ChunkStoreOptions): Promise<void> {
  await makeFolder(root);
  const known = new Set(allChunks(db).map((chunk) => chunk.file));
  for (const name of await readdir(root)) {
    if (!/^[0-9a-f]{2}$/.test(name)) continue;
    const folder = join(root, name);
    for (const file of await readdir(folder)) {
      const tag = TEMPORARY.exec(file)?.[1];
      if (tag !== undefined) await removeIfStale(join(folder, file), tag);
      const key = FINISHED.exec(file)?.[1];
      if (key !== undefined && key.startsWith(name) && !known.has(file)) adopt(db, folder, key, file);
    }
  }
}

/** The row is written down only if the file is still there under the write lock. */
function adopt(db: Library, folder: string, key: string, file: string): void {
  db.soft(() => {
    const found = statSync(join(folder, file), { throwIfNoEntry: false });
    if (found !== undefined) adoptChunk(db, { key, file, bytes: found.size }, Math.floor(found.mtimeMs));
  });
}

async function removeIfStale(path: string, tag: string): Promise<void> {
  const state = tagLiveness(tag);
  if (state === 'alive') return;
  if (state !== 'dead') {
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age < FOREIGN_MS) return;
  }
  await rm(path, { force: true });
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}

function folderOf(root: string, key: string): string {
  return join(root, key.slice(0, 2));
}

function checkKey(key: string): void {
  if (!FINISHED.test(`${key}.nut`)) throw new AppError('internal', `'${key}' is no key of a chunk.`);
}

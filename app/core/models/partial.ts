/**
 * Downloads that are not finished. [Note: partial downloads]
 *
 * Each is a folder partial/KEY.OWNER with `data` and `state.json`; KEY says which content it is to become, OWNER is the tag of the process
 * that writes it, or 'free-...' when that one gave it up in order. Who goes on with one takes it by renaming the folder to its own name,
 * which succeeds for one process only; what a process that died left is taken in the same way.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { asDiskFull } from '../base/durable.ts';
import { parseJson } from '../base/json.ts';
import { makeFolders } from '../nn/content.ts';
import { isAbandoned, ownName } from '../nn/store.ts';

/** What is known of the bytes so far. */
const stateSchema = z.object({ address: z.string(), etag: z.string().optional() });
export type PartialState = z.infer<typeof stateSchema>;

export interface Partial {
  /** The bytes so far; may not be there yet. */
  readonly data: string;
  /** Bytes in `data`. */
  size(): Promise<number>;
  state(): Promise<PartialState | undefined>;
  /** Forgets every byte; what comes next is as `state` says. */
  restart(state: PartialState): Promise<void>;
  /** Leaves it for another day. Nothing is left when there is nothing in it. */
  keep(): Promise<void>;
  discard(): Promise<void>;
}

/** A partial download nobody goes on with is thrown away after this long. */
const FORGET_MS = 30 * 24 * 3600 * 1000;

/** Takes the longest unfinished download of `key` (letters and digits), or begins one. */
export async function claimPartial(folder: string, key: string): Promise<Partial> {
  await makeFolders(folder);
  const own = join(folder, ownName(key));
  for (const name of await abandoned(folder, key)) {
    const taken = await rename(join(folder, name), own).then(
      () => true,
      () => false,
    );
    if (taken) return partialAt(own, folder, key);
  }
  await mkdir(own).catch((error: unknown) => {
    throw asDiskFull(error, own);
  });
  return partialAt(own, folder, key);
}

/** Names of unfinished downloads of `key` that nobody is at, longest first; those of any key that are too old are removed. */
async function abandoned(folder: string, key: string): Promise<string[]> {
  const found: { name: string; bytes: number }[] = [];
  for (const name of await readdir(folder)) {
    if (!name.includes('.free-') && !(await isAbandoned(folder, name))) continue;
    const path = join(folder, name);
    const age = Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? 0);
    if (name.startsWith(`${key}.`)) found.push({ name, bytes: await sizeOf(join(path, 'data')) });
    else if (age > FORGET_MS) await rm(path, { recursive: true, force: true });
  }
  return found.toSorted((a, b) => b.bytes - a.bytes).map(({ name }) => name);
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

function partialAt(own: string, folder: string, key: string): Partial {
  const data = join(own, 'data');
  const stateFile = join(own, 'state.json');
  const discard = async (): Promise<void> => await rm(own, { recursive: true, force: true, maxRetries: 3 });
  return {
    data,
    size: async () => await sizeOf(data),
    state: async () => parseJson(stateSchema, await readFile(stateFile, 'utf8').catch(() => '')),
    async restart(state) {
      await rm(data, { force: true });
      await writeFile(stateFile, JSON.stringify(state)).catch((error: unknown) => {
        throw asDiskFull(error, stateFile);
      });
    },
    async keep() {
      if ((await sizeOf(data)) === 0) return await discard();
      const free = join(folder, `${key}.free-${randomBytes(4).toString('hex')}`);
      await rename(own, free).catch(() => {});
    },
    discard,
  };
}

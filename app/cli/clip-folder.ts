/** Folders of clips that detection is scored on. */
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../contract/errors.ts';
import type { ReelClip } from '../core/media/shot-reel.ts';

/** A number from 1 that an option takes. Throws usage. */
export function whole(name: string, value: string | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (!/^\d{1,9}$/.test(value) || Number(value) < 1) throw new AppError('usage', `--${name} takes a number from 1.`);
  return Number(value);
}

const indexSchema = z.array(z.looseObject({ file: z.string(), cuts: z.array(z.int().nonnegative()) }));

/** The videos of a folder by name, with the cuts that its index.json knows of. Throws not-found, unreadable. */
export async function clipsOf(folder: string): Promise<ReelClip[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new AppError('not-found', `There is no folder ${folder}.`, { cause });
  });
  const known = new Map<string, number[]>();
  if (names.includes('index.json')) {
    try {
      const index = indexSchema.parse(JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')));
      for (const { file, cuts } of index) known.set(file, cuts);
    } catch (cause) {
      throw new AppError('unreadable', `${join(folder, 'index.json')} is not a list of {file, cuts}.`, { cause });
    }
  }
  return names
    .filter((name) => /^\.(mp4|mov|mkv|webm|avi|m4v)$/i.test(extname(name)))
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((name) => ({ path: join(folder, name), cuts: known.get(name) ?? [] }));
}

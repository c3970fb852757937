/** Files of a catalogue entry that somebody has brought: found by name, below a folder or beside a file. */
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { CatalogueFile } from '../../contract/models.ts';

/**
 * The path of `file` in `from`: for a folder, the file's name or any end of its address's path in it (so a clone of the repository, or
 * a mirror's folder, serves); for a file, itself or the file beside it. `only`: the model has no other file and a hash tells it, so a file
 * given by itself may be called anything. Throws `not-found`.
 */
export async function findLocal(file: CatalogueFile, from: string, { only = false } = {}): Promise<string> {
  const found = await stat(from).catch(() => undefined);
  if (found === undefined) throw new AppError('not-found', `There is no ${from}.`);
  const folder = found.isDirectory() ? from : dirname(from);
  if (!found.isDirectory() && (only || basename(from) === basename(file.name))) return from;
  for (const name of [...endsOf(file), file.name, basename(file.name)]) {
    const path = join(folder, name);
    if ((await stat(path).catch(() => undefined))?.isFile()) return path;
  }
  throw new AppError('not-found', `${basename(file.name)} is not in ${folder}.`);
}

/** 'a/b/c.bin', 'b/c.bin' for an address that ends so, longest first. Addresses are ours, yet no part may lead out of the folder. */
function endsOf({ addresses }: CatalogueFile): string[] {
  const ends = addresses.flatMap((address) => {
    const parts = (URL.parse(address)?.pathname ?? '')
      .split('/')
      .filter((part) => part !== '' && !/^\.{1,2}$/.test(part));
    return parts.map((_, i) => parts.slice(i).join('/')).slice(0, -1);
  });
  return [...new Set(ends)].filter((end) => !/[%\\:]/.test(end));
}

/** What is asked of a recogniser where nobody says: which one, and where what it found is written. */
import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { tagsFolder, type Home } from '../base/home.ts';
import { findTagger, listTaggers } from '../engines/registry.ts';
import type { TaggerEntry } from '../engines/tagger.ts';

/** The recogniser that comes with Inbetween. */
const DEFAULT_TAGGER = 'movinet-everyday';

/** The recogniser called `id`; without one, our own, else the first that is here. Throws as findTagger, and 'engine-unknown' where there is none. */
export async function chosenTagger(id: string | undefined): Promise<TaggerEntry> {
  if (id !== undefined) return await findTagger(id);
  const here = await listTaggers();
  const chosen = here.find((entry) => entry.id === DEFAULT_TAGGER) ?? here[0];
  if (chosen) return chosen;
  throw new AppError('engine-unknown', 'There is no recogniser here; models list shows those that can be installed.');
}

function ownPath(home: Pick<Home, 'root'>, input: string, engine: string): string {
  const name = createHash('sha256').update(`${engine}\0${input}`).digest('hex').slice(0, 24);
  return join(tagsFolder(home), `${name}.json`);
}

/** The file in the library's own folder for a clip's tags that are to be written nowhere else; its folder is made. */
export async function ownOutput(home: Pick<Home, 'root'>, input: string, engine: string): Promise<string> {
  await mkdir(tagsFolder(home), { recursive: true });
  return ownPath(home, input, engine);
}

/** Removes the files that ownOutput named for a clip that is not in the library any more. */
export async function removeOwnOutputs(
  home: Pick<Home, 'root'>,
  input: string,
  engines: readonly string[],
): Promise<void> {
  for (const engine of new Set(engines)) await rm(ownPath(home, input, engine), { force: true });
}

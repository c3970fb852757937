/** Painted masks on their way with a project: inside an .inbetween file, back into the library where it is read. */
import { readFile, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '../../../contract/errors.ts';
import type { ProjectState } from '../../../contract/project.ts';
import { masksFolder } from '../../base/home.ts';
import type { Library } from '../../library/db.ts';
import { importMaskBytes, maskPath } from '../../media/mask/painted.ts';

/** Base64 of all masks of a project; what is beyond stays behind. */
const MOST_TEXT = 32 * 2 ** 20;

type Masks = Readonly<Record<string, string>>;

function paintedOf(state: ProjectState): Set<string> {
  return new Set(Object.values(state.clips).flatMap(({ mask }) => mask?.painted ?? []));
}

function folderOf({ path }: Pick<Library, 'path'>): string {
  return masksFolder({ root: dirname(path) });
}

/** The masks that a project's clips name, as base64 of PNGs by id, and what cannot go with it. */
export async function packMasks(db: Library, state: ProjectState): Promise<{ masks: Masks; notes: string[] }> {
  const masks: Record<string, string> = {};
  let size = 0;
  let left = 0;
  for (const id of paintedOf(state)) {
    const text = (await readFile(maskPath(folderOf(db), id)).catch(() => undefined))?.toString('base64');
    if (text === undefined || size + text.length > MOST_TEXT) {
      left++;
      continue;
    }
    size += text.length;
    masks[id] = text;
  }
  const notes = left === 0 ? [] : [`${left} painted ${left === 1 ? 'mask does' : 'masks do'} not go with the file.`];
  return { masks, notes };
}

/** What other formats than ours cannot take along. */
export function lostMasks({ clips }: ProjectState): string[] {
  const masked = Object.values(clips).filter(({ mask }) => mask !== undefined).length;
  return masked === 0 ? [] : ['What was chosen or painted to stay still is not written: this format has no masks.'];
}

/**
 * Puts masks into the library and names them in the clips as they are named here. A mask that did not come and is not here is taken off its clips, which is
 * told. Throws the signal's reason.
 */
export async function takeMasks(
  db: Library,
  state: ProjectState,
  masks: Masks,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<{ state: ProjectState; notes: string[] }> {
  const folder = folderOf(db);
  const ids = new Map<string, string | undefined>();
  for (const id of paintedOf(state)) {
    ids.set(id, (await isHere(folder, id)) ? id : await taken(folder, masks[id], signal));
  }
  if (ids.size === 0) return { state, notes: [] };
  const clips = Object.entries(state.clips).map(([id, clip]) => {
    const painted = clip.mask?.painted;
    if (painted === undefined) return [id, clip] as const;
    const now = ids.get(painted);
    return [id, { ...clip, mask: { auto: clip.mask!.auto, ...(now !== undefined && { painted: now }) } }] as const;
  });
  const lost = [...ids.values()].filter((id) => id === undefined).length;
  const notes =
    lost === 0 ? [] : [`${lost} painted ${lost === 1 ? 'mask' : 'masks'} did not come with it: paint them again.`];
  return { state: { ...state, clips: Object.fromEntries(clips) }, notes };
}

/** One that is here is in use from now on: see [Note: unused masks]. */
async function isHere(folder: string, id: string): Promise<boolean> {
  const now = Date.now() / 1000;
  return await utimes(maskPath(folder, id), now, now).then(
    () => true,
    () => false,
  );
}

/** A mask that cannot be used is one that did not come. */
async function taken(folder: string, text: string | undefined, signal?: AbortSignal): Promise<string | undefined> {
  if (text === undefined) return undefined;
  try {
    return await importMaskBytes(folder, Buffer.from(text, 'base64'), signal ? { signal } : {});
  } catch (error) {
    if (error instanceof AppError && error.code === 'bad-mask') return undefined;
    throw error;
  }
}

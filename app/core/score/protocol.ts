/**
 * What is to be scored. [Note: protocols]
 *
 * A protocol is a JSON array. An entry is one of
 *   {set, id, f0, f1, gt, t}             three images; paths are relative to the protocol and may climb with '..'
 *   {set, id, video, t}                  a video: every odd frame is dropped and rebuilt; its own set, named SET:FILENAME
 *   {set, id, video, frames: [a, g, b], t}   one triplet out of a video, by frame numbers; counted in SET
 * `t` (0 < t < 1, default 0.5) is where the truth lies on the way from f0 to f1. A folder of triplets is a protocol
 * too: each subfolder with exactly three images, sorted by name, is first, truth, second at t = 0.5. So is a video
 * alone.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';

/** Three images. Paths are absolute. */
export interface ImageItem {
  readonly kind: 'images';
  readonly set: string;
  readonly id: string;
  readonly f0: string;
  readonly f1: string;
  readonly gt: string;
  readonly t: number;
}

/** One triplet of a video: frame numbers a < g < b. */
export interface TripletItem {
  readonly kind: 'triplet';
  readonly set: string;
  readonly id: string;
  readonly video: string;
  readonly frames: readonly [number, number, number];
  readonly t: number;
}

/** Every odd frame of a video that has a frame after it. */
export interface DropOddItem {
  readonly kind: 'drop-odd';
  readonly set: string;
  readonly id: string;
  readonly video: string;
  readonly t: number;
}

export type ScoreItem = ImageItem | TripletItem | DropOddItem;

/** The name of the set that a video alone, without a protocol, belongs to. */
const VIDEO_SET = 'video_drop_odd';
const IMAGE = /\.(png|jpe?g|webp|bmp|tiff?|exr|ppm)$/i;

const text = z.string().min(1).max(4096);
const timestep = z.number().gt(0).lt(1).default(0.5);
const frameNumber = z.number().int().min(0).max(10_000_000);
const imageEntry = z.object({ set: text, id: text, f0: text, f1: text, gt: text, t: timestep });
const videoEntry = z.object({
  set: text,
  id: text,
  video: text,
  frames: z
    .tuple([frameNumber, frameNumber, frameNumber])
    .refine(([a, g, b]) => a < g && g < b, 'must ascend')
    .optional(),
  t: timestep,
});
const MAX_ENTRIES = 1_000_000;

/**
 * The items of `path`: a protocol.json, a folder of triplets or a video ([Note: protocols]). Files named by a
 * protocol are looked for here, so that a run does not stop half way. Throws 'not-found' and 'bad-protocol', both
 * naming the entry.
 */
export async function readProtocol(path: string): Promise<ScoreItem[]> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new AppError('not-found', `There is nothing to score at '${path}'.`, { cause });
  });
  if (info.isDirectory()) return await folderItems(path);
  if (!/\.json$/i.test(path)) {
    return [
      { kind: 'drop-odd', set: `${VIDEO_SET}:${basename(path)}`, id: basename(path), video: resolve(path), t: 0.5 },
    ];
  }
  const items = parseProtocol(await readFile(path, 'utf8'), path);
  await requireFiles(items);
  return items;
}

/** The items of a protocol's text; `path` is where it lies. Throws 'bad-protocol'. */
export function parseProtocol(json: string, path: string): ScoreItem[] {
  let entries: unknown;
  try {
    entries = JSON.parse(json);
  } catch (cause) {
    throw new AppError('bad-protocol', `'${path}' is not JSON: ${(cause as Error).message}.`, { cause });
  }
  if (!Array.isArray(entries) || entries.length === 0 || entries.length > MAX_ENTRIES) {
    throw new AppError('bad-protocol', `'${path}' must be an array of 1 to ${MAX_ENTRIES} entries.`);
  }
  return entries.map((entry: unknown, index) => parseEntry(entry, index, path));
}

function parseEntry(entry: unknown, index: number, path: string): ScoreItem {
  const at = (name: string) => resolve(dirname(path), name);
  if (typeof entry === 'object' && entry !== null && 'video' in entry) {
    const { frames, ...rest } = checked(videoEntry, entry, index, path);
    const video = at(rest.video);
    if (frames) return { kind: 'triplet', ...rest, video, frames };
    return { kind: 'drop-odd', ...rest, video, set: `${rest.set}:${basename(video)}` };
  }
  const { f0, f1, gt, ...rest } = checked(imageEntry, entry, index, path);
  return { kind: 'images', ...rest, f0: at(f0), f1: at(f1), gt: at(gt) };
}

function checked<T>(schema: z.ZodType<T>, entry: unknown, index: number, path: string): T {
  const result = schema.safeParse(entry);
  if (result.success) return result.data;
  const { message, path: key } = result.error.issues[0]!;
  const where = key.length > 0 ? `, '${key.join('.')}'` : '';
  throw new AppError('bad-protocol', `Entry ${index}${nameOf(entry)} of '${path}'${where}: ${message}.`);
}

function nameOf(entry: unknown): string {
  const id = typeof entry === 'object' && entry !== null && 'id' in entry ? entry.id : undefined;
  return typeof id === 'string' ? ` ('${id}')` : '';
}

async function requireFiles(items: readonly ScoreItem[]): Promise<void> {
  const seen = new Set<string>();
  for (const item of items) {
    for (const path of item.kind === 'images' ? [item.f0, item.gt, item.f1] : [item.video]) {
      if (seen.has(path)) continue;
      seen.add(path);
      const info = await stat(path).catch(() => undefined);
      if (!info?.isFile()) {
        throw new AppError('not-found', `Entry '${item.id}' of set '${item.set}' names '${path}', which is not there.`);
      }
    }
  }
}

async function folderItems(folder: string): Promise<ScoreItem[]> {
  const set = basename(resolve(folder));
  const items: ScoreItem[] = [];
  for (const name of await subfolders(folder)) {
    const images = (await readdir(join(folder, name))).filter((file) => IMAGE.test(file)).toSorted();
    if (images.length === 0) continue;
    const [f0, gt, f1] = images.map((file) => resolve(folder, name, file));
    if (images.length !== 3 || !f0 || !gt || !f1) {
      throw new AppError(
        'bad-protocol',
        `'${join(folder, name)}' holds ${images.length} images; a triplet is three: first, truth, second by name.`,
      );
    }
    items.push({ kind: 'images', set, id: name, f0, gt, f1, t: 0.5 });
  }
  if (items.length > 0) return items;
  throw new AppError('bad-protocol', `'${folder}' holds no triplets: subfolders with three images each.`);
}

/** Every folder below `folder`, itself included as '.', by path. */
async function subfolders(folder: string): Promise<string[]> {
  const names = ['.'];
  const visit = async (name: string): Promise<void> => {
    for (const entry of await readdir(join(folder, name), { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      names.push(join(name, entry.name));
      await visit(join(name, entry.name));
    }
  };
  await visit('.');
  return names.toSorted();
}

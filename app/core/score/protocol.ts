/**
 * What is to be scored. [Note: protocols]
 *
 * A protocol is a JSON array. An entry is one of
 *   {set, id, f0, f1, gt, t}             three images; paths are relative to the protocol and may climb with '..'
 *   {set, id, video, t}                  a video: every odd frame is dropped and rebuilt; its own set, named SET:FILENAME
 *   {set, id, video, frames: [a, g, b], t}   one triplet out of a video, by frame numbers; counted in SET
 *   {set, id, video, window: [first, stride], frames, size}   a window: `frames` (3 to 64, default 16) frames of a video, the first of them number `first`, every
 *       `stride`th of those after it, cut to their centre square and reduced to `size` pixels (16 to 1024, default 64); its ends are given, those between are
 *       the truth (windows.ts). A protocol of windows has no other entries.
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

/** Evenly spaced frames of a video, made square: [Note: protocols]. */
export interface WindowItem {
  readonly kind: 'window';
  readonly set: string;
  readonly id: string;
  readonly video: string;
  readonly window: readonly [first: number, stride: number];
  readonly frames: number;
  readonly size: number;
}

/** What gives single frames to rebuild. */
export type FrameItem = ImageItem | TripletItem | DropOddItem;
export type ScoreItem = FrameItem | WindowItem;

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
const windowEntry = z.object({
  set: text,
  id: text,
  video: text,
  window: z.tuple([frameNumber, z.number().int().min(1).max(1000)]),
  frames: z.number().int().min(3).max(64).default(16),
  size: z.number().int().min(16).max(1024).default(64),
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
  const items = entries.map((entry: unknown, index) => parseEntry(entry, index, path));
  const windows = items.filter(({ kind }) => kind === 'window').length;
  if (windows > 0 && windows < items.length)
    throw new AppError(
      'bad-protocol',
      `'${path}' has windows and other entries; a protocol of windows has windows only.`,
    );
  return items;
}

function parseEntry(entry: unknown, index: number, path: string): ScoreItem {
  const at = (name: string) => resolve(dirname(path), name);
  if (typeof entry === 'object' && entry !== null && 'window' in entry) {
    const window = checked(windowEntry, entry, index, path);
    return { kind: 'window', ...window, video: at(window.video) };
  }
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

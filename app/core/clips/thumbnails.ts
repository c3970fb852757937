/** What a clip's card shows: a poster, and a sprite of small pictures for scrubbing over it. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { VideoInfo } from '../../contract/media.ts';
import { asDiskFull, makeFolder, renameDurably } from '../base/durable.ts';
import type { Home } from '../base/home.ts';
import { runFfmpeg } from '../media/ffmpeg.ts';
import { decodePictures, type Pictures } from './pictures.ts';

/** Files of one clip below HOME/thumbnails. */
export interface ClipFiles {
  readonly folder: string;
  readonly thumb: string;
  readonly sprite: string;
  readonly peaks: string;
}

export function thumbnailsFolder(home: Pick<Home, 'root'>): string {
  return join(home.root, 'thumbnails');
}

export function clipFiles(home: Pick<Home, 'root'>, id: string): ClipFiles {
  const folder = join(thumbnailsFolder(home), id);
  return {
    folder,
    thumb: join(folder, 'thumb.jpg'),
    sprite: join(folder, 'sprite.jpg'),
    peaks: join(folder, 'peaks.i8'),
  };
}

/** Makes poster and sprite; the number of pictures in the sprite. Throws as decodePictures. */
export async function makeThumbnails(info: VideoInfo, files: ClipFiles, signal?: AbortSignal): Promise<number> {
  const pictures = await decodePictures(info, signal);
  const { width, height, rgb } = pictures;
  await putFile(files, files.thumb, await jpeg(rgb[posterOf(rgb)]!, width, height, signal));
  await putFile(files, files.sprite, await jpeg(spriteOf(pictures), (width / 2) * rgb.length, height / 2, signal));
  return rgb.length;
}

/** Writes a file of a clip whole or not at all. Throws disk-full. */
export async function putFile(files: ClipFiles, path: string, bytes: Uint8Array): Promise<void> {
  try {
    await makeFolder(files.folder);
    await writeFile(`${path}.part`, bytes);
    await renameDurably(`${path}.part`, path);
  } catch (error) {
    await rm(`${path}.part`, { force: true });
    throw asDiskFull(error, path);
  }
}

export async function removeClipFiles(files: ClipFiles): Promise<void> {
  await rm(files.folder, { recursive: true, force: true });
}

/** The first picture of the first half that is neither black nor white nor all of one colour; where there is none, the one with most to see. */
export function posterOf(rgb: readonly Uint8Array[]): number {
  const looks = rgb.map(lookOf);
  const early = looks.slice(0, Math.max(1, Math.ceil(rgb.length / 2)));
  const found = early.findIndex(({ mean, variance }) => mean > 24 && mean < 232 && variance > 150);
  if (found >= 0) return found;
  return looks.reduce((best, { variance }, i) => (variance > looks[best]!.variance ? i : best), 0);
}

/** Mean and variance of green, of every fourth pixel. */
function lookOf(picture: Uint8Array): { mean: number; variance: number } {
  let [sum, squares, count] = [0, 0, 0];
  for (let i = 1; i < picture.length; i += 12, count++) {
    const green = picture[i]!;
    sum += green;
    squares += green * green;
  }
  const mean = sum / count;
  return { mean, variance: squares / count - mean * mean };
}

/** The pictures at half their size, side by side. */
function spriteOf({ width, height, rgb }: Pictures): Uint8Array {
  const [w, h] = [width / 2, height / 2];
  const out = new Uint8Array(3 * w * h * rgb.length);
  for (const [n, picture] of rgb.entries()) {
    for (let y = 0; y < h; y++) {
      let to = 3 * (y * w * rgb.length + n * w);
      for (let x = 0; x < w; x++) {
        const from = 3 * (2 * y * width + 2 * x);
        for (let c = from; c < from + 3; c++) {
          const sum = picture[c]! + picture[c + 3]! + picture[c + 3 * width]! + picture[c + 3 * width + 3]!;
          out[to++] = (sum + 2) >> 2;
        }
      }
    }
  }
  return out;
}

async function jpeg(rgb: Uint8Array, width: number, height: number, signal?: AbortSignal): Promise<Uint8Array> {
  const input = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`, '-i', 'pipe:0'];
  const encoder = ['-frames:v', '1', '-c:v', 'mjpeg', '-q:v', '4', '-pix_fmt', 'yuvj420p', '-f', 'mjpeg', 'pipe:1'];
  return (await runFfmpeg([...input, ...encoder], { signal, input: rgb, logLevel: 'error' })).stdout;
}

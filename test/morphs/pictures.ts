/** Stills and frames as small RGB pictures, and sheets of them. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeRgbPng } from '../../app/core/demo/png.ts';
import type { Picture } from '../../app/core/engines/guide/fields.ts';
import { reduce } from '../../app/core/engines/guide/reduce.ts';
import { toRgb8, type Rgb8 } from '../../app/core/score/rgb.ts';
import { openImage, openVideo } from '../../app/core/score/sources.ts';
import { pictureOf, rgbOf } from '../../app/core/score/windows.ts';
import { ffmpegOutput } from '../support/clips.ts';

/** Frames `numbers` (ascending) of a video. */
export async function framesOf(path: string, numbers: readonly number[]): Promise<Rgb8[]> {
  const { colour, frames } = await openVideo(path);
  const found: Rgb8[] = [];
  for await (const frame of frames(numbers.at(-1)))
    if (numbers.includes(frame.index)) found.push(toRgb8(frame, colour, 'replicate'));
  return found;
}

export const stillOf = openImage;

/** At `height` lines and the width of its aspect, both even; 8 bits again. */
export function atHeight(picture: Rgb8, height: number, width = evenWidth(picture, height)): Rgb8 {
  return rgbOf(reduce(pictureOf(picture), width, height));
}

function evenWidth({ width, height }: Rgb8, to: number): number {
  return 2 * Math.round((to * width) / height / 2);
}

/** The middle of a picture, as wide as `like` is in proportion. */
export function croppedLike(picture: Rgb8, like: Rgb8): Rgb8 {
  const width = Math.min(picture.width, Math.floor((picture.height * like.width) / like.height));
  const height = Math.min(picture.height, Math.floor((picture.width * like.height) / like.width));
  return cut(picture, (picture.width - width) >> 1, (picture.height - height) >> 1, width, height);
}

export function cut(picture: Rgb8, left: number, top: number, width: number, height: number): Rgb8 {
  const plane = (from: Uint8Array): Uint8Array => {
    const out = new Uint8Array(width * height);
    for (let y = 0; y < height; y++) {
      const at = (top + y) * picture.width + left;
      out.set(from.subarray(at, at + width), y * width);
    }
    return out;
  };
  return { width, height, r: plane(picture.r), g: plane(picture.g), b: plane(picture.b) };
}

export function rounded(width: number, height: number, data: Float32Array): Rgb8 {
  const picture: Picture = { width, height, data };
  return rgbOf(picture);
}

const GAP = 3;

/** Of ffmpeg's qualities (2 the best, 31 the worst) the first that is small enough is taken. */
const QUALITIES = [4, 6, 8, 10, 13, 16];
const MOST_BYTES = 150_000;

/** Rows of pictures of one size beside each other, white between them, as a JPEG at `path`. */
export async function writeSheet(path: string, rows: readonly (readonly Rgb8[])[]): Promise<void> {
  const { width: w, height: h } = rows[0]![0]!;
  const columns = Math.max(...rows.map((row) => row.length));
  const [width, height] = [columns * (w + GAP) - GAP, rows.length * (h + GAP) - GAP];
  const planes = (['r', 'g', 'b'] as const).map((channel) => {
    const out = new Uint8Array(width * height).fill(255);
    rows.forEach((row, j) =>
      row.forEach((picture, i) => {
        for (let y = 0; y < h; y++)
          out.set(picture[channel].subarray(y * w, (y + 1) * w), (j * (h + GAP) + y) * width + i * (w + GAP));
      }),
    );
    return out;
  });
  const folder = await mkdtemp(join(tmpdir(), 'inbetween-sheet-'));
  try {
    const png = join(folder, 'sheet.png');
    await writeRgbPng(png, { width, height, r: planes[0]!, g: planes[1]!, b: planes[2]! });
    for (const quality of QUALITIES) {
      ffmpegOutput('-i', png, '-q:v', String(quality), '-y', `file:${path}`);
      if ((await stat(path)).size <= MOST_BYTES) break;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

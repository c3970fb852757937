/**
 * Masks that people paint: grey PNGs in the library, white where nothing moves, named by their own SHA-256. [Note: painted masks]
 *
 * They are stretched over the picture as it is shown (upright, before its pixels are made square), so one mask does for every size of a clip.
 * A mask is never changed, and deleted only when no project, history or job has named it for a month (projects/mask-sweep.ts).
 */
import { createHash } from 'node:crypto';
import { access, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../../contract/errors.ts';
import { makeFolder, renameDurably, syncFile } from '../../base/durable.ts';
import { runFfmpeg } from '../ffmpeg.ts';
import type { Frame } from '../frame.ts';
import { pixelFormat } from '../pixel-format.ts';
import { readStill, writeStill } from '../stills.ts';
import type { Weights } from './weights.ts';

/** Bytes of a file that is taken as a mask, and pixels of its picture. */
const MOST_BYTES = 64 * 2 ** 20;
const MOST_PIXELS = 8192 * 8192;

/** Formats of ffmpeg's that hold one picture. */
const PICTURE = /_pipe$|^image/;

/** Path of a mask in the folder of masks. */
export function maskPath(folder: string, id: string): string {
  return join(folder, `${id}.png`);
}

/** Throws mask-missing, naming it and who asks for it. */
export async function requireMask(folder: string, id: string, whose: string): Promise<void> {
  await access(maskPath(folder, id)).catch((cause: unknown) => {
    throw new AppError(
      'mask-missing',
      `The painted mask ${id.slice(0, 12)} of ${whose} is not in this library: paint it again, choose another, or take it away.`,
      { cause },
    );
  });
}

/**
 * Takes a picture into the library as a mask and returns its id: grey by its luma, 8 bits, over black where it is transparent. The same picture is the same
 * mask. Throws bad-mask for what is no picture or too large, not-found, not-a-file, and what writing throws.
 */
export async function importMask(
  folder: string,
  path: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<string> {
  const { size } = await stat(path).catch((cause: unknown) => {
    throw new AppError('not-found', `There is no mask at ${path}.`, { cause });
  });
  if (size > MOST_BYTES) throw new AppError('bad-mask', `${path} is larger than the 64 MiB that a mask may have.`);
  const { frame, info } = await readStill(path, options).catch((error: unknown) => {
    if (!(error instanceof AppError) || error.kind === 'cancelled' || error.code === 'not-a-file') throw error;
    throw new AppError('bad-mask', `${path} cannot be used as a mask: ${error.message}`, { cause: error });
  });
  if (!PICTURE.test(info.format))
    throw new AppError('bad-mask', `${path} is a film; a mask is one picture, a PNG for one.`);
  if (frame.width * frame.height > MOST_PIXELS) {
    throw new AppError('bad-mask', `${path} has ${frame.width}x${frame.height} pixels; a mask has at most 8192x8192.`);
  }
  await makeFolder(folder);
  const scratch = await mkdtemp(join(folder, '.new-'));
  try {
    const written = join(scratch, 'mask.png');
    await writeStill(greyOf(frame), written, options);
    const id = createHash('sha256')
      .update(await readFile(written))
      .digest('hex');
    await syncFile(written);
    await renameDurably(written, maskPath(folder, id));
    return id;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** What was painted, from bytes that came over the wire. Throws as importMask. */
export async function importMaskBytes(
  folder: string,
  bytes: Uint8Array,
  options: { readonly signal?: AbortSignal } = {},
): Promise<string> {
  // Decoders of other formats than this are not offered what a page sends.
  if (PNG.some((value, i) => bytes[i] !== value)) throw new AppError('bad-mask', 'A painted mask is sent as a PNG.');
  const scratch = await mkdtemp(join(tmpdir(), 'inbetween-mask-'));
  try {
    const path = join(scratch, 'painted.png');
    await writeFile(path, bytes);
    return await importMask(folder, path, options);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** The mask as weights of a picture of that size, scaled by areas. Throws mask-missing where it is not there or not what it was. */
export async function paintedWeights(
  folder: string,
  id: string,
  { width, height }: { readonly width: number; readonly height: number },
  options: { readonly signal?: AbortSignal } = {},
): Promise<Weights> {
  const gone = (why: string, cause?: unknown): AppError =>
    new AppError('mask-missing', `The painted mask ${id.slice(0, 12)} ${why}.`, { cause });
  const bytes = await readFile(maskPath(folder, id)).catch((cause: unknown) => {
    throw gone('is not in this library', cause);
  });
  if (createHash('sha256').update(bytes).digest('hex') !== id) throw gone('was changed in the library');
  const filter = `scale=${width}:${height}:flags=area+accurate_rnd:in_range=full:out_range=full,format=gray`;
  const args = ['-f', 'png_pipe', '-i', 'pipe:0', '-frames:v', '1', '-vf', filter, '-f', 'rawvideo', 'pipe:1'];
  const { stdout } = await runFfmpeg(args, { ...options, input: bytes, maxOutput: width * height });
  if (stdout.length !== width * height) throw gone('cannot be decoded');
  return { width, height, data: Uint8Array.from(stdout) };
}

/** Luma (BT.601, as a picture of a page has it) in 8 bits, darker by what is transparent. */
function greyOf({ format, width, height, planes }: Frame): Frame {
  const of = (channel: string) => planes[format.planes.findIndex((plane) => plane.channel === channel)]?.data;
  const most = 2 ** format.bits - 1;
  const [y, g, b, r, a] = [of('y'), of('g'), of('b'), of('r'), of('a')];
  const data = new Uint8Array(width * height);
  for (let i = 0; i < data.length; i++) {
    const luma = y ? y[i]! : 0.299 * r![i]! + 0.587 * g![i]! + 0.114 * b![i]!;
    data[i] = Math.round((luma * 255 * (a ? a[i]! / most : 1)) / most);
  }
  return { format: pixelFormat('gray'), width, height, planes: [{ width, height, data }], index: 0, time: 0 };
}

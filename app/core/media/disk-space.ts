/** Room on the disk: asked before a job runs, watched while it does. */
import { stat, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { isErrno } from '../base/durable.ts';
import type { OutputPlan } from './output-format.ts';
import { rawInputBytes } from './raw-layout.ts';

/** Bytes a user may still write on the disk of `path`; what is not there yet is looked for in its nearest folder that is. */
export async function freeBytes(path: string): Promise<number> {
  return (await diskOf(path)).free;
}

interface Disk {
  readonly id: number;
  readonly free: number;
}

async function diskOf(path: string): Promise<Disk> {
  for (let at = resolve(path); ; at = dirname(at)) {
    try {
      const { bavail, bsize } = await statfs(at);
      return { id: (await stat(at)).dev, free: bavail * bsize };
    } catch (error) {
      if (!isErrno(error, 'ENOENT', 'ENOTDIR') || dirname(at) === at) throw error;
    }
  }
}

/** Bytes of a pixel at default quality, on the generous side: grainy footage needs this much, most needs a third. */
const PIXEL_BYTES: Readonly<Record<string, number>> = { h264: 0.25, hevc: 0.15, av1: 0.12, vp9: 0.2 };
const PRORES_BYTES = [0.11, 0.25, 0.36, 0.54, 0.8, 1.2];
/** Of rawvideo, for the lossless. */
const RAW_SHARE: Readonly<Record<string, number>> = { ffv1: 0.75, png: 0.9, exr: 2 };

/** About how many bytes `frames` frames take, and `seconds` of sound: an upper guess, not a promise. */
export function estimateBytes(plan: OutputPlan, frames: number, seconds = 0): number {
  const { input, codec, quality } = plan;
  const share = RAW_SHARE[codec];
  const pixels = input.width * input.height;
  const deep = /1[0-6]le$/.test(plan.pixelFormat) ? 1.3 : 1;
  const scale = codec === 'h264' || codec === 'hevc' ? 2 ** (((codec === 'h264' ? 18 : 20) - quality) / 6) : 1;
  const perFrame =
    share !== undefined
      ? rawInputBytes(input) * share
      : codec === 'prores'
        ? pixels * (PRORES_BYTES[quality] ?? 1.2)
        : pixels * (PIXEL_BYTES[codec] ?? 0.25) * deep * scale;
  const perSecond = plan.audio === undefined ? 0 : plan.audio.args.length > 0 ? 40_000 : 300_000;
  return Math.ceil(frames * (perFrame + 200) + seconds * perSecond + 65_536);
}

/** Room that is left alone. */
const RESERVE = 64 << 20;

/**
 * Throws disk-space unless every disk has room for all that goes there: `needs` lists folder or file, and bytes. Places on
 * one disk are added up.
 */
export async function requireSpace(needs: readonly { readonly path: string; readonly bytes: number }[]): Promise<void> {
  const disks = new Map<number, { free: number; bytes: number; path: string }>();
  for (const { path, bytes } of needs) {
    const { id, free } = await diskOf(path);
    const disk = disks.get(id) ?? { free, bytes: 0, path };
    disk.bytes += bytes;
    disks.set(id, disk);
  }
  for (const { free, bytes, path } of disks.values()) {
    if (free >= bytes + RESERVE) continue;
    throw new AppError(
      'disk-space',
      `About ${readable(bytes)} are needed on the disk of ${path}, and ${readable(free)} are free. Free some, or write elsewhere.`,
    );
  }
}

function readable(bytes: number): string {
  const gigabytes = bytes / 1e9;
  return gigabytes >= 1 ? `${gigabytes.toFixed(1)} GB` : `${Math.max(1, Math.round(bytes / 1e6))} MB`;
}

/**
 * A check to call as often as one likes while writing to `paths`; it looks at most every `everyMs`. The returned function throws disk-full
 * when less than `reserve` bytes are left.
 */
export function watchSpace(
  paths: readonly string[],
  { reserve = RESERVE, everyMs = 1000 }: { reserve?: number; everyMs?: number } = {},
): () => Promise<void> {
  let next = 0;
  return async () => {
    const now = performance.now();
    if (now < next) return;
    next = now + everyMs;
    for (const path of paths) {
      const free = await freeBytes(path);
      if (free >= reserve) continue;
      throw new AppError('disk-full', `The disk of ${path} is nearly full: ${readable(free)} are left.`);
    }
  };
}

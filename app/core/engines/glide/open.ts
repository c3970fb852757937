/** How glide is opened: whole pictures up to a bound on memory, tiles above it. */
import type { PixelFormat } from '../../media/frame.ts';
import { RESERVED, STACK } from '../../kernels/module.ts';
import type { EngineSetup, Interpolator } from '../engine.ts';
import { tiled, tiledBytes, type Tiling } from '../tiles.ts';
import { Glide } from './index.ts';
import { createLayout } from './layout.ts';
import type { Settings } from './settings.ts';

/**
 * Kernel memory above which a picture is cut into tiles: 8K of every format and preset needs at most 1.2 GiB. The same on every
 * machine, because where a picture is cut shows in its bytes, and a chunk's key does not know the machine.
 */
export const WHOLE_BYTES = 1.5 * 2 ** 30;

/** What a worker thread takes by itself: a JavaScript engine of its own. */
const THREAD_BYTES = 12 * 2 ** 20;

/** Bytes of kernel memory for pictures of a format and size, with one thread; each further one takes a stack and a line of scratch. */
export function glideBytes(format: PixelFormat, width: number, height: number, settings: Settings): number {
  return createLayout(RESERVED + STACK, format, width, height, 1, settings).end;
}

/** Glide for pictures of any size; `maxBytes` of kernel memory is for tests. Throws what Glide throws. */
export function openGlide(setup: EngineSetup, settings: Settings, maxBytes = WHOLE_BYTES): Promise<Interpolator> {
  return tiled(async (inner) => new Glide(inner, settings), setup, tiling(settings, maxBytes));
}

function tiling(settings: Settings, maxBytes = WHOLE_BYTES): Tiling {
  return { bytes: (format, width, height) => glideBytes(format, width, height, settings), maxBytes };
}

/** `EngineEntry.memory`. */
export function glideMemory(setup: EngineSetup, settings: Settings, format: PixelFormat): number {
  return tiledBytes(format, setup, tiling(settings)) + setup.threads * (STACK + THREAD_BYTES);
}

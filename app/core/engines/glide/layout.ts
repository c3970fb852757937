/**
 * Where everything lies in the kernels' memory, for one picture size and format. Plain data: it is posted to the workers.
 *
 * [Note: flow size] Flow is found on luma reduced by a power of two (`factor`) until it has at most `flowPixels` pixels.
 * Only the last warp touches the native planes, row by row with the flow interpolated on the fly, so an 8K picture
 * needs its planes and half a megapixel of fields. Only where the planes alone are too much is it cut into tiles (open.ts).
 */
import { Arena, gridOf, takeField } from '../../kernels/arena.ts';
import type { Grid } from '../../kernels/arena.ts';
import { planeHeight, planeWidth } from '../../media/frame.ts';
import type { PixelFormat } from '../../media/frame.ts';
import type { Settings } from './settings.ts';

/** A flow and what was found with it, for one direction. */
export interface Flow {
  /** Per level. */
  readonly u: readonly number[];
  readonly v: readonly number[];
  /** Trust of the finest level's flow, and the least and greatest v of its rows. */
  readonly weight: number;
  readonly vmin: number;
  readonly vmax: number;
  readonly patchU: number;
  readonly patchV: number;
  readonly patchE: number;
  readonly solver: Solver;
}

/** Fields of the variational solver; shared by all levels. */
export interface Solver {
  readonly mean: number;
  readonly diff: number;
  readonly seen: number;
  readonly u0: number;
  readonly v0: number;
  readonly d1: number;
  readonly d2: number;
  readonly a12: number;
  readonly c1: number;
  readonly c2: number;
  readonly wx: number;
  readonly wy: number;
  readonly su: number;
  readonly sv: number;
}

/** Fields of the synthesis, at the finest level. */
export interface Middle {
  /** Splat cells of the two directions: per level of the hole filling. */
  readonly cells: readonly (readonly number[])[];
  readonly u: readonly number[];
  readonly v: readonly number[];
  readonly weight: readonly number[];
  readonly error: readonly number[];
  readonly smoothError: readonly number[];
  readonly share: number;
  /** Weight of the second choice (u[3], v[3]), and a field of zeros. */
  readonly second: number;
  readonly zero: number;
  /** One float a row: trust summed over it. */
  readonly sums: number;
}

export interface PlanePlace {
  readonly w: number;
  readonly h: number;
  /** Pixels of the plane for one pixel of flow. */
  readonly ratioX: number;
  readonly ratioY: number;
  readonly bytes: number;
  /** The plane of the picture in each slot, and of the frame being made. */
  readonly slots: readonly [number, number];
  readonly out: number;
}

export interface Layout {
  readonly factor: number;
  readonly grids: readonly Grid[];
  readonly cellGrids: readonly { readonly w: number; readonly h: number }[];
  /** Pyramids of luma (0 to 255) of the two slots; a pair says which slot is its first picture. */
  readonly pictures: readonly (readonly number[])[];
  readonly flows: readonly Flow[];
  /** Level of the wide search (-1 for none) and what it finds in each direction: all u, then all v. */
  readonly wideLevel: number;
  readonly wide: readonly number[];
  readonly middle: Middle;
  readonly planes: readonly PlanePlace[];
  /** Scratch of each thread. */
  readonly scratch: readonly number[];
  readonly bytesPerSample: 1 | 2;
  readonly bits: number;
  /** Bytes of memory needed. */
  readonly end: number;
}

function grids(width: number, height: number, settings: Settings): { factor: number; levels: Grid[] } {
  let factor = 1;
  const size = (n: number): number => Math.ceil(n / factor);
  while (size(width) * size(height) > settings.flowPixels) factor *= 2;
  const levels = [gridOf(size(width), size(height))];
  for (let last = levels[0]; last && Math.min(last.w, last.h) >= 2 * settings.coarsest;) {
    last = gridOf((last.w + 1) >> 1, (last.h + 1) >> 1);
    levels.push(last);
  }
  return { factor, levels };
}

function takeSolver(field: () => number): Solver {
  return {
    mean: field(),
    diff: field(),
    seen: field(),
    u0: field(),
    v0: field(),
    d1: field(),
    d2: field(),
    a12: field(),
    c1: field(),
    c2: field(),
    wx: field(),
    wy: field(),
    su: field(),
    sv: field(),
  };
}

/** Patches along an axis, one every `step` pixels and one flush with the border. */
export function patchCount(size: number, step: number): number {
  return size <= 8 ? 1 : Math.ceil((size - 8) / step) + 1;
}

function takePlanes(arena: Arena, format: PixelFormat, width: number, height: number, factor: number): PlanePlace[] {
  return format.planes.map((layout) => {
    const w = planeWidth(layout, width);
    const h = planeHeight(layout, height);
    const bytes = w * h * format.bytesPerSample;
    const ratioX = factor / (1 << layout.shiftX);
    const ratioY = factor / (1 << layout.shiftY);
    // Four samples are read at once: leave room after the last.
    const take = (): number => arena.take(bytes + 64);
    return { w, h, ratioX, ratioY, bytes, slots: [take(), take()], out: take() };
  });
}

/** `idle` is a solver no synthesis uses: what lives only until the flow is chosen lives in its fields. */
function takeMiddle(
  arena: Arena,
  idle: Solver,
  field: () => number,
  cellGrids: Layout['cellGrids'],
  rows: number,
): Middle {
  const cells = (): number[] => cellGrids.map(({ w, h }) => arena.take(w * h * 16));
  return {
    cells: [cells(), cells()],
    u: [idle.d1, idle.d2, field(), field()],
    v: [idle.c1, idle.c2, field(), field()],
    weight: [idle.wx, idle.wy],
    error: [idle.su, idle.sv, idle.a12],
    smoothError: [idle.mean, idle.diff, idle.seen],
    second: field(),
    zero: field(),
    share: field(),
    sums: arena.take(rows * 4),
  };
}

/** Lays out the memory from `base` up for pictures of this size and format and a team of `threads`. */
export function createLayout(
  base: number,
  format: PixelFormat,
  width: number,
  height: number,
  threads: number,
  settings: Settings,
): Layout {
  const arena = new Arena(base);
  const { factor, levels } = grids(width, height, settings);
  const finest = levels[0] ?? gridOf(width, height);
  const field = (): number => takeField(arena, finest);
  const picture = (): number[] => levels.map((grid) => takeField(arena, grid));
  const flow = (): Flow => {
    const patches = patchCount(finest.w, settings.step[0]) * patchCount(finest.h, settings.step[0]) + 64;
    return {
      u: levels.map((grid) => takeField(arena, grid)),
      v: levels.map((grid) => takeField(arena, grid)),
      weight: field(),
      vmin: arena.take(finest.h * 4),
      vmax: arena.take(finest.h * 4),
      patchU: arena.take(patches * 4),
      patchV: arena.take(patches * 4),
      patchE: arena.take(patches * 4),
      solver: takeSolver(field),
    };
  };
  const [there, back] = [flow(), flow()];
  const cellGrids = [{ w: finest.w, h: finest.h }];
  for (let last = cellGrids[0]; last && (last.w > 1 || last.h > 1);) {
    last = { w: (last.w + 1) >> 1, h: (last.h + 1) >> 1 };
    cellGrids.push(last);
  }
  const wideLevel = settings.wide.size ? levels.findLastIndex(({ w, h }) => Math.min(w, h) >= settings.wide.size) : -1;
  const wideGrid = levels[wideLevel];
  const wideStep = settings.step[wideLevel === 0 ? 0 : 1];
  const widePatches = wideGrid ? patchCount(wideGrid.w, wideStep) * patchCount(wideGrid.h, wideStep) : 0;
  const line = (finest.w + 6 * width + 96) * 4;
  return {
    factor,
    grids: levels,
    cellGrids,
    pictures: [picture(), picture()],
    flows: [there, back],
    wideLevel,
    wide: [arena.take(widePatches * 8), arena.take(widePatches * 8)],
    middle: takeMiddle(arena, back.solver, field, cellGrids, finest.h),
    planes: takePlanes(arena, format, width, height, factor),
    scratch: Array.from({ length: threads }, () => arena.take(line)),
    bytesPerSample: format.bytesPerSample,
    bits: format.bits,
    end: arena.end,
  };
}

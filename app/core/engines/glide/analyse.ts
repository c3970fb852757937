/** The analysis of a pair: pyramids, both flows coarse to fine, and how far each can be trusted. Runs in every thread: [Note: team]. */
import type { Grid } from '../../kernels/arena.ts';
import type { Team } from '../../kernels/team.ts';
import { patchCount } from './layout.ts';
import type { Flow, Layout } from './layout.ts';
import { refine } from './refine.ts';
import type { Settings } from './settings.ts';

/** Rows of a band of work; fixed, see [Note: team]. */
export const BAND = 16;
/** Rows of patches that pass displacements on to each other. */
const STRIPE = 8;

/** How luma is mixed from planes: index of the plane and its weight. */
export type LumaMix = readonly { readonly plane: number; readonly weight: number }[];

export interface PrepareTask {
  readonly layout: Layout;
  /** Slot whose pyramid is made from its planes. */
  readonly slot: 0 | 1;
  readonly mix: LumaMix;
}

/** Fills one slot's pyramid from the planes already copied in. */
export function prepare(team: Team, { layout, slot, mix }: PrepareTask): void {
  const { kernels: k } = team;
  const levels = layout.pictures[slot] ?? [];
  const luma = layout.bytesPerSample === 1 ? k.luma8 : k.luma16;
  const scale = 2 ** (8 - layout.bits);
  levels.forEach((level, n) => {
    const grid = layout.grids[n];
    const finer = levels[n - 1];
    const finerGrid = layout.grids[n - 1];
    if (!grid) return;
    team.rows(grid.h, BAND, (y0, y1) => {
      if (finer && finerGrid) k.down2(finer, finerGrid.stride, level, grid.w, grid.stride, y0, y1);
      else {
        mix.forEach(({ plane, weight }, add) => {
          const place = layout.planes[plane];
          if (!place) return;
          luma(
            place.slots[slot],
            place.w,
            place.h,
            layout.factor,
            weight * scale,
            add,
            level,
            grid.w,
            grid.stride,
            y0,
            y1,
          );
        });
      }
      k.pad(level, grid.w, grid.h, grid.stride, y0, y1);
    });
  });
}

export interface AnalyseTask {
  readonly layout: Layout;
  readonly settings: Settings;
  /** Slot of the pair's first picture. */
  readonly first: 0 | 1;
}

/** Finds both flows of the pair whose pyramids are prepared. */
export function analyse(team: Team, { layout, settings, first }: AnalyseTask): void {
  const pictures = [layout.pictures[first], layout.pictures[1 - first]];
  for (let n = layout.grids.length - 1; n >= 0; n--) {
    searchLevel(team, layout, settings, pictures, n);
    refineLevel(team, layout, settings, pictures, n);
  }
  weigh(team, layout, settings, pictures);
}

type Pictures = readonly (readonly number[] | undefined)[];

function direction(layout: Layout, pictures: Pictures, d: number, n: number): { flow: Flow; from: number; to: number } {
  const flow = layout.flows[d];
  const from = pictures[d]?.[n];
  const to = pictures[1 - d]?.[n];
  if (!flow || !from || !to) throw new Error('the layout has no such level');
  return { flow, from, to };
}

/** The patches of a level: its grid, the coarser one's, and how many there are. */
interface PatchGrid extends Grid {
  readonly n: number;
  readonly coarse: Grid | undefined;
  readonly step: number;
  readonly nx: number;
  readonly ny: number;
}

/** Patch search and densification of level n in both directions. */
function searchLevel(team: Team, layout: Layout, settings: Settings, pictures: Pictures, n: number): void {
  const { kernels: k } = team;
  const grid = layout.grids[n];
  if (!grid) return;
  const { w, h, stride } = grid;
  const step = settings.step[n === 0 ? 0 : 1];
  const [nx, ny] = [patchCount(w, step), patchCount(h, step)];
  const patches: PatchGrid = { ...grid, n, coarse: layout.grids[n + 1], step, nx, ny };
  // A picture lower than a patch needs the gradient of its border too. Its place is the solver's, whose turn comes later.
  team.rows(
    Math.max(h, 8),
    BAND,
    (y0, y1, d) => {
      const { flow, from } = direction(layout, pictures, d, n);
      k.gradient(from, flow.solver.d1, flow.solver.d2, w, stride, y0, y1);
    },
    2,
  );
  searchPatches(team, layout, settings, pictures, patches, false);
  if (n === layout.wideLevel) {
    searchWide(team, layout, settings, pictures, patches);
    searchPatches(team, layout, settings, pictures, patches, true);
  }
  team.rows(
    h,
    BAND,
    (y0, y1, d) => {
      const { flow, from, to } = direction(layout, pictures, d, n);
      const [u, v] = [flow.u[n] ?? 0, flow.v[n] ?? 0];
      const { patchU, patchV, solver } = flow;
      // prettier-ignore
      k.densify(from, to, w, h, stride, patchU, patchV, nx, ny, step, settings.densifyFloor, u, v, solver.mean, y0, y1);
      k.pad(u, w, h, stride, y0, y1);
      k.pad(v, w, h, stride, y0, y1);
    },
    2,
  );
}

/** Both passes over the patches; `wide`: with what the wide search found. */
function searchPatches(
  team: Team,
  layout: Layout,
  settings: Settings,
  pictures: Pictures,
  patches: PatchGrid,
  wide: boolean,
): void {
  const { n, w, h, stride, coarse, step, nx, ny } = patches;
  const steps = settings.steps[n === 0 ? 0 : 1];
  team.rows(
    ny,
    STRIPE,
    (p0, p1, d) => {
      const { flow, from, to } = direction(layout, pictures, d, n);
      const { patchU, patchV, patchE, solver } = flow;
      const [cu, cv] = coarse ? [flow.u[n + 1] ?? 0, flow.v[n + 1] ?? 0] : [0, 0];
      const [found, back] = wide ? [layout.wide[d] ?? 0, layout.wide[1 - d] ?? 0] : [0, 0];
      // prettier-ignore
      team.kernels.search(from, solver.d1, solver.d2, to, w, h, stride, cu, cv, coarse?.w ?? 0, coarse?.h ?? 0, coarse?.stride ?? 0,
        patchU, patchV, patchE, nx, ny, step, steps, found, back, settings.wide.gain, p0, p1);
    },
    2,
  );
}

/** [Note: wide search] in search.c. */
function searchWide(team: Team, layout: Layout, settings: Settings, pictures: Pictures, patches: PatchGrid): void {
  const { n, w, h, stride, step, nx, ny } = patches;
  const { radius, poor } = settings.wide;
  team.rows(
    ny,
    1,
    (p0, p1, d) => {
      const { flow, from, to } = direction(layout, pictures, d, n);
      const { patchU, patchV, patchE } = flow;
      const u = layout.wide[d] ?? 0;
      const v = u + nx * ny * 4;
      // prettier-ignore
      team.kernels.search_wide(from, to, w, h, stride, radius, patchU, patchV, patchE, poor * 64, u, v, nx, step, p0, p1);
    },
    2,
  );
}

function refineLevel(team: Team, layout: Layout, settings: Settings, pictures: Pictures, n: number): void {
  const grid = layout.grids[n];
  if (!grid) return;
  const jobs = [0, 1].map((d) => {
    const { flow, from, to } = direction(layout, pictures, d, n);
    return { first: from, second: to, u: flow.u[n] ?? 0, v: flow.v[n] ?? 0, solver: flow.solver };
  });
  refine(team, grid, settings.refine[n === 0 ? 0 : 1], 0, jobs);
}

function weigh(team: Team, layout: Layout, settings: Settings, pictures: Pictures): void {
  const grid = layout.grids[0];
  if (!grid) return;
  const { w, h, stride } = grid;
  team.rows(
    h,
    BAND,
    (y0, y1, d) => {
      const { flow, from, to } = direction(layout, pictures, d, 0);
      const back = layout.flows[1 - d] ?? flow;
      const [u = 0] = flow.u;
      const [v = 0] = flow.v;
      const [bu = 0] = back.u;
      const [bv = 0] = back.v;
      team.kernels.reliability(
        from,
        to,
        w,
        h,
        stride,
        u,
        v,
        bu,
        bv,
        settings.slack,
        settings.contrast,
        flow.weight,
        flow.vmin,
        flow.vmax,
        y0,
        y1,
      );
    },
    2,
  );
}

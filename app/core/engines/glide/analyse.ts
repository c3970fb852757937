/** The analysis of a pair: pyramids, both flows coarse to fine, and how far each can be trusted. Runs in every thread: [Note: team]. */
import type { Team } from '../../kernels/team.ts';
import { patchCount } from './layout.ts';
import type { Flow, Layout, Level } from './layout.ts';
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
      if (finer && finerGrid) k.down2(finer.luma, finerGrid.stride, level.luma, grid.w, grid.stride, y0, y1);
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
            level.luma,
            grid.w,
            grid.stride,
            y0,
            y1,
          );
        });
      }
      k.pad(level.luma, grid.w, grid.h, grid.stride, y0, y1);
    });
    // A picture lower than a patch needs the gradient of its border too.
    const height = Math.max(grid.h, 8);
    team.rows(height, BAND, (y0, y1) => k.gradient(level.luma, level.gx, level.gy, grid.w, grid.stride, y0, y1));
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

type Pictures = readonly (readonly Level[] | undefined)[];

function direction(layout: Layout, pictures: Pictures, d: number, n: number): { flow: Flow; from: Level; to: Level } {
  const flow = layout.flows[d];
  const from = pictures[d]?.[n];
  const to = pictures[1 - d]?.[n];
  if (!flow || !from || !to) throw new Error('the layout has no such level');
  return { flow, from, to };
}

function searchLevel(team: Team, layout: Layout, settings: Settings, pictures: Pictures, n: number): void {
  const { kernels: k } = team;
  const grid = layout.grids[n];
  const coarse = layout.grids[n + 1];
  if (!grid) return;
  const { w, h, stride } = grid;
  const step = settings.step[n === 0 ? 0 : 1];
  const steps = settings.steps[n === 0 ? 0 : 1];
  const nx = patchCount(w, step);
  const ny = patchCount(h, step);
  const search = (wide: boolean): void =>
    team.rows(
      ny,
      STRIPE,
      (p0, p1, d) => {
        const { flow, from, to } = direction(layout, pictures, d, n);
        const cu = coarse ? (flow.u[n + 1] ?? 0) : 0;
        const cv = coarse ? (flow.v[n + 1] ?? 0) : 0;
        const { patchU, patchV, patchE } = flow;
        const found = wide ? (layout.wide[d] ?? 0) : 0;
        const back = wide ? (layout.wide[1 - d] ?? 0) : 0;
        // prettier-ignore
        k.search(from.luma, from.gx, from.gy, to.luma, w, h, stride, cu, cv, coarse?.w ?? 0, coarse?.h ?? 0, coarse?.stride ?? 0,
          patchU, patchV, patchE, nx, ny, step, steps, found, back, settings.wide.gain, p0, p1);
      },
      2,
    );
  search(false);
  if (n === layout.wideLevel) {
    const { radius, poor } = settings.wide;
    team.rows(
      ny,
      1,
      (p0, p1, d) => {
        const { flow, from, to } = direction(layout, pictures, d, n);
        const { patchU, patchV, patchE } = flow;
        const found = layout.wide[d] ?? 0;
        // prettier-ignore
        k.search_wide(from.luma, to.luma, w, h, stride, radius, patchU, patchV, patchE, poor * 64,
          found, found + nx * ny * 4, nx, step, p0, p1);
      },
      2,
    );
    search(true);
  }
  team.rows(
    h,
    BAND,
    (y0, y1, d) => {
      const { flow, from, to } = direction(layout, pictures, d, n);
      const u = flow.u[n] ?? 0;
      const v = flow.v[n] ?? 0;
      k.densify(
        from.luma,
        to.luma,
        w,
        h,
        stride,
        flow.patchU,
        flow.patchV,
        nx,
        ny,
        step,
        settings.densifyFloor,
        u,
        v,
        flow.solver.mean,
        y0,
        y1,
      );
      k.pad(u, w, h, stride, y0, y1);
      k.pad(v, w, h, stride, y0, y1);
    },
    2,
  );
}

function refineLevel(team: Team, layout: Layout, settings: Settings, pictures: Pictures, n: number): void {
  const grid = layout.grids[n];
  if (!grid) return;
  const jobs = [0, 1].map((d) => {
    const { flow, from, to } = direction(layout, pictures, d, n);
    return { first: from.luma, second: to.luma, u: flow.u[n] ?? 0, v: flow.v[n] ?? 0, solver: flow.solver };
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
        from.luma,
        to.luma,
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

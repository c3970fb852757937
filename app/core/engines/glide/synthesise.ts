/** One frame at time t from an analysed pair, in every thread: [Note: team]. */
import type { Team } from '../../kernels/team.ts';
import { BAND } from './analyse.ts';
import type { Layout } from './layout.ts';
import { refine } from './refine.ts';
import type { Settings } from './settings.ts';

export interface SynthesiseTask {
  readonly layout: Layout;
  readonly settings: Settings;
  /** Slot of the pair's first picture. */
  readonly first: 0 | 1;
  readonly t: number;
}

/** Writes the `out` planes and the rows' trust (middle.sums). */
export function synthesise(team: Team, task: SynthesiseTask): void {
  project(team, task);
  chooseFlow(team, task);
  const { layout, settings, first, t } = task;
  const grid = layout.grids[0];
  const a = layout.pictures[first]?.[0];
  const b = layout.pictures[1 - first]?.[0];
  const [, , u = 0] = layout.middle.u;
  const [, , v = 0] = layout.middle.v;
  const solver = layout.flows[0]?.solver;
  if (!grid || !a || !b || !solver) return;
  refine(team, grid, settings.middle, t, [{ first: a, second: b, u, v, solver }]);
  see(team, task);
  warp(team, task);
}

/** Both flows splatted to t, holes filled from coarser cells: fields u[0..1], v[0..1], weight[0..1]. */
function project(team: Team, { layout, settings, t }: SynthesiseTask): void {
  const { kernels: k } = team;
  const { middle, flows, cellGrids } = layout;
  const grid = layout.grids[0];
  if (!grid) return;
  const { w, h, stride } = grid;
  team.rows(
    h,
    64,
    (y0, y1, d) => {
      const flow = flows[d];
      const cells = middle.cells[d]?.[0] ?? 0;
      if (!flow) return;
      const [u = 0] = flow.u;
      const [v = 0] = flow.v;
      k.splat(
        u,
        v,
        flow.weight,
        flow.vmin,
        flow.vmax,
        w,
        h,
        stride,
        d === 0 ? t : 1 - t,
        d === 0 ? 1 : -1,
        cells,
        y0,
        y1,
      );
    },
    2,
  );
  for (let n = 1; n < cellGrids.length; n++) {
    const from = cellGrids[n - 1];
    const to = cellGrids[n];
    if (!from || !to) continue;
    team.rows(
      to.h,
      BAND,
      (y0, y1, d) => {
        const cells = middle.cells[d] ?? [];
        k.cells_down(cells[n - 1] ?? 0, from.w, from.h, cells[n] ?? 0, to.w, y0, y1);
      },
      2,
    );
  }
  for (let n = cellGrids.length - 2; n >= 0; n--) {
    const to = cellGrids[n];
    const from = cellGrids[n + 1];
    if (!from || !to) continue;
    team.rows(
      to.h,
      BAND,
      (y0, y1, d) => {
        const cells = middle.cells[d] ?? [];
        k.cells_fill(cells[n] ?? 0, to.w, cells[n + 1] ?? 0, from.w, settings.faint, y0, y1);
      },
      2,
    );
  }
  team.rows(
    h,
    BAND,
    (y0, y1, d) => {
      k.cells_read(
        middle.cells[d]?.[0] ?? 0,
        w,
        stride,
        middle.u[d] ?? 0,
        middle.v[d] ?? 0,
        middle.weight[d] ?? 0,
        y0,
        y1,
      );
    },
    2,
  );
}

/** The better of the two projections, pixel by pixel: fields u[2], v[2]; the second choice: u[3], v[3], second. */
function chooseFlow(team: Team, { layout, settings, first, t }: SynthesiseTask): void {
  const { kernels: k } = team;
  const { middle } = layout;
  const grid = layout.grids[0];
  const a = layout.pictures[first]?.[0] ?? 0;
  const b = layout.pictures[1 - first]?.[0] ?? 0;
  if (!grid) return;
  const { w, h, stride } = grid;
  const [ua = 0, ub = 0, u = 0, u2 = 0] = middle.u;
  const [va = 0, vb = 0, v = 0, v2 = 0] = middle.v;
  const { zero } = middle;
  team.rows(
    h,
    BAND,
    (y0, y1, d) => {
      const [ud, vd, weight] = d < 2 ? [middle.u[d] ?? 0, middle.v[d] ?? 0, middle.weight[d] ?? 0] : [zero, zero, zero];
      k.disagreement(
        a,
        b,
        w,
        h,
        stride,
        t,
        ud,
        vd,
        weight,
        settings.cap,
        d < 2 ? settings.doubt : settings.still,
        middle.error[d] ?? 0,
        y0,
        y1,
      );
    },
    3,
  );
  team.rows(
    h,
    BAND,
    (y0, y1, d) => {
      const line = layout.scratch[team.index] ?? 0;
      k.window_mean(middle.error[d] ?? 0, w, h, stride, settings.radius, line, middle.smoothError[d] ?? 0, y0, y1);
    },
    3,
  );
  const [ea = 0, eb = 0, e0 = 0] = middle.smoothError;
  team.rows(h, BAND, (y0, y1) =>
    k.choose(
      ua,
      va,
      ea,
      ub,
      vb,
      eb,
      e0,
      settings.tie,
      settings.good,
      w,
      h,
      stride,
      u,
      v,
      u2,
      v2,
      middle.second,
      y0,
      y1,
    ),
  );
}

/** Who sees what: field share, rows' trust. */
function see(team: Team, { layout, settings, first, t }: SynthesiseTask): void {
  const { middle, flows } = layout;
  const grid = layout.grids[0];
  const a = layout.pictures[first]?.[0] ?? 0;
  const b = layout.pictures[1 - first]?.[0] ?? 0;
  if (!grid) return;
  const { w, h, stride } = grid;
  const [, , u = 0] = middle.u;
  const [, , v = 0] = middle.v;
  const [fu = 0] = flows[0]?.u ?? [];
  const [fv = 0] = flows[0]?.v ?? [];
  const [bu = 0] = flows[1]?.u ?? [];
  const [bv = 0] = flows[1]?.v ?? [];
  team.rows(h, BAND, (y0, y1) =>
    team.kernels.visibility(
      a,
      b,
      w,
      h,
      stride,
      t,
      u,
      v,
      fu,
      fv,
      bu,
      bv,
      settings.blindSlack,
      settings.blindFloor,
      settings.contrast,
      middle.share,
      middle.sums,
      y0,
      y1,
    ),
  );
}

/** The native planes. */
function warp(team: Team, { layout, first, t }: SynthesiseTask): void {
  const { kernels: k } = team;
  const { middle } = layout;
  const grid = layout.grids[0];
  if (!grid) return;
  const [, , u = 0, u2 = 0] = middle.u;
  const [, , v = 0, v2 = 0] = middle.v;
  const kernel = layout.bytesPerSample === 1 ? k.warp8 : k.warp16;
  const top = 2 ** layout.bits - 1;
  const bands = layout.planes.flatMap((place) =>
    Array.from({ length: Math.ceil(place.h / 32) }, (_, band) => ({
      place,
      y0: band * 32,
      y1: Math.min(place.h, band * 32 + 32),
    })),
  );
  team.each(bands.length, (i) => {
    const band = bands[i];
    if (!band) return;
    const { place, y0, y1 } = band;
    const other = first === 0 ? 1 : 0;
    kernel(
      place.slots[first],
      place.slots[other],
      place.out,
      place.w,
      place.h,
      t,
      top,
      u,
      v,
      middle.share,
      u2,
      v2,
      middle.second,
      grid.w,
      grid.h,
      grid.stride,
      place.ratioX,
      place.ratioY,
      layout.scratch[team.index] ?? 0,
      y0,
      y1,
    );
  });
}

/** Variational refinement of one or two flows at once, in every thread: [Note: team], refine.c. */
import type { Grid } from '../../kernels/arena.ts';
import type { Team } from '../../kernels/team.ts';
import type { Solver } from './layout.ts';
import type { Refinement } from './settings.ts';

/** Rows of a band; the passes are short, so the bands are not. */
const BAND = 32;
/** Over-relaxation. */
const OMEGA = 1.6;

export interface RefineJob {
  readonly first: number;
  readonly second: number;
  /** The flow, padded by one pixel; refined in place. */
  readonly u: number;
  readonly v: number;
  readonly solver: Solver;
}

/** Refines the flows of `jobs`, which live at time t between their pictures. */
export function refine(team: Team, grid: Grid, how: Refinement, t: number, jobs: readonly RefineJob[]): void {
  const { kernels: k } = team;
  const { w, h, stride } = grid;
  const rows = (work: (job: RefineJob, y0: number, y1: number) => void): void =>
    team.rows(
      h,
      BAND,
      (y0, y1, layer) => {
        const job = jobs[layer];
        if (job) work(job, y0, y1);
      },
      jobs.length,
    );
  for (let warp = 0; warp < how.warps; warp++) {
    rows(({ first, second, u, v, solver: s }, y0, y1) =>
      k.refine_warp(first, second, w, h, stride, t, u, v, s.mean, s.diff, s.seen, s.u0, s.v0, y0, y1),
    );
    for (let fixed = 0; fixed < how.fixed; fixed++) {
      rows(({ u, v, solver: s }, y0, y1) =>
        k.refine_system(
          s.mean,
          s.diff,
          s.seen,
          u,
          v,
          s.u0,
          s.v0,
          w,
          h,
          stride,
          how.intensity,
          how.gradient,
          how.smooth,
          how.edge,
          s.d1,
          s.d2,
          s.a12,
          s.c1,
          s.c2,
          s.wx,
          s.wy,
          s.su,
          s.sv,
          y0,
          y1,
        ),
      );
      for (let sweep = 0; sweep < 2 * how.sweeps; sweep++) {
        rows(({ solver: s }, y0, y1) =>
          k.refine_sweep(s.d1, s.d2, s.a12, s.c1, s.c2, s.wx, s.wy, s.su, s.sv, w, stride, OMEGA, sweep & 1, y0, y1),
        );
      }
      rows(({ u, v, solver: s }, y0, y1) => {
        k.refine_join(s.su, u, w, h, stride, y0, y1);
        k.refine_join(s.sv, v, w, h, stride, y0, y1);
      });
    }
  }
}

/** Entry of the pool test's workers: tasks that count, wait, fail and die. */
import { serveTeam } from '../../../app/core/kernels/serve.ts';
import type { Team } from '../../../app/core/kernels/team.ts';

serveTeam({
  /** Adds each piece's number to one of `cells` words at `at`; ten rounds, each after the last is done. */
  count: (team: Team, { at, pieces }: { at: number; pieces: number }) => {
    const words = new Int32Array(team.memory.buffer, at, pieces);
    for (let round = 0; round < 10; round++)
      team.each(pieces, (piece) => {
        // Whoever comes in a later round sees the earlier one whole.
        if (words.some((value) => value !== round && value !== round + 1)) throw new Error('a barrier leaked');
        Atomics.add(words, piece, 1);
      });
  },
  forever: (team: Team) => {
    for (;;) team.barrier();
  },
  fail: (team: Team) => {
    if (team.index === 0) throw new Error('on purpose');
    team.barrier();
  },
  die: (team: Team) => {
    if (team.index === 0) process.exit(3);
    team.barrier();
  },
});

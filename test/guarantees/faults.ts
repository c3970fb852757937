/** Faults, power cuts, and the same pictures every time. */
import type { Promised } from './promise.ts';

const TRIED = { file: 'test/long/faults.long.ts', evidence: 'faults' } as const;
const SAME = { file: 'test/long/determinism.long.ts', evidence: 'determinism' } as const;
const UNIT = { file: 'test/core/jobs/faults.test.ts' } as const;

export const FAULTS: readonly Promised[] = [
  {
    id: 'no-false-success',
    says: 'A job is done when its whole output is in place and every picture of it was decoded; every other ending has a code, a sentence and an exit status that is not 0.',
    answers: [17],
    keptBy: [
      TRIED,
      { file: 'test/core/media/picture-hash.test.ts' },
      { ...UNIT, name: 'a library that cannot be written to while a job runs ends the job, not the program' },
    ],
  },
  {
    id: 'nothing-made-is-lost',
    says: 'Whatever ends a job, the next run goes on after the last whole chunk and ends with the pictures of a run that nothing disturbed.',
    answers: [13, 14],
    keptBy: [
      TRIED,
      { file: 'test/long/kill.long.ts', evidence: 'kill' },
      { file: 'test/core/jobs/kill.test.ts' },
      {
        file: 'test/core/jobs/lease.test.ts',
        name: 'a job that was killed says how far it came, whoever begins it again; of other inputs it begins anew',
      },
    ],
  },
  {
    id: 'power-cuts',
    says: 'After a power cut nothing half is taken for whole: an output is there whole or not at all, and a job that says done has its output.',
    answers: [13, 17],
    keptBy: [{ file: 'test/core/jobs/power.test.ts' }, { file: 'test/long/power.long.ts', evidence: 'power' }],
  },
  {
    id: 'full-disk',
    says: 'A disk that fills up is told as that, before the work where it can be known, and costs nothing that was made.',
    answers: [16],
    keptBy: [TRIED],
  },
  {
    id: 'replaced-source',
    says: 'A source that is cut off, removed or replaced while it is read ends the job, and nothing made of the other file is kept under its name.',
    answers: [14, 17],
    keptBy: [TRIED, { ...UNIT, name: 'what was made of a file that has become another is not kept under the old one' }],
  },
  {
    id: 'two-processes',
    says: 'Two processes may use one library: of two jobs with one output one is done and the other is refused, and a job is run by one.',
    answers: [17],
    keptBy: [
      TRIED,
      { ...UNIT, name: 'of two jobs with one output one is done, the other is refused, whoever comes first' },
      { ...UNIT, name: 'several processes open an empty library at once, and one of before' },
      { file: 'test/core/jobs/lease.test.ts', name: 'of several processes started at once exactly one runs the job' },
    ],
  },
  {
    id: 'same-pictures',
    says: 'The same job gives the same decoded pictures, by any number of threads, interrupted or not; their SHA-256 is in the report.',
    answers: [13],
    keptBy: [SAME, { file: 'test/core/media/picture-hash.test.ts' }],
  },
  {
    id: 'file-that-hangs',
    says: 'A file that does not answer when it is looked at, as on a network drive that went away, is refused after a minute; until then it can be cancelled.',
    answers: [16, 17],
    keptBy: [
      {
        file: 'test/core/media/probe-limit.test.ts',
        name: 'a file that does not answer is given up by the clock, and can be cancelled before',
      },
    ],
  },
];

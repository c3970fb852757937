/** What is promised of pictures of every size, of memory and of long runs. */
import type { Promised } from './promise.ts';

export const SIZES: readonly Promised[] = [
  {
    id: 'size-and-aspect-kept',
    says: 'A picture keeps its size and its sample aspect ratio, from 2x2 to 4K and beyond, odd, upright or a thousand times longer than wide; a codec that was chosen and needs an even size gets one line repeated and says so, and what an encoder cannot take is refused by name before anything runs.',
    answers: [5, 17],
    keptBy: [
      {
        file: 'test/core/media/sizes.test.ts',
        name: 'an odd size is kept where a codec of the container can; a codec that was chosen repeats one line and says so',
      },
      {
        file: 'test/core/media/sizes.test.ts',
        name: 'what an encoder cannot is found out in the plan: too small, too wide, slices',
      },
      {
        file: 'test/long/sizes.long.ts',
        evidence: 'sizes',
        figure: '{jobs} jobs on pictures of other sizes, formats, aspects, engines and codecs',
      },
    ],
  },
  {
    id: 'tiles-without-seams',
    says: 'Pictures that are too large for the memory are made in overlapping tiles; where tiles meet they differ from the picture made whole by less than one code value on average, and no edge shows.',
    answers: [15],
    keptBy: [
      {
        file: 'test/core/engines/tiles.test.ts',
        name: 'the weights of the tiles add up to 1 in every sample of every plane',
      },
      { file: 'test/core/engines/tiles.test.ts', name: 'what fits is the engine’s own picture, byte for byte' },
      { file: 'test/long/tiles.long.ts', evidence: 'tiles', figure: '{unit}' },
    ],
  },
  {
    id: 'memory-is-planned',
    says: 'Before a job runs its plan says how much memory it takes at most, for this engine, size and codec, and cuts pictures smaller where the machine or the container has less; the same machine gives the same plan.',
    answers: [15],
    keptBy: [
      {
        file: 'test/core/jobs/tasks/memory.test.ts',
        name: 'a plan says how much memory it takes, and cuts pictures smaller where the machine has less',
      },
      {
        file: 'test/core/jobs/tasks/memory.test.ts',
        name: 'the same machine gives the same plan: what is free at the moment does not count',
      },
    ],
  },
  {
    id: 'out-of-memory-costs-no-frame',
    says: 'When memory runs out, on a graphics card or in the machine, a job goes on in smaller tiles, then on one thread, then on the CPU, from the chunk it was in; every step is told and no finished chunk is made again.',
    answers: [15],
    keptBy: [
      {
        file: 'test/core/jobs/relief.test.ts',
        name: 'memory that runs out in the engine costs a job no chunk, and is told',
      },
      {
        file: 'test/core/jobs/relief.test.ts',
        name: 'a job’s process that the system kills for its memory ends itself and not the job',
      },
      {
        file: 'test/core/jobs/relief.test.ts',
        name: 'the ladder: smaller tiles, one thread, the CPU; below it an error one can act on',
      },
      { file: 'test/core/jobs/tasks/memory.test.ts', name: 'memory is told from other failures' },
      { file: 'test/long/relief.long.ts', evidence: 'relief', figure: '{chunksLost} chunks lost' },
    ],
  },
  {
    id: 'long-runs-stay-as-they-are',
    says: 'A long clip takes no more memory at its end than at its beginning.',
    answers: [18],
    keptBy: [
      {
        file: 'test/core/kernels/pool.test.ts',
        name: 'a signal is listened to once, however many tasks are run',
      },
      { file: 'test/long/memory.long.ts', evidence: 'memory' },
    ],
  },
];

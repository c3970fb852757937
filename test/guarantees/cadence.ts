/** What is promised of drawings on twos and threes, of titles and displays, and of painted masks. */
import type { Promised } from './promise.ts';

const STILL = 'test/core/media/mask/still.test.ts';
const PAINTED = 'test/core/media/mask/painted.test.ts';

export const CADENCE: readonly Promised[] = [
  {
    id: 'cadence-told',
    says: 'Each shot is said to be drawn on ones, twos, threes, fours or mixed, with the share of its frames that bears it out, before anything is made.',
    answers: [10],
    keptBy: [{ file: 'test/core/media/cadence.test.ts' }],
  },
  {
    id: 'repeats-are-seen',
    says: 'Repeated frames are shown along the clip, full where frames are made in place of them, hollow where they stay.',
    answers: [10],
    keptBy: [{ file: 'test/renderer/timeline/hold-strip.test.ts' }],
  },
  {
    id: 'titles-stay',
    says: 'With the mask on, titles, subtitles, thin lines and displays over a moving scene are found from their first frame to their last and taken from the real frames.',
    answers: [11],
    keptBy: [
      {
        file: STILL,
        name: 'a title, thin lines and a display over a moving ground are found, and next to nothing of the ground',
      },
      { file: STILL, name: 'a subtitle is found from its first frame to its last, and not beside' },
      {
        file: 'test/long/overlays.long.ts',
        name: 'titles and displays over a pan lose at least half of what the engine does to them; the rest stays',
        evidence: 'overlays',
      },
    ],
  },
  {
    id: 'mask-harms-nothing',
    says: 'Where nothing stands still over a moving scene, or a camera stands and something crosses the picture, the mask changes nothing.',
    answers: [11],
    keptBy: [
      {
        file: STILL,
        name: 'nothing is found where nothing moves, where all moves, where a camera stands, or where there is too little to tell from',
      },
    ],
  },
  {
    id: 'painted-mask',
    says: 'A painted mask holds for every engine, at every depth and chroma layout, goes with the project file, and is refused by name where it is missing.',
    answers: [11],
    keptBy: [
      { file: PAINTED },
      { file: 'test/core/media/mask/weights.test.ts' },
      { file: 'test/core/jobs/mask.test.ts' },
    ],
  },
];

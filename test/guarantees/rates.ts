/** Rates, drift, and slow motion of phones. */
import type { Promised } from './promise.ts';

const LONG = { file: 'test/long/rates.long.ts', evidence: 'rates' } as const;
const UNIT = { file: 'test/core/jobs/rates.test.ts' } as const;
const PHONES = { file: 'test/core/media/recorded.test.ts' } as const;

export const RATES: readonly Promised[] = [
  {
    id: 'no-drift',
    says: 'Sound and picture keep together to the end, whatever the rate of the source: even, varying, offset, cut by an edit list, with open groups of pictures or without a length.',
    answers: [1, 2],
    keptBy: [
      LONG,
      { file: 'test/long/rates-hours.long.ts', evidence: 'rates-hours' },
      {
        ...UNIT,
        name: 'VFR of a phone, x2.5, to mp4: every frame, flash, beep and both ends are where the retime puts them',
      },
      {
        ...UNIT,
        name: 'edit list, ramp, to mp4: every frame, flash, beep and both ends are where the retime puts them',
      },
    ],
  },
  {
    id: 'rates-are-exact',
    says: 'Rates are fractions, never rounded decimals: 23.976 becomes 60000/1001 with every frame at its exact time (in Matroska to the millisecond it counts in).',
    answers: [2],
    keptBy: [
      LONG,
      {
        ...UNIT,
        name: 'starts at 2.5 s, to 60000/1001, to mkv: every frame, flash, beep and both ends are where the retime puts them',
      },
      { file: 'test/core/time/plan.test.ts' },
    ],
  },
  {
    id: 'frames-by-formula',
    says: 'The number of output frames is the source’s length times the rate, divided by the speed and rounded up: none is dropped, none is added, and each shows the moment it should.',
    answers: [3],
    keptBy: [LONG, UNIT],
  },
  {
    id: 'sound-follows-the-retime',
    says: 'Sound is where the retime puts it, on ramps too: within 4 ms where it is copied, 6 ms as tape, 20 ms where it is stretched to four times its length with its pitch kept.',
    answers: [4],
    keptBy: [LONG, UNIT],
  },
  {
    id: 'phone-slow-motion',
    says: 'Slow motion of Android, Samsung and Apple phones is recognised, and plays as it is stored or as it was recorded, as you choose; its picture and its sound follow the same clock.',
    answers: [1, 4],
    keptBy: [
      PHONES,
      { file: 'test/core/sequence/clock-edits.test.ts' },
      {
        ...UNIT,
        name: 'a phone’s slow motion by both clocks in one library: each job shows its own frames, and sound goes with them',
      },
    ],
  },
];

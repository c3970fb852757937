/** What is promised of colour. */
import type { Promised } from './promise.ts';

const LONG = { file: 'test/long/colour.long.ts', evidence: 'colour' } as const;
const CONVERT = 'test/core/media/convert-colour.test.ts';
const CHARTS = 'test/core/media/colour.test.ts';

export const COLOUR: readonly Promised[] = [
  {
    id: 'real-frames-untouched',
    says: 'A real frame reaches the encoder with every code value it was decoded with; what cannot be held without loss is refused by name in the plan, or the plan says what is converted.',
    answers: [6, 7, 8],
    keptBy: [
      { file: 'test/core/media/encode.test.ts', name: 'ffv1 gives back every carrier exactly' },
      { file: CHARTS, name: 'charts come back with their code values and their tags' },
      {
        file: 'test/core/media/output-format.test.ts',
        name: 'depth and chroma are never dropped: a chosen codec refuses, an open one is replaced',
      },
      LONG,
    ],
  },
  {
    id: 'colour-tags-kept',
    says: 'Range, matrix, primaries, transfer and where chroma lies are said in the output as the source says them; what it does not say is inferred aloud.',
    answers: [6],
    keptBy: [{ file: CHARTS, name: 'what a file does not say is inferred aloud, and what it says is kept' }, LONG],
  },
  {
    id: 'no-flicker',
    says: 'Made frames of a still scene are as bright as the real ones: less than half a code value of 8 bits off on average, with every engine that is shipped.',
    answers: [5],
    keptBy: [
      { file: CHARTS, name: 'a still scene does not flicker' },
      { file: 'test/core/engines/steady.test.ts' },
      LONG,
    ],
  },
  {
    id: 'rgb-round-trip',
    says: 'The conversion to RGB and back that networks need gives every code value back.',
    answers: [5, 6],
    keptBy: [{ file: 'test/core/media/float-rgb.test.ts' }],
  },
  {
    id: 'hdr-metadata',
    says: 'HDR10 light levels are written into HEVC and AV1; Dolby Vision and HDR10+ layers are said to be left behind, and Dolby Vision without a base picture is refused.',
    answers: [8],
    keptBy: [{ file: 'test/core/media/hdr.test.ts' }, { file: 'test/core/media/mux.test.ts' }],
  },
  {
    id: 'mixed-colours',
    says: 'Clips of another colour in a sequence are converted exactly to rounding, HDR becomes SDR by BT.2390 with white at 203 cd/m2, and previews show what exports write.',
    answers: [6, 8],
    keptBy: [{ file: CONVERT }, { file: 'test/core/media/conform.test.ts' }],
  },
  {
    id: 'transparency',
    says: 'Transparency is kept by prores, ffv1, numbered .png images and, in .webm and .mkv with 8 bits of 4:2:0, vp9; other codecs say that they lose it. That of VP8 and VP9 is read. What moves over nothing has no dark rim.',
    answers: [],
    keptBy: [
      { file: CHARTS, name: 'transparency is kept where the plan does not say that it is lost' },
      { file: 'test/core/media/alpha-layer.test.ts' },
      { file: 'test/core/engines/over-alpha.test.ts' },
    ],
  },
];

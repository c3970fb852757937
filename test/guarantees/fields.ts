/** What is promised of interlaced and telecined footage. */
import type { Promised } from './promise.ts';

const UNIT = 'test/core/media/fields/fields.test.ts';
const LONG = 'test/long/fields.long.ts';

export const FIELDS: readonly Promised[] = [
  {
    id: 'fields-are-found',
    says: 'Interlaced and telecined footage is found by looking at the pictures, whatever the file says of itself, its field order, too; progressive footage is left alone.',
    answers: [10],
    keptBy: [
      {
        file: UNIT,
        name: 'interlaced: every field becomes a picture at its own time, whatever the header says of the order',
      },
      {
        file: UNIT,
        name: 'progressive footage is left alone, flagged interlaced or not; deinterlacing it is done when asked, and said',
      },
      { file: UNIT, name: 'parts of different kinds are found and treated each in its way' },
      {
        file: LONG,
        name: 'every way of making fields is found, over real and drawn clips, and undone',
        evidence: 'fields',
        figure: '{detection.right} of {detection.of} made clips found right, kind, field order and rate',
      },
      {
        file: LONG,
        name: 'no alarm: progressive clips are found progressive',
        evidence: 'fields',
        figure: '{progressive.looked} progressive clips looked at, none taken for another',
      },
    ],
  },
  {
    id: 'film-comes-back',
    says: 'Telecined film is taken back frame by frame and spaced evenly at its own rate, across edits that break the pulldown and where its cuts lie within a coded frame; where both fields of a frame are there, it is bit for bit the film frame.',
    answers: [1, 9, 10],
    keptBy: [
      {
        file: UNIT,
        name: 'telecined film: every film frame comes back, bit for bit, evenly spaced at 24000/1001',
      },
      { file: UNIT, name: 'an edit breaks the pulldown: the film behind it comes back, too, on the same grid' },
      { file: UNIT, name: 'film by flags of the file (soft telecine) is spaced evenly' },
      {
        file: LONG,
        name: 'a cut of the film in the middle of a coded frame is found between its fields',
        evidence: 'fields',
        figure: '{cutsWithinFrames.right} of {cutsWithinFrames.of} cuts at their film frame',
      },
    ],
  },
  {
    id: 'every-field-a-picture',
    says: 'Interlaced video becomes one picture for each field, at the time of the field: 50 moments a second stay 50.',
    answers: [1, 10],
    keptBy: [
      {
        file: UNIT,
        name: 'interlaced: every field becomes a picture at its own time, whatever the header says of the order',
      },
    ],
  },
  {
    id: 'fields-as-asked',
    says: 'What is done about fields is said in a note and may be chosen for each clip; film is not taken back where there is none, and fields that are left woven are warned of.',
    answers: [10, 17],
    keptBy: [
      {
        file: UNIT,
        name: 'what is asked for: off leaves the fields woven and warns, film is refused where there is none',
      },
    ],
  },
  {
    id: 'fields-wherever-read',
    says: 'Keyframes of morphs and boards and windows cut for training are pictures of one moment too, never two fields woven, unless that is asked for.',
    answers: [10],
    keptBy: [
      {
        file: 'test/core/media/fields/readers.test.ts',
        name: "a morph's keyframe is a frame of the film; with the fields off it is one of the clip",
      },
      { file: 'test/core/media/fields/readers.test.ts', name: 'windows for training are cut from the film' },
    ],
  },
];

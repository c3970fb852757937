/** Sound tracks, subtitles, chapters and everything else beside the picture. */
import type { Promised } from './promise.ts';

const RETIMED = 'test/core/media/tracks/retimed.test.ts';
const WRITTEN = 'test/core/media/tracks/written.test.ts';
const CONTAINERS = {
  file: 'test/long/containers.long.ts',
  evidence: 'containers',
  figure: '{rows} kinds of content in 5 containers, {jobs} jobs',
} as const;

export const TRACKS: readonly Promised[] = [
  {
    id: 'no-track-lost-silently',
    says: 'Every sound, subtitle track, chapter, attachment, timecode and tag of a film is kept, converted, or left out with its name and the reason said; docs/containers.md has the table.',
    answers: [17],
    keptBy: [
      CONTAINERS,
      {
        file: WRITTEN,
        name: 'Matroska keeps everything: sounds, styled text, pictures, font, cover, chapters, timecode, names, tags',
      },
      {
        file: WRITTEN,
        name: 'MP4 keeps what it can: text becomes its own, the cover stays; what is left out is said by name',
      },
    ],
  },
  {
    id: 'subtitles-follow-the-picture',
    says: 'Subtitles and chapters are retimed with the picture, to the millisecond at constant speed and to a few along ramps: also frozen, trimmed and backwards, karaoke and PGS pictures too.',
    answers: [4],
    keptBy: [
      {
        file: RETIMED,
        name: 'a span of the source is in the output exactly where the map shows it: any speed, ramps, freezes, backwards, jumps, trims',
      },
      { file: RETIMED, name: 'constant speeds are exact, and one leg however long' },
      { file: RETIMED, name: 'karaoke, movements and fades inside ASS go with the event' },
      { file: RETIMED, name: 'PGS: a picture is cleared where it ends, and comes with what it builds on' },
      {
        file: 'test/core/jobs/sequence-tracks.test.ts',
        name: 'the text of clips is one retimed track of the sequence, markers are its chapters, and what is not carried is said',
      },
    ],
  },
  {
    id: 'tracks-verified',
    says: 'A job is done only after every planned track was found in the written file, with its number of events and its end.',
    answers: [17],
    keptBy: [{ file: WRITTEN, name: 'a track too few, too many, or elsewhere is noticed' }],
  },
  {
    id: 'broken-tracks-harm-nothing',
    says: 'A broken, hostile or absurdly long subtitle track or attachment neither fails the job nor slows it without bound, and no name in a file becomes a path.',
    answers: [17],
    keptBy: [
      {
        file: WRITTEN,
        name: 'a track that cannot be read is left out by name, empty ones stay; nothing else suffers',
      },
      { file: WRITTEN, name: 'hostile names, missing types and two defaults' },
      { file: RETIMED, name: 'events that are wrong do no harm: before zero, beyond the end, empty, backwards' },
      {
        file: RETIMED,
        name: 'a hundred thousand events through a ramp, and thousands at one time, take a moment',
      },
    ],
  },
];

/** Files that are damaged, or made to do harm. */
import type { Promised } from './promise.ts';

export const FUZZ: readonly Promised[] = [
  {
    id: 'damaged-media-refused',
    says: 'A damaged or malicious film or picture is used or refused with a reason; it ends nothing and hangs nothing, and one that claims in a few bytes to be huge is refused before it is decoded.',
    answers: [17],
    keptBy: [
      {
        file: 'test/long/media-fuzz.long.ts',
        evidence: 'media-fuzz',
        figure:
          '{cases} spoilt files of {seeds} kinds: {done} used, {refused} refused, {failures} otherwise; the slowest took {slowest.seconds} s of the processor, the largest {largest.megabytes} MB',
      },
      { file: 'test/core/media/spoilt.test.ts' },
      { file: 'test/core/media/decode.test.ts', name: 'a file cut short gives what is left of it, and says so' },
      { file: 'test/core/media/probe.test.ts', name: 'playlists do not make us open what they name' },
    ],
  },
  {
    id: 'damaged-projects-refused',
    says: 'A damaged or malicious project, edit list, curve, board, recipe or library is read or refused with a reason, in bounded time and memory; what was read can be written and read again.',
    answers: [17],
    keptBy: [{ file: 'test/core/projects/spoilt.test.ts' }, { file: 'test/core/projects/hostile.test.ts' }],
  },
  {
    id: 'damaged-models-refused',
    says: 'A damaged or malicious checkpoint is read or refused within a second and in little memory; none runs code.',
    answers: [],
    keptBy: [
      {
        file: 'test/long/import-fuzz.long.ts',
        evidence: 'import-fuzz',
        figure: 'ten minutes of mutations for each of 11 readers',
      },
      { file: 'test/core/import/pickle.test.ts' },
      { file: 'test/core/onnx/hostile.test.ts' },
    ],
  },
  {
    id: 'any-name',
    says: 'Files and folders may have any name the system allows: quotes, brackets, percent signs, line breaks, every script, 255 bytes, a leading dash. What a terminal would obey in them is shown instead of sent.',
    answers: [23],
    keptBy: [
      { file: 'test/cli/hostile-names.test.ts' },
      { file: 'test/long/hostile-names.long.ts', evidence: 'hostile-names' },
      { file: 'test/cli/printable.test.ts', name: 'escape sequences in names are shown, not sent' },
      { file: 'test/cli/slowmo.test.ts', name: 'hostile names as input and output' },
      { file: 'test/core/media/mux.test.ts', name: 'hostile names of chunks, folders and outputs' },
      {
        file: 'test/core/media/stills.test.ts',
        name: 'names with patterns and quotes; nothing is replaced unless that is asked for; nothing is left behind',
      },
      {
        file: 'test/core/library/file-identity.test.ts',
        name: 'a file whose own name looks like a pattern is that file',
      },
    ],
  },
];

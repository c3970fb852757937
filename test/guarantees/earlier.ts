/** What the studio has promised since its first versions. */
import type { Promised } from './promise.ts';

export const EARLIER: readonly Promised[] = [
  {
    id: 'cuts-never-melt',
    says: 'No frame is made across a cut: cuts are found, may be put right by hand, and the shot before holds until the next begins.',
    answers: [9],
    keptBy: [
      {
        file: 'test/long/shots.long.ts',
        name: 'cuts are found with F1 of at least 0.97, repeats with 0.95',
        evidence: 'shots',
        figure: '{clips} clips, F1 of cuts {cuts.f1}',
      },
      { file: 'test/core/media/scenes.test.ts', name: 'a hard cut is found at its frame, in motion, dark or noisy' },
      {
        file: 'test/core/media/scenes.test.ts',
        name: 'flashes, pans, dissolves, fades and exposure are no cuts',
      },
      { file: 'test/core/time/plan.test.ts', name: 'cuts are never interpolated across: the shot before holds' },
      {
        file: 'test/core/jobs/tasks/sequence-plan.test.ts',
        name: 'cuts are those detected, less those removed, and those added; one that is put between two frames is where the next begins',
      },
    ],
  },
  {
    id: 'frames-counted-before',
    says: 'The number of frames is known before anything runs and follows one formula; every source frame stays in its place, the last one too.',
    answers: [2, 3],
    keptBy: [
      {
        file: 'test/core/time/plan.test.ts',
        name: 'factor N of n frames gives n*N frames, the last N-1 holding, for every rate',
      },
      { file: 'test/core/time/plan.test.ts', name: 'rates that do not divide: 24 to 60, 23.976 to 60, 2.5 times' },
      { file: 'test/core/time/rational.test.ts', name: 'rates and speeds as people write them' },
      { file: 'test/cli/slowmo.test.ts', name: 'a quarter of the speed: counts, cut, real frames bit for bit' },
    ],
  },
  {
    id: 'sound-follows-the-picture',
    says: 'Sound follows the picture through every curve: with its pitch kept, as a tape would, mirrored or silent, as one chooses, and as long as the picture to the sample.',
    answers: [4],
    keptBy: [
      { file: 'test/cli/sync.test.ts', name: '20 flashes and their clicks stay together through a curve' },
      {
        file: 'test/core/media/audio/render.test.ts',
        name: 'keep-pitch: half, quarter, double speed and a ramp keep 440 Hz',
      },
      {
        file: 'test/core/media/audio/render.test.ts',
        name: 'tape: half speed is an octave down, double an octave up, and what would alias is gone',
      },
      {
        file: 'test/core/media/audio/render.test.ts',
        name: 'long sound: no drift at the end, no memory that grows with length',
      },
      {
        file: 'test/core/media/mux.test.ts',
        name: 'sound begins and ends with the picture in every container',
      },
    ],
  },
  {
    id: 'doubtful-frames-shown',
    says: 'Of every frame that was made it is known how far it can be trusted; the doubtful ones are marked, and a remedy for one renders nothing but its own chunk again.',
    answers: [12],
    keptBy: [
      {
        file: 'test/core/jobs/confidence.test.ts',
        name: 'what an engine made of two pictures that have nothing in common is trusted least',
      },
      { file: 'test/core/jobs/confidence.test.ts', name: 'what is known of a chunk’s frames goes with the chunk' },
      { file: 'test/renderer/timeline/suspicion.test.ts' },
      {
        file: 'test/core/jobs/tasks/sequence-plan.test.ts',
        name: 'a remedy makes its own frame by another engine, or shows the nearer real one, and changes that frame’s chunk alone',
      },
    ],
  },
  {
    id: 'jobs-go-on',
    says: 'A job that was killed at any moment goes on from its last finished chunk, and its result has the very frames of a run that was never interrupted.',
    answers: [13],
    keptBy: [
      {
        file: 'test/long/kill.long.ts',
        name: "50 kills at random moments: every resume gives the uninterrupted run's frames",
        evidence: 'kill',
        figure: '{kills} kills at random moments, {mismatches} frames that differ',
      },
      {
        file: 'test/core/jobs/kill.test.ts',
        name: 'kill -9 of the worker at random moments: the job says so and goes on',
      },
      {
        file: 'test/core/jobs/sequence.test.ts',
        name: 'an edit of two seconds renders two seconds; a worker that is killed loses the chunk in work; both give what an uninterrupted run gives',
      },
      {
        file: 'test/core/queue/kill.test.ts',
        name: 'kill -9 of the app: the job is shown as left, goes on when asked, and only the chunk in work is made again',
      },
      { file: 'test/cli/jobs.test.ts', name: 'resume keeps what is done, and runs what is not' },
    ],
  },
  {
    id: 'jobs-keep-their-settings',
    says: 'A job is its settings: it goes on with those it began with, and work made with others is never mixed in.',
    answers: [14],
    keptBy: [
      {
        file: 'test/core/jobs/spec.test.ts',
        name: 'a job is named by what it does, not by how its words are written or whether it is forced',
      },
      {
        file: 'test/core/jobs/runner.test.ts',
        name: 'a changed source is another source: the result is made again, over the job’s own output',
      },
      {
        file: 'test/core/jobs/runner.test.ts',
        name: 'another version of the engine makes it again, a missing engine keeps what is there',
      },
      {
        file: 'test/core/media/output-format.test.ts',
        name: 'a recipe changes with what shapes a chunk and with nothing else',
      },
    ],
  },
  {
    id: 'edits-survive',
    says: 'An edit of a project that was answered is on the disk, with its history, whatever is killed afterwards.',
    answers: [13],
    keptBy: [
      {
        file: 'test/long/projects.long.ts',
        name: 'killed at any moment: the project is as the last answered edit left it, or the one after it',
        evidence: 'projects',
        figure: '{kills} kills while editing, {lost} edits lost',
      },
      {
        file: 'test/core/projects/crash.test.ts',
        name: 'kill -9 in the middle of editing: every answered edit is there, with its history',
      },
    ],
  },
  {
    id: 'the-device-asked-for',
    says: 'The device that was chosen does the work, or it is said that it cannot; a model whose results differ there from the processor’s is not run on it.',
    answers: [19],
    keptBy: [
      {
        file: 'test/core/nn/devices.test.ts',
        name: 'a device that is not there is an error when chosen, and passed over by auto',
      },
      {
        file: 'test/core/nn/devices.test.ts',
        name: 'a job keeps the device it was asked for, and is another job on another',
      },
      {
        file: 'test/core/nn/devices.test.ts',
        name: 'the CPU agrees with itself; a model it cannot load and a process that dies are told',
      },
    ],
  },
  {
    id: 'no-silent-processor',
    says: 'What of a network would fall back to the processor is counted, operator by operator, and told.',
    answers: [20],
    keptBy: [
      { file: 'test/core/nn/audit.test.ts' },
      { file: 'test/core/nn/devices.test.ts', name: 'what is left to the CPU is told by operator' },
    ],
  },
  {
    id: 'nothing-to-fetch',
    says: 'What is installed works without the internet and without Python: models come along, and others can be brought as files, checked against their hash.',
    answers: [21],
    keptBy: [
      { file: 'test/package/package.test.ts', name: 'what the app needs is in' },
      {
        file: 'test/package/package.test.ts',
        name: 'what was packed runs: a network, threads, WebAssembly, and the ffmpeg that came along',
      },
      { file: 'test/core/models/embedded.test.ts', name: 'there are some, each whole and with a card' },
      { file: 'test/core/models/install.test.ts', name: 'files that somebody brought pass the same checks' },
      { file: 'test/core/models/install.test.ts', name: 'a download goes on where it stopped' },
    ],
  },
  {
    id: 'every-system',
    says: 'Everything runs on the processor alone, on every system; faster devices are taken where they agree with it.',
    answers: [22],
    keptBy: [{ file: 'test/core/nn/devices.test.ts', name: 'each platform has its chain, and the CPU ends it' }],
  },
  {
    id: 'folders-at-once',
    says: 'A folder is done as a whole: its tree mirrored, what is right already left alone, clips with settings of their own, a failure not in the way of the others; and it can be watched.',
    answers: [24],
    keptBy: [
      {
        file: 'test/core/queue/batches.test.ts',
        name: 'a batch mirrors the tree, leaves out and overrides, and a failure does not stop the others',
      },
      {
        file: 'test/core/queue/batches.test.ts',
        name: 'what another library wrote is kept where it is right, and nothing else is replaced',
      },
      {
        file: 'test/core/queue/batches.test.ts',
        name: 'a watched folder: files are taken when they have stopped growing, and after a restart too, until it is stopped',
      },
      { file: 'test/cli/batch.test.ts', name: 'a folder, a recipe, a failure, and again' },
    ],
  },
  {
    id: 'actions-found',
    says: 'Actions are recognised on this machine, searched in milliseconds, judged by a key, and what a person said is never overwritten by an engine.',
    answers: [25],
    keptBy: [
      {
        file: 'test/core/library/span-search.test.ts',
        name: '100,000 spans of 5,000 clips are searched in under 50 ms',
      },
      {
        file: 'test/core/library/spans.test.ts',
        name: 'nothing a person said is overwritten, whatever happens',
      },
      {
        file: 'test/core/library/spans.test.ts',
        name: 'judging many: one step a clip, and what is as asked is passed over',
      },
      {
        file: 'test/cli/slowmo-where.test.ts',
        name: 'every match is slowed within its lead, named by clip, label and number, and kept the next time',
      },
    ],
  },
  {
    id: 'projects-go-elsewhere',
    says: 'A project goes to other programs and comes back as it was, retimes to the tick.',
    answers: [],
    keptBy: [
      { file: 'test/core/projects/fcpxml.test.ts', name: 'there and back: everything is as it was, to the tick' },
      {
        file: 'test/core/projects/edl.test.ts',
        name: 'there and back: clips, gaps, constant speeds, markers, stretches and cuts are as they were',
      },
    ],
  },
];

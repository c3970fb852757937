/** The composition root: what a host (command, window, server) gets to work with. */
import { availableParallelism } from 'node:os';
import type { FieldsChoice } from '../contract/choices.ts';
import type { JobEvent, JobSpec, JobSummary, RetimeResult, RetimeSpec } from '../contract/jobs.ts';
import type { SpanPage, SpanQuery, SpanRules, TagSpec, TagSummary } from '../contract/tags.ts';
import { openHome } from './base/home.ts';
import { cancelJob, jobDetails, jobSummaries, type JobDetails } from './jobs/control.ts';
import { refuseForeignOutput } from './jobs/publish.ts';
import { finishedResult, runJob } from './jobs/runner.ts';
import { prepareJob } from './jobs/spec.ts';
import { isAlreadyThere } from './jobs/tasks/retime.ts';
import { treatedSource } from './jobs/tasks/source-facts.ts';
import { analysisCache } from './library/analysis-cache.ts';
import { clipByPath } from './library/clip-rows.ts';
import { openLibrary } from './library/db.ts';
import { identify } from './library/file-identity.ts';
import { chosenRules, runById } from './library/tag-runs.ts';
import { probe } from './media/probe.ts';
import { writeCurvePicture, type CurvePictureOptions } from './tags/curve-picture.ts';
import { scoresOfRun } from './tags/curves.ts';
import { searchSpans } from './tags/find.ts';
import { tagReport } from './tags/report.ts';
import { ownOutput } from './tags/request.ts';
import { sourceTiming, type SourceTiming } from './time/regular.ts';

export interface RunRequest {
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: JobEvent) => void;
}

export type LabelPicture = Pick<CurvePictureOptions, 'label' | 'output' | 'force' | 'signal'>;

export interface App extends AsyncDisposable {
  /** Runs a job, or goes on with it where it stopped. Throws AppErrors ([runJob]). */
  run(spec: JobSpec, request?: RunRequest): Promise<RetimeResult>;
  /** The result of a job that is done, if its input and outputs are still as they were. */
  finished(spec: JobSpec): Promise<RetimeResult | undefined>;
  /** Throws 'output-exists' for the first of several jobs that would be refused for it, before any of them is begun. */
  requireOutputs(specs: readonly JobSpec[]): Promise<void>;
  /** Whether a file that this library did not write is what the job would write, as far as probing tells. */
  alreadyThere(spec: RetimeSpec, signal: AbortSignal): Promise<boolean>;
  /** Where what is found in a clip is written when no file is named: in the library's own folder. */
  tagOutput(input: string, engine: string): Promise<string>;
  /** The rules that were kept for a clip and an engine, if any. `input` is absolute. */
  keptRules(input: string, engine: string): SpanRules | undefined;
  /** What a finished tag job says, from the scores in the library. Throws 'run-unknown' where they were replaced since. */
  tagged(spec: TagSpec, result: RetimeResult): TagSummary;
  /** One label's probability over a finished tag job's clip as a picture, its spans shaded. Throws 'run-unknown' and as writeCurvePicture. */
  drawLabel(spec: TagSpec, result: RetimeResult, picture: LabelPicture): Promise<void>;
  /** A page of the spans that a query finds, by clip; `limit` may be Infinity. Throws 'bad-query'. */
  findSpans(query: SpanQuery, offset: number, limit: number): SpanPage;
  /** When a clip's frames are shown; the clip is decoded once for it, unless the library knows. Throws as probe and decoding. */
  timing(path: string, signal: AbortSignal, fields?: FieldsChoice): Promise<SourceTiming>;
  readonly jobs: AppJobs;
  /** What the user should know about opening the library, such as a damaged database that was set aside. */
  readonly notices: readonly string[];
}

/** The jobs of the library, whichever process runs them. An id may be given by its unique beginning. */
export interface AppJobs {
  /** Newest first. */
  list(): JobSummary[];
  /** Throws `job-unknown`. */
  show(id: string): JobDetails;
  /** Cancels, and waits until it has stopped. Throws `job-unknown`, `job-busy`. */
  cancel(id: string, signal?: AbortSignal): Promise<JobSummary>;
}

/**
 * Opens the library at `library` (--library DIR), INBETWEEN_HOME or the platform's data folder. `lanes` is how many jobs the host runs at the same time: they
 * share the cores. Throws 'database' and what openHome throws.
 */
export async function openApp({
  lanes = 1,
  library,
}: { lanes?: number; library?: string | undefined } = {}): Promise<App> {
  const home = await openHome({ library });
  const db = openLibrary(home);
  const threads = Math.max(1, Math.floor(availableParallelism() / lanes));
  return {
    run: (spec, request = {}) => runJob(spec, { db, home, threads, ...request }),
    finished: (spec) => finishedResult(spec, { db }),
    requireOutputs: async (specs) => {
      for (const { id, spec } of specs.map(prepareJob)) await refuseForeignOutput(db, id, spec);
    },
    alreadyThere: async (spec, signal) =>
      isAlreadyThere(spec, { analyses: analysisCache(db), source: await identify(spec.input), signal }),
    tagOutput: (input, engine) => ownOutput(home, input, engine),
    keptRules: (input, engine) => {
      const clip = clipByPath(db, input);
      return clip && chosenRules(db, clip.id, engine);
    },
    tagged: (spec, { tags }) => tagReport(db, runById(db, tags?.run ?? ''), spec),
    drawLabel: async (spec, { tags, durationIn }, picture) => {
      const run = runById(db, tags?.run ?? '');
      const { spans } = tagReport(db, run, { ...spec, labels: null });
      await writeCurvePicture({ ...picture, scores: scoresOfRun(db, run), seconds: durationIn, spans });
    },
    findSpans: (query, offset, limit) => searchSpans(db, query, offset, limit),
    timing: async (path, signal, fields) => {
      const probed = await probe(path, { signal });
      const known = { analyses: analysisCache(db), signal };
      const { info, facts } = await treatedSource(probed, await identify(path), known, { fields });
      const { times, end, stamps } = facts.index;
      const { nominalRate, averageRate } = info.video;
      const timing = sourceTiming(times, end, stamps.timeBase, [nominalRate, averageRate]);
      return { ...timing, decoded: info.recorded?.decoded };
    },
    jobs: {
      list: () => jobSummaries(db),
      show: (id) => jobDetails(db, id),
      cancel: (id, signal) => cancelJob({ db, home }, id, signal),
    },
    notices: db.notices,
    async [Symbol.asyncDispose]() {
      db[Symbol.dispose]();
    },
  };
}

/** The tag task: the recogniser's scores of the clip, found in the library or made now, and what is written of them. */
import { readFile, writeFile } from 'node:fs/promises';
import { AppError } from '../../../contract/errors.ts';
import type { RetimeResult } from '../../../contract/jobs.ts';
import type { VideoInfo } from '../../../contract/media.ts';
import type { TagSpec } from '../../../contract/tags.ts';
import { findTagger } from '../../engines/registry.ts';
import type { TaggerEntry } from '../../engines/tagger.ts';
import { requireUnchanged } from '../../library/file-identity.ts';
import { replaceFound } from '../../library/span-rows.ts';
import { finishedRun, runById, setRules, type TagRunRow } from '../../library/tag-runs.ts';
import { asOutputError } from '../../media/output-file.ts';
import { probe } from '../../media/probe.ts';
import { libraryClip } from '../../tags/clip.ts';
import { scoresOfRun, type Scores } from '../../tags/curves.ts';
import { knownLabels } from '../../tags/labels.ts';
import { makeOverlay, refuseOverlay } from '../../tags/overlay.ts';
import { spansOfRun, tagReport } from '../../tags/report.ts';
import { tagClip, type TagRunOptions, type TaggedClip } from '../../tags/run.ts';
import { claimedSeconds, requireFootage, sampledContent } from '../../tags/sample.ts';
import { tagFormat } from '../../tags/spec.ts';
import { tagsText } from '../../tags/write.ts';
import { findAllTaught } from '../../teach/taught.ts';
import { sourceAt, type Task, type TaskContext } from '../task.ts';
import { treatedSource } from './source-facts.ts';

export const tag: Task<TagSpec> = async (spec, context) => tagWith(await findTagger(spec.engine), spec, context);

/** Shares of the job's time before the recogniser runs and until it has; without and with an overlay. */
const RUNS_FROM = 0.01;
const RUNS_TO = { plain: 0.97, overlay: 0.6 };

/** The task with a given recogniser; `storeMs` as in TagRunOptions. */
export async function tagWith(
  entry: TaggerEntry,
  spec: TagSpec,
  context: TaskContext,
  storeMs?: number,
): Promise<RetimeResult> {
  const started = performance.now();
  const { db, signal, emit, part, sources } = context;
  const kind = tagFormat(spec.output);
  if (spec.overlay !== undefined) refuseOverlay(spec.overlay);
  const source = sourceAt(sources, spec.input);
  const labels = spec.labels && knownLabels(spec.labels, entry.labels, entry.id);
  emit({ type: 'progress', stage: 'probing', fraction: 0, done: 0, total: 1, unit: 'seconds' });
  const info = await probe(spec.input, { signal });
  requireFootage(info);
  const clip = await libraryClip(db, source, info, signal);
  const key = {
    clip: clip.id,
    engine: entry.id,
    version: entry.version,
    content: sampledContent(source.fingerprint, info),
  };
  const known = spec.again === undefined ? finishedRun(db, key) : undefined;
  const tagged = known
    ? applyRules(known, spec, context)
    : await recognise(entry, spec, context, { clip: clip.id, info, storeMs });
  const run = runById(db, tagged.run.id);
  findAllTaught(db, run);
  const report = tagReport(db, run, { input: spec.input, rules: spec.rules, labels, top: spec.top });
  const text = tagsText(kind, report, clip);
  await writeFile(part, text).catch((error: unknown) => {
    throw asOutputError(error, spec.output);
  });
  if ((await readFile(part, 'utf8')) !== text) throw new AppError('verify-failed', `${part} is not what was written.`);
  const overlay =
    spec.overlay === undefined
      ? []
      : [await drawn(spec, spec.overlay, context, { info, scores: scoresOfRun(db, run, labels) })];
  emit({ type: 'progress', stage: 'writing', fraction: 0.99, done: 0, total: 1, unit: 'seconds' });
  await context.publish([{ from: part, to: spec.output }, ...overlay]);
  const { top, spans } = report;
  return {
    ...{ output: spec.output, engine: entry.id, device: tagged.device, frames: run.scores, fps: String(run.rate) },
    ...{ synthesised: 0, passedThrough: run.scores, held: 0, cuts: [], audio: 'none', avDriftMs: 0 },
    durationIn: claimedSeconds(info) ?? report.duration,
    durationOut: report.duration,
    seconds: (performance.now() - started) / 1000,
    verified: true,
    engineMs: tagged.engineMs,
    reusedFrames: tagged.reused,
    notes: [],
    tags: {
      ...{ run: run.id, version: run.version, top, spans: spans.length },
      labels: new Set(spans.map(({ label }) => label)).size,
    },
  } satisfies RetimeResult;
}

/** Makes the overlay beside where it is to be. */
async function drawn(
  { input, top }: TagSpec,
  output: string,
  context: TaskContext,
  { info, scores }: { readonly info: VideoInfo; readonly scores: Scores },
): Promise<{ from: string; to: string }> {
  const { signal, emit } = context;
  const to = context.partFor(output);
  const source = await treatedSource(info, sourceAt(context.sources, input), context);
  await makeOverlay({
    ...{ input, source, scores, top, output, to, signal },
    onProgress: (done, total) => {
      const fraction = RUNS_TO.overlay + (0.99 - RUNS_TO.overlay) * (total > 0 ? done / total : 0);
      emit({ type: 'progress', stage: 'rendering', fraction, done, total, unit: 'frames' });
    },
  });
  return { from: to, to: output };
}

/** The scores are here: what is found is made anew by the rules that were asked for. */
function applyRules(run: TagRunRow, spec: TagSpec, { db }: TaskContext): TaggedClip {
  db.write(() => {
    setRules(db, run, spec.rules);
    replaceFound(db, run, spansOfRun(db, run, spec.rules));
  });
  return { run, device: 'nothing: its scores are in the library', scores: run.scores, reused: run.scores, engineMs: 0 };
}

async function recognise(
  entry: TaggerEntry,
  spec: TagSpec,
  { db, signal, sources, threads, emit }: TaskContext,
  { clip, info, storeMs }: Pick<TagRunOptions, 'clip' | 'info' | 'storeMs'>,
): Promise<TaggedClip> {
  const seconds = claimedSeconds(info);
  const to = spec.overlay === undefined ? RUNS_TO.plain : RUNS_TO.overlay;
  return await tagClip({
    ...{ db, clip, info, storeMs, entry, threads, signal, rules: spec.rules, device: spec.device },
    content: sampledContent(sourceAt(sources, spec.input).fingerprint, info),
    unchanged: () => requireUnchanged(sources),
    onProgress: ({ done, rate, device }) => {
      // What the file claims is a guess until the end.
      const total = Math.max(done, Math.ceil((seconds ?? 0) * entry.rate));
      const fraction = RUNS_FROM + (to - RUNS_FROM) * (seconds === undefined ? 0 : done / total);
      const counts = { done, total: seconds === undefined ? 0 : total, framesPerSecond: rate, device };
      emit({ type: 'progress', stage: 'recognising', fraction, unit: 'frames', ...counts });
    },
  });
}

/** What an export will be, before it starts: how many frames, how large, what stands in its way. And the jobs that it is. */
import { dirname, join } from 'node:path';
import { AppError, toAppError } from '../../contract/errors.ts';
import type { SequenceClip, SequenceSpec } from '../../contract/jobs.ts';
import type { ProjectState, TimelineClip } from '../../contract/project.ts';
import type { ExportOptions, ExportPlan } from '../../contract/queue.ts';
import { TICKS } from '../../contract/time.ts';
import { masksFolder, type Home } from '../base/home.ts';
import { chunkByKey } from '../library/chunk-rows.ts';
import type { Library } from '../library/db.ts';
import { estimateBytes, requireSpace } from '../media/disk-space.ts';
import { clipsInOrder, retimeFrames, sequenceLength, sourceAt } from '../sequence/geometry.ts';
import { toNumber } from '../time/rational.ts';
import { timecodeAfter } from '../media/tracks/timecode.ts';
import { formatTimecode } from '../time/timecode.ts';
import { refuseForeignOutput, refuseInputAsOutput, requireOutputFolder } from './publish.ts';
import { prepareJob } from './spec.ts';
import type { KnownSource } from './tasks/clip-plan.ts';
import { countFrames } from './tasks/sequence-counts.ts';
import { devicesOf, spaceNeeds } from './tasks/sequence-needs.ts';
import { planSequence, sequenceChunks, type SequencePlan } from './tasks/sequence-plan.ts';

export interface ExportContext {
  readonly db: Library;
  readonly home: Home;
  /** A clip of the library, analysed. Throws AppErrors: clip-missing, clip-unknown, not-found, ... */
  readonly source: (media: string) => Promise<KnownSource>;
  readonly signal: AbortSignal;
  readonly threads: number;
}

export interface PlannedExport {
  readonly plan: ExportPlan;
  /** In order; to be run when nothing is refused. */
  readonly specs: readonly SequenceSpec[];
}

/** Plans an export of a project. What stands in its way is listed, not thrown; throws only the signal's reason and what is broken inside. */
export async function planExport(
  { name, state }: { readonly name: string; readonly state: ProjectState },
  options: ExportOptions,
  context: ExportContext,
): Promise<PlannedExport> {
  const refused: ExportPlan['refused'] = [];
  const known = await sourcesOf(scopeClips(state, options), context, refused);
  const specs = specsOf(name, state, options, known);
  if (specs.length === 0) {
    refused.push({
      what: name,
      code: 'empty-range',
      reason: 'There is nothing to export: the sequence is empty there.',
    });
  }
  const totals = emptyPlan(state, options, specs, refused);
  const needs: { path: string; bytes: number }[] = [];
  for (const spec of specs) {
    await trying(refused, spec.output, async () => {
      const sources = new Map([...known.values()].map((source) => [source.identity.path, source]));
      const plan = await planSequence(spec, sources, masksFolder(context.home));
      await addTo(totals, needs, plan, context);
    });
    for (const check of [requireOutputFolder, refuseInputAsOutput]) {
      await trying(refused, spec.output, () => check(spec));
    }
    await trying(refused, spec.output, () => refuseForeignOutput(context.db, prepareJob(spec).id, spec));
  }
  if (needs.length > 0) await trying(refused, dirname(specs[0]!.output), () => requireSpace(needs));
  return { plan: { ...totals, notes: [...new Set(totals.notes)], refused }, specs };
}

/** Notes what `work` refuses. Throws what is no AppError of the user's, and cancelling. */
async function trying(refused: ExportPlan['refused'], what: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    const { code, message, kind } = toAppError(thrown);
    if (code === 'internal' || kind === 'cancelled') throw thrown;
    if (refused.some((one) => one.code === code && one.reason === message)) return;
    refused.push({ what, code, reason: message });
  }
}

function rangeOf(state: ProjectState, { scope }: ExportOptions): { from: number; to: number } {
  const to = sequenceLength(state);
  if (scope.what !== 'range') return { from: 0, to };
  return { from: scope.from, to: Math.min(scope.to, to) };
}

function scopeClips(state: ProjectState, options: ExportOptions): TimelineClip[] {
  const { scope } = options;
  const clips = clipsInOrder(state);
  if (scope.what === 'segments') return scope.clips ? clips.filter(({ id }) => scope.clips!.includes(id)) : clips;
  const { from, to } = rangeOf(state, options);
  return clips.filter((clip) => clip.start < to && clip.start + clip.frames > from);
}

async function sourcesOf(
  clips: readonly TimelineClip[],
  { source }: ExportContext,
  refused: ExportPlan['refused'],
): Promise<Map<string, KnownSource>> {
  const known = new Map<string, KnownSource>();
  const asked = new Set<string>();
  for (const { media, name } of clips) {
    if (asked.has(media)) continue;
    asked.add(media);
    await trying(refused, name, async () => known.set(media, await source(media)));
  }
  return known;
}

/** The jobs of an export; clips whose files are missing are left out of them. */
function specsOf(
  name: string,
  state: ProjectState,
  options: ExportOptions,
  known: ReadonlyMap<string, KnownSource>,
): SequenceSpec[] {
  const { codec, quality, device, force } = options;
  const { settings } = state;
  const base = { kind: 'sequence' as const, settings, codec, quality, device, force };
  const clips = scopeClips(state, options).flatMap((clip): SequenceClip[] => {
    const input = known.get(clip.media)?.identity.path;
    return input === undefined ? [] : [{ ...clip, input }];
  });
  if (options.scope.what !== 'segments') {
    const { from, to } = rangeOf(state, options);
    const inside = Object.values(state.markers).filter(({ frame }) => frame >= from && frame < to);
    const markers = inside.map(({ frame, name: title }) => ({ frame, name: title }));
    const whole = { ...base, title: name, clips, from, to, output: options.output };
    return from < to ? [{ ...whole, ...(markers.length > 0 && { markers }) }] : [];
  }
  const { handles } = options.scope;
  return clips.map((clip, i) => {
    const first = Math.max(0, clip.first - handles);
    const end = Math.min(retimeFrames(clip.keys, settings.rate), clip.first + clip.frames + handles);
    const whole = { ...clip, start: 0, first, frames: end - first };
    const timecode = timecodeAt(whole, known.get(clip.media)!, settings.rate);
    const output = join(options.output, segmentName(clip.name, i, clips.length, options));
    return { ...base, title: clip.name, clips: [whole], from: 0, to: whole.frames, output, timecode };
  });
}

/** The source's timecode of the first frame shown, counted at the rate of the file. */
function timecodeAt(clip: SequenceClip, { info }: KnownSource, rate: SequenceSpec['settings']['rate']): string {
  const seconds = Math.max(0, sourceAt(clip, rate, 0)) / TICKS;
  const frames = Math.round(seconds * toNumber(rate));
  return timecodeAfter(info, seconds, rate) ?? formatTimecode({ frames, drop: false }, rate);
}

const ENDINGS = { h264: 'mp4', hevc: 'mp4', av1: 'mp4', vp9: 'webm', prores: 'mov', ffv1: 'mkv' } as const;

function segmentName(name: string, index: number, count: number, { container, codec }: ExportOptions): string {
  const number = String(index + 1).padStart(Math.max(2, String(count).length), '0');
  const plain = name
    .replace(/\.[A-Za-z0-9]{1,5}$/, '')
    // Letters and numbers of any script, and what file systems everywhere take.
    .replaceAll(/[^\p{L}\p{N} ._()-]+/gu, '_')
    .slice(0, 60)
    .trim();
  return `${number} ${plain === '' ? 'segment' : plain}.${container ?? ENDINGS[codec]}`;
}

function emptyPlan(
  state: ProjectState,
  options: ExportOptions,
  specs: readonly SequenceSpec[],
  refused: ExportPlan['refused'],
): ExportPlan {
  const { rate, width, height } = state.settings;
  const frames = specs.reduce((sum, { from, to }) => sum + to - from, 0);
  return {
    frames,
    rate,
    duration: frames / toNumber(rate),
    width,
    height,
    codec: options.codec,
    bytes: 0,
    real: 0,
    held: 0,
    synthesised: 0,
    cached: 0,
    files: specs.map(({ output }) => output),
    refused,
    notes: [],
  };
}

async function addTo(
  totals: ExportPlan,
  needs: { path: string; bytes: number }[],
  plan: SequencePlan,
  { db, home, signal, threads }: ExportContext,
): Promise<void> {
  const devices = await devicesOf(plan, { signal, threads });
  const frames = plan.spec.to - plan.spec.from;
  const seconds = frames / toNumber(plan.spec.settings.rate);
  const bytes = estimateBytes(plan.output, frames, plan.output.audio ? seconds : 0);
  let cached = 0;
  for (const { key, timestamps } of sequenceChunks(plan, devices)) {
    if (chunkByKey(db, key) !== undefined) cached += timestamps.length - 1;
  }
  const counts = countFrames(plan);
  totals.codec = plan.output.codec;
  totals.bytes += bytes;
  totals.real += counts.passedThrough;
  totals.held += counts.held;
  totals.synthesised += counts.synthesised;
  totals.cached += cached;
  totals.notes.push(...plan.notes);
  needs.push(...spaceNeeds(plan, home, bytes, frames === 0 ? 0 : 1 - cached / frames));
}

/** Throws the first of what a plan refuses. */
export function throwRefused({ refused }: ExportPlan): void {
  const [first] = refused;
  if (first) throw new AppError(first.code as AppError['code'], first.reason);
}

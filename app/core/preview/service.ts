/**
 * The preview of projects: plans of clips for the timeline, chunks rendered in a process of their own, into the store that exports use. [Note: preview]
 *
 * Planning happens here: it is arithmetic. What decodes or synthesises happens in the other process, one request at a time; a new one replaces the
 * last, whose finished chunks stay. The source's analysis, which needs a decoding pass, is started by whoever first asks for a plan.
 */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Topics } from '../../contract/api.ts';
import { AppError, toAppError } from '../../contract/errors.ts';
import type { SequenceClip } from '../../contract/jobs.ts';
import type { ClipPreview, ClipPreviewAnswer } from '../../contract/preview.ts';
import type { SequenceSettings, TimelineClip } from '../../contract/project.ts';
import type { Settings } from '../../contract/settings.ts';
import { masksFolder, type Home } from '../base/home.ts';
import { analyseClip, type ClipAnalysis } from '../clips/facts.ts';
import { devicesOf } from '../jobs/tasks/sequence-needs.ts';
import { planSequence } from '../jobs/tasks/sequence-plan.ts';
import { confidenceOf } from '../library/chunk-facts.ts';
import { chunkByKey, forgetChunk, useChunk } from '../library/chunk-rows.ts';
import { usableClip } from '../library/clip-rows.ts';
import type { Library } from '../library/db.ts';
import { projectState } from '../projects/edit.ts';
import { clipsInOrder } from '../sequence/geometry.ts';
import { previewOf, type PlannedPreview } from './clip-preview.ts';
import { previewFiles } from './kept-files.ts';
import type { PreviewAnswer } from './messages.ts';
import { previewEncoding, previewSpec } from './preview-spec.ts';
import { previewProcess } from './process.ts';

export interface PreviewOptions {
  readonly db: Library;
  readonly home: Home;
  readonly threads: number;
  readonly settings: () => Settings;
  readonly signal: AbortSignal;
  /** Throws path-refused for a file that may not be looked at: a clip may have been added when other folders were open. */
  readonly check: (path: string) => Promise<string>;
  readonly emit: <T extends keyof Topics>(topic: T, payload: Topics[T]) => void;
  /** Milliseconds that the process is kept with nothing to do. */
  readonly idleMs?: number;
}

/** Milliseconds that the answer to `clip` waits for an analysis that may be known already; and between two tidings of one that is not. */
const WAIT_MS = 150;
const TELL_MS = 500;
/** Plans kept: arrays of numbers, one for each frame shown. */
const KEPT_PLANS = 400;
const KEPT_REQUESTS = 16;

interface Analysing {
  fraction: number;
  /** Clips of projects to be told of. */
  readonly listeners: Map<string, { project: string; clip: string }>;
}

interface Rendering {
  readonly request: number;
  readonly project: string;
}

export class PreviewService {
  readonly #options: PreviewOptions;
  readonly #process: ReturnType<typeof previewProcess>;
  readonly #files: ReturnType<typeof previewFiles>;
  readonly #analysing = new Map<string, Analysing>();
  readonly #failed = new Map<string, AppError>();
  readonly #plans = new Map<string, PlannedPreview>();
  readonly #pictures = new Map<number, PromiseWithResolvers<number | null>>();
  /** Projects of the latest requests: chunks of one that was replaced may still come. */
  readonly #projects = new Map<number, string>();
  #rendering: Rendering | undefined;
  #requests = 0;

  constructor(options: PreviewOptions) {
    this.#options = options;
    this.#files = previewFiles(options.home.root);
    this.#process = previewProcess({
      home: options.home.root,
      threads: options.threads,
      onAnswer: (answer) => this.#answered(answer),
      onDeath: (error) => this.#died(error),
      busy: () => this.#rendering !== undefined || this.#pictures.size > 0,
      idleMs: options.idleMs,
    });
  }

  /** Throws project-unknown, clip-unknown. */
  async clip(project: string, id: string): Promise<ClipPreviewAnswer> {
    const { version, state } = projectState(this.#options.db, project);
    const clip = this.#clipOf(state.clips, id);
    const analysis = this.#analyse(project, clip);
    try {
      const known = await Promise.race([analysis, sleep(WAIT_MS, undefined)]);
      if (!known) return { state: 'analysing', clip: id, fraction: this.#analysing.get(clip.media)?.fraction ?? 0 };
      const planned = await this.#plan(state.settings, clip, known);
      this.#expect(state.settings, clip, known, planned);
      return { state: 'ready', preview: await this.#filled(id, version, clip, planned) };
    } catch (thrown) {
      const { code, message } = toAppError(thrown);
      return { state: 'failed', clip: id, error: { code, message } };
    }
  }

  /** Renders what is missing of the clips of a project, or of those named, that have been analysed. Throws project-unknown. */
  async render(project: string, around: number, only?: readonly string[]): Promise<number> {
    const { db, settings } = this.#options;
    const { state } = projectState(db, project);
    const clips: SequenceClip[] = [];
    const sounds: { clip: string; key: string }[] = [];
    let missing = 0;
    // Asked again and again while a film plays: each file is looked at once.
    const analyses = new Map<string, Promise<ClipAnalysis | undefined>>();
    for (const clip of clipsInOrder(state)) {
      if (only && !only.includes(clip.id)) continue;
      const analysis = analyses.get(clip.media) ?? this.#known(project, clip);
      analyses.set(clip.media, analysis);
      const known = await analysis;
      if (!known) continue;
      const planned = await this.#plan(state.settings, clip, known).catch(() => undefined);
      if (!planned) continue;
      const lacking = planned.chunks.filter(({ key }) => chunkByKey(db, key) === undefined);
      const silent = planned.sound !== null && (await this.#files.sounds.find(planned.sound)) === undefined;
      missing += lacking.reduce((sum, { frames }) => sum + frames, 0);
      if (silent) sounds.push({ clip: clip.id, key: planned.sound! });
      if (lacking.length > 0 || silent) clips.push({ ...clip, input: known.file.path });
    }
    if (clips.length === 0) return 0;
    const request = ++this.#requests;
    this.#rendering = { request, project };
    this.#projects.set(request, project);
    if (this.#projects.size > KEPT_REQUESTS) this.#projects.delete(this.#projects.keys().next().value!);
    const { cacheBytes } = settings();
    const near = (at: number): number => Math.abs(at - around);
    const startOf = (id: string): number => state.clips[id]!.start;
    sounds.sort((a, b) => near(startOf(a.clip)) - near(startOf(b.clip)));
    const spec = previewSpec(state.settings, clips, settings());
    this.#process.send({ type: 'render', request, spec, around, cacheBytes, sounds });
    return missing;
  }

  /** Ends what is rendered for a project. */
  stop(project: string): void {
    if (this.#rendering?.project !== project) return;
    this.#rendering = undefined;
    if (this.#process.running) this.#process.send({ type: 'stop' });
    // Nobody waits for what is missing.
    this.#options.emit('preview.progress', { project, missing: 0, framesPerSecond: null, error: null });
  }

  /** The picture of a frame of the sequence by another engine: its key, and how far it may be trusted. Throws clip-unknown, and what rendering throws. */
  async picture(
    project: string,
    id: string,
    frame: number,
    engine: string,
  ): Promise<{ key: string; confidence: number | null }> {
    const { db, settings } = this.#options;
    const { state } = projectState(db, project);
    const clip = this.#clipOf(state.clips, id);
    if (frame < clip.start || frame >= clip.start + clip.frames) {
      throw new AppError('bad-request', 'That frame is not of that clip.');
    }
    await this.#options.check(usableClip(db, clip.media).path);
    const { file } = await analyseClip(db, clip.media, { signal: this.#options.signal });
    const other: SequenceClip = { ...clip, engine, remedies: [], input: file.path };
    const spec = previewSpec(state.settings, [other], settings());
    const key = hashed([spec, frame, file.fingerprint]);
    const request = ++this.#requests;
    const answer = Promise.withResolvers<number | null>();
    this.#pictures.set(request, answer);
    this.#process.send({ type: 'frame', request, spec, frame, key });
    try {
      return { key, confidence: await answer.promise };
    } finally {
      this.#pictures.delete(request);
    }
  }

  /** The file of a chunk, if it is there; a row whose file has gone is forgotten, so that it is made again. */
  async chunkPath(key: string): Promise<string | undefined> {
    const { db, home } = this.#options;
    const row = chunkByKey(db, key);
    if (!row) return undefined;
    const path = join(home.chunks, key.slice(0, 2), row.file);
    const found = await stat(path).catch(() => undefined);
    if (found?.size !== row.bytes) {
      forgetChunk(db, key);
      return undefined;
    }
    // What is looked at stays longer.
    useChunk(db, key, 'preview');
    return path;
  }

  async soundPath(key: string): Promise<string | undefined> {
    return await this.#files.sounds.find(key);
  }

  async picturePath(key: string): Promise<string | undefined> {
    return await this.#files.frames.find(key);
  }

  close(): void {
    this.#process.close();
    this.#died(new AppError('cancelled', 'Cancelled.'));
  }

  #clipOf(clips: Readonly<Record<string, TimelineClip>>, id: string): TimelineClip {
    const clip = Object.hasOwn(clips, id) ? clips[id] : undefined;
    if (clip) return clip;
    throw new AppError('clip-unknown', 'There is no such clip in the project.');
  }

  /** Analyses a clip's source; whoever waited is told when it is done. */
  async #analyse(project: string, { id, media }: TimelineClip): Promise<ClipAnalysis> {
    const { db, signal, emit } = this.#options;
    const failure = this.#failed.get(media);
    if (failure) {
      // Told once; asking again tries again.
      this.#failed.delete(media);
      throw failure;
    }
    const { info, path } = usableClip(db, media);
    await this.#options.check(path);
    const seconds = info.duration ?? info.video.duration ?? 0;
    const entry: Analysing = this.#analysing.get(media) ?? { fraction: 0, listeners: new Map() };
    this.#analysing.set(media, entry);
    entry.listeners.set(`${project}/${id}`, { project, clip: id });
    let told = performance.now();
    const tell = (): void => {
      for (const one of entry.listeners.values()) emit('preview.changed', one);
    };
    const began = performance.now();
    const analysis = analyseClip(db, media, {
      signal,
      onProgress: ({ seconds: behind }) => {
        entry.fraction = seconds > 0 ? Math.min(0.99, behind / seconds) : 0;
        if (performance.now() - told < TELL_MS) return;
        told = performance.now();
        tell();
      },
    });
    const over = (error?: unknown): void => {
      if (this.#analysing.get(media) !== entry) return;
      this.#analysing.delete(media);
      if (performance.now() - began < WAIT_MS || signal.aborted) return;
      if (error !== undefined) this.#failed.set(media, toAppError(error));
      tell();
    };
    analysis.then(() => over(), over);
    return await analysis;
  }

  /** The analysis of a clip's source if it takes no time. */
  async #known(project: string, clip: TimelineClip): Promise<ClipAnalysis | undefined> {
    const analysis = this.#analyse(project, clip).catch(() => undefined);
    return await Promise.race([analysis, sleep(WAIT_MS, undefined)]);
  }

  /** Has the process make ready what rendering this clip will need. */
  #expect(settings: SequenceSettings, clip: TimelineClip, { file }: ClipAnalysis, planned: PlannedPreview): void {
    if (planned.direct && planned.sound === null) return;
    const warm = this.#process.running;
    this.#process.send({ type: 'expect', paths: [file.path] });
    if (warm || planned.direct) return;
    const spec = previewSpec(settings, [{ ...clip, input: file.path }], this.#options.settings());
    this.#process.send({ type: 'warm', spec });
  }

  async #plan(
    settings: SequenceSettings,
    clip: TimelineClip,
    { file, info, facts }: ClipAnalysis,
  ): Promise<PlannedPreview> {
    const { signal, threads } = this.#options;
    const spec = previewSpec(settings, [{ ...clip, input: file.path }], this.#options.settings());
    // Where it is in the sequence, and how it is called, changes nothing.
    const [{ start: _, name: __, colour: ___, id: ____, ...what }] = spec.clips as [SequenceClip];
    const key = hashed([spec.settings, spec.height, spec.device, what, file.fingerprint]);
    const before = this.#plans.get(key);
    if (before) return before;
    const sources = new Map([[file.path, { info, facts, identity: file }]]);
    const plan = await planSequence(spec, sources, masksFolder(this.#options.home), previewEncoding);
    const planned = previewOf(plan, await devicesOf(plan, { signal, threads }));
    this.#plans.set(key, planned);
    if (this.#plans.size > KEPT_PLANS) this.#plans.delete(this.#plans.keys().next().value!);
    return planned;
  }

  /** The plan with what has been rendered of it by now. */
  async #filled(id: string, version: number, clip: TimelineClip, planned: PlannedPreview): Promise<ClipPreview> {
    const { db } = this.#options;
    const confidence: (number | null)[] = planned.kinds.map(() => null);
    const chunks = planned.chunks.map(({ key, first, frames }) => {
      const ready = chunkByKey(db, key) !== undefined;
      const known = ready ? confidenceOf(db, key) : undefined;
      known?.forEach((one, i) => (confidence[first - clip.first + i] = one));
      return { key, first, frames, ready };
    });
    const { kinds, sources, cuts, direct, notes } = planned;
    const sound = planned.sound !== null && (await this.#files.sounds.find(planned.sound)) ? planned.sound : null;
    return { clip: id, version, kinds, sources, confidence, cuts, direct, chunks, notes, sound };
  }

  #answered(answer: PreviewAnswer): void {
    const { emit } = this.#options;
    const picture = this.#pictures.get(answer.request);
    if (answer.type === 'frame') return picture?.resolve(answer.confidence);
    if (answer.type === 'ended' && picture) {
      if (answer.error) picture.reject(new AppError(answer.error.code, answer.error.message));
      return;
    }
    const project = this.#projects.get(answer.request);
    if (project === undefined) return;
    if (answer.type === 'chunk') {
      const { clip, key, first, confidence } = answer;
      emit('preview.chunk', { project, clip, key, first, confidence });
    }
    if (answer.type === 'sound') emit('preview.changed', { project, clip: answer.clip });
    if (this.#rendering?.request !== answer.request) return;
    if (answer.type === 'progress') {
      const { missing, framesPerSecond } = answer;
      emit('preview.progress', { project, missing, framesPerSecond, error: null });
    }
    if (answer.type === 'ended') {
      this.#rendering = undefined;
      this.#projects.clear();
      emit('preview.progress', { project, missing: 0, framesPerSecond: null, error: answer.error });
    }
  }

  #died(error: AppError): void {
    for (const picture of this.#pictures.values()) picture.reject(error);
    const project = this.#rendering?.project;
    this.#rendering = undefined;
    if (project === undefined || error.kind === 'cancelled') return;
    const { code, message } = error;
    this.#options.emit('preview.progress', { project, missing: 0, framesPerSecond: null, error: { code, message } });
  }
}

function hashed(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

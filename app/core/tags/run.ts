/**
 * A recogniser over a clip: its pictures go in, scores go into the library, and spans are there while it still runs.
 *
 * [Note: going on] Scores are stored together with the network's state after them, so a run that was killed goes on after the last scores stored: pictures before
 * are decoded and dropped. Pictures are pushed in chunks that begin at the same places however often a run was interrupted, since a network rounds
 * differently for other chunks; so the scores are bit for bit those of a run at one go. A network without a state to keep begins again, and what it says of
 * moments that have their scores is dropped.
 */
import type { DeviceChoice } from '../../contract/choices.ts';
import { AppError } from '../../contract/errors.ts';
import type { VideoInfo } from '../../contract/media.ts';
import type { SpanRules } from '../../contract/tags.ts';
import { prefetch } from '../base/prefetch.ts';
import type { Score, Tagger, TaggerEntry } from '../engines/tagger.ts';
import type { Library } from '../library/db.ts';
import { finishRun, replaceFound } from '../library/span-rows.ts';
import {
  appendScores,
  beginRun,
  chosenRules,
  readScores,
  runById,
  runState,
  setRules,
  type TagRunRow,
} from '../library/tag-runs.ts';
import { spansOfRun } from './report.ts';
import { picturesToFloats, samplePictures } from './sample.ts';
import { SpanMaker } from './spans.ts';

export interface TagRunOptions {
  readonly db: Library;
  /** Id of the clip in the library, what was probed of it, and what its content is known by. */
  readonly clip: string;
  readonly info: VideoInfo;
  readonly content: string;
  /** Asked before scores are kept: throws when the file is not that content any more. */
  readonly unchanged?: (() => Promise<void>) | undefined;
  readonly entry: TaggerEntry;
  readonly rules: SpanRules;
  readonly device?: DeviceChoice | undefined;
  readonly threads: number;
  readonly signal: AbortSignal;
  /** Pictures looked at so far, those of earlier attempts too, and how many a second now. */
  readonly onProgress?:
    ((progress: { done: number; reused: number; rate: number; device: string }) => void) | undefined;
  /** Milliseconds between two times that scores are stored; with the time a large state takes to be written unless given. */
  readonly storeMs?: number | undefined;
}

export interface TaggedClip {
  readonly run: TagRunRow;
  readonly device: string;
  /** Scores in all, and those that were there before. */
  readonly scores: number;
  readonly reused: number;
  /** Milliseconds spent in the network. */
  readonly engineMs: number;
}

/** Pictures pushed at a time ([Note: going on]). */
const CHUNK = 8;
/** Scores read back at a time. */
const PAGE = 4096;
/** Milliseconds between two times that scores are stored, and for each MB of state on top. */
const STORE_MS = 2000;
const STORE_MS_PER_MB = 500;

/** Runs the recogniser to the end of the clip, or goes on with the run that was interrupted. Throws what sampling and the engine throw; the signal's reason. */
export async function tagClip(options: TagRunOptions): Promise<TaggedClip> {
  const { db, clip, info, content, entry, rules, device, threads, signal } = options;
  const tagger = await entry.open({ device, threads });
  try {
    const { id: engine, version } = entry;
    const { labels, rate, embedding } = tagger;
    const run = beginRun(db, { ...{ clip, content, engine, version, rules, rate, embedding }, labels: [...labels] });
    const writer = new ScoreWriter(db, run, options.storeMs);
    const first = await writer.begin(tagger);
    const sampling = { size: tagger.size, rate, first, threads, signal };
    let [pushed, engineMs] = [first, 0];
    const started = performance.now();
    for await (const chunk of prefetch(chunksOf(samplePictures(info, sampling)), 1)) {
      signal.throwIfAborted();
      const before = performance.now();
      const scores = await tagger.push(picturesToFloats(chunk), chunk.length, signal);
      engineMs += performance.now() - before;
      pushed += chunk.length;
      writer.add(scores);
      // Half a chunk is the last one, and nobody goes on after half of one.
      if (chunk.length === CHUNK) await writer.store(tagger, pushed, options.unchanged);
      const seconds = (performance.now() - started) / 1000;
      const progress = { done: pushed, reused: writer.reused, rate: (pushed - first) / seconds };
      options.onProgress?.({ ...progress, device: tagger.device });
    }
    writer.add(await tagger.finish(signal));
    signal.throwIfAborted();
    await options.unchanged?.();
    writer.end();
    return { run, device: tagger.device, scores: writer.scores, reused: writer.reused, engineMs };
  } finally {
    await tagger[Symbol.asyncDispose]();
  }
}

async function* chunksOf(pictures: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array[], void> {
  let chunk: Uint8Array[] = [];
  for await (const picture of pictures) {
    chunk.push(picture);
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

/** Puts scores into the library as they come, and the spans that are made of them. */
class ScoreWriter {
  readonly #db: Library;
  readonly #run: TagRunRow;
  readonly #storeMs: number | undefined;
  readonly #spans: SpanMaker;
  /** Not stored yet. */
  #fresh: Score[] = [];
  /** What a person chose for the run whose place this one takes, when this one began. */
  readonly #chosen: string;
  /** Scores still to come of moments that have theirs. */
  #skip = 0;
  #stored = 0;
  #due = 0;
  reused = 0;

  constructor(db: Library, run: TagRunRow, storeMs: number | undefined) {
    this.#db = db;
    this.#run = run;
    this.#storeMs = storeMs;
    this.#spans = new SpanMaker(run.labels, run.rate, run.rules);
    this.#chosen = JSON.stringify(chosenRules(db, run.clip, run.engine));
  }

  get scores(): number {
    return this.#stored + this.#fresh.length;
  }

  /** Brings the tagger to where the run is; the index of the first picture it wants. */
  async begin(tagger: Tagger): Promise<number> {
    const { scores, state } = runState(this.#db, this.#run);
    for (let from = 0; from < scores; from += PAGE)
      this.#spans.push(readScores(this.#db, this.#run, from, from + PAGE));
    this.#stored = scores;
    this.reused = scores;
    this.#due = performance.now() + (this.#storeMs ?? STORE_MS);
    if (scores === 0 || state === null) {
      this.#skip = scores;
      return 0;
    }
    await tagger.restore(state);
    return scores;
  }

  add(scores: readonly Score[]): void {
    const dropped = Math.min(this.#skip, scores.length);
    this.#skip -= dropped;
    this.#fresh.push(...scores.slice(dropped));
  }

  /** Stores what is new when it is time to; `pushed` pictures are what the tagger's state is about. */
  async store(tagger: Tagger, pushed: number, unchanged?: () => Promise<void>): Promise<void> {
    if (performance.now() < this.#due || this.#fresh.length === 0) return;
    await unchanged?.();
    // A state is of use only where everything was said that it has seen.
    const state = pushed === this.scores ? await tagger.state() : null;
    this.#write(state);
    replaceFound(this.#db, this.#run, this.#spans.soFar());
    this.#due = performance.now() + (this.#storeMs ?? STORE_MS + (STORE_MS_PER_MB * (state?.length ?? 0)) / 1e6);
  }

  end(): void {
    this.#write(null);
    this.#db.write(() => {
      // Rules that a person kept while this ran are newer than those it was started with.
      const chosen = chosenRules(this.#db, this.#run.clip, this.#run.engine);
      const kept = chosen && JSON.stringify(chosen) !== this.#chosen ? chosen : undefined;
      if (kept) setRules(this.#db, this.#run, kept);
      const all = runById(this.#db, this.#run.id);
      finishRun(this.#db, this.#run, kept ? spansOfRun(this.#db, all, kept) : this.#spans.finish());
    });
  }

  #write(state: Uint8Array | null): void {
    const [first, count] = [this.#stored, this.#fresh.length];
    // Jobs that write different files may be about one clip.
    if (runState(this.#db, this.#run).scores !== first) {
      throw new AppError(
        'job-busy',
        'Another job tags this clip with the same recogniser; run this one again after it.',
      );
    }
    const probabilities = rowsOf(this.#fresh.map((score) => score.probabilities));
    const embeddings = this.#run.embedding > 0 ? rowsOf(this.#fresh.map((score) => score.embedding)) : null;
    // Spans are made of what is stored, so that they are the same when they are made anew.
    this.#spans.push(appendScores(this.#db, this.#run, first, probabilities, embeddings, state));
    this.#stored += count;
    this.#fresh = [];
  }
}

function rowsOf(rows: readonly Float32Array[]): Float32Array {
  const width = rows[0]?.length ?? 0;
  const out = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) out.set(row, i * width);
  return out;
}

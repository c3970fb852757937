/** Scores recognisers on a protocol of recognition. */
import { availableParallelism } from 'node:os';
import type { DeviceChoice } from '../../contract/choices.ts';
import { SPAN_RULES, TEACH_METHODS, type TeachMethod } from '../../contract/tags.ts';
import { createEta } from '../base/eta.ts';
import { findTagger } from '../engines/registry.ts';
import type { Tagger, TaggerEntry } from '../engines/tagger.ts';
import { spansOf } from '../tags/spans.ts';
import { vectorsIn } from '../teach/examples-of.ts';
import { averagePrecisions, type FoundAndTrue } from './average-precision.ts';
import { fewShots, type FewShot, type Unit } from './few-shot.ts';
import type { WatchedVideo } from './protocol.ts';
import { meanProbabilities, topOne, type TopOne } from './top-one.ts';
import { watch, type Watched } from './watch.ts';

export const OVERLAPS = [0.3, 0.5, 0.7] as const;

export interface RecognitionOptions {
  readonly engines: readonly string[];
  /** Also score labels that are taught from few examples. */
  readonly teach: boolean;
  readonly device?: DeviceChoice | undefined;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: { done: number; total: number; what: string; etaSeconds?: number }) => void;
}

export interface SpanScore {
  readonly videos: number;
  readonly spans: number;
  /** For each of OVERLAPS the average precision by label ([Note: mean average precision]). */
  readonly precisions: readonly ReadonlyMap<string, number>[];
}

export interface GroupScore {
  readonly name: string;
  /** Null where no video of the group has a label the engine knows. */
  readonly top: TopOne | null;
  readonly spans: SpanScore | null;
  /** By method; null unless asked for. */
  readonly taught: ReadonlyMap<TeachMethod, readonly FewShot[]> | null;
}

export interface EngineRecognition {
  readonly engine: string;
  readonly version: string;
  readonly device: string;
  readonly labels: readonly string[];
  /** Pictures the network saw, and how many a second. */
  readonly pictures: number;
  readonly framesPerSecond: number;
  readonly groups: readonly GroupScore[];
}

/** Throws 'engine-unknown' and 'engine-kind' before anything is decoded, what decoding and engines throw, the signal's reason. */
export async function scoreRecognition(
  videos: readonly WatchedVideo[],
  options: RecognitionOptions,
): Promise<EngineRecognition[]> {
  const entries: TaggerEntry[] = [];
  for (const id of options.engines) entries.push(await findTagger(id));
  const scores: EngineRecognition[] = [];
  for (const entry of entries) scores.push(await scoreTagger(entry, videos, options));
  return scores;
}

/** The same for a recogniser that is at hand. */
export async function scoreTagger(
  entry: TaggerEntry,
  videos: readonly WatchedVideo[],
  options: RecognitionOptions,
): Promise<EngineRecognition> {
  const { device, threads = availableParallelism(), signal, teach } = options;
  await using tagger = await entry.open({ device, threads });
  const watched = await watchAll(tagger, teach ? videos : videos.filter(({ examples }) => !examples), options);
  const all = [...watched.values()];
  const pictures = all.reduce((sum, { scores }) => sum + scores, 0);
  const groups: GroupScore[] = [];
  for (const [name, ofGroup] of Map.groupBy(watched, ([video]) => video.group)) {
    options.onProgress?.({ done: videos.length, total: videos.length, what: `scoring ${name}` });
    groups.push(await scoreGroup(name, ofGroup, tagger.labels, teach, signal));
  }
  return {
    ...{ engine: entry.id, version: entry.version, device: tagger.device, labels: tagger.labels, pictures },
    framesPerSecond: pictures / all.reduce((sum, { seconds }) => sum + seconds, 0),
    groups,
  };
}

type Pair = readonly [video: WatchedVideo, watched: Watched];

async function watchAll(
  tagger: Tagger,
  videos: readonly WatchedVideo[],
  { signal, onProgress }: RecognitionOptions,
): Promise<Map<WatchedVideo, Watched>> {
  const eta = createEta();
  const out = new Map<WatchedVideo, Watched>();
  for (const video of videos) {
    out.set(video, await watch(tagger, video.file, signal));
    const etaSeconds = eta.update(out.size / videos.length, performance.now() / 1000);
    const counts = { done: out.size, total: videos.length, what: video.group };
    onProgress?.({ ...counts, ...(etaSeconds !== undefined && { etaSeconds }) });
  }
  return out;
}

async function scoreGroup(
  name: string,
  pairs: readonly Pair[],
  labels: readonly string[],
  teach: boolean,
  signal: AbortSignal | undefined,
): Promise<GroupScore> {
  const asked = pairs.filter(([video]) => !video.examples);
  const whole = asked.flatMap(([{ label }, watched]) =>
    label === null ? [] : [{ truth: label, means: meanProbabilities(watched) }],
  );
  const units = teach ? pairs.flatMap(unitsOf) : [];
  const taught = new Map<TeachMethod, readonly FewShot[]>();
  for (const method of teach ? TEACH_METHODS : []) taught.set(method, await fewShots(method, units, undefined, signal));
  return { name, top: topOne(whole, labels), spans: spanScore(asked, labels), taught: teach ? taught : null };
}

/** Spans as `tag` finds them, by its own rules, of labels that the group's truth has. */
function spanScore(pairs: readonly Pair[], labels: readonly string[]): SpanScore | null {
  const videos = pairs.flatMap(([{ spans }, { probabilities, rate }]): FoundAndTrue[] =>
    spans === null ? [] : [{ truth: spans, found: spansOf(probabilities, labels, rate, SPAN_RULES) }],
  );
  const spans = videos.reduce((sum, { truth }) => sum + truth.length, 0);
  if (spans === 0) return null;
  return { videos: videos.length, spans, precisions: OVERLAPS.map((overlap) => averagePrecisions(videos, overlap)) };
}

/** A clip with one label is an example of it, and so is every span. */
function unitsOf([{ label, spans, person, examples }, { times, values, scores, rate }]: Pair): Unit[] {
  const stretches = label === null ? (spans ?? []) : [{ label, start: 0, end: scores / rate }];
  return stretches.flatMap((stretch) => {
    const vectors = vectorsIn({ spans: [], times, values }, [stretch.start, stretch.end], []);
    return vectors.length === 0 ? [] : [{ label: stretch.label, person, vectors, examples }];
  });
}

/** What is known of a clip after one decoding pass. Done once for a file in a state; the library remembers it, and jobs use the same. */
import type { ClipFacts } from '../../contract/library.ts';
import type { VideoInfo } from '../../contract/media.ts';
import { TICKS } from '../../contract/time.ts';
import { Shared } from '../base/shared.ts';
import { analysisCache } from '../library/analysis-cache.ts';
import { setMeasured, setProxy, usableClip, type ClipRow } from '../library/clip-rows.ts';
import type { Library } from '../library/db.ts';
import { identify, type FileIdentity } from '../library/file-identity.ts';
import { cadences } from '../media/cadence.ts';
import { describeFound } from '../media/fields/found.ts';
import { treatFields, type TreatedSource } from '../media/fields/treat.ts';
import { factsKind, findFrameFacts, frameFactsSchema, type FrameFacts } from '../media/frame-facts.ts';
import { probe } from '../media/probe.ts';
import { sourceTiming, type SourceTiming } from '../time/regular.ts';

/** A clip's file, analysed. */
export interface ClipAnalysis {
  readonly clip: ClipRow;
  readonly file: FileIdentity;
  readonly info: VideoInfo;
  /** As coded: whoever plans treats its fields as a clip of a sequence says. */
  readonly facts: FrameFacts;
  /** As everybody sees it: its fields treated by what was found. */
  readonly treated: TreatedSource;
  /** Of the treated pictures. */
  readonly timing: SourceTiming;
}

export interface FactsOptions {
  readonly signal?: AbortSignal | undefined;
  /** `seconds` of the source are behind. */
  readonly onProgress?: ((progress: { frames: number; seconds: number }) => void) | undefined;
}

/** Analyses kept in memory: unpacking two hours of timestamps takes a moment. */
const KEPT = 8;

interface Memory {
  readonly kept: Map<string, Omit<ClipAnalysis, 'clip'>>;
  readonly running: Shared<Omit<ClipAnalysis, 'clip'>, { frames: number; seconds: number }>;
}

const memories = new WeakMap<Library, Memory>();

function memoryOf(db: Library): Memory {
  let memory = memories.get(db);
  if (!memory) memories.set(db, (memory = { kept: new Map(), running: new Shared() }));
  return memory;
}

/**
 * Analyses a clip, or recalls what was found out. Several who ask at once wait for one pass; it ends when all have given up.
 * Throws clip-unknown, clip-missing, and what `identify`, `probe` and `findFrameFacts` throw.
 */
export async function analyseClip(db: Library, id: string, options: FactsOptions = {}): Promise<ClipAnalysis> {
  const clip = usableClip(db, id);
  const memory = memoryOf(db);
  const file = await identify(clip.path);
  const key = `${file.path}\0${file.bytes}\0${file.mtimeNs}\0${file.fingerprint}`;
  const known = memory.kept.get(key);
  const found = known ?? (await memory.running.run(key, (...args) => analyse(db, clip, file, ...args), options));
  memory.kept.delete(key);
  memory.kept.set(key, found);
  if (memory.kept.size > KEPT) memory.kept.delete(memory.kept.keys().next().value!);
  if (found.treated.facts.index.pictures && showsFrames(clip)) setProxy(db, id, 'wanted', null);
  if (!known)
    setMeasured(db, id, { duration: found.timing.end / TICKS, rate: found.timing.rate, vfr: found.timing.vfr });
  return { clip, ...found };
}

/** What is played of the clip are its frames as coded, which are combed: the file itself, or a proxy that was made before anybody knew. */
function showsFrames({ proxyState, proxyPath }: ClipRow): boolean {
  return proxyState === 'unneeded' || (proxyState === 'ready' && !proxyPath?.includes('-fields-'));
}

async function analyse(
  db: Library,
  clip: ClipRow & { readonly info: VideoInfo },
  file: FileIdentity,
  signal: AbortSignal,
  onProgress: (progress: { frames: number; seconds: number }) => void,
): Promise<Omit<ClipAnalysis, 'clip'>> {
  const asProbed = clip.bytes === file.bytes && clip.mtimeNs === file.mtimeNs && clip.info.path === file.path;
  const info = asProbed ? clip.info : await probe(file.path, { signal });
  const cache = analysisCache(db);
  let facts: FrameFacts | undefined = await cache.find(file, factsKind(info), frameFactsSchema);
  if (!facts) {
    facts = await findFrameFacts(file.path, info, { signal, onProgress });
    await cache.store(file, factsKind(info), facts);
  }
  const treated = treatFields(info, facts);
  const { times, end, stamps } = treated.facts.index;
  const { nominalRate, averageRate } = treated.info.video;
  const timing = sourceTiming(times, end, stamps.timeBase, [nominalRate, averageRate]);
  return { file, info, facts, treated, timing: { ...timing, decoded: info.recorded?.decoded } };
}

/** Whether `analyseClip` would answer without decoding. */
export async function isAnalysed(db: Library, id: string): Promise<boolean> {
  const { path, info } = usableClip(db, id);
  const file = await identify(path);
  return (await analysisCache(db).find(file, factsKind(info), frameFactsSchema)) !== undefined;
}

/** The analysis as the renderer needs it: seconds, no decoder's stamps. */
export function factsForView({ treated, timing }: Pick<ClipAnalysis, 'treated' | 'timing'>): ClipFacts {
  const { facts, notes } = treated;
  return {
    frames: timing.times.length,
    times: timing.times.map((time) => time / TICKS),
    end: timing.end / TICKS,
    rate: timing.rate,
    vfr: timing.vfr,
    cuts: facts.cuts.map((frame) => (timing.times[frame] ?? 0) / TICKS),
    holds: facts.holds.map(({ first, last }): [number, number] => [first, last]),
    shots: cadences(timing.times.length, facts.cuts, facts.holds),
    fields: { kind: facts.fields.kind, says: describeFound(facts.fields), notes: [...notes] },
  };
}

/** Throws as `analyseClip`. */
export async function clipFacts(db: Library, id: string, options: FactsOptions = {}): Promise<ClipFacts> {
  return factsForView(await analyseClip(db, id, options));
}

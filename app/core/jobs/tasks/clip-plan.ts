/** What becomes of one clip of a sequence: which frame of its source each of its frames is, or is made of, and how these are encoded. */
import { AppError } from '../../../contract/errors.ts';
import type { AudioMode, SequenceClip } from '../../../contract/jobs.ts';
import type { AudioStreamInfo, VideoInfo } from '../../../contract/media.ts';
import type { ClipCuts } from '../../../contract/project.ts';
import { TICKS, type Rational } from '../../../contract/time.ts';
import { findEngine } from '../../engines/registry.ts';
import type { EngineEntry } from '../../engines/engine.ts';
import type { FileIdentity } from '../../library/file-identity.ts';
import { defaultAudioMode } from '../../media/audio/modes.ts';
import { planMask, type MaskPlan } from '../../media/mask/real-parts.ts';
import { capabilities } from '../../media/capabilities.ts';
import { conformed, conformNotes, sourceWithin, type Canvas } from '../../media/conform.ts';
import { clockNotes } from '../../media/recorded.ts';
import { treatFields } from '../../media/fields/treat.ts';
import type { FrameFacts } from '../../media/frame-facts.ts';
import type { OutputPlan } from '../../media/output-format.ts';
import { pieceFrames } from '../../sequence/geometry.ts';
import { curvePieces } from '../../time/curve.ts';
import { constantRatePlan, type FramePlan, type PlanSource } from '../../time/plan.ts';
import { sourceTiming, type SourceTiming } from '../../time/regular.ts';
import { remedied } from './wanted-frame.ts';
import type { Retime } from './window-chunks.ts';

/** A file as it is known before a clip of it is planned. */
export interface KnownSource {
  readonly info: VideoInfo;
  readonly facts: FrameFacts;
  readonly identity: FileIdentity;
}

export interface ClipPlan {
  readonly clip: SequenceClip;
  readonly source: KnownSource;
  /** As it is decoded: the source, or the same made smaller ([Note: conform]). */
  readonly work: VideoInfo;
  readonly timing: SourceTiming;
  /** Of all of its retime; it shows frames [clip.first, clip.first + clip.frames). */
  readonly frames: FramePlan;
  /** The same with remedies. */
  readonly retime: Retime;
  /** The engines it asks for, its own first. */
  readonly engines: readonly EngineEntry[];
  /** What of synthesised frames is taken from real ones. */
  readonly mask: MaskPlan | undefined;
  /** How its frames are encoded. */
  readonly output: OutputPlan;
  readonly sound: { readonly stream: AudioStreamInfo; readonly mode: Exclude<AudioMode, 'mute'> } | undefined;
  readonly notes: readonly string[];
}

/** What clips are planned for; `masks` is the library's folder of painted ones. */
interface ClipSetting {
  readonly rate: Rational;
  readonly canvas: Canvas;
  readonly output: OutputPlan;
  readonly masks: string;
}

/** Plans a clip of a sequence of `rate` whose frames are those of `canvas`, encoded by `output`. Throws engine-unknown, not-telecined, mask-missing. */
export async function planClip(
  clip: SequenceClip,
  known: KnownSource,
  { rate, canvas, output, masks }: ClipSetting,
): Promise<ClipPlan> {
  const { info, facts, notes } = treatFields(known.info, known.facts, clip.fields);
  const source = { ...known, info, facts };
  const timing = timingOf(source);
  const frames = constantRatePlan(planSource(clip, timing, facts), curvePieces(clip.keys, rate), rate, clip.shutter);
  if (clip.first + clip.frames > frames.count) {
    throw new AppError('bad-job', `${clip.name} shows frames beyond the end of its retime.`);
  }
  const remedies = new Map(clip.remedies.map(({ at, engine }) => [at, engine]));
  const work = sourceWithin(info, canvas);
  const { filters } = await capabilities();
  return {
    clip,
    source,
    work,
    timing,
    frames,
    retime: {
      pieces: pieceFrames(clip.keys, rate),
      frame: (k) => remedied(frames.frame(k), remedies.get(frames.sourceTime(k))),
      section: (k) => frames.section(k),
    },
    engines: await enginesOf(clip),
    mask: await planMask(clip.mask, masks, clip.name),
    output: conformed(output, canvas, work, filters),
    sound: soundOf(clip, info, frames),
    notes: [
      ...[...info.warnings, ...notes, ...clockNotes(info.recorded, clip.clock)].map(
        (warning) => `${clip.name}: ${warning}`,
      ),
      ...conformNotes(clip.name, info, canvas, filters),
    ],
  };
}

/** What clips of one file share; a file of two hours has megabytes of times. */
interface Shared {
  readonly timing: SourceTiming;
  /** By what a clip says of cuts and holds. */
  readonly sources: Map<string, PlanSource>;
}
const shared = new WeakMap<FrameFacts, Shared>();
const KEPT_SOURCES = 64;

function timingOf({ info, facts }: KnownSource): SourceTiming {
  const known = shared.get(facts);
  if (known) return known.timing;
  const { times, end, stamps } = facts.index;
  const timing = sourceTiming(times, end, stamps.timeBase, [info.video.nominalRate, info.video.averageRate]);
  shared.set(facts, { timing, sources: new Map() });
  return timing;
}

function planSource({ cuts, holds, maxHold }: SequenceClip, timing: SourceTiming, facts: FrameFacts): PlanSource {
  const { sources } = shared.get(facts)!;
  const said = JSON.stringify([cuts.auto, cuts.added, cuts.removed, holds, maxHold]);
  let source = sources.get(said);
  if (!source) {
    source = {
      times: timing.times,
      end: timing.end,
      cuts: cutFrames(cuts, timing, facts.cuts),
      holds: holds === 'off' ? [] : facts.holds.filter(({ first, last }) => last - first + 1 <= maxHold),
    };
    // Every edit of a cut leaves one behind.
    if (sources.size >= KEPT_SOURCES) sources.clear();
    sources.set(said, source);
  }
  return source;
}

async function enginesOf({ engine, remedies }: SequenceClip): Promise<EngineEntry[]> {
  const ids = new Set([engine, ...remedies.map((remedy) => remedy.engine).filter((id) => id !== 'hold')]);
  return await Promise.all([...ids].map(findEngine));
}

/** What is heard is decided by all of the retime: a split or a trim never mutes. */
function soundOf({ audio }: SequenceClip, { audio: [stream] }: VideoInfo, frames: FramePlan): ClipPlan['sound'] {
  if (stream === undefined || audio === 'mute') return undefined;
  const mode = audio === 'auto' ? defaultAudioMode(frames.map) : audio;
  return mode === 'mute' ? undefined : { stream, mode };
}

/**
 * The frames that start a new shot: those detected that were not removed, and those added. A cut that was put between two frames is where the second
 * starts; people round times, so a frame a tenth of an interval early still counts.
 */
function cutFrames(cuts: ClipCuts, { times, end }: SourceTiming, detected: readonly number[]): number[] {
  const slack = end / times.length / 10;
  const frameAt = (seconds: number): number => times.findIndex((time) => time >= seconds * TICKS - slack);
  const frames = new Set(cuts.auto ? detected : []);
  for (const seconds of cuts.removed) frames.delete(frameAt(seconds));
  for (const seconds of cuts.added) frames.add(frameAt(seconds));
  return [...frames].filter((frame) => frame > 0).toSorted((a, b) => a - b);
}

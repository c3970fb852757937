/** What the timeline is told of a clip: how each frame comes about, and which chunks have those that must be made. */
import { createHash } from 'node:crypto';
import { FRAME_KINDS, type ClipPreview, type FrameKind } from '../../contract/preview.ts';
import type { ClipPlan } from '../jobs/tasks/clip-plan.ts';
import { sequenceChunks, type Devices, type SequencePlan } from '../jobs/tasks/sequence-plan.ts';
import type { WantedFrame } from '../jobs/tasks/wanted-frame.ts';
import { PREVIEW_CHUNK } from './preview-spec.ts';

/** What of a preview follows from the clip alone. */
export type PlannedPreview = Pick<ClipPreview, 'kinds' | 'sources' | 'cuts' | 'direct' | 'notes'> & {
  readonly chunks: readonly { readonly key: string; readonly first: number; readonly frames: number }[];
  /** Of the clip's sound where the source's own cannot be taken for it. */
  readonly sound: string | null;
};

/** Of the one clip of a plan. */
export function previewOf(plan: SequencePlan, devices: Devices): PlannedPreview {
  const clip = plan.clips[0]!;
  const { first, frames: count } = clip.clip;
  const kinds: number[] = [];
  const sources: number[] = [];
  const cuts: number[] = [];
  let direct = true;
  let shot = -1;
  for (let k = first; k < first + count; k++) {
    const wanted = clip.retime.frame(k);
    if (wanted.plan.kind !== 'source') direct = false;
    kinds.push(FRAME_KINDS.indexOf(kindOf(wanted)));
    sources.push(clip.frames.sourceTime(k));
    const here = clip.frames.shot(k);
    if (shot >= 0 && here !== shot) cuts.push(k - first);
    shot = here;
  }
  const chunks = direct ? [] : [...sequenceChunks(plan, devices, { size: PREVIEW_CHUNK })];
  return {
    kinds,
    sources,
    cuts,
    direct,
    notes: [...plan.notes],
    chunks: chunks.map(({ key, first: at, timestamps }) => ({ key, first: at, frames: timestamps.length - 1 })),
    sound: soundKey(clip, plan.spec.settings.sampleRate),
  };
}

function kindOf({ plan, remedied }: WantedFrame): FrameKind {
  if (remedied) return 'remedied';
  if (plan.kind === 'source') return plan.held ? 'held' : 'real';
  return plan.kind;
}

/** Codecs of sound that Chromium plays. */
const PLAYED = /^(aac|mp3|opus|vorbis|flac|pcm_(u8|s16le|s24le|f32le))$/;

/** Names the sound by all that determines it; null where there is none, or where it is the source's own, at its own speed. */
function soundKey({ sound, source, clip, frames }: ClipPlan, sampleRate: number): string | null {
  if (!sound) return null;
  const plain = clip.keys.every(({ ease, output, source: at }, i) => {
    const before = clip.keys[i - 1] ?? { output: 0, source: at, ease };
    return before.ease === 'linear' && Math.abs(at - before.source - (output - before.output)) < 1e-6;
  });
  if (plain && PLAYED.test(sound.stream.codec)) return null;
  const { keys, first, frames: count } = clip;
  const all = [source.identity.fingerprint, sound, keys, first, count, frames.rate, sampleRate];
  return createHash('sha256').update(JSON.stringify(all)).digest('hex');
}

/** A clip with fields, as a job would see it: found, treated, decoded. */
import type { FieldsChoice } from '../../app/contract/choices.ts';
import type { VideoInfo } from '../../app/contract/media.ts';
import { decodeFrames } from '../../app/core/media/decode.ts';
import { treatFields, type TreatedSource } from '../../app/core/media/fields/treat.ts';
import { findFrameFacts, type FrameFacts } from '../../app/core/media/frame-facts.ts';
import { probe } from '../../app/core/media/probe.ts';
import { sourceTiming, type SourceTiming } from '../../app/core/time/regular.ts';
import { rawBytes } from './fields.ts';

export interface Looked {
  readonly info: VideoInfo;
  readonly facts: FrameFacts;
}

export async function look(path: string): Promise<Looked> {
  const info = await probe(path);
  return { info, facts: await findFrameFacts(path, info, {}) };
}

export function treated(
  { info, facts }: Looked,
  choice?: FieldsChoice,
): TreatedSource & { readonly timing: SourceTiming } {
  const source = treatFields(info, facts, choice);
  const { times, end, stamps } = source.facts.index;
  const { nominalRate, averageRate } = source.info.video;
  return { ...source, timing: sourceTiming(times, end, stamps.timeBase, [nominalRate, averageRate]) };
}

/** Pictures `first` to `last`, each as rawvideo has it. */
export async function decoded(
  { info, facts }: Pick<TreatedSource, 'info' | 'facts'>,
  first = 0,
  last = facts.index.times.length - 1,
): Promise<Uint8Array[]> {
  const pictures: Uint8Array[] = [];
  for await (const frame of decodeFrames(info.path, info, { first, last, index: facts.index })) {
    pictures.push(rawBytes(frame));
  }
  return pictures;
}

/** A picture by lines of one field alone, each shown twice: the least a deinterlacer could do. 8 bits, luma only. */
export function bobbed(woven: Uint8Array, width: number, height: number, parity: 0 | 1): Uint8Array {
  const out = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const from = Math.min(height - 2 + parity, (y & ~1) + parity);
    out.set(woven.subarray(from * width, (from + 1) * width), y * width);
  }
  return out;
}

/** The mask of a clip of a job: where it lies, and what it makes of pairs of frames. */
import { dirname } from 'node:path';
import type { MaskChoice } from '../../../contract/choices.ts';
import type { VideoInfo } from '../../../contract/media.ts';
import { masksFolder } from '../../base/home.ts';
import type { Library } from '../../library/db.ts';
import { planMask, RealParts, type MaskPlan } from '../../media/mask/real-parts.ts';
import type { SourceIndex } from '../../media/source.ts';
import { sourceReader } from './render.ts';

/** The folder of painted masks of a library. */
export function masksOf(db: Pick<Library, 'path'>): string {
  return masksFolder({ root: dirname(db.path) });
}

/** The mask that a job's spec asks for. Throws mask-missing. */
export async function jobMask(choice: MaskChoice | undefined, db: Library): Promise<MaskPlan | undefined> {
  return await planMask(choice, masksOf(db), 'this job');
}

/** What a mask makes of the frames of `info` and `index`; undefined without a mask. To be disposed of. */
export function realParts(
  mask: MaskPlan | undefined,
  info: VideoInfo,
  index: SourceIndex,
  signal: AbortSignal,
): RealParts | undefined {
  if (!mask) return undefined;
  const open = (small: VideoInfo) => sourceReader(small, index, signal);
  return new RealParts(mask, { info, frames: index.times.length, open, signal });
}

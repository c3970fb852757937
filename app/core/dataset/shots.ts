/** The frames of a video with their times, and where cuts and repeated frames are: one decoding pass. Of interlaced and telecined video, the pictures made of its fields. */
import type { VideoInfo } from '../../contract/media.ts';
import { findTreated } from '../media/fields/find-treated.ts';
import type { FrameFacts } from '../media/frame-facts.ts';

export interface Shots {
  /** First frames of new shots. */
  readonly cuts: readonly { readonly frame: number }[];
  readonly holds: FrameFacts['holds'];
}

/** `onProgress` is told the share of the clip that was looked at. Throws what decoding throws. */
export async function findShots(
  info: VideoInfo,
  { signal, onProgress }: { readonly signal?: AbortSignal; readonly onProgress?: (share: number) => void },
): Promise<Shots & Pick<FrameFacts, 'index'>> {
  const seconds = info.video.duration ?? 0;
  const { facts } = await findTreated(info, {
    ...(signal ? { signal } : {}),
    // A file that does not say its length begins with 0 of 0.
    onProgress: (at) => onProgress?.(at.seconds > 0 ? Math.min(1, at.seconds / Math.max(seconds, at.seconds)) : 0),
  });
  const { index, cuts, holds } = facts;
  return { index, cuts: cuts.map((frame) => ({ frame })), holds };
}

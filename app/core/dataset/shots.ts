/** The frames of a video with their times, and where cuts and repeated frames are: one decoding pass. */
import type { VideoInfo } from '../../contract/media.ts';
import { HoldDetector, type Hold } from '../media/holds.ts';
import { indexSource, thumbnailSize } from '../media/index-source.ts';
import { CutDetector, THUMBNAIL_WIDTH } from '../media/scenes.ts';
import type { SourceIndex } from '../media/source.ts';

export interface Shots {
  /** First frames of new shots. */
  readonly cuts: readonly { readonly frame: number }[];
  readonly holds: readonly Hold[];
}

/** `onProgress` is told the share of the clip that was looked at. Throws what decoding throws. */
export async function findShots(
  path: string,
  info: VideoInfo,
  { signal, onProgress }: { readonly signal?: AbortSignal; readonly onProgress?: (share: number) => void },
): Promise<Shots & { index: SourceIndex }> {
  const size = thumbnailSize(info, THUMBNAIL_WIDTH);
  const [cuts, holds] = [new CutDetector(size), new HoldDetector(size)];
  const seconds = info.video.duration ?? 0;
  const index = await indexSource(path, info, {
    ...(signal ? { signal } : {}),
    thumbnails: { width: THUMBNAIL_WIDTH },
    onThumbnail: (frame, luma) => {
      cuts.push(frame, luma);
      holds.push(frame, luma);
    },
    // A file that does not say its length begins with 0 of 0.
    onProgress: (at) => onProgress?.(at.seconds > 0 ? Math.min(1, at.seconds / Math.max(seconds, at.seconds)) : 0),
  });
  return { index, ...cuts.finish(), ...holds.finish() };
}

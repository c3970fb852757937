/** Footage with fields, where a small picture of it is wanted at once. */
import type { VideoInfo } from '../../../contract/media.ts';

/** What is always recorded in fields, whether or not its container says so. */
const FIELD_CODECS = /^dvvideo$/;

/** Whether the file says that its pictures may be made of fields. */
export function flaggedInterlaced({ video }: VideoInfo): boolean {
  return (
    /^(tt|bb|tb|bt)$/.test(video.fieldOrder ?? '') || (video.fieldOrder === undefined && FIELD_CODECS.test(video.codec))
  );
}

/**
 * ffmpeg's filters that leave one field of each frame, which is never combed and shows one moment, of what is flagged interlaced; for small pictures, which have
 * no use for the other lines. To be put first; the size has to be set after it. Nothing for other footage.
 */
export function oneField(info: VideoInfo): string[] {
  return flaggedInterlaced(info) && info.video.codedHeight >= 32 ? ['field=type=top'] : [];
}

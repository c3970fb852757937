/** Which refused files of a folder nobody would miss: see [Note: refused files] in add.ts. */
import { extname } from 'node:path';
import type { ErrorCode } from '../../contract/errors.ts';

/** Endings whose owner expects a video: one that cannot be read is worth telling. */
const VIDEO = new Set(
  `.mp4 .m4v .mov .mkv .webm .avi .mxf .mpg .mpeg .m2v .ts .m2ts .mts .wmv .flv .3gp .3g2 .ogv .vob .y4m .gif .apng .braw .r3d .insv
  .360 .h264 .h265 .hevc .264 .265 .av1 .ivf .dv .asf .rm .rmvb .f4v`.split(/\s+/),
);

const NOTHING: ReadonlySet<ErrorCode> = new Set(['no-video', 'unreadable', 'read-timeout', 'not-a-file']);

/** Whether a file that was found in a folder and refused with `code` is simply no video. */
export function isNoClip(code: ErrorCode, path: string): boolean {
  return NOTHING.has(code) && !VIDEO.has(extname(path).toLowerCase());
}

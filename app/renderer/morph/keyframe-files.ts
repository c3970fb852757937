/** Files and clips as keyframes. Pure. */
import type { BoardKeyframe } from '../../contract/morph.ts';
import { newKeyframe } from './board-edits.ts';

/** Of a video a moment is taken; whatever else is given is a still, and the core says where it is none. */
const VIDEOS = /\.(?:mp4|m4v|mov|mkv|webm|avi|mpe?g|m2?ts|mts|mxf|ogv|wmv|flv|3gp|y4m)$/i;

/** What a file picker offers. */
export const STILL_ENDINGS = ['png', 'jpg', 'jpeg', 'webp', 'tif', 'tiff', 'bmp', 'avif', 'exr', 'heic', 'gif'];
export const KEYFRAME_ENDINGS = [...STILL_ENDINGS, 'mp4', 'm4v', 'mov', 'mkv', 'webm', 'avi', 'mpg', 'mpeg', 'mxf'];

/** A file as a keyframe: of a video its first frame. */
export function keyframeOf(path: string, at?: number): BoardKeyframe {
  const moment = at ?? (VIDEOS.test(path) ? 0 : null);
  return newKeyframe({ path, at: moment, name: nameOf(path) });
}

function nameOf(path: string): string {
  return path.split(/[/\\]/).findLast((part) => part !== '') ?? path;
}

/** In the order of their names, wherever they lie, numbers by their value: 'a2' before 'a10'. */
export function inOrder(paths: readonly string[]): string[] {
  return paths.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b), 'en', { numeric: true }));
}

/** What is said of a clip in a few words. */
import type { ClipSummary } from '../../contract/library.ts';
import { showDuration, showRate } from '../shared/format.ts';

/** '1080p', '4K', or the size where it is an unusual one. */
export function showSize(clip: Pick<ClipSummary, 'width' | 'height'>): string {
  const { width, height } = clip;
  if (width === null || height === null) return '';
  const known: Record<string, string> = {
    '1280x720': '720p',
    '1920x1080': '1080p',
    '2560x1440': '1440p',
    '3840x2160': '4K',
    '4096x2160': 'DCI 4K',
    '7680x4320': '8K',
  };
  return known[`${width}x${height}`] ?? `${width} × ${height}`;
}

export function showClipRate(clip: Pick<ClipSummary, 'rate' | 'vfr' | 'thumbs'>): string {
  // A single picture has no rate, whatever its container says.
  if (!clip.rate || clip.thumbs === 1) return '';
  return `${clip.vfr ? '~' : ''}${showRate({ num: Math.round((1000 * clip.rate.num) / clip.rate.den), den: 1000 })} fps`;
}

export function showLength(clip: Pick<ClipSummary, 'duration'>): string {
  return clip.duration === null ? '' : showDuration(clip.duration);
}

/** Why it cannot be used; that it is this file is plain from where it is said. */
export function problemOf({ problem, path }: Pick<ClipSummary, 'problem' | 'path'>): string {
  return (problem ?? '')
    .replace(`The video of ${path}`, 'Its video')
    .replace(`picture of ${path}`, 'picture')
    .replace(path, 'It');
}

/** Whether there is a badge to show. */
export function isSpecial({ state, vfr, hdr, duplicates, proxy }: ClipSummary): boolean {
  return state !== 'ready' || vfr || hdr || duplicates > 0 || proxy === 'wanted' || proxy === 'making';
}

/** What the renderer shows of clips: [Note: media paths] in media.ts. */
import { clipFiles } from '../clips/thumbnails.ts';
import { clipById, setPeaks, setThumbs, type ClipRow } from '../library/clip-rows.ts';
import type { StudioContext } from './context.ts';
import { fileResponse, type MediaRoute } from './media.ts';

/** By ffmpeg's name of the container, which lists what else it may be. */
const TYPES: readonly (readonly [RegExp, string])[] = [
  [/\bwebm\b/, 'video/webm'],
  [/\bmp4\b/, 'video/mp4'],
  [/\bgif\b/, 'image/gif'],
  [/\bpng/, 'image/png'],
  [/\b(jpe?g|image2)/, 'image/jpeg'],
  [/\bmpegts\b/, 'video/mp2t'],
];

/** `wanted` is told of clips whose pictures were asked for before they were made; `proxy` knows where finished proxies are. */
export function clipMedia(
  { db, home, access }: StudioContext,
  wanted: (id: string) => void,
  proxy: (id: string) => Promise<string | undefined>,
): MediaRoute {
  return async ([id, what], request) => {
    const clip = id === undefined ? undefined : clipById(db, id);
    if (!clip) return undefined;
    const files = clipFiles(home, clip.id);
    if (what === 'source') {
      if (clip.state !== 'ready') return undefined;
      // The clip may have been added when other folders were open.
      return await fileResponse(await access.check(clip.path), typeOf(clip), request);
    }
    if (what === 'proxy') {
      await access.check(clip.path);
      const path = await proxy(clip.id);
      return path === undefined ? undefined : await fileResponse(path, 'video/mp4', request);
    }
    const kind = what === 'peaks' ? 'application/octet-stream' : 'image/jpeg';
    const path = what === 'thumb' || what === 'sprite' || what === 'peaks' ? files[what] : undefined;
    const response = path === undefined ? undefined : await fileResponse(path, kind, request);
    if (!response && path !== undefined) makeAgain(clip, what === 'peaks');
    return response;
  };

  /** Not made yet, or deleted by somebody. */
  function makeAgain(clip: ClipRow, peaks: boolean): void {
    if (peaks && clip.peaksState === 'ready') setPeaks(db, clip.id, 'wanted');
    if (!peaks && clip.thumbState === 'ready') setThumbs(db, clip.id, 'wanted', 0);
    wanted(clip.id);
  }
}

function typeOf(clip: ClipRow): string {
  const format = clip.info?.format ?? '';
  return TYPES.find(([names]) => names.test(format))?.[1] ?? 'application/octet-stream';
}

/** A picture of a clip of the library, from its proxy or itself, or what there is in its place. */
import { VideoSample } from 'mediabunny';
import { mediaUrl } from '../state/connection.svelte.ts';
import type { ClipFiles } from './clip-files.ts';
import type { Badge } from './film.ts';
import type { SourcePlace } from './place.ts';
import type { ReaderPool } from './reader-pool.ts';

export interface Found {
  sample: VideoSample | null;
  badge: Badge;
}

/** Never throws. A source that does not play gets a proxy made. */
export async function sourcePicture(files: ClipFiles, pool: ReaderPool, place: SourcePlace): Promise<Found> {
  const { media, seconds, choice } = place;
  const file = await files.of(media).catch(() => null);
  if (!file) return { sample: null, badge: { kind: 'failed', text: 'The connection was lost' } };
  if (file.path === null) {
    const kind = file.reason === 'proxy' ? 'waiting' : 'failed';
    return { sample: await posterOf(media), badge: { kind, text: file.message } };
  }
  // Once more with the file opened anew: it may have been closed meanwhile, or a request was lost.
  for (let tries = 0; tries < 2 && !pool.closed; tries++) {
    try {
      const reader = await pool.get(file.path, file.colour);
      return { sample: await reader.picture(await reader.stampAt(seconds, choice)), badge: null };
    } catch {
      pool.drop(file.path);
    }
  }
  if (pool.closed) return { sample: null, badge: null };
  files.failed(media);
  const text = file.proxy ? 'Its preview copy cannot be played' : 'A preview copy is being made';
  return { sample: await posterOf(media), badge: { kind: file.proxy ? 'failed' : 'waiting', text } };
}

/** The library's small picture of the clip, for want of a better one. */
async function posterOf(media: string): Promise<VideoSample | null> {
  return await stillPicture(mediaUrl(`clip/${media}/thumb`)).catch(() => null);
}

/** A picture file as a sample. Throws when it cannot be had. */
export async function stillPicture(url: string): Promise<VideoSample> {
  const response = await fetch(url);
  if (!response.ok) throw new Error('There is no picture.');
  const bitmap = await createImageBitmap(await response.blob());
  try {
    return new VideoSample(bitmap, { timestamp: 0 });
  } finally {
    bitmap.close();
  }
}

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
  try {
    const reader = await pool.get(file.path, file.colour);
    return { sample: await reader.picture(await reader.stampAt(seconds, choice)), badge: null };
  } catch {
    if (pool.closed) return { sample: null, badge: null };
    pool.drop(file.path);
    files.failed(media);
    return { sample: await posterOf(media), badge: { kind: 'waiting', text: 'A preview copy is being made' } };
  }
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

/** The picture below a mask that is painted, the mask as it comes and goes: what of painting needs a page. */
import { client, mediaUrl } from '../state/connection.svelte.ts';
import { MaskPainting } from './mask-painting.ts';

/** The painted mask `id` stretched to a size, or an empty one. Throws where it cannot be had. */
export async function loadPainting(id: string | undefined, width: number, height: number): Promise<MaskPainting> {
  const painting = new MaskPainting(width, height);
  if (id === undefined) return painting;
  const answer = await fetch(mediaUrl(`mask/${id}`));
  if (!answer.ok) throw new Error('The painted mask is not in this library.');
  const image = await createImageBitmap(await answer.blob());
  const context = new OffscreenCanvas(width, height).getContext('2d')!;
  context.drawImage(image, 0, 0, width, height);
  image.close();
  const { data } = context.getImageData(0, 0, width, height);
  for (let i = 0; i < painting.data.length; i++) painting.data[i] = data[4 * i]!;
  return painting;
}

/** Keeps it in the library; its id. Throws what mask.save throws. */
export async function savePainting(painting: MaskPainting): Promise<string> {
  const { width, height } = painting;
  const canvas = new OffscreenCanvas(width, height);
  const all = { x: 0, y: 0, width, height };
  canvas.getContext('2d')!.putImageData(new ImageData(painting.pixels(all), width, height), 0, 0);
  const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer());
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return (await client.call('mask.save', { png: btoa(text) })).id;
}

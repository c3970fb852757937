/** Puts pictures on a canvas. */
import type { VideoSample } from 'mediabunny';
import type { Picture } from './film.ts';

/** Where the two halves of a comparison meet: 0 (left edge) to 1; null for no comparison. */
export type Divider = number | null;

/** Draws the picture, whole and centred, on black; left of the divider what it is compared with. */
export function paint(canvas: HTMLCanvasElement, picture: Picture | null, divider: Divider): void {
  const context = canvas.getContext('2d', { alpha: false });
  if (!context) return;
  const { width, height } = canvas;
  context.fillStyle = '#000';
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = 'high';
  if (picture?.main) drawWhole(context, picture.main, width, height);
  if (!picture?.other || divider === null) return;
  context.save();
  context.beginPath();
  context.rect(0, 0, Math.round(width * divider), height);
  context.clip();
  context.fillRect(0, 0, width, height);
  drawWhole(context, picture.other, width, height);
  context.restore();
}

function drawWhole(context: CanvasRenderingContext2D, sample: VideoSample, width: number, height: number): void {
  const scale = Math.min(width / sample.displayWidth, height / sample.displayHeight);
  // A proxy's sides are even numbers, so that its shape is a little off: a film of the same shape fills the picture.
  const [w, h] = [sample.displayWidth * scale, sample.displayHeight * scale];
  const fillsX = width - w < 2 + width / 150;
  const fillsY = height - h < 2 + height / 150;
  const [drawn, lines] = [fillsX ? width : Math.round(w), fillsY ? height : Math.round(h)];
  sample.draw(context, Math.round((width - drawn) / 2), Math.round((height - lines) / 2), drawn, lines);
}

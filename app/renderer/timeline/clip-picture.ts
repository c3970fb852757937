/** Draws the inside of a clip: pictures of its source along the top, its sound below, each at the moment of the source that the retime shows there. */
import type { TimelineClip } from '../../contract/project.ts';
import { TICKS, type Rational } from '../../contract/time.ts';
import { sourceAt } from '../../core/sequence/geometry.ts';
import type { Sprite } from './media.svelte.ts';
import { peakBetween, type Peaks } from './peaks.ts';

export interface PictureOf {
  clip: Pick<TimelineClip, 'keys' | 'first' | 'frames'>;
  rate: Rational;
  /** Pixels a frame. */
  scale: number;
  /** Pixels of the clip that are drawn: from its left edge. */
  from: number;
  to: number;
  height: number;
  sprite: Sprite | undefined;
  peaks: Peaks | undefined;
  /** Seconds of the source. */
  duration: number;
  colours: { wave: string; line: string };
  /** Height of the sound's part; the rest is pictures. */
  waveHeight: number;
}

/** The context's scale is device pixels; coordinates are CSS pixels, x from `from`. */
export function drawPicture(context: CanvasRenderingContext2D, picture: PictureOf): void {
  const { from, to, height } = picture;
  context.clearRect(0, 0, to - from, height);
  if (picture.sprite) drawThumbs(context, picture, picture.sprite);
  if (picture.waveHeight > 0) drawWave(context, picture);
}

function drawThumbs(context: CanvasRenderingContext2D, picture: PictureOf, { image, count }: Sprite): void {
  const { clip, rate, scale, from, to, duration } = picture;
  const height = picture.height - picture.waveHeight;
  const cell = image.width / count;
  const width = (cell / image.height) * height;
  if (height < 12 || width < 4) return;
  for (let x = Math.floor(from / width) * width; x < to; x += width) {
    const seconds = sourceAt(clip, rate, (x + width / 2) / scale) / TICKS;
    const index = Math.min(count - 1, Math.max(0, Math.floor((seconds / Math.max(duration, 1e-3)) * count)));
    context.drawImage(image, index * cell, 0, cell, image.height, x - from, 0, width, height);
  }
  context.fillStyle = picture.colours.line;
  for (let x = Math.floor(from / width) * width; x < to; x += width) context.fillRect(x - from, 0, 1, height);
}

function drawWave(context: CanvasRenderingContext2D, picture: PictureOf): void {
  const { clip, rate, scale, from, to, height, waveHeight, peaks, colours } = picture;
  const middle = height - waveHeight / 2;
  context.fillStyle = colours.wave;
  if (!peaks) {
    context.fillRect(0, middle, to - from, 1);
    return;
  }
  const half = waveHeight / 2 - 2;
  const seconds = (x: number): number => sourceAt(clip, rate, x / scale) / TICKS;
  context.beginPath();
  let before = seconds(from);
  for (let x = from; x < to; x++) {
    const now = seconds(x + 1);
    const [low, high] = peakBetween(peaks, before, now);
    before = now;
    const top = loud(high) * half;
    context.rect(x - from, middle - top, 1, Math.max(1, top - loud(low) * half));
  }
  context.fill();
}

/** Quiet sound stays visible: halfway up is a sample at about a third. */
function loud(sample: number): number {
  return Math.sign(sample) * Math.abs(sample) ** 0.6;
}

/** Frames to measure on: a textured picture that moves. */
import { CLIP_RATE } from '../demo/clip.ts';
import { draw, toFrame } from '../demo/render.ts';
import { createScene } from '../demo/scene.ts';
import type { Frame } from '../media/frame.ts';
import { pixelFormat } from '../media/pixel-format.ts';

/** `count` frames of 8-bit 4:2:0, consecutive or every `step`th of a clip. Throws the signal's reason. */
export function drawFrames(width: number, height: number, count: number, signal?: AbortSignal, step = 1): Frame[] {
  const scene = createScene(width);
  const format = pixelFormat('yuv420p');
  return Array.from({ length: count }, (_, i) => {
    signal?.throwIfAborted();
    const seconds = (i * step) / CLIP_RATE;
    return toFrame(draw(scene, seconds, width, height), format, seconds, i);
  });
}

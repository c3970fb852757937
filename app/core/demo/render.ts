/** Draws a scene at a real time, and makes video frames of the drawing. See [Note: the demo's truth]. */
import type { ColourInfo } from '../../contract/media.ts';
import { TICKS } from '../../contract/time.ts';
import { frameFromBytes, frameBytes, type Frame, type PixelFormat } from '../media/frame.ts';
import { DESIGN_WIDTH, type Layer, type Pose, type Scene } from './scene.ts';
import { sample } from './texture.ts';

/** What the demo's frames are, as a file would say it. */
export const DEMO_COLOUR: ColourInfo = {
  range: 'limited',
  matrix: 'bt709',
  primaries: 'bt709',
  transfer: 'bt709',
  chromaLocation: 'left',
};

/** A drawing: interleaved RGB, 0..255, not rounded. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** Draws `scene` at `seconds` on a screen of `width` x `height`, whose width is the one the scene was made for. */
export function draw(scene: Scene, seconds: number, width: number, height: number): Drawing {
  const drawing = { width, height, data: new Float32Array(width * height * 3) };
  for (const layer of scene.layers) {
    const pose = layer.pose(seconds);
    if (layer.shape && layer.shadow) drawShadow(drawing, layer, pose);
    drawLayer(drawing, layer, pose);
  }
  return drawing;
}

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** The pixels a layer can touch with `margin` design pixels around its outline. */
function extent(drawing: Drawing, layer: Layer, pose: Pose, margin: number): Box {
  const { width, height } = drawing;
  if (layer.reach === undefined) return { left: 0, right: width, top: 0, bottom: height };
  const scale = width / DESIGN_WIDTH;
  const reach = (layer.reach * pose.scale + margin) * scale + 1;
  return {
    left: Math.max(0, Math.floor(pose.x * scale - reach)),
    right: Math.min(width, Math.ceil(pose.x * scale + reach)),
    top: Math.max(0, Math.floor(pose.y * scale - reach)),
    bottom: Math.min(height, Math.ceil(pose.y * scale + reach)),
  };
}

function drawLayer(drawing: Drawing, { texture, shape, ...layer }: Layer, pose: Pose): void {
  const { width, data } = drawing;
  const scale = width / DESIGN_WIDTH;
  const cos = Math.cos(pose.angle) / pose.scale;
  const sin = Math.sin(pose.angle) / pose.scale;
  const pixelsPerUnit = scale * pose.scale;
  const colour = new Float32Array(3);
  const box = extent(drawing, { texture, shape, ...layer }, pose, 0);
  for (let row = box.top; row < box.bottom; row++) {
    for (let column = box.left; column < box.right; column++) {
      const dx = (column + 0.5) / scale - pose.x;
      const dy = (row + 0.5) / scale - pose.y;
      const x = cos * dx + sin * dy;
      const y = cos * dy - sin * dx;
      const cover = shape ? 0.5 - shape(x, y) * pixelsPerUnit : 1;
      if (cover <= 0) continue;
      sample(texture, x, y, colour);
      const at = (row * width + column) * 3;
      const share = Math.min(1, cover);
      for (let c = 0; c < 3; c++) data[at + c]! += share * (colour[c]! - data[at + c]!);
    }
  }
}

function drawShadow(drawing: Drawing, layer: Layer, pose: Pose): void {
  const { shape, shadow } = layer;
  if (!shape || !shadow) return;
  const { width, data } = drawing;
  const scale = width / DESIGN_WIDTH;
  const cos = Math.cos(pose.angle) / pose.scale;
  const sin = Math.sin(pose.angle) / pose.scale;
  const moved = { ...pose, x: pose.x + shadow.dx, y: pose.y + shadow.dy };
  const box = extent(drawing, layer, moved, shadow.soft);
  for (let row = box.top; row < box.bottom; row++) {
    for (let column = box.left; column < box.right; column++) {
      const dx = (column + 0.5) / scale - moved.x;
      const dy = (row + 0.5) / scale - moved.y;
      const distance = shape(cos * dx + sin * dy, cos * dy - sin * dx) * pose.scale;
      if (distance >= shadow.soft) continue;
      const dark = Math.min(1, (shadow.soft - distance) / (2 * shadow.soft));
      const keep = 1 - shadow.strength * dark * dark * (3 - 2 * dark);
      const at = (row * width + column) * 3;
      for (let c = 0; c < 3; c++) data[at + c]! *= keep;
    }
  }
}

/**
 * The drawing as a frame of 8-bit 4:2:0, BT.709, limited range, chroma sited left. `index` -1 for what is no source
 * frame.
 */
export function toFrame(drawing: Drawing, format: PixelFormat, seconds: number, index: number): Frame {
  const { width, height, data } = drawing;
  const size = width * height;
  const [cb, cr] = [new Float32Array(size), new Float32Array(size)];
  const bytes = new Uint8Array(frameBytes(format, width, height));
  const frame = frameFromBytes(format, width, height, bytes, index, Math.round(seconds * TICKS));
  const [y, u, v] = frame.planes;
  if (!y || !u || !v) throw new Error(`The demo draws yuv420p, not ${format.name}`);
  for (let i = 0; i < size; i++) {
    const [r, g, b] = [data[3 * i]!, data[3 * i + 1]!, data[3 * i + 2]!];
    const luma = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    y.data[i] = Math.round(16 + (luma * 219) / 255);
    cb[i] = (b - luma) / 1.8556;
    cr[i] = (r - luma) / 1.5748;
  }
  for (const [plane, full] of [
    [u, cb],
    [v, cr],
  ] as const) {
    for (let row = 0; row < plane.height; row++) {
      for (let column = 0; column < plane.width; column++) {
        const value = chromaAt(full, width, height, 2 * column, 2 * row);
        plane.data[row * plane.width + column] = Math.round(128 + (value * 224) / 255);
      }
    }
  }
  return frame;
}

/** Chroma at a left-sited sample: 1-2-1 across, the mean of two rows. */
function chromaAt(full: Float32Array, width: number, height: number, x: number, y: number): number {
  const left = Math.max(0, x - 1);
  const right = Math.min(width - 1, x + 1);
  const top = y * width;
  const bottom = Math.min(height - 1, y + 1) * width;
  const across = (row: number) => full[row + left]! + 2 * full[row + x]! + full[row + right]!;
  return (across(top) + across(bottom)) / 8;
}

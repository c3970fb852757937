/** A mask while it is painted: 0 or 255 by pixel with soft edges, strokes that can be undone. Knows no page. */

export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Longest side of a mask that is painted here; it is stretched over the picture. */
export const PAINTED_SIDE = 1280;
const MOST_UNDO = 40;

/** The size of a mask for a picture, in its proportions. */
export function paintedSize(width: number, height: number): { width: number; height: number } {
  const scale = Math.min(1, PAINTED_SIDE / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

export class MaskPainting {
  readonly width: number;
  readonly height: number;
  data: Uint8Array;
  readonly #done: Uint8Array[] = [];
  #undone: Uint8Array[] = [];

  constructor(width: number, height: number, data = new Uint8Array(width * height)) {
    this.width = width;
    this.height = height;
    this.data = data;
  }

  get canUndo(): boolean {
    return this.#done.length > 0;
  }

  get canRedo(): boolean {
    return this.#undone.length > 0;
  }

  get empty(): boolean {
    return this.data.every((value) => value === 0);
  }

  /** What follows is one step. */
  begin(): void {
    this.#done.push(this.data.slice());
    if (this.#done.length > MOST_UNDO) this.#done.shift();
    this.#undone = [];
  }

  undo(): void {
    const before = this.#done.pop();
    if (!before) return;
    this.#undone.push(this.data);
    this.data = before;
  }

  redo(): void {
    const after = this.#undone.pop();
    if (!after) return;
    this.#done.push(this.data);
    this.data = after;
  }

  clear(): void {
    this.begin();
    this.data = new Uint8Array(this.data.length);
  }

  invert(): void {
    this.begin();
    this.data = this.data.map((value) => 255 - value);
  }

  /** A stroke of a round brush from one place to another, in pixels of the mask; the part that changed. */
  stroke(from: readonly [number, number], to: readonly [number, number], radius: number, erase: boolean): Area {
    const { width, height, data } = this;
    const left = Math.max(0, Math.floor(Math.min(from[0], to[0]) - radius - 1));
    const top = Math.max(0, Math.floor(Math.min(from[1], to[1]) - radius - 1));
    const right = Math.min(width, Math.ceil(Math.max(from[0], to[0]) + radius + 2));
    const bottom = Math.min(height, Math.ceil(Math.max(from[1], to[1]) + radius + 2));
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    const length = dx * dx + dy * dy;
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) {
        const [px, py] = [x + 0.5 - from[0], y + 0.5 - from[1]];
        const along = length === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / length));
        const away = Math.hypot(px - along * dx, py - along * dy);
        const ink = Math.round(255 * Math.min(1, Math.max(0, radius - away + 0.5)));
        if (ink === 0) continue;
        const at = y * width + x;
        data[at] = erase ? Math.min(data[at]!, 255 - ink) : Math.max(data[at]!, ink);
      }
    }
    return { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) };
  }

  /** RGBA of an area: the mask in a colour over what is below it, or as the grey picture it is kept as. */
  pixels({ x, y, width, height }: Area, colour?: readonly [number, number, number]): Uint8ClampedArray<ArrayBuffer> {
    const out = new Uint8ClampedArray(width * height * 4);
    for (let j = 0, at = 0; j < height; j++) {
      for (let i = 0; i < width; i++, at += 4) {
        const value = this.data[(y + j) * this.width + x + i]!;
        const [r, g, b] = colour ?? [value, value, value];
        out[at] = r;
        out[at + 1] = g;
        out[at + 2] = b;
        out[at + 3] = colour ? value : 255;
      }
    }
    return out;
  }
}

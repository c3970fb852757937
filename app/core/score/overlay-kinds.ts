/** Overlays that are drawn over moving pictures to see whether they stay as they are: text, a logo, a subtitle, a display, bars. Luma of 8 bits. */

export const OVERLAYS = ['title', 'small text', 'logo', 'subtitle', 'display', 'bars'] as const;
export type OverlayKind = (typeof OVERLAYS)[number];

/** What is laid over a picture: a value and an opacity (0 to 1) by pixel. */
export interface Overlay {
  readonly value: Float32Array;
  readonly alpha: Float32Array;
}

/** Rows of five bits of the letters that are needed. */
const GLYPHS: Readonly<Record<string, readonly number[]>> = {
  '0': [14, 17, 19, 21, 25, 17, 14],
  '1': [4, 12, 4, 4, 4, 4, 14],
  '2': [14, 17, 1, 2, 4, 8, 31],
  '3': [31, 2, 4, 2, 1, 17, 14],
  '4': [2, 6, 10, 18, 31, 2, 2],
  '5': [31, 16, 30, 1, 1, 17, 14],
  '6': [6, 8, 16, 30, 17, 17, 14],
  '7': [31, 1, 2, 4, 8, 8, 8],
  '8': [14, 17, 17, 14, 17, 17, 14],
  '9': [14, 17, 17, 15, 1, 2, 12],
  A: [14, 17, 17, 31, 17, 17, 17],
  B: [30, 17, 17, 30, 17, 17, 30],
  E: [31, 16, 16, 30, 16, 16, 31],
  I: [14, 4, 4, 4, 4, 4, 14],
  L: [16, 16, 16, 16, 16, 16, 31],
  M: [17, 27, 21, 21, 17, 17, 17],
  N: [17, 17, 25, 21, 19, 17, 17],
  O: [14, 17, 17, 17, 17, 17, 14],
  S: [15, 16, 16, 14, 1, 1, 30],
  T: [31, 4, 4, 4, 4, 4, 4],
  U: [17, 17, 17, 17, 17, 17, 14],
  V: [17, 17, 17, 17, 17, 10, 4],
  W: [17, 17, 17, 21, 21, 21, 10],
};

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The overlay over frame `i` of `count`, or undefined where it is not there (a subtitle comes and goes). */
export function drawOverlay(kind: OverlayKind, size: Size, i: number, count: number): Overlay | undefined {
  const over = { value: new Float32Array(size.width * size.height), alpha: new Float32Array(size.width * size.height) };
  const { width, height } = size;
  const text = (words: string, x: number, y: number, scale: number) => {
    write(over, size, words, { x, y, scale, value: 16, grow: 1 });
    write(over, size, words, { x, y, scale, value: 240, grow: 0 });
  };
  switch (kind) {
    case 'title':
      text('SLOW MOTION', (width - 11 * 6 * 5) / 2, height / 2 - 18, 5);
      return over;
    case 'small text':
      text('LIVE 24 60 NOW SEEN', 20, height - 30, 1.6);
      text('SUBTITLE', width - 120, 16, 2);
      return over;
    case 'logo':
      disc(over, size, { x: width - 44, y: 40, radius: 24, value: 225, alpha: 0.85 });
      write(over, size, 'TV', { x: width - 58, y: 29, scale: 2.5, value: 30, grow: 0, alpha: 0.85 });
      return over;
    case 'subtitle':
      if (i < count / 8 || i >= (7 * count) / 8) return undefined;
      box(over, size, { x: 60, y: height - 62, w: width - 120, h: 34, value: 8, alpha: 0.6 });
      text('WE MEET AT NINE', (width - 15 * 6 * 3) / 2, height - 56, 3);
      return over;
    case 'display':
      box(over, size, { x: 16, y: 16, w: 120, h: 40, value: 34, alpha: 1 });
      text(String(1000 + Math.floor(i / 16) * 37), 28, 25, 3);
      for (const [w, h] of [
        [36, 2],
        [2, 36],
      ] as const)
        box(over, size, { x: (width - w) / 2, y: (height - h) / 2, w, h, value: 235, alpha: 1 });
      return over;
    case 'bars':
      box(over, size, { x: 0, y: 0, w: width, h: 34, value: 16, alpha: 1 });
      box(over, size, { x: 0, y: height - 34, w: width, h: 34, value: 16, alpha: 1 });
      text('BEST SHOTS', 40, height - 24, 2);
      return over;
  }
}

/** The picture with the overlay over it. */
export function composed(picture: Uint8Array, { value, alpha }: Overlay): Uint8Array {
  return picture.map((under, i) => Math.round(under + (value[i]! - under) * alpha[i]!));
}

function put({ value, alpha }: Overlay, at: number, shade: number, opacity: number): void {
  const before = alpha[at]!;
  const after = opacity + before * (1 - opacity);
  if (after === 0) return;
  value[at] = (shade * opacity + value[at]! * before * (1 - opacity)) / after;
  alpha[at] = after;
}

function box(
  over: Overlay,
  { width, height }: Size,
  { x, y, w, h, value, alpha }: { x: number; y: number; w: number; h: number; value: number; alpha: number },
): void {
  for (let j = Math.max(0, Math.round(y)); j < Math.min(height, Math.round(y + h)); j++)
    for (let i = Math.max(0, Math.round(x)); i < Math.min(width, Math.round(x + w)); i++)
      put(over, j * width + i, value, alpha);
}

function disc(
  over: Overlay,
  { width }: Size,
  { x, y, radius, value, alpha }: { x: number; y: number; radius: number; value: number; alpha: number },
): void {
  for (let j = Math.floor(y - radius); j <= y + radius; j++)
    for (let i = Math.floor(x - radius); i <= x + radius; i++) {
      const inside = Math.min(1, Math.max(0, radius - Math.hypot(i - x, j - y) + 0.5));
      if (inside > 0) put(over, j * width + i, value, alpha * inside);
    }
}

/** Letters of 5 x 7 cells of `scale` pixels, their edges averaged over 3 x 3 points; `grow` pixels bolder on every side. */
function write(
  over: Overlay,
  { width, height }: Size,
  words: string,
  at: { x: number; y: number; scale: number; value: number; grow: number; alpha?: number },
): void {
  const { x, y, scale, grow } = at;
  const inked = (px: number, py: number): boolean => {
    const [column, row] = [Math.floor((px - x) / scale), Math.floor((py - y) / scale)];
    if (row < 0 || row > 6 || column < 0) return false;
    const bits = GLYPHS[words[Math.floor(column / 6)] ?? ' ']?.[row] ?? 0;
    return column % 6 < 5 && ((bits >> (4 - (column % 6))) & 1) === 1;
  };
  for (let j = Math.max(0, Math.floor(y) - 2); j < Math.min(height, y + 7 * scale + 2); j++) {
    for (let i = Math.max(0, Math.floor(x) - 2); i < Math.min(width, x + words.length * 6 * scale + 2); i++) {
      let ink = 0;
      for (const [dx, dy] of SAMPLES) {
        let on = false;
        for (const [gx, gy] of grow > 0 ? AROUND : CENTRE) on ||= inked(i + dx + gx * grow, j + dy + gy * grow);
        if (on) ink++;
      }
      if (ink > 0) put(over, j * width + i, at.value, ((at.alpha ?? 1) * ink) / SAMPLES.length);
    }
  }
}

const CENTRE = [[0, 0]] as const;
const AROUND = [0, 1, -1].flatMap((gy) => [0, 1, -1].map((gx) => [gx, gy] as const));
const SAMPLES = [1 / 6, 0.5, 5 / 6].flatMap((dy) => [1 / 6, 0.5, 5 / 6].map((dx) => [dx, dy] as const));

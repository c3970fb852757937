/** Contact sheets: labelled crops in rows and columns, pixels as they are. */
import type { Rgb8 } from '../score/rgb.ts';
import { drawText, GLYPH_HEIGHT, textWidth } from './font.ts';

/** Where a crop is centred (pixels; moved inside the picture when it would leave it), and what it shows. */
export interface Tile {
  readonly picture: Rgb8;
  readonly centre: readonly [x: number, y: number];
  readonly label: string;
}

const GAP = 6;
const LABEL_SIZE = 2;
const LABEL_PAD = 5;
/** The sheet's ground between the tiles. */
const GROUND = 24;

/**
 * Puts rows of tiles on one picture, each a crop of `width` x `height` with its label in the lower left corner. Rows
 * may differ in length.
 */
export function contactSheet(rows: readonly (readonly Tile[])[], width: number, height: number): Rgb8 {
  const columns = Math.max(...rows.map((row) => row.length));
  const sheet = blank(columns * (width + GAP) + GAP, rows.length * (height + GAP) + GAP);
  rows.forEach((row, r) =>
    row.forEach((tile, c) => {
      const left = GAP + c * (width + GAP);
      const top = GAP + r * (height + GAP);
      crop(tile, sheet, left, top, width, height);
      label(sheet, tile.label, left, top + height);
    }),
  );
  return sheet;
}

/** Four times the difference of two pictures, channel by channel; black where they agree. */
export function difference(a: Rgb8, b: Rgb8): Rgb8 {
  const channel = (p: Uint8Array, q: Uint8Array) => p.map((value, i) => Math.min(255, 4 * Math.abs(value - q[i]!)));
  return { width: a.width, height: a.height, r: channel(a.r, b.r), g: channel(a.g, b.g), b: channel(a.b, b.b) };
}

function blank(width: number, height: number): Rgb8 {
  const plane = () => new Uint8Array(width * height).fill(GROUND);
  return { width, height, r: plane(), g: plane(), b: plane() };
}

function crop({ picture, centre }: Tile, sheet: Rgb8, left: number, top: number, width: number, height: number): void {
  const inside = (middle: number, size: number, whole: number) =>
    Math.max(0, Math.min(whole - size, Math.round(middle - size / 2)));
  const x = inside(centre[0], width, picture.width);
  const y = inside(centre[1], height, picture.height);
  const across = Math.min(width, picture.width);
  for (let row = 0; row < Math.min(height, picture.height); row++) {
    const from = (y + row) * picture.width + x;
    const to = (top + row) * sheet.width + left;
    for (const channel of ['r', 'g', 'b'] as const) {
      sheet[channel].set(picture[channel].subarray(from, from + across), to);
    }
  }
}

/** A label on darkened ground, its lower left corner at (left, bottom). */
function label(sheet: Rgb8, text: string, left: number, bottom: number): void {
  const top = bottom - GLYPH_HEIGHT * LABEL_SIZE - 2 * LABEL_PAD;
  const right = left + textWidth(text, LABEL_SIZE) + 2 * LABEL_PAD;
  for (let y = top; y < bottom; y++) {
    for (const channel of ['r', 'g', 'b'] as const) {
      for (let at = y * sheet.width + left; at < y * sheet.width + right; at++) sheet[channel][at]! *= 0.3;
    }
  }
  drawText(sheet, text, left + LABEL_PAD, top + LABEL_PAD, LABEL_SIZE);
}

/** A 5 x 7 bitmap font for the labels of contact sheets: capitals, digits and a few signs. */
import type { Rgb8 } from '../score/rgb.ts';

/** Seven rows of five pixels a glyph, top to bottom; bit 4 is the leftmost pixel. One hexadecimal pair a row. */
const GLYPHS: Readonly<Record<string, string>> = {
  A: '0e11111f111111',
  B: '1e11111e11111e',
  C: '0e11101010110e',
  D: '1e11111111111e',
  E: '1f10101e10101f',
  F: '1f10101e101010',
  G: '0e11101711110e',
  H: '1111111f111111',
  I: '0e04040404040e',
  J: '0702020202120c',
  K: '11121418141211',
  L: '1010101010101f',
  M: '111b1515111111',
  N: '11191513111111',
  O: '0e11111111110e',
  P: '1e11111e101010',
  Q: '0e11111115120d',
  R: '1e11111e141211',
  S: '0f10100e01011e',
  T: '1f040404040404',
  U: '1111111111110e',
  V: '11111111110a04',
  W: '1111111515150a',
  X: '11110a040a1111',
  Y: '11110a04040404',
  Z: '1f01020408101f',
  '0': '0e11131519110e',
  '1': '040c040404040e',
  '2': '0e11010608101f',
  '3': '0e11010601110e',
  '4': '02060a121f0202',
  '5': '1f101e0101110e',
  '6': '0608101e11110e',
  '7': '1f010204040404',
  '8': '0e11110e11110e',
  '9': '0e11110f01020c',
  '.': '00000000000c0c',
  ':': '000c0c000c0c00',
  '-': '0000001f000000',
  '=': '00001f001f0000',
  '+': '0004041f040400',
  '/': '01010204081010',
};
const ADVANCE = 6;
export const GLYPH_HEIGHT = 7;

/** Pixels that `text` takes at `size` pixels a dot. */
export function textWidth(text: string, size: number): number {
  return (text.length * ADVANCE - 1) * size;
}

/**
 * Writes `text` (in capitals; what the font lacks is left blank) in white, its top left corner at (left, top),
 * clipped to the picture.
 */
export function drawText(picture: Rgb8, text: string, left: number, top: number, size: number): void {
  [...text.toUpperCase()].forEach((letter, place) => {
    const glyph = GLYPHS[letter];
    if (!glyph) return;
    for (let row = 0; row < GLYPH_HEIGHT * size; row++) {
      const bits = Number.parseInt(glyph.slice(2 * Math.floor(row / size), 2 * Math.floor(row / size) + 2), 16);
      for (let column = 0; column < 5 * size; column++) {
        const lit = (bits >> (4 - Math.floor(column / size))) & 1;
        const x = left + place * ADVANCE * size + column;
        if (lit === 0 || x < 0 || x >= picture.width || top + row < 0 || top + row >= picture.height) continue;
        const at = (top + row) * picture.width + x;
        picture.r[at] = picture.g[at] = picture.b[at] = 255;
      }
    }
  });
}

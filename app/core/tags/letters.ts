/**
 * Letters as lines, for pictures that are drawn here.
 *
 * Choice: a letter is a few lines on a small grid, drawn by the pen that draws curves. Why: ffmpeg's drawtext and subtitles need libfreetype, which not every
 * build has, and a font file, which not every machine has; lines are sharp at any size. Trade-off: the signs of ASCII only. Accents are left off, and of
 * other scripts a box is drawn for each sign.
 */
import type { Rgb8 } from '../score/rgb.ts';
import { drawLines, type Colour, type Point } from './draw.ts';

/** Rows: 0 is the top of capitals, 2 of small letters, 6 the line they stand on, 8 the lowest. Lines by spaces, points as digits x and y. */
const LETTERS: Readonly<Record<string, string>> = {
  A: '062046 1434',
  B: '06003041423303 3344453606',
  C: '4130100105163645',
  D: '06002042442606',
  E: '40000646 0333',
  F: '400006 0333',
  G: '41301001051636454323',
  H: '0006 4046 0343',
  I: '0020 1016 0626',
  J: '3035261605',
  K: '0006 4004 1346',
  L: '000646',
  M: '0600234046',
  N: '06004640',
  O: '100105163645413010',
  P: '06003041423303',
  Q: '100105163645413010 2446',
  R: '06003041423303 2346',
  S: '413010010213334445361605',
  T: '0040 2026',
  U: '000516364540',
  V: '002640',
  W: '0016223640',
  X: '0046 4006',
  Y: '002340 2326',
  Z: '00400646',
  a: '4246 4332120305163645',
  b: '0006 0312324345361605',
  c: '4332120305163645',
  d: '4046 4332120305163645',
  e: '04444332120305163645',
  f: '30201116 0222',
  g: '4247381807 4332120305163645',
  h: '0006 0312324346',
  i: '0206 00',
  j: '121708 10',
  k: '0006 3205 1436',
  l: '000516',
  m: '0206 0312223336 3342526366',
  n: '0206 0312324346',
  o: '120305163645433212',
  p: '0208 0312324345361605',
  q: '4248 4332120305163645',
  r: '0206 04132232',
  s: '43321203143445361605',
  t: '10152636 0232',
  u: '0205163645 4246',
  v: '022642',
  w: '0216233642',
  x: '0246 4206',
  y: '0226 4218',
  z: '02420646',
  0: '100105162635312010',
  1: '112026 1636',
  2: '01103041420646',
  3: '01103041423313 334445361605',
  4: '36300444',
  5: '400002324345361605',
  6: '4130100105163645443303',
  7: '004016',
  8: '100102133342413010 1304051636454433',
  9: '0516364541301001021343',
  ' ': '',
  '.': '06',
  ',': '1607',
  ':': '03 06',
  ';': '13 1607',
  '!': '0004 06',
  '?': '011030414224 26',
  '-': '0434',
  _: '0747',
  '+': '2226 0444',
  '=': '0343 0545',
  '/': '0630',
  '\\': '0036',
  '|': '0007',
  '(': '10020517',
  ')': '00121507',
  '[': '10000717',
  ']': '00101707',
  '{': '2011120304151627',
  '}': '0011122314151607',
  "'": '0001',
  '"': '0001 1011',
  '`': '0011',
  '#': '1016 3036 0242 0444',
  $: '41100102133344453605 2027',
  '%': '4006 0010110100 3545463635',
  '&': '4612112031320405162644',
  '*': '2024 0143 0341',
  '<': '320436',
  '>': '023406',
  '@': '36160501103041442422',
  '^': '021022',
  '~': '04132433',
};
const BOX = '0006464000';
/** Of the grid: height of a capital, room between letters, width of a space. */
const RISE = 6;
const GAP = 2;
const SPACE = 2;
/** What of a capital's height a line is wide, and the lowest letters reach below the line. */
const STROKE = 0.14;
export const DESCENT = 2 / RISE;

interface Shape {
  readonly lines: readonly (readonly Point[])[];
  readonly width: number;
}

const shapes = new Map<string, Shape>();

function shapeOf(letter: string): Shape {
  const known = shapes.get(letter);
  if (known) return known;
  const lines = (LETTERS[letter] ?? BOX)
    .split(' ')
    .filter((line) => line !== '')
    .map((line) => (line.match(/../g) ?? []).map((pair): Point => [Number(pair[0]), Number(pair[1])]));
  const width = lines.flat().reduce((wide, [x]) => Math.max(wide, x), 0);
  const shape = { lines, width: letter === ' ' ? SPACE : width };
  if (shapes.size < 1000) shapes.set(letter, shape);
  return shape;
}

/** The letters of a text as they can be drawn. */
function lettersOf(text: string): string[] {
  return [...text.normalize('NFKD').replace(/\p{M}|\p{Cc}|\p{Cf}/gu, '')];
}

/** Pixels that `text` takes with capitals of `size` pixels. */
export function textWidth(text: string, size: number): number {
  const units = lettersOf(text).reduce((sum, letter) => sum + shapeOf(letter).width + GAP, -GAP);
  return Math.max(0, (units / RISE + STROKE) * size);
}

/** `text`, or as much of its beginning as fits into `room` pixels, with three dots. */
export function fitText(text: string, size: number, room: number): string {
  if (textWidth(text, size) <= room) return text;
  const letters = [...text];
  while (letters.length > 0 && textWidth(`${letters.join('').trimEnd()}...`, size) > room) letters.pop();
  return `${letters.join('').trimEnd()}...`;
}

export interface TextStyle {
  readonly colour: Colour;
  /** Height of a capital in pixels. */
  readonly size: number;
  readonly opacity?: number;
}

/** Writes `text` with its left edge at `left`, standing on the line `base`. */
export function drawText(picture: Rgb8, text: string, left: number, base: number, style: TextStyle): void {
  const { colour, size, opacity = 1 } = style;
  const unit = size / RISE;
  const width = Math.max(1, size * STROKE);
  let x = left + width / 2;
  const lines: Point[][] = [];
  for (const letter of lettersOf(text)) {
    const shape = shapeOf(letter);
    for (const line of shape.lines) lines.push(line.map(([px, py]) => [x + px * unit, base + (py - RISE) * unit]));
    x += (shape.width + GAP) * unit;
  }
  drawLines(picture, lines, { colour, width, opacity });
}

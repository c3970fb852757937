/** What is taken for what, as a picture. */
import { writeStill } from '../media/stills.ts';
import { frameOfRgb, type Rgb8 } from '../score/rgb.ts';
import { blankPicture, drawLines, fillArea, type Colour } from '../tags/draw.ts';
import { drawText, textWidth } from '../tags/letters.ts';

export interface Confusion {
  /** Of rows and columns, the true ones and what was said. */
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** [rows][columns] videos. */
  readonly counts: readonly (readonly number[])[];
}

const CELL = 40;
const SIZE = 11;
const PAD = 16;
const CAPTION = 'rows: what it is, columns: what it was taken for';
const GROUND: Colour = [18, 20, 24];
const EMPTY: Colour = [30, 33, 40];
const RIGHT: Colour = [0, 190, 140];
const WRONG: Colour = [230, 159, 0];
const TEXT: Colour = [214, 218, 226];
const PALE: Colour = [140, 146, 158];

/** Rows and columns are the labels that occur, true ones first and in the order of `labels`. */
export function confusionOf(answers: readonly { truth: string; said: string }[], labels: readonly string[]): Confusion {
  const among = (wanted: ReadonlySet<string>): string[] => labels.filter((label) => wanted.has(label));
  const rows = among(new Set(answers.map(({ truth }) => truth)));
  const other = among(new Set(answers.map(({ said }) => said))).filter((label) => !rows.includes(label));
  const columns = [...rows, ...other];
  const counts = rows.map((row) =>
    columns.map((column) => answers.filter(({ truth, said }) => truth === row && said === column).length),
  );
  return { rows, columns, counts };
}

/** The matrix as a picture: a row for each true label, its shares by how full the colour is, its counts as numbers. */
export function drawConfusion({ rows, columns, counts }: Confusion, title: string): Rgb8 {
  const left = PAD * 2 + Math.ceil(Math.max(...rows.map((row) => textWidth(row, SIZE))));
  const top = PAD * 5 + Math.ceil(Math.max(...columns.map((column) => textWidth(column, SIZE))));
  const lines = Math.ceil(Math.max(textWidth(title, SIZE), textWidth(CAPTION, SIZE)));
  const width = Math.max(left + columns.length * CELL, lines + PAD) + PAD;
  const picture = blankPicture(width, top + rows.length * CELL + PAD, GROUND);
  drawText(picture, title, PAD, PAD + SIZE, { colour: TEXT, size: SIZE });
  drawText(picture, CAPTION, PAD, PAD + 3 * SIZE, { colour: PALE, size: SIZE });
  for (const [c, column] of columns.entries()) {
    const colour = rows.includes(column) ? TEXT : PALE;
    drawUpwards(picture, column, left + c * CELL + (CELL + SIZE) / 2, top - PAD / 2, colour);
  }
  for (const [r, row] of rows.entries()) {
    const y = top + r * CELL;
    drawText(picture, row, left - PAD / 2 - textWidth(row, SIZE), y + (CELL + SIZE) / 2, { colour: TEXT, size: SIZE });
    const sum = counts[r]!.reduce((a, b) => a + b, 0);
    for (const [c, column] of columns.entries()) {
      const count = counts[r]![c]!;
      const x = left + c * CELL;
      const area = { left: x + 1, top: y + 1, right: x + CELL - 1, bottom: y + CELL - 1 };
      fillArea(picture, area, EMPTY);
      if (count === 0) continue;
      fillArea(picture, area, column === row ? RIGHT : WRONG, 0.15 + (0.7 * count) / sum);
      const text = String(count);
      const middle = x + (CELL - textWidth(text, SIZE)) / 2;
      drawText(picture, text, middle, y + (CELL + SIZE) / 2, { colour: [255, 255, 255], size: SIZE });
    }
  }
  drawLines(
    picture,
    [
      [
        [left, top - 2],
        [left + columns.length * CELL, top - 2],
      ],
    ],
    { colour: PALE, width: 1 },
  );
  return picture;
}

/** Writes `text` from below upwards, its line at `x`, its beginning at `bottom`. */
function drawUpwards(picture: Rgb8, text: string, x: number, bottom: number, colour: Colour): void {
  const [length, height] = [Math.ceil(textWidth(text, SIZE)) + 2, SIZE * 2];
  const flat = blankPicture(length, height, GROUND);
  const base = Math.round(SIZE * 1.5);
  drawText(flat, text, 0, base, { colour, size: SIZE });
  for (let along = 0; along < length; along++) {
    for (let across = 0; across < height; across++) {
      const to = [Math.round(x) + across - base, Math.round(bottom) - along] as const;
      if (to[0] < 0 || to[0] >= picture.width || to[1] < 0 || to[1] >= picture.height) continue;
      const [from, at] = [across * length + along, to[1] * picture.width + to[0]];
      for (const channel of ['r', 'g', 'b'] as const) picture[channel][at] = flat[channel][from]!;
    }
  }
}

/** Writes the picture. Throws 'output-exists' unless forced, 'output-folder', 'output-format'. */
export async function writeConfusion(
  confusion: Confusion,
  title: string,
  path: string,
  { force, signal }: { force: boolean; signal?: AbortSignal },
): Promise<void> {
  await writeStill(frameOfRgb(drawConfusion(confusion, title)), path, { force, ...(signal && { signal }) });
}

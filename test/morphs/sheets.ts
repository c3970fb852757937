/** The contact sheets: a row for each engine, the truth last where it is known. */
import { join } from 'node:path';
import { filled } from './fill.ts';
import { atHeight, writeSheet } from './pictures.ts';
import { pairsOf } from './stills.ts';

/** Lines of the pictures the engines get, and of those on the sheet. */
const [HEIGHT, SHOWN] = [256, 112];
/** Of the sixteen pictures those shown. */
const COLUMNS = [0, 4, 7, 11, 15];

export const SHEET_ENGINES = ['film', 'cvi', 'fomm:linear', 'fomm:adversarial', 'fomm:autoregressive'];

/** Writes docs/morphs/NAME.jpg for each pair, or for those of `names`. */
export async function writeSheets(clips: string, folder: string, names: readonly string[]): Promise<void> {
  for await (const { name, what, first, last, truth } of pairsOf(clips, HEIGHT)) {
    if (names.length > 0 && !names.includes(name)) continue;
    const rows = [];
    for (const engine of SHEET_ENGINES) rows.push(await filled(engine, first, last, 14));
    if (truth) rows.push([first, ...truth, last]);
    const width = 2 * Math.round((SHOWN * first.width) / first.height / 2);
    const shown = rows.map((row) => COLUMNS.map((n) => atHeight(row[n]!, SHOWN, width)));
    await writeSheet(join(folder, `${name}.jpg`), shown);
    console.log(`${name}.jpg: ${what}, ${first.width}x${first.height}${truth ? '' : ' (the truth is not known)'}`);
  }
}

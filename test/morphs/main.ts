/**
 * `npm run morphs`: all figures and pictures of docs/morphs.md, out of the shared clips (INBETWEEN_SHARED, or shared/ beside the repository).
 *
 *   npm run morphs                      everything: about ten minutes on two cores
 *   npm run morphs -- tables            the tables, printed and written between the marks in docs/morphs.md
 *   npm run morphs -- sheets [NAME...]  the contact sheets, all or those named
 *   npm run morphs -- guidance          docs/morphs/guidance.jpg
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { benchMorphs, morphBenchTable } from '../../app/core/bench/morphs.ts';
import { readProtocol } from '../../app/core/score/protocol.ts';
import { windowTable } from '../../app/core/score/window-report.ts';
import { scoreWindows } from '../../app/core/score/window-run.ts';
import { root } from '../support/command.ts';
import { trueGuides, writeGuidance } from './guidance.ts';
import { writeSheets } from './sheets.ts';

const CLIPS = join(process.env['INBETWEEN_SHARED'] ?? join(root, '../shared'), 'clips');
const FOLDER = join(root, 'docs', 'morphs');
const DOCUMENT = join(root, 'docs', 'morphs.md');
const [SMALL, MIDDLE, LARGE] = ['actions-windows', 'actions-windows-middle', 'actions-windows-256'].map((name) =>
  join(root, 'test', 'eval', `${name}.json`),
);

const FOMM = ['fomm:linear', 'fomm:adversarial', 'fomm:autoregressive'];
const ENGINES = ['hold', 'blend', 'glide', 'film', 'cvi', ...FOMM];
const ENLARGED = ['blend', 'cvi', 'cvi:enlarged', 'fomm:linear', 'fomm:linear:enlarged'];
const COSTS = ['blend', 'glide', 'film', 'cvi', ...FOMM];

async function scored(protocol: string, engines: readonly string[]): Promise<string> {
  const windows = (await readProtocol(protocol)).filter((item) => item.kind === 'window');
  return windowTable(await scoreWindows(windows, { engines, device: 'cpu' }));
}

const TABLES: Readonly<Record<string, () => Promise<string>>> = {
  windows: () => scored(SMALL!, ENGINES),
  'windows-middle': () => scored(MIDDLE!, ENGINES),
  'windows-256': () => scored(LARGE!, ENLARGED),
  'true-guides': () => trueGuides(LARGE!),
  costs: async () => morphBenchTable(await benchMorphs({ engines: COSTS, device: 'cpu' })),
};

/** Puts each table between its marks in the document. */
async function writeTables(names: readonly string[]): Promise<void> {
  for (const [name, make] of Object.entries(TABLES)) {
    if (names.length > 0 && !names.includes(name)) continue;
    const table = await make();
    console.log(`\n${table}`);
    const text = await readFile(DOCUMENT, 'utf8');
    const [begin, end] = [`<!-- ${name} -->\n`, `<!-- end of ${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`${DOCUMENT} has no place for the table '${name}'`);
    await writeFile(DOCUMENT, `${text.slice(0, from + begin.length)}\`\`\`text\n${table}\n\`\`\`\n${text.slice(to)}`);
  }
}

const [part, ...names] = process.argv.slice(2);
await mkdir(FOLDER, { recursive: true });
if (part === undefined || part === 'tables') await writeTables(names);
if (part === undefined || part === 'guidance') await writeGuidance(LARGE!, FOLDER);
if (part === undefined || part === 'sheets') await writeSheets(CLIPS, FOLDER, names);

/** `dataset`: triplets and windows for training, from your own videos. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { AppError, EXIT_STATUS } from '../../contract/errors.ts';
import { makeTriplets, type Clip, type MakeResult } from '../../core/dataset/make.ts';
import { WINDOWS_MANIFEST } from '../../core/dataset/make-windows.ts';
import { showTriplets, type Shown } from '../../core/dataset/show.ts';
import type { Triplet } from '../../core/dataset/triplet.ts';
import { contactSheet, type Tile } from '../../core/demo/contact-sheet.ts';
import { writeRgbPng } from '../../core/demo/png.ts';
import type { Rgb8 } from '../../core/score/rgb.ts';
import { parseWords } from '../slowmo-options.ts';
import { statusLine } from '../status-line.ts';
import type { Verb, VerbIo } from '../verb.ts';
import { number } from './dataset-options.ts';
import { cutWindows, showOfWindows, WINDOWS_OPTIONS, WINDOWS_USAGE } from './dataset-windows.ts';
import { findClips } from '../../core/queue/batch-files.ts';

const text = { type: 'string' } as const;
/** Rows of a contact sheet, two triplets each. */
const SHEET_ROWS = 8;
/** All frames between the first and the last of three may be in memory; what moves less than --max-motion in that time hardly moves. */
const MOST_GAP = 30;

export const dataset: Verb = {
  name: 'dataset',
  summary: 'Cut triplets or windows for training out of your own videos, or look at them',
  usage: `dataset triplets FOLDER -o DIR [--gaps 1] [--per-clip 100] [--limit N] [--seed 1] [--exclude NAMES]
                 [--min-motion 1] [--max-motion 36] [--force] [--json]
${WINDOWS_USAGE.head}
dataset show DIR [--sheet OUT.png] [--json]

triplets finds three frames of one shot, evenly spaced in time, none of them a repeat, and cuts patches of 150 pixels out of them where
something moves. The more it moves the likelier it is taken. DIR gets triplets-00000.tfrecord, ... and dataset.json: all of it or nothing.
  --gaps        frames from the middle to the other two, 1 to 30, several separated by commas: 1,2,3
  --per-clip    triplets of one video at most
  --limit       triplets at most, spread over the videos
  --seed        another number, other patches; the same number, the same ones
  --exclude     videos to leave out, separated by commas: names, or paths below FOLDER
  --min-motion  pixels from the first to the last frame, mean over the patch
  --max-motion  pixels that at most one block in twenty exceeds
  --force       replace the data set in DIR
${WINDOWS_USAGE.body}
show reads every record, with its checksums.
  --sheet       a picture of some triplets, two in a row, or of some windows`,
  async run(args, io) {
    const { values, positionals } = parseWords({
      args: [...args],
      options: {
        output: { ...text, short: 'o' },
        gaps: { ...text, default: '1' },
        'per-clip': { ...text, default: '100' },
        limit: text,
        seed: { ...text, default: '1' },
        exclude: text,
        'min-motion': { ...text, default: '1' },
        'max-motion': { ...text, default: '36' },
        force: { type: 'boolean', default: false },
        sheet: text,
        ...WINDOWS_OPTIONS,
      },
      allowPositionals: true,
    });
    const [what, folder, ...extra] = positionals;
    if (folder === undefined || extra.length > 0 || !['triplets', 'windows', 'show'].includes(what ?? ''))
      throw new AppError(
        'usage',
        'dataset is used so: dataset triplets FOLDER -o DIR, dataset windows FOLDER -o DIR, or dataset show DIR.',
      );
    if (what === 'show') {
      if (existsSync(join(folder, WINDOWS_MANIFEST))) return await showOfWindows(resolve(folder), values.sheet, io);
      return await show(resolve(folder), values.sheet, io);
    }
    if (values.output === undefined) throw new AppError('usage', `dataset ${what} needs a folder to write to: -o DIR.`);
    const [from, out] = [resolve(folder), resolve(values.output)];
    if (what === 'windows') return await cutWindows(from, out, values, io);
    const clips = without(await clipsOf(from, out), values.exclude);
    const status = statusLine(io);
    try {
      const result = await makeTriplets(clips, out, {
        gaps: [...new Set(values.gaps.split(',').map((word) => number('gaps', word, 1, MOST_GAP)))],
        perClip: number('per-clip', values['per-clip'], 1, 2000),
        limit: values.limit === undefined ? Infinity : number('limit', values.limit, 1, 10_000_000),
        seed: number('seed', values.seed, 0, 2 ** 31),
        minMotion: number('min-motion', values['min-motion'], 0, 100, false),
        maxMotion: number('max-motion', values['max-motion'], 0, 100, false),
        force: values.force,
        signal: io.signal,
        onProgress: ({ clip, records, ...rest }) => status.tell({ sentence: `${records} triplets, ${clip}`, ...rest }),
      });
      status.end();
      io.out(io.json ? JSON.stringify({ output: out, ...result }) : summary(out, result));
      return result.clips.some(({ error }) => error) ? EXIT_STATUS.failed : 0;
    } finally {
      status.end();
    }
  },
};

async function clipsOf(folder: string, out: string): Promise<Clip[]> {
  const { items } = await findClips(folder, out);
  const clips = items.map(({ input }) => ({
    path: input,
    name: input
      .slice(folder.length)
      .replace(/^[/\\]/, '')
      .replaceAll('\\', '/'),
  }));
  if (clips.length === 0) throw new AppError('not-found', `There are no videos in ${folder}.`);
  return clips;
}

/** Throws 'usage' for a name that no video has: what was to be left out would be learned from. */
function without(clips: readonly Clip[], names: string | undefined): Clip[] {
  const left = new Set(names?.split(',').map((name) => name.trim()));
  const means = (clip: Clip, name: string): boolean => clip.name === name || clip.name.endsWith(`/${name}`);
  for (const name of left)
    if (!clips.some((clip) => means(clip, name)))
      throw new AppError('usage', `--exclude names '${name}', and no video is called that.`);
  return clips.filter((clip) => ![...left].some((name) => means(clip, name)));
}

function summary(out: string, { records, files, tally, clips }: MakeResult): string {
  const list = (counts: Readonly<Record<string, number>>, but: readonly string[]): string =>
    Object.entries(counts)
      .flatMap(([name, count]) => (count > 0 && !but.includes(name) ? [`${count} ${name}`] : []))
      .join(', ') || 'none';
  const { triples, patches } = tally;
  const failed = clips.flatMap(({ name, error }) => (error ? [`  ${name}: ${error.code}: ${error.message}`] : []));
  const given = clips.filter((clip) => clip.records > 0).length;
  return [
    out,
    `  ${records} triplets in ${files.length} files, from ${given} of ${clips.length} videos`,
    `  ${triples.total} times three frames; left out: ${list(triples, ['total'])}`,
    `  ${patches.tried} patches tried, ${patches.sound} sound; left out: ${list(patches, ['tried', 'sound', 'taken'])}`,
    ...failed,
  ].join('\n');
}

async function show(folder: string, sheet: string | undefined, io: VerbIo): Promise<number> {
  const shown = await showTriplets(folder, { samples: sheet === undefined ? 0 : 2 * SHEET_ROWS, signal: io.signal });
  if (sheet !== undefined) await writeRgbPng(resolve(sheet), sheetOf(shown.samples), io.signal);
  const { samples: _, ...facts } = shown;
  io.out(
    io.json
      ? JSON.stringify({ ...facts, ...(sheet === undefined ? {} : { sheet: resolve(sheet) }) })
      : described(folder, facts),
  );
  return 0;
}

function described(folder: string, { files, records, sources, gaps, motion }: Omit<Shown, 'samples'>): string {
  const px = (value: number): string => value.toFixed(1);
  return [
    `${folder}: ${records} triplets in ${files} files, every checksum holds`,
    `  motion    a tenth below ${px(motion.tenth)} px, half below ${px(motion.half)}, nine tenths below ${px(motion.nineTenths)}, at most ${px(motion.most)}`,
    `  gaps      ${Object.entries(gaps)
      .map(([gap, count]) => `${gap}: ${count}`)
      .join(', ')}`,
    ...sources.map(([name, count]) => `  ${String(count).padStart(7)}  ${name}`),
  ].join('\n');
}

function sheetOf(samples: readonly Triplet[]): Rgb8 {
  const tiles = samples.map((triplet) =>
    triplet.frames.map((data, i): Tile => {
      const { width, height } = triplet;
      const plane = (channel: number) =>
        Uint8Array.from({ length: width * height }, (_, at) => data[3 * at + channel]!);
      const picture = { width, height, r: plane(0), g: plane(1), b: plane(2) };
      return {
        picture,
        centre: [width / 2, height / 2],
        label: i === 1 ? `${triplet.motion.toFixed(1)} px` : String(i),
      };
    }),
  );
  const rows: Tile[][] = [];
  for (let at = 0; at < tiles.length; at += 2) rows.push(tiles.slice(at, at + 2).flat());
  const side = (of: 'width' | 'height') => Math.max(...samples.map((triplet) => triplet[of]));
  return contactSheet(rows, side('width'), side('height'));
}

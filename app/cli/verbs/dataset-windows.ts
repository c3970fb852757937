/** `dataset windows`: runs of frames for training in-betweening networks, as the preparation of KTH and BAIR makes them. */
import { readFile, stat } from 'node:fs/promises';
import { basename, relative, resolve, sep } from 'node:path';
import { readdir } from 'node:fs/promises';
import { AppError, EXIT_STATUS } from '../../contract/errors.ts';
import { makeWindows, type WindowsManifest } from '../../core/dataset/make-windows.ts';
import { showWindows, type ShownWindows } from '../../core/dataset/show.ts';
import type { Window } from '../../core/dataset/window.ts';
import { listedAmong, parseWindowList } from '../../core/dataset/window-list.ts';
import { isRecords, VIEWS, type WindowSource } from '../../core/dataset/window-source.ts';
import { contactSheet, type Tile } from '../../core/demo/contact-sheet.ts';
import { writeRgbPng } from '../../core/demo/png.ts';
import { findClips } from '../../core/queue/batch-files.ts';
import { statusLine } from '../status-line.ts';
import { plural } from '../words.ts';
import type { VerbIo } from '../verb.ts';
import { number } from './dataset-options.ts';

const text = { type: 'string' } as const;

export const WINDOWS_OPTIONS = {
  list: text,
  count: { ...text, default: '16' },
  stride: { ...text, default: '1' },
  step: text,
  size: { ...text, default: '64' },
  channels: { ...text, default: '3' },
  view: { ...text, default: VIEWS[0] },
} as const;

const SIZES = '64, 128, 256';

export const WINDOWS_USAGE = {
  head: `dataset windows FOLDER|FILE -o DIR [--count 16] [--stride 1] [--step N] [--size 64] [--channels 3] [--list FILE]
                [--view ${VIEWS.join('|')}] [--force] [--json]`,
  body: `windows cuts runs of frames out of videos, or out of BAIR's .tfrecords, none across a cut: the square in the middle, at --size. Run again after it was
stopped, it goes on.
  --count       frames of a window, 2 to 256
  --stride      frames of the source from one to the next; --count 2 --stride 15 gives frames 0 and 15
  --step        frames from window to window; one window after the other unless given
  --size        side in pixels, 8 to 1024: ${SIZES}, ...
  --channels    3 for colour, 1 for grey
  --list        names and frames of the videos, a line each, as KTH's 00sequences.txt has them; others are left out
  --view        BAIR's camera`,
};

export interface WindowsWords {
  readonly list?: string | undefined;
  readonly count: string;
  readonly stride: string;
  readonly step?: string | undefined;
  readonly size: string;
  readonly channels: string;
  readonly view: string;
  readonly force: boolean;
}

/** Throws 'usage', 'not-found', and what making windows throws. */
export async function cutWindows(from: string, out: string, words: WindowsWords, io: VerbIo): Promise<number> {
  const count = number('count', words.count, 2, 256);
  const stride = number('stride', words.stride, 1, 1000);
  const view = VIEWS.find((one) => one === words.view);
  if (!view) throw new AppError('usage', `--view is ${VIEWS.join(' or ')}, not '${words.view}'.`);
  if (words.channels !== '1' && words.channels !== '3')
    throw new AppError('usage', `--channels is 1 (grey) or 3 (colour), not '${words.channels}'.`);
  const options = {
    count,
    stride,
    view,
    step: words.step === undefined ? count * stride : number('step', words.step, 1, 1_000_000),
    size: number('size', words.size, 8, 1024),
    channels: words.channels === '1' ? (1 as const) : (3 as const),
    force: words.force,
    signal: io.signal,
  };
  const sources = await listed(await sourcesIn(from, out), words.list);
  const status = statusLine(io);
  try {
    const made = await makeWindows(sources, out, {
      ...options,
      onProgress: ({ source, windows, ...rest }) =>
        status.tell({ sentence: `${plural(windows, 'window')}, ${source}`, ...rest }),
    });
    status.end();
    io.out(io.json ? JSON.stringify({ output: out, ...made }) : summary(out, made));
    return made.sources.some(({ error }) => error) ? EXIT_STATUS.failed : 0;
  } finally {
    status.end();
  }
}

/** Videos and record files below a folder, or the one file. */
async function sourcesIn(from: string, out: string): Promise<WindowSource[]> {
  const found = await stat(from).catch((cause: unknown) => {
    throw new AppError('not-found', `There is no ${from}.`, { cause });
  });
  const named = (path: string): WindowSource => ({
    path,
    name: found.isDirectory() ? relative(from, path).replaceAll(sep, '/') : basename(path),
    ranges: [],
  });
  if (!found.isDirectory()) return [named(from)];
  const { items } = await findClips(from, out);
  const records = (await readdir(from, { recursive: true })).filter(isRecords).map((name) => resolve(from, name));
  const inOut = (path: string): boolean => path.startsWith(`${out}${sep}`);
  const all = [...items.map(({ input }) => input), ...records.filter((path) => !inOut(path))].toSorted();
  if (all.length === 0) throw new AppError('not-found', `There are no videos and no .tfrecords in ${from}.`);
  return all.map(named);
}

/** Those of the list, with its frames. Throws 'not-found' for one that is not there: its windows would be missed. */
async function listed(sources: readonly WindowSource[], list: string | undefined): Promise<readonly WindowSource[]> {
  if (list === undefined) return sources;
  const content = await readFile(list, 'utf8').catch((cause: unknown) => {
    throw new AppError('not-found', `The list ${list} cannot be read.`, { cause });
  });
  const names = sources.map(({ name }) => name);
  return parseWindowList(content).map(({ name, ranges }) => {
    const found = listedAmong(name, names);
    if (found === undefined) throw new AppError('not-found', `The list names '${name}', and no video is called that.`);
    return { ...sources.find((source) => source.name === found)!, ranges };
  });
}

function summary(out: string, { windows, sources, kept }: WindowsManifest & { readonly kept: number }): string {
  const given = sources.filter((source) => source.windows > 0).length;
  return [
    out,
    `  ${plural(windows, 'window')} from ${given} of ${plural(sources.length, 'source')}${kept > 0 ? `; ${plural(kept, 'source was', 'sources were')} done before` : ''}`,
    ...sources.flatMap(({ name, error }) => (error ? [`  ${name}: ${error.code}: ${error.message}`] : [])),
  ].join('\n');
}

/** Rows of a sheet, a window each. */
const SHEET_ROWS = 10;

/** Reads every record, and draws some of them. */
export async function showOfWindows(folder: string, sheet: string | undefined, io: VerbIo): Promise<number> {
  const shown = await showWindows(folder, { samples: sheet === undefined ? 0 : SHEET_ROWS, signal: io.signal });
  if (sheet !== undefined) await writeRgbPng(resolve(sheet), sheetOf(shown.samples), io.signal);
  const { samples: _, ...facts } = shown;
  io.out(
    io.json
      ? JSON.stringify({ ...facts, ...(sheet === undefined ? {} : { sheet: resolve(sheet) }) })
      : described(folder, facts),
  );
  return 0;
}

function described(folder: string, { files, records, shapes, sources }: Omit<ShownWindows, 'samples'>): string {
  return [
    `${folder}: ${plural(records, 'window')} in ${plural(files, 'file')}, every checksum holds`,
    ...shapes.map(([shape, count]) => `  ${String(count).padStart(7)}  ${shape}`),
    ...sources.map(([name, count]) => `  ${String(count).padStart(7)}  ${name}`),
  ].join('\n');
}

function sheetOf(samples: readonly Window[]): ReturnType<typeof contactSheet> {
  const rows = samples.map(({ frames, width, height, channels, data }) =>
    Array.from({ length: frames }, (_, n): Tile => {
      const from = n * width * height * channels;
      const plane = (channel: number): Uint8Array =>
        Uint8Array.from({ length: width * height }, (__, at) => data[from + channels * at + channel]!);
      const picture = { width, height, r: plane(0), g: plane(1 % channels), b: plane(2 % channels) };
      return { picture, centre: [width / 2, height / 2], label: String(n) };
    }),
  );
  const side = (of: 'width' | 'height') => Math.max(...samples.map((window) => window[of]));
  return contactSheet(rows, side('width'), side('height'));
}

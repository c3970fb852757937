/** What a data set holds. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { isErrno } from '../base/durable.ts';
import { lotOf, randomOf } from './choose.ts';
import { readTfRecords } from './tfrecord.ts';
import { decodeTriplet, type Triplet } from './triplet.ts';
import { decodeWindow, type Window } from './window.ts';

export interface Shown {
  readonly files: number;
  readonly records: number;
  /** Records by source, most first. */
  readonly sources: readonly (readonly [name: string, records: number])[];
  /** Records by gap. */
  readonly gaps: Readonly<Record<number, number>>;
  /** Pixels of motion that a tenth, half and nine tenths of the records stay below, and the most. */
  readonly motion: {
    readonly tenth: number;
    readonly half: number;
    readonly nineTenths: number;
    readonly most: number;
  };
  /** Some records, by lot. */
  readonly samples: readonly Triplet[];
}

/**
 * Reads every record of the *.tfrecord files in a folder and keeps `samples` of them. Throws `not-found` where there are none,
 * `bad-records` for the first that is damaged or no triplet.
 */
export async function showTriplets(
  folder: string,
  { samples = 0, signal }: { samples?: number; signal?: AbortSignal } = {},
): Promise<Shown> {
  const files = await recordFiles(folder);
  const random = randomOf('samples');
  const sources = new Map<string, number>();
  const gaps: Record<number, number> = {};
  const motions: number[] = [];
  let drawn: { lot: number; triplet: Triplet }[] = [];
  for (const name of files)
    for await (const record of readTfRecords(join(folder, name), signal ? { signal } : {})) {
      const triplet = decodeTriplet(record);
      sources.set(triplet.source, (sources.get(triplet.source) ?? 0) + 1);
      gaps[triplet.gap] = (gaps[triplet.gap] ?? 0) + 1;
      motions.push(triplet.motion);
      if (samples === 0) continue;
      drawn.push({ lot: lotOf(1, random), triplet });
      if (drawn.length > 2 * samples) drawn = best(drawn, samples);
    }
  motions.sort((a, b) => a - b);
  const at = (share: number): number => motions[Math.floor(share * (motions.length - 1))] ?? 0;
  return {
    files: files.length,
    records: motions.length,
    sources: [...sources].toSorted((a, b) => b[1] - a[1]),
    gaps,
    motion: { tenth: at(0.1), half: at(0.5), nineTenths: at(0.9), most: at(1) },
    samples: best(drawn, samples).map(({ triplet }) => triplet),
  };
}

/** Names of the record files in a folder. Throws `not-found` where there are none, `unreadable`. */
async function recordFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    if (isErrno(cause, 'ENOENT', 'ENOTDIR'))
      throw new AppError('not-found', `There is no folder ${folder}.`, { cause });
    throw new AppError('unreadable', `${folder} cannot be read.`, { cause });
  });
  const files = names.filter((name) => name.endsWith('.tfrecord')).toSorted();
  if (files.length === 0) throw new AppError('not-found', `There are no .tfrecord files in ${folder}.`);
  return files;
}

export interface ShownWindows {
  readonly files: number;
  readonly records: number;
  /** 'frames x height x width x channels, stride n': records of that shape, most first. */
  readonly shapes: readonly (readonly [shape: string, records: number])[];
  /** Records by source, most first. */
  readonly sources: readonly (readonly [name: string, records: number])[];
  /** Some records, by lot. */
  readonly samples: readonly Window[];
}

/** As showTriplets, of windows. */
export async function showWindows(
  folder: string,
  { samples = 0, signal }: { samples?: number; signal?: AbortSignal } = {},
): Promise<ShownWindows> {
  const files = await recordFiles(folder);
  const random = randomOf('samples');
  const [shapes, sources] = [new Map<string, number>(), new Map<string, number>()];
  const add = (counts: Map<string, number>, name: string): void => void counts.set(name, (counts.get(name) ?? 0) + 1);
  let records = 0;
  let drawn: { lot: number; window: Window }[] = [];
  for (const name of files)
    for await (const record of readTfRecords(join(folder, name), signal ? { signal } : {})) {
      const window = decodeWindow(record);
      const { frames, height, width, channels, stride } = window;
      add(shapes, `${frames} x ${height} x ${width} x ${channels}, stride ${stride}`);
      add(sources, window.source);
      records++;
      if (samples === 0) continue;
      drawn.push({ lot: lotOf(1, random), window });
      if (drawn.length > 2 * samples) drawn = best(drawn, samples);
    }
  const mostFirst = (counts: Map<string, number>) => [...counts].toSorted((a, b) => b[1] - a[1]);
  return {
    files: files.length,
    records,
    shapes: mostFirst(shapes),
    sources: mostFirst(sources),
    samples: best(drawn, samples).map(({ window }) => window),
  };
}

/** Those that drew the highest lots. */
function best<T extends { readonly lot: number }>(drawn: readonly T[], count: number): T[] {
  return drawn.toSorted((a, b) => b.lot - a.lot).slice(0, count);
}

/** What a score says, as JSON and as a table. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { parseJson } from '../base/json.ts';
import { PSNR_CAP } from './metrics.ts';

/** Means of the per-image values. PSNR in dB. */
export interface Means {
  readonly psnr: number;
  readonly ssim: number;
  readonly gmsd: number;
}

export interface SetScore {
  readonly name: string;
  /** Frames rebuilt. */
  readonly n: number;
  readonly engines: ReadonlyMap<string, Means>;
}

export interface Score {
  readonly sets: readonly SetScore[];
  /** Rebuilt frames that were identical to the truth, by engine; their PSNR counts as PSNR_CAP. */
  readonly identical: ReadonlyMap<string, number>;
}

/** Published numbers to stand beside: by set, then by method. */
export type Baselines = ReadonlyMap<string, ReadonlyMap<string, { psnr?: number; ssim?: number }>>;

/** `{sets: {NAME: {n, ENGINE: {psnr, ssim, gmsd}}}}`: psnr to 4 decimals, the others to 6. */
export function scoreJson(score: Score): { sets: Record<string, Record<string, number | Means>> } {
  const round = (value: number, decimals: number) => Number(value.toFixed(decimals));
  const sets = score.sets.map(({ name, n, engines }) => {
    const means = [...engines].map(([id, { psnr, ssim, gmsd }]) => [
      id,
      { psnr: round(psnr, 4), ssim: round(ssim, 6), gmsd: round(gmsd, 6) },
    ]);
    return [name, { n, ...Object.fromEntries(means) }] as const;
  });
  return { sets: Object.fromEntries(sets) };
}

const baselineFile = z.record(z.string(), z.record(z.string(), z.number()));

/**
 * The `baselines.json` beside a protocol: `{SET: {n, METHOD_psnr, METHOD_ssim}}`. Empty where there is none or it
 * says something else.
 */
export async function readBaselines(protocol: string): Promise<Baselines> {
  const text = await readFile(join(dirname(protocol), 'baselines.json'), 'utf8').catch(() => undefined);
  const sets = (text === undefined ? undefined : parseJson(baselineFile, text)) ?? {};
  return new Map(
    Object.entries(sets).map(([set, numbers]) => {
      const methods = new Map<string, { psnr?: number; ssim?: number }>();
      for (const [key, value] of Object.entries(numbers)) {
        const [, method, metric] = /^(.+)_(psnr|ssim)$/.exec(key) ?? [];
        if (method && metric) methods.set(method, { ...methods.get(method), [metric]: value });
      }
      return [set, methods];
    }),
  );
}

/**
 * The table of a score: a row for each set and engine, published rows marked with a star, then the mean and the
 * median over the sets.
 */
export function scoreTable(score: Score, baselines: Baselines = new Map()): string {
  const { sets } = score;
  const rows = [['set', 'n', 'engine', 'PSNR', 'SSIM', 'GMSD']];
  for (const { name, n, engines } of sets) {
    const published = baselines.get(name) ?? new Map<string, { psnr?: number; ssim?: number }>();
    const lines = [
      ...[...engines].map(([id, { psnr, ssim, gmsd }]) => cells(id, psnr, ssim, gmsd)),
      ...[...published].map(([method, { psnr, ssim }]) => cells(`${method} *`, psnr, ssim)),
    ];
    rows.push(...lines.map((line, i) => (i === 0 ? [name, String(n), ...line] : ['', '', ...line])));
  }
  if (sets.length > 1) {
    for (const [name, over] of [
      ['mean', mean],
      ['median', median],
    ] as const) {
      rows.push(...overSets(score, baselines, over).map((line, i) => [i === 0 ? `${name} of sets` : '', '', ...line]));
    }
  }
  return [align(rows), ...footnotes(score, baselines)].join('\n');
}

function overSets({ sets }: Score, baselines: Baselines, over: (values: readonly number[]) => number): string[][] {
  const ids = [...new Set(sets.flatMap(({ engines }) => [...engines.keys()]))];
  const own = ids.map((id) => {
    const means = sets.flatMap(({ engines }) => engines.get(id) ?? []);
    return cells(id, over(means.map((m) => m.psnr)), over(means.map((m) => m.ssim)), over(means.map((m) => m.gmsd)));
  });
  // A published method counts only where it has a number for every set that was scored.
  const published = sets.map(({ name }) => baselines.get(name));
  const methods = [...new Set(published.flatMap((methodsOfSet) => [...(methodsOfSet?.keys() ?? [])]))];
  const theirs = methods.flatMap((method) => {
    const psnr = published.flatMap((of) => of?.get(method)?.psnr ?? []);
    const ssim = published.flatMap((of) => of?.get(method)?.ssim ?? []);
    return psnr.length === sets.length && ssim.length === sets.length
      ? [cells(`${method} *`, over(psnr), over(ssim))]
      : [];
  });
  return [...own, ...theirs];
}

function footnotes({ identical, sets }: Score, baselines: Baselines): string[] {
  const notes: string[] = [];
  if (sets.some(({ name }) => baselines.has(name)))
    notes.push('* as published in the baselines.json beside the protocol');
  for (const [id, count] of identical) {
    if (count > 0)
      notes.push(`${count} frames by ${id} are identical to the truth; their PSNR counts as ${PSNR_CAP} dB`);
  }
  return notes.length > 0 ? ['', ...notes] : [];
}

function cells(engine: string, psnr?: number, ssim?: number, gmsd?: number): string[] {
  return [engine, psnr?.toFixed(2) ?? '-', ssim?.toFixed(4) ?? '-', gmsd?.toFixed(4) ?? '-'];
}

/** Columns as wide as their widest cell; numbers to the right, the first and third column to the left. */
export function align(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const left = (column: number) => column === 0 || column === 2;
  return rows
    .map((row) => row.map((cell, c) => (left(c) ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!))).join('  '))
    .map((line) => line.trimEnd())
    .join('\n');
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[upper]! : (sorted[upper - 1]! + sorted[upper]!) / 2;
}

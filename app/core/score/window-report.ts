/** What a score of windows says, as JSON and as a table. */
import { align, mean } from './report.ts';

/** Of one window, or the means of many. Diversity and difference ([Note: diversity]) are null for engines that know no seed. */
export interface WindowMeans {
  readonly psnr: number;
  readonly ssim: number;
  readonly gmsd: number;
  /** Pixels: [Note: flow error]. */
  readonly flow: number;
  readonly diversity: number | null;
  readonly difference: number | null;
  /** Wall time of one take's pictures. */
  readonly seconds: number;
}

export interface WindowSet {
  readonly name: string;
  readonly windows: number;
  /** By engine, a row for each window. */
  readonly engines: ReadonlyMap<string, readonly WindowMeans[]>;
}

export interface WindowScore {
  readonly sets: readonly WindowSet[];
}

const KEYS = ['psnr', 'ssim', 'gmsd', 'flow', 'diversity', 'difference', 'seconds'] as const;
const DECIMALS = { psnr: 4, ssim: 6, gmsd: 6, flow: 6, diversity: 6, difference: 4, seconds: 4 } as const;

export function meansOf(rows: readonly WindowMeans[]): WindowMeans {
  const of = (key: (typeof KEYS)[number]): number | null => {
    const values = rows.map((row) => row[key]).filter((value) => value !== null);
    return values.length === 0 ? null : mean(values);
  };
  return Object.fromEntries(KEYS.map((key) => [key, of(key)])) as unknown as WindowMeans;
}

/** The means of each set, weighted alike, whatever the number of its windows. */
export function overSets({ sets }: WindowScore): ReadonlyMap<string, WindowMeans> {
  const ids = [...(sets[0]?.engines.keys() ?? [])];
  return new Map(ids.map((id) => [id, meansOf(sets.map(({ engines }) => meansOf(engines.get(id)!)))]));
}

type Row = Record<(typeof KEYS)[number], number | null>;

/** `{sets: {NAME: {windows, ENGINE: {psnr, ssim, gmsd, flow, diversity, difference, seconds}}}, mean: {ENGINE: ...}}` */
export function windowJson(score: WindowScore): {
  sets: Record<string, Record<string, number | Row>>;
  mean: Record<string, Row>;
} {
  const rounded = (means: WindowMeans): Row =>
    Object.fromEntries(
      KEYS.map((key) => [key, means[key] === null ? null : Number(means[key].toFixed(DECIMALS[key]))]),
    ) as Row;
  const sets = score.sets.map(({ name, windows, engines }) => {
    const rows = [...engines].map(([id, values]) => [id, rounded(meansOf(values))]);
    return [name, { windows, ...Object.fromEntries(rows) }] as const;
  });
  const over = [...overSets(score)].map(([id, means]) => [id, rounded(means)] as const);
  return { sets: Object.fromEntries(sets), mean: Object.fromEntries(over) };
}

/** A row for each set and engine, then the mean of the sets, and what the columns are. */
export function windowTable(score: WindowScore): string {
  const rows = [['set', 'n', 'engine', 'PSNR', 'SSIM', 'GMSD', 'flow error', 'diversity', 'seconds']];
  const add = (name: string, count: string, engines: Iterable<readonly [string, WindowMeans]>): void => {
    for (const [i, [id, means]] of [...engines].entries())
      rows.push([...(i === 0 ? [name, count] : ['', '']), id, ...cells(means)]);
  };
  for (const { name, windows, engines } of score.sets)
    add(
      name,
      String(windows),
      [...engines].map(([id, values]) => [id, meansOf(values)] as const),
    );
  if (score.sets.length > 1) add('mean of sets', '', overSets(score));
  const notes = [
    'Means over the pictures between the ends of each window. Flow error: pixels, mean distance between the flow from each picture to the next and the truth.',
    'Diversity: mean GMSD between two takes of different seeds. Seconds: for the pictures of one window, once the engine is open.',
  ];
  return [align(rows), '', ...notes].join('\n');
}

function cells({ psnr, ssim, gmsd, flow, diversity, seconds }: WindowMeans): string[] {
  return [
    psnr.toFixed(2),
    ssim.toFixed(4),
    gmsd.toFixed(4),
    flow.toFixed(3),
    diversity === null ? '-' : diversity.toFixed(4),
    seconds.toFixed(2),
  ];
}

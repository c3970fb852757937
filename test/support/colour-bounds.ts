/** What a codec at its best quality may differ by, and the table of docs/colour.md that is made of what was measured. */
import { CHARTS, type Chart } from './colour-charts.ts';
import { TARGETS, type Outcome, type Target } from './colour-matrix.ts';

/** The largest difference of a sample, in codes of 8, 10 and 12 bits: of planes that need no resampling. */
const MOST: Readonly<Record<Target['codec'], readonly [number, number, number]>> = {
  // Lossless.
  ffv1: [0, 0, 0],
  vp9: [0, 0, 0],
  // Its quality 0 is lossless at 8 bits only.
  h264: [0, 6, 0],
  hevc: [1, 5, 20],
  av1: [2, 8, 1],
  // Codes 0 to 3 and 1020 to 1023 are not ProRes's to use.
  prores: [1.5, 7, 0],
  // 8 bits of RGB are as fine as 8 bits of Y'CbCr: one rounding.
  png: [0.51, 0.51, 0.51],
  exr: [0.51, 0.51, 0.51],
};
/** RGB that became Y'CbCr was rounded to codes that are as wide as RGB's, in limited range wider. */
const ROUNDED = 0.65;
/** Of arithmetic. */
const SLACK = 0.01;

/** Why an outcome breaks what is promised; [] where it does not. */
export function faults(chart: Chart, { codec }: Target, outcome: Outcome): string[] {
  if ('refused' in outcome) {
    const named =
      outcome.says.includes(codec) && outcome.says.includes(chart.format.name) && /What can: /.test(outcome.says);
    return named && outcome.refused === 'encoder-cannot' ? [] : [`refused as ${outcome.refused}: ${outcome.says}`];
  }
  const { plan, difference, tags } = outcome;
  const { mean, max, bias, resampled } = difference;
  const { bits } = chart.format;
  const unit = 2 ** (bits - 8);
  const toYuv = chart.colour.matrix === 'gbr' && plan.pixelFormat.startsWith('yuv');
  // RGB of 12 bits becomes 10 bits.
  const kept = toYuv ? Math.min(10, bits) : bits;
  const coded = MOST[codec][(kept - 8) / 2]! * 2 ** (bits - kept);
  const most = SLACK + (toYuv ? (coded * 255) / 219 + ROUNDED * 2 ** (bits - kept) : coded);
  const wrong = tags.map((tag) => `tag: ${tag}`);
  if (max > most) wrong.push(`off by ${max.toFixed(2)} of ${most}`);
  if (mean > Math.max(SLACK, most / 2)) wrong.push(`off by ${mean.toFixed(3)} on average`);
  if (bias > unit / 2) wrong.push(`brighter or darker by ${bias.toFixed(3)}`);
  if (resampled > 3 * unit) wrong.push(`resampled, off by ${resampled.toFixed(3)} on average`);
  const same = [chart.format.name, chart.probesAs].includes(plan.pixelFormat.replace('bgr0', 'gbrp'));
  if (!same && plan.notes.length === 0) wrong.push(`written as ${plan.pixelFormat} without a word`);
  return wrong;
}

export interface Row {
  readonly chart: string;
  /** 'yuv420p', 'rgb24': what the source's pixels are. */
  readonly pixels: string;
  readonly codec: string;
  readonly ending: string;
  /** '' where it is refused. */
  readonly writtenAs: string;
  readonly mean: number;
  readonly max: number;
  readonly resampled: number;
}

export function rowOf({ name, probesAs }: Chart, { codec, ending }: Target, outcome: Outcome): Row {
  const at = { chart: name, pixels: probesAs, codec, ending };
  if ('refused' in outcome) return { ...at, writtenAs: '', mean: 0, max: 0, resampled: 0 };
  const { plan, difference } = outcome;
  const { mean, max, resampled } = difference;
  return { ...at, writtenAs: plan.pixelFormat, mean: round(mean), max: round(max), resampled: round(resampled) };
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

export interface Cell {
  /** The pixel format it is written in; '' where it is refused. */
  readonly as: string;
  /** The worst differences over every system, range and container. */
  readonly mean: number;
  readonly max: number;
  readonly resampled: number;
}

/** By pixel format of the source, then codec. */
export type Summary = Readonly<Record<string, Readonly<Record<string, Cell>>>>;

/** Throws where a format is written in one way in one system, range or container, and otherwise in another. */
export function summarise(rows: readonly Row[]): Summary {
  const summary: Record<string, Record<string, Cell>> = {};
  for (const { pixels, codec, writtenAs, mean, max, resampled } of rows) {
    const cells = (summary[pixels] ??= {});
    const cell = cells[codec] ?? { as: writtenAs, mean: 0, max: 0, resampled: 0 };
    // Grey of limited range becomes RGB in images.
    const both = [cell.as, writtenAs].toSorted().join(' ');
    if (cell.as !== writtenAs && !/^gray\S* rgb\d+/.test(both)) {
      throw new Error(`${pixels} into ${codec}: ${cell.as} here, ${writtenAs} there`);
    }
    cells[codec] = {
      as: [cell.as, writtenAs].toSorted().at(-1)!,
      mean: Math.max(cell.mean, mean),
      max: Math.max(cell.max, max),
      resampled: Math.max(cell.resampled, resampled),
    };
  }
  return summary;
}

/** The table of docs/colour.md. */
export function markdown(summary: Summary): string {
  const codecs = [...new Set(TARGETS.map(({ codec }) => codec))];
  const lines = [`| source | ${codecs.join(' | ')} |`, `|---|${codecs.map(() => '---').join('|')}|`];
  for (const pixels of new Set(CHARTS.map(({ probesAs }) => probesAs))) {
    const cells = codecs.map((codec) => cellText(pixels, summary[pixels]?.[codec]));
    lines.push(`| ${pixels} | ${cells.join(' | ')} |`);
  }
  return lines.join('\n');
}

function cellText(pixels: string, cell: Cell | undefined): string {
  if (!cell) return '';
  if (cell.as === '') return 'refused';
  const off =
    cell.max === 0
      ? cell.resampled === 0
        ? 'exact'
        : ''
      : `±${cell.max < 1 ? cell.max.toFixed(1) : Math.ceil(cell.max - 0.05)}`;
  const plain = pixels.replace('yuvj', 'yuv').replace('bgr0', 'gbrp').replace('rgb24', 'gbrp');
  const as = cell.as.replace('bgr0', 'gbrp') === plain ? '' : `as ${cell.as}`;
  return [off, as, cell.resampled > 0 ? '(resampled)' : ''].filter(Boolean).join(' ');
}

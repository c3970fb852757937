/**
 * What code values mean, changed by ffmpeg's filters: range, matrix, primaries, transfer. [Note: values]
 *
 * zscale (zimg) does it in floating point and rounds once. ffmpeg's scale filter, where zscale was not built in, is off by up to two codes of 10 bits
 * from one range to the other, widens 8 bits so that white becomes 0.996, and lets codes beyond white wrap round. Numbers are those of ITU-T H.273, which every
 * version of the filter takes; names changed.
 */
import type { ColourInfo, Range } from '../../contract/media.ts';
import { scaleMatrix } from './colour.ts';
import { fullChroma, pixelFormat, PIXEL_FORMATS } from './pixel-format.ts';
import type { PixelFormat } from './frame.ts';

export const SWS = 'flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp';

/** Transfer and primaries only where they are to be converted. */
export interface Values {
  readonly range: Range;
  /** By ffmpeg's name; 'gbr' for RGB. */
  readonly matrix: string;
  readonly primaries?: string | undefined;
  readonly transfer?: string | undefined;
}

const MATRICES: Readonly<Record<string, number>> = {
  gbr: 0,
  bt709: 1,
  fcc: 4,
  bt470bg: 5,
  smpte170m: 6,
  smpte240m: 7,
  bt2020nc: 9,
  bt2020c: 9,
};
const PRIMARIES: Readonly<Record<string, number>> = {
  bt709: 1,
  bt470m: 4,
  bt470bg: 5,
  smpte170m: 6,
  smpte240m: 7,
  film: 8,
  bt2020: 9,
  smpte428: 10,
  smpte431: 11,
  smpte432: 12,
  'jedec-p22': 22,
};
const TRANSFERS: Readonly<Record<string, number>> = {
  bt709: 1,
  gamma22: 4,
  gamma28: 5,
  smpte170m: 6,
  smpte240m: 7,
  linear: 8,
  log100: 9,
  log316: 10,
  'iec61966-2-4': 11,
  'iec61966-2-1': 13,
  'bt2020-10': 14,
  'bt2020-12': 15,
  smpte2084: 16,
  'arib-std-b67': 18,
};

/** Whether zscale converts from and to these. */
export function convertible({ primaries = 'bt709', transfer = 'bt709' }: ColourInfo): boolean {
  return primaries in PRIMARIES && transfer in TRANSFERS;
}

function matrixNumber(matrix: string, height: number): number {
  return MATRICES[matrix] ?? (scaleMatrix(matrix, height) === 'bt709' ? 1 : 6);
}

/** zscale's options that say `values`, with `in` behind each name for what comes in. */
function zscaleOptions(values: Values, height: number, side: '' | 'in'): string {
  const { range, matrix, primaries, transfer } = values;
  return [
    `r${side}=${range}`,
    `m${side}=${matrixNumber(matrix, height)}`,
    ...(primaries !== undefined && primaries in PRIMARIES ? [`p${side}=${PRIMARIES[primaries]}`] : []),
    ...(transfer !== undefined && transfer in TRANSFERS ? [`t${side}=${TRANSFERS[transfer]}`] : []),
  ].join(':');
}

export interface Conversion {
  /** Of the picture. */
  readonly width: number;
  readonly height: number;
  /** What is to come out, by ffmpeg's name: a planar format. */
  readonly target: string;
  /** What this ffmpeg has; capabilities().filters. */
  readonly filters: ReadonlySet<string>;
}

/**
 * Filters from values to others, in `target`. The picture is one that `whole` lets by. Light is converted where both say primaries and transfer, which is for zscale
 * alone; what is SDR has its white at HDR's reference white.
 */
export function convertValues(from: Values, to: Values, { width, height, target, filters }: Conversion): string[] {
  if (!filters.has('zscale')) {
    const name = (matrix: string): string | undefined => (matrix === 'gbr' ? undefined : scaleMatrix(matrix, height));
    const [source, wanted] = [name(from.matrix), name(to.matrix)];
    const pc = (range: Range): string => (range === 'full' ? 'pc' : 'tv');
    const options = [
      ...(source === undefined ? [] : [`in_color_matrix=${source}`]),
      ...(wanted === undefined ? [] : [`out_color_matrix=${wanted}`]),
      ...[`in_range=${pc(from.range)}`, `out_range=${pc(to.range)}`],
    ];
    return [`scale=${SWS}:${options.join(':')}`, `format=${target}`];
  }
  const format = PIXEL_FORMATS.get(target);
  const fine = format && !isWhole(format, width, height) ? fullChroma(format).name : undefined;
  const means = `${zscaleOptions(from, height, 'in')}:${zscaleOptions(to, height, '')}`;
  const convert = `zscale=f=bicubic:agamma=0:npl=203:${means}`;
  // zscale takes no odd sizes of coarse chroma.
  if (fine !== undefined) return [convert, `format=${fine}`, `scale=${SWS}`, `format=${target}`];
  return [convert, `format=${target}`];
}

function isWhole({ planes }: PixelFormat, width: number, height: number): boolean {
  return planes.every(({ shiftX, shiftY }) => width % (1 << shiftX) === 0 && height % (1 << shiftY) === 0);
}

/**
 * The format in which a picture of that size may be converted: its own; with chroma repeated where a sample would stand half beyond its edge; grey with
 * neutral chroma, since from grey zscale goes nowhere else.
 */
export function whole(format: PixelFormat, width: number, height: number): PixelFormat {
  if (format.name.startsWith('gray')) return pixelFormat(format.name.replace('gray', 'yuv444p'));
  return isWhole(format, width, height) ? format : fullChroma(format);
}

/**
 * Colour tags on the way out. [Note: colour out]
 *
 * What the source says of range, matrix, primaries, transfer and chroma location is said again in the output, three times: on the frames (so that
 * no filter guesses), to the encoder (its bitstream), and to the muxer (colr, Matroska's Colour). What the source does not say stays unsaid. The
 * planes themselves are only converted where a codec cannot hold them, and then a note says so.
 */
import type { ColourInfo, VideoStreamInfo } from '../../contract/media.ts';

const PRIMARIES = new Set(
  'bt709 bt470m bt470bg smpte170m smpte240m film bt2020 smpte428 smpte431 smpte432 jedec-p22'.split(' '),
);
const TRANSFERS = new Set(
  `bt709 gamma22 gamma28 smpte170m smpte240m linear log100 log316 iec61966-2-4 bt1361e iec61966-2-1 bt2020-10 bt2020-12 smpte2084
  smpte428 arib-std-b67`.split(/\s+/),
);
const MATRICES = new Set(
  'bt709 fcc bt470bg smpte170m smpte240m ycgco bt2020nc bt2020c smpte2085 chroma-derived-nc chroma-derived-c ictcp'.split(
    ' ',
  ),
);
const LOCATIONS = new Set('left center topleft top bottomleft bottom'.split(' '));

/** Only the tags every ffmpeg has a name for; ffprobe's 'unknown', 'reserved' and ffmpeg's aliases are put right. */
export function knownColour(colour: ColourInfo): ColourInfo {
  const transfer = { bt470m: 'gamma22', bt470bg: 'gamma28' }[colour.transfer ?? ''] ?? colour.transfer;
  return {
    ...(colour.range ? { range: colour.range } : {}),
    ...(MATRICES.has(colour.matrix ?? '') ? { matrix: colour.matrix } : {}),
    ...(PRIMARIES.has(colour.primaries ?? '') ? { primaries: colour.primaries } : {}),
    ...(TRANSFERS.has(transfer ?? '') ? { transfer } : {}),
    ...(LOCATIONS.has(colour.chromaLocation ?? '') ? { chromaLocation: colour.chromaLocation } : {}),
  };
}

/** Tags as options of a decoder, encoder or copied stream. */
export function colourArgs(colour: ColourInfo): string[] {
  const args: string[] = [];
  if (colour.range) args.push('-color_range', colour.range === 'full' ? 'pc' : 'tv');
  if (colour.matrix) args.push('-colorspace', colour.matrix);
  if (colour.primaries) args.push('-color_primaries', colour.primaries);
  if (colour.transfer) args.push('-color_trc', colour.transfer);
  if (colour.chromaLocation) args.push('-chroma_sample_location', colour.chromaLocation);
  return args;
}

/** A filter that tags frames, or undefined when there is nothing to say. */
export function setparams(colour: ColourInfo): string | undefined {
  const parts: string[] = [];
  if (colour.range) parts.push(`range=${colour.range === 'full' ? 'pc' : 'tv'}`);
  if (colour.matrix) parts.push(`colorspace=${colour.matrix}`);
  if (colour.primaries) parts.push(`color_primaries=${colour.primaries}`);
  if (colour.transfer) parts.push(`color_trc=${colour.transfer}`);
  return parts.length > 0 ? `setparams=${parts.join(':')}` : undefined;
}

/** The scale filter's name for a matrix; where the source says none, by its height as players guess. */
export function scaleMatrix(matrix: string | undefined, height: number): string {
  if (matrix === 'bt709' || matrix === 'smpte240m' || matrix === 'fcc') return matrix;
  if (matrix === 'bt470bg' || matrix === 'smpte170m') return 'bt601';
  if (matrix?.startsWith('bt2020')) return 'bt2020';
  return height >= 720 ? 'bt709' : 'bt601';
}

type Hdr = NonNullable<VideoStreamInfo['hdr']>;

/** Mastering display as numbers: chromaticities 0..1, luminance in cd/m2. */
export interface Mastering {
  readonly red: readonly [number, number];
  readonly green: readonly [number, number];
  readonly blue: readonly [number, number];
  readonly white: readonly [number, number];
  readonly min: number;
  readonly max: number;
}

/** A number or a fraction ('34000/50000') as ffprobe writes side data; undefined if it is neither or not finite. */
function sideNumber(value: string | number | undefined): number | undefined {
  if (value === undefined) return undefined;
  const [num, den = '1'] = String(value).split('/');
  const number = Number(num) / Number(den);
  return Number.isFinite(number) && number >= 0 ? number : undefined;
}

/** The source's mastering display, when it is whole. */
export function masteringOf(hdr: Hdr | undefined): Mastering | undefined {
  const data = hdr?.mastering;
  if (!data) return undefined;
  const keys =
    'red_x red_y green_x green_y blue_x blue_y white_point_x white_point_y min_luminance max_luminance'.split(' ');
  const n = keys.map((key) => sideNumber(data[key]));
  const [rx, ry, gx, gy, bx, by, wx, wy, min, max] = n;
  if (rx === undefined || ry === undefined || gx === undefined || gy === undefined) return undefined;
  if (bx === undefined || by === undefined || wx === undefined || wy === undefined) return undefined;
  if (min === undefined || max === undefined || max <= min) return undefined;
  return { red: [rx, ry], green: [gx, gy], blue: [bx, by], white: [wx, wy], min, max };
}

type Point = readonly [number, number];

/** As x265 and x264 want it: units of 0.00002 and 0.0001 cd/m2. */
export function masteringUnits(mastering: Mastering): string {
  return masteringText(mastering, unitPoint, (light) => String(Math.round(light * 10000)));
}

/** As SVT-AV1 wants it: plain numbers. */
export function masteringNumbers(mastering: Mastering): string {
  return masteringText(mastering, plainPoint, (light) => light.toFixed(4));
}

function unitPoint([x, y]: Point): string {
  return `(${Math.round(x * 50000)},${Math.round(y * 50000)})`;
}

function plainPoint([x, y]: Point): string {
  return `(${x.toFixed(5)},${y.toFixed(5)})`;
}

function masteringText(
  { red, green, blue, white, min, max }: Mastering,
  point: (at: Point) => string,
  light: (luminance: number) => string,
): string {
  return `G${point(green)}B${point(blue)}R${point(red)}WP${point(white)}L(${light(max)},${light(min)})`;
}

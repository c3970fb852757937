/**
 * Colours of one kind as another's: between ranges, matrices, primaries and transfers, HDR and SDR. [Note: convert]
 *
 * Everything is done by the light a screen gives (BT.1886, gamma 2.4, where a film says BT.709, BT.601 or BT.2020). SDR white in HDR is reference white, 203 cd/m2
 * (ITU-R BT.2408); HDR becomes SDR by [Note: tone curve]. Where the source says neither primaries nor transfer it is taken to be SDR of the
 * primaries of its matrix.
 */
import type { ColourInfo, VideoStreamInfo } from '../../contract/media.ts';
import { scaleMatrix } from './colour.ts';
import type { PixelFormat } from './frame.ts';
import { carrierOf, pixelFormat, PIXEL_FORMATS } from './pixel-format.ts';
import { eetfFilter, isHdrTransfer, peakOf, WHITE } from './tone-map.ts';
import { convertible, convertValues, SWS, whole, type Conversion, type Values } from './values.ts';

/** Of one curve on a screen. */
const ORDINARY = /^(bt709|smpte170m|bt2020-10|bt2020-12)$/;

export interface Colours extends Values {
  readonly primaries: string;
  readonly transfer: string;
}

/** What `colour` means, all said: range by the format where it is RGB, primaries and transfer as [Note: convert] takes them. `like` is whose are taken where nothing is said. */
export function coloursOf(colour: ColourInfo, format: PixelFormat, like?: ColourInfo): Colours {
  const rgb = format.name.startsWith('gbr');
  const wide = colour.matrix?.startsWith('bt2020');
  const likely = wide
    ? 'bt2020'
    : like?.primaries !== undefined && like.primaries !== 'bt2020'
      ? like.primaries
      : 'bt709';
  return {
    range: rgb || colour.range === 'full' ? 'full' : 'limited',
    matrix: rgb ? 'gbr' : (colour.matrix ?? ''),
    primaries: colour.primaries ?? likely,
    transfer:
      colour.transfer ?? (like?.transfer !== undefined && !isHdrTransfer(like.transfer) ? like.transfer : 'bt709'),
  };
}

/** Whether light means the same: primaries and transfer. */
export function sameLight(a: Colours, b: Colours): boolean {
  const curve = (transfer: string): string => (ORDINARY.test(transfer) ? 'bt709' : transfer);
  return a.primaries === b.primaries && curve(a.transfer) === curve(b.transfer);
}

/** Whether this ffmpeg converts light at all, and knows both. */
export function canConvertLight(a: Colours, b: Colours, filters: ReadonlySet<string>): boolean {
  return filters.has('zscale') && filters.has('lutrgb') && convertible(a) && convertible(b);
}

/**
 * Filters from the colours of `video`, whose frames are of `format`, to `to`. Light is left as it is where `canConvertLight` says no. Fewer bits than the
 * source has are dithered, so that slow ramps do not band.
 */
export function convertColours(
  video: Pick<VideoStreamInfo, 'colour' | 'hdr'>,
  from: Colours,
  to: Colours,
  conversion: Conversion & { readonly bits: number },
): string[] {
  const { filters, target, bits } = conversion;
  const light = !sameLight(from, to) && canConvertLight(from, to, filters);
  const plain = ({ range, matrix }: Values): Values => ({ range, matrix });
  const coarser = (PIXEL_FORMATS.get(target)?.bits ?? 16) < bits;
  if (!light) return dithered(convertValues(plain(from), plain(to), conversion), coarser);
  const target16 = { ...conversion, target: 'gbrp16le' };
  const pq: Values = { range: 'full', matrix: 'gbr', primaries: 'bt2020', transfer: 'smpte2084' };
  const [hdr, wantsHdr] = [isHdrTransfer(from.transfer), isHdrTransfer(to.transfer)];
  const peak = peakOf(video);
  const most = to.transfer === 'arib-std-b67' ? 1000 : WHITE;
  if (hdr && (!wantsHdr || (to.transfer === 'arib-std-b67' && peak > most))) {
    const first = convertValues(from, pq, target16);
    return [...first, eetfFilter(peak, most), ...dithered(convertValues(pq, to, conversion), coarser || bits > 8)];
  }
  return dithered(convertValues(from, to, conversion), coarser);
}

/** As an ordinary screen shows it: what previews are. */
export const SHOWN: ColourInfo & { range: 'limited' } = {
  range: 'limited',
  matrix: 'bt709',
  primaries: 'bt709',
  transfer: 'bt709',
};

/** Filters from decoded pictures of `video` to yuv420p of an even size and of SHOWN colours: those of a film in an SDR sequence. */
export function shownFilters(
  video: Pick<VideoStreamInfo, 'colour' | 'hdr' | 'pixelFormat' | 'height'>,
  { width, height }: { readonly width: number; readonly height: number },
  filters: ReadonlySet<string>,
): string[] {
  const format = whole(carrierOf(video.pixelFormat).format, width, height);
  const from = coloursOf(video.colour, format, SHOWN);
  const range = from.range === 'full' ? 'pc' : 'tv';
  const said = { ...from, matrix: from.matrix || scaleMatrix(undefined, video.height) };
  const to = coloursOf(SHOWN, pixelFormat('yuv420p'));
  const conversion = { width, height, target: 'yuv420p', filters, bits: format.bits };
  return [
    `scale=${width}:${height}:${SWS}:in_range=${range}:out_range=${range}`,
    `format=${format.name}`,
    ...convertColours(video, said, to, conversion),
  ];
}

function dithered(filters: readonly string[], wanted: boolean): string[] {
  if (!wanted) return [...filters];
  return filters.map((filter) => (filter.startsWith('zscale=') ? `${filter}:dither=ordered` : filter));
}

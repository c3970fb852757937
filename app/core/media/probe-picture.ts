/** Reads a stream's picture attributes: which way up, which colours, which HDR metadata. */
import { AppError } from '../../contract/errors.ts';
import type { ColourInfo, VideoStreamInfo } from '../../contract/media.ts';
import type { Carrier } from './pixel-format.ts';
import type { RawSideData, RawStream } from './probe-raw.ts';

/** How decoding turns the picture: mirrored left to right first, where it is, then clockwise. */
export interface Turn {
  readonly rotation: VideoStreamInfo['rotation'];
  readonly mirrored: boolean;
  /** The file says so, rather than saying nothing. */
  readonly told: boolean;
  readonly warnings: readonly string[];
}

const UPRIGHT: Turn = { rotation: 0, mirrored: false, told: false, warnings: [] };

/**
 * The turn a display matrix asks for (ISO/IEC 14496-12, 6.2.2: x' = ax + cy, y' = bx + dy, y downwards), or an HTC track name.
 * What is not a multiple of 90 degrees is taken to the nearest, with a warning.
 */
export function turnOf(stream: RawStream): Turn {
  const data = stream.side_data_list.find((one) => one.side_data_type === 'Display Matrix');
  if (!data) {
    const named = /^htc_video_rotA-(000|090|180|270)$/.exec(stream.tags['title'] ?? stream.tags['TITLE'] ?? '');
    return named ? { ...snapped(Number(named[1]), false), told: true } : UPRIGHT;
  }
  const matrix = readMatrix(data.displaymatrix);
  // ffmpeg counts its angle anticlockwise.
  if (!matrix) return snapped(-(data.rotation ?? 0), false);
  const [a, b, c, d] = matrix;
  const mirrored = a * d - b * c < 0;
  // Undo the mirroring (x -> -x), which comes first, and a rotation is left.
  const [cos, sin] = mirrored ? [-a, -b] : [a, b];
  if (cos === 0 && sin === 0) return UPRIGHT;
  return snapped((Math.atan2(sin, cos) * 180) / Math.PI, mirrored);
}

function snapped(degrees: number, mirrored: boolean): Turn {
  const quarters = Math.round(degrees / 90);
  const rotation = ([0, 90, 180, 270] as const)[((quarters % 4) + 4) % 4] ?? 0;
  const off = Math.abs(degrees - quarters * 90) > 1;
  return {
    rotation,
    mirrored,
    told: true,
    warnings: off ? [`The picture is to be turned by ${degrees.toFixed(1)} degrees; it is turned by ${rotation}.`] : [],
  };
}

/** a, b, c, d of ffprobe's dump of a matrix ('00000000: a b u\n00000001: c d v\n...'). */
function readMatrix(dump: string | undefined): [number, number, number, number] | undefined {
  const rows = [...(dump ?? '').matchAll(/^\d+: +(-?\d+) +(-?\d+) +-?\d+$/gm)];
  const [first, second] = rows;
  if (!first || !second) return undefined;
  return [Number(first[1]), Number(first[2]), Number(second[1]), Number(second[2])];
}

/**
 * The colour tags. What the file does not say about range and matrix is inferred, as players do: RGB and grey are full range,
 * everything else limited; up to 576 lines BT.601, above BT.709. Primaries and transfer are never guessed.
 */
export function colourOf(stream: RawStream, carrier: Carrier): { info: ColourInfo; warnings: string[] } {
  const said = (value: string | undefined): string | undefined =>
    value && !/^(unknown|unspecified|reserved|N\/A)$/.test(value) ? value : undefined;
  const range = said(stream.color_range);
  const rgb = carrier.format.name.startsWith('gbr');
  const height = Math.min(stream.height ?? 0, stream.width ?? 0);
  // A quarter-turned or tall picture is judged by its shorter side.
  const matrix = rgb ? 'gbr' : said(stream.color_space === 'gbr' ? undefined : stream.color_space);
  const yuv = carrier.format.planes.some((plane) => plane.channel === 'u');
  // Grey is full range in pictures, limited in the codecs that have luma alone.
  const full =
    carrier.fullRange &&
    !(carrier.format.name.startsWith('gray') && /^(h264|hevc|av1|vp9)$/.test(stream.codec_name ?? ''));
  const guessed: ('range' | 'matrix')[] = [];
  if (!range && !full && yuv) guessed.push('range');
  if (!matrix && yuv) guessed.push('matrix');
  const wide = said(stream.color_primaries) === 'bt2020';
  const inferred = wide ? 'bt2020nc' : height > 576 ? 'bt709' : 'smpte170m';
  const info: ColourInfo = {
    range: range ? (/^(pc|jpeg|full)$/.test(range) ? 'full' : 'limited') : full ? 'full' : 'limited',
    matrix: matrix ?? inferred,
    ...(guessed.length > 0 ? { inferred: guessed } : {}),
  };
  const [primaries, transfer] = [said(stream.color_primaries), said(stream.color_transfer)];
  const location = said(stream.chroma_location);
  if (primaries) info.primaries = primaries;
  if (transfer) info.transfer = transfer;
  if (location) info.chromaLocation = location;
  const warnings: string[] = [];
  if (guessed.includes('matrix'))
    warnings.push(`The file does not say its colour matrix; inferred ${info.matrix} from its size.`);
  return { info, warnings };
}

/** HDR10 metadata as ffprobe's side data has it; undefined when there is none. */
export function hdrOf(list: readonly RawSideData[]): VideoStreamInfo['hdr'] {
  const named = (name: RegExp): RawSideData | undefined => list.find((one) => name.test(one.side_data_type));
  const [mastering, light] = [named(/^Mastering display/i), named(/^Content light level/i)];
  if (!mastering && !light) return undefined;
  const hdr: NonNullable<VideoStreamInfo['hdr']> = {};
  if (mastering) {
    const values = Object.entries(mastering).filter(
      (entry): entry is [string, string | number] =>
        entry[0] !== 'side_data_type' && (typeof entry[1] === 'string' || typeof entry[1] === 'number'),
    );
    hdr.mastering = Object.fromEntries(values);
  }
  if (light) hdr.contentLight = { max: Number(light['max_content'] ?? 0), average: Number(light['max_average'] ?? 0) };
  return hdr;
}

/**
 * What Dolby Vision leaves: the warning that its layer stays behind. Profiles without a compatible base picture (5, and AV1's 10.0), whose picture is IPT of a
 * curve of its own, and which would come out green and purple, are refused. Throws codec-unsupported.
 */
export function dolbyVisionOf(list: readonly RawSideData[], path: string): string | undefined {
  const record = list.find(({ side_data_type }) => side_data_type.startsWith('DOVI'));
  if (!record) return undefined;
  const [profile, base] = [Number(record['dv_profile']), Number(record['dv_bl_signal_compatibility_id'])];
  if (base === 0 && profile !== 4 && profile !== 7) {
    throw new AppError(
      'codec-unsupported',
      `${path} is Dolby Vision of profile ${profile}, whose picture has the right colours only with its layer, which cannot be read here. Convert it to HDR10 or to profile 8 first.`,
    );
  }
  const named = Number.isFinite(profile) ? ` (profile ${profile})` : '';
  const kept = { 1: ', HDR10,', 2: ', SDR,', 4: ', HLG,', 6: ', HDR10,' }[base] ?? '';
  return `The Dolby Vision layer${named} is left behind; the base picture${kept} is used.`;
}

/** Metadata of HDR that changes from frame to frame, which belongs to these very frames: a warning that it stays behind, undefined where there is none. */
export function dynamicHdrOf(list: readonly RawSideData[]): string | undefined {
  const type = list.find(({ side_data_type }) => side_data_type.startsWith('HDR Dynamic Metadata'))?.side_data_type;
  if (type === undefined) return undefined;
  const name = type.includes('2094-40') ? 'HDR10+' : type.replace('HDR Dynamic Metadata ', '');
  return `The dynamic metadata of HDR (${name}) is left behind; the picture and its static light levels are kept.`;
}

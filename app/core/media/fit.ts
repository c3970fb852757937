/**
 * How a source's planes go into an encoder: which layout it is fed, what a filter must convert, what is lost and said. [Note: fit]
 *
 * The order of wishes: the source's own format; else one that holds it exactly ([Note: raw layout]); else, only where the codec's nature asks for it
 * (RGB into a video codec, ProRes, images), a conversion that a note names. Fewer bits or coarser chroma than a YUV source has: never, that is a refusal.
 */
import type { ColourInfo } from '../../contract/media.ts';
import { knownColour } from './colour.ts';
import type { EncoderSpec } from './encoders.ts';
import type { PixelFormat } from './frame.ts';
import { PIXEL_FORMATS } from './pixel-format.ts';
import type { RawInput } from './raw-layout.ts';
import { convertValues, whole, type Values } from './values.ts';

export interface FitRequest {
  readonly carrier: PixelFormat;
  readonly width: number;
  readonly height: number;
  readonly colour: ColourInfo;
  readonly hasAlpha: boolean;
  /** As asked for; ProRes profiles hold different chroma. */
  readonly quality: number | undefined;
  /** ffmpeg's filters that there are. */
  readonly filters: ReadonlySet<string>;
  /** Why transparency beside VP9's picture cannot be written, as the end of a sentence; undefined where it can ([Note: alpha in chunks], output-format.ts). */
  readonly noLayer: string | undefined;
}

export interface Fit {
  readonly input: RawInput;
  /** Conversions, as ffmpeg filters. */
  readonly filters: readonly string[];
  /** The encoder's pixel format. */
  readonly pixelFormat: string;
  /** What the written file may probe as. */
  readonly readsAs: readonly string[];
  /** Tags of what is fed, and of what is written. */
  readonly fed: ColourInfo;
  readonly colour: ColourInfo;
  readonly quality: number;
  readonly notes: readonly string[];
}

/** The fit of a source into an encoder that takes `formats`, or undefined when it cannot hold it. */
export function fitInto(spec: EncoderSpec, formats: ReadonlySet<string>, request: FitRequest): Fit | undefined {
  if (spec.codec === 'png') return fitPng(spec, formats, request);
  if (spec.codec === 'exr') return fitExr(spec, formats, request);
  if (spec.codec === 'prores') return fitProres(spec, formats, request);
  if (!isRgb(request.carrier)) return fitExactly(spec, formats, request);
  return spec.codec === 'ffv1' ? fitRgbExactly(spec, formats, request) : fitRgbToYuv(spec, formats, request);
}

function has(format: PixelFormat, channel: string): boolean {
  return format.planes.some((plane) => plane.channel === channel);
}

export function isRgb(format: PixelFormat): boolean {
  return has(format, 'g');
}

function isGrey(format: PixelFormat): boolean {
  return !isRgb(format) && !has(format, 'u');
}

function chroma(format: PixelFormat): { shiftX: number; shiftY: number } {
  return format.planes.find((plane) => plane.channel === 'u') ?? { shiftX: 0, shiftY: 0 };
}

/** Tags as fed: what has one natural range is given it. */
function fedColour({ carrier, colour }: FitRequest): ColourInfo {
  const known = knownColour(colour);
  if (isRgb(carrier)) {
    const { primaries, transfer } = known;
    return { range: 'full', ...(primaries ? { primaries } : {}), ...(transfer ? { transfer } : {}) };
  }
  return isGrey(carrier) && !known.range ? { ...known, range: 'full' } : known;
}

function atLeast(size: number, minimum: number, even: boolean): number {
  const grown = Math.max(size, minimum);
  return even ? grown + (grown & 1) : grown;
}

/** The picture size an encoder takes for this one: even where chroma is halved, at least its minimum. */
function paddedSize(
  spec: EncoderSpec,
  target: string,
  { width, height }: FitRequest,
): { width: number; height: number } {
  const { shiftX, shiftY } = chroma(PIXEL_FORMATS.get(target)!);
  return {
    width: atLeast(width, spec.minimum, spec.even && shiftX > 0),
    height: atLeast(height, spec.minimum, spec.even && shiftY > 0),
  };
}

function sizeNotes(spec: EncoderSpec, padded: { width: number; height: number }, request: FitRequest): string[] {
  const { width, height } = request;
  if (padded.width === width && padded.height === height) return [];
  const why =
    !spec.even || padded.width > width + 1 || padded.height > height + 1
      ? 'takes no smaller picture'
      : 'needs an even size';
  return [
    `The picture of ${width}x${height} is written as ${padded.width}x${padded.height}, its right and bottom edges repeated: ${spec.codec} ${why}.`,
  ];
}

function alphaNotes(spec: EncoderSpec, { carrier, hasAlpha, noLayer }: FitRequest, kept: boolean): string[] {
  if (kept || !hasAlpha || !has(carrier, 'a')) return [];
  const why = spec.codec === 'vp9' ? (noLayer ?? 'vp9 holds it beside 8 bits of 4:2:0 only') : undefined;
  const others = `prores, ffv1 (.mkv) and numbered .png images can${why ? '' : ', and vp9 (.webm, .mkv) beside 8 bits of 4:2:0'}`;
  return [`Transparency is not kept: ${why ?? `${spec.codec} cannot hold it`}; ${others}.`];
}

/** Of the codecs that hold planes as they are. */
function holdsAlpha({ codec }: EncoderSpec, { noLayer }: FitRequest): boolean {
  return codec === 'ffv1' || (codec === 'vp9' && noLayer === undefined);
}

function defaults(spec: EncoderSpec, { quality }: FitRequest): number {
  return quality ?? spec.quality[2];
}

/** YUV and grey into an encoder's own formats without loss. */
function fitExactly(spec: EncoderSpec, formats: ReadonlySet<string>, request: FitRequest): Fit | undefined {
  const { carrier } = request;
  const from = chroma(carrier);
  const cost = (format: PixelFormat): number => {
    const { shiftX, shiftY } = chroma(format);
    return format.bits * 100 + (2 - shiftX) * 10 + (2 - shiftY) * 10;
  };
  const keepsGrey = spec.codec === 'ffv1' && formats.has(carrier.name);
  const target = [...PIXEL_FORMATS.values()]
    .filter((format) => formats.has(format.name) && !isRgb(format) && format.bits >= carrier.bits)
    .filter((format) => (isGrey(carrier) ? isGrey(format) === keepsGrey : !isGrey(format)))
    .filter(
      (format) => isGrey(carrier) || (chroma(format).shiftX <= from.shiftX && chroma(format).shiftY <= from.shiftY),
    )
    .filter((format) => !has(format, 'a') || (has(carrier, 'a') && holdsAlpha(spec, request)))
    // ffmpeg's FFV1 spoils 4:1:1 and 4:1:0 where its slices meet within a chroma sample (seen in 5.1).
    .filter((format) => chroma(format).shiftX < 2)
    .toSorted((a, b) => Number(has(b, 'a')) - Number(has(a, 'a')) || cost(a) - cost(b))
    .at(0);
  if (!target) return undefined;
  const fed = fedColour(request);
  const size = paddedSize(spec, target.name, request);
  const notes = [...sizeNotes(spec, size, request), ...alphaNotes(spec, request, has(target, 'a'))];
  const plain = carrier.name.replace('yuva', 'yuv');
  if (isGrey(carrier) !== isGrey(target)) {
    notes.push(`Grey is written as ${target.name} with neutral chroma, which players know; its values are the same.`);
  } else if (target.name.replace('yuva', 'yuv') !== plain) {
    notes.push(`${spec.codec} has no ${plain}: written as ${target.name}, which holds the same values.`);
  }
  return {
    input: { pixelFormat: target.name, ...size, fullRange: fed.range === 'full' },
    filters: [],
    pixelFormat: target.name,
    readsAs: [target.name, target.name.replace('yuv', 'yuvj')],
    fed,
    colour: fed,
    quality: defaults(spec, request),
    notes,
  };
}

/** RGB into FFV1 as it is. */
function fitRgbExactly(spec: EncoderSpec, formats: ReadonlySet<string>, request: FitRequest): Fit | undefined {
  const { carrier, width, height } = request;
  const alpha = has(carrier, 'a');
  const planar = [...PIXEL_FORMATS.values()]
    .filter((format) => isRgb(format) && has(format, 'a') === alpha && format.bits >= carrier.bits)
    .filter((format) => formats.has(format.name))
    .toSorted((a, b) => a.bits - b.bits)
    .at(0);
  const pixelFormat = carrier.bits === 8 ? (alpha ? 'bgra' : 'bgr0') : planar?.name;
  if (!pixelFormat || !formats.has(pixelFormat)) return undefined;
  const fed = fedColour(request);
  return {
    input: { pixelFormat, width, height, fullRange: true },
    filters: [],
    pixelFormat,
    readsAs: [pixelFormat],
    fed,
    colour: fed,
    quality: defaults(spec, request),
    notes: [],
  };
}

const FULL_RGB: Values = { range: 'full', matrix: 'gbr' };

function valuesOf({ range, matrix }: ColourInfo): Values {
  return { range: range ?? 'limited', matrix: matrix ?? '' };
}

/** Tags of RGB turned to YUV. */
function yuvColour(fed: ColourInfo): ColourInfo & { range: 'limited'; matrix: string } {
  const wide = fed.primaries === 'bt2020';
  return {
    range: 'limited',
    matrix: wide ? 'bt2020nc' : 'bt709',
    primaries: fed.primaries ?? 'bt709',
    transfer: fed.transfer ?? 'bt709',
    chromaLocation: 'left',
  };
}

function fitRgbToYuv(spec: EncoderSpec, formats: ReadonlySet<string>, request: FitRequest): Fit | undefined {
  const { bits } = request.carrier;
  // What is transparent is worth more than bits that only a conversion would fill.
  const alpha = has(request.carrier, 'a') && holdsAlpha(spec, request) && formats.has('yuva420p');
  const target = alpha ? 'yuva420p' : bits === 8 ? 'yuv420p' : 'yuv420p10le';
  if (!formats.has(target)) return undefined;
  const fed = fedColour(request);
  const colour = yuvColour(fed);
  const size = paddedSize(spec, target, request);
  const kept = alpha ? 8 : 10;
  const deep = bits > kept ? ` of its ${bits} bits ${kept} are kept,` : '';
  return {
    input: { pixelFormat: request.carrier.name, ...size, fullRange: true },
    filters: convertValues(FULL_RGB, valuesOf(colour), { ...size, target, filters: request.filters }),
    pixelFormat: target,
    readsAs: [target],
    fed,
    colour,
    quality: defaults(spec, request),
    notes: [
      `The source is RGB: written as ${target} (${colour.matrix}, limited range),${deep} colour at half resolution as players expect; ffv1 in .mkv or numbered .png images keep RGB.`,
      ...sizeNotes(spec, size, request),
      ...alphaNotes(spec, request, alpha),
    ],
  };
}

/** ProRes is 4:2:2 or 4:4:4 in 10 bits and limited range: the source is brought up to that. */
function fitProres(spec: EncoderSpec, formats: ReadonlySet<string>, request: FitRequest): Fit | undefined {
  const { carrier, width, height, hasAlpha } = request;
  const rgb = isRgb(carrier);
  const alpha = hasAlpha && has(carrier, 'a') && (request.quality ?? 4) >= 4;
  const fine = rgb || chroma(carrier).shiftX === 0;
  const full = (fine && !isGrey(carrier)) || alpha || (request.quality ?? 0) >= 4;
  const quality = request.quality ?? (full ? 4 : spec.quality[2]);
  if (full && quality < 4) return undefined;
  if (!rgb && carrier.bits > 10) return undefined;
  const target = full ? (alpha ? 'yuva444p10le' : 'yuv444p10le') : 'yuv422p10le';
  if (!formats.has(target)) return undefined;
  const fed = fedColour(request);
  const { chromaLocation: _, ...colour } = rgb ? yuvColour(fed) : { ...fed, range: 'limited' as const };
  // What only wants more bits gets them by a shift.
  const coarse = !isGrey(carrier) && chroma(carrier).shiftY > 0;
  const computed = rgb || coarse || fed.range === 'full';
  const from = rgb ? carrier : whole(carrier, width, height);
  const notes = alphaNotes(spec, request, alpha);
  if (rgb) notes.push(`The source is RGB: written as ${target} (${colour.matrix}, limited range).`);
  else if (carrier.name !== target) notes.push(`ProRes holds ${target}: ${carrier.name} is brought up to it.`);
  if (!rgb && fed.range === 'full') notes.push('ProRes is limited range: the full range of the source is converted.');
  if (rgb && carrier.bits > 10) notes.push(`Of the ${carrier.bits} bits of the source 10 are kept.`);
  return {
    input: { pixelFormat: computed ? from.name : target, width, height, fullRange: fed.range === 'full' },
    filters: computed
      ? convertValues(rgb ? FULL_RGB : valuesOf(fed), valuesOf(colour), {
          width,
          height,
          target,
          filters: request.filters,
        })
      : [],
    pixelFormat: target,
    // ffmpeg decodes 4444 to 12 bits.
    readsAs: [target, target.replace('10le', '12le')],
    fed,
    colour,
    quality,
    notes,
  };
}

/** YUV and grey to RGB by the source's own matrix and range. */
function toRgb(
  { carrier, width, height, colour, filters }: FitRequest,
  target: string,
): Pick<Fit, 'input' | 'filters'> {
  const from = whole(carrier, width, height).name;
  return {
    input: { pixelFormat: from, width, height, fullRange: colour.range === 'full' },
    filters: convertValues(valuesOf(colour), FULL_RGB, { width, height, target, filters }),
  };
}

function rgbTags({ colour }: FitRequest): ColourInfo {
  const { primaries, transfer } = knownColour(colour);
  return { range: 'full', ...(primaries ? { primaries } : {}), ...(transfer ? { transfer } : {}) };
}

function pngFormat(grey: boolean, alpha: boolean, deep: boolean): string {
  if (grey) return deep ? 'gray16be' : 'gray';
  if (alpha) return deep ? 'rgba64be' : 'rgba';
  return deep ? 'rgb48be' : 'rgb24';
}

function fitPng(spec: EncoderSpec, formats: ReadonlySet<string>, request: FitRequest): Fit | undefined {
  const { carrier, width, height } = request;
  const deep = carrier.bits > 8;
  const alpha = has(carrier, 'a');
  const grey = isGrey(carrier) && request.colour.range !== 'limited';
  const pixelFormat = pngFormat(grey, alpha, deep);
  if (!formats.has(pixelFormat)) return undefined;
  const direct = grey || isRgb(carrier);
  const fed = fedColour(request);
  const planar = `gbr${alpha ? 'a' : ''}p${deep ? '16le' : ''}`;
  return {
    ...(direct ? { input: { pixelFormat, width, height, fullRange: true }, filters: [] } : toRgb(request, planar)),
    pixelFormat,
    readsAs: [pixelFormat],
    fed,
    colour: direct ? fed : rgbTags(request),
    quality: defaults(spec, request),
    notes: [
      ...(direct ? [] : [`The picture is written as RGB (${pixelFormat}) by the source's own matrix and range.`]),
      ...untaggedNotes(spec, fed),
    ],
  };
}

/** Images say nothing of these. */
function untaggedNotes({ codec }: EncoderSpec, { primaries, transfer }: ColourInfo): string[] {
  const lost = [primaries && `primaries (${primaries})`, transfer && `transfer (${transfer})`].filter(Boolean);
  if (lost.length === 0) return [];
  return [`Numbered .${codec} images do not say their ${lost.join(' and ')}: say it when reading them.`];
}

function fitExr(spec: EncoderSpec, formats: ReadonlySet<string>, request: FitRequest): Fit | undefined {
  const { carrier, width, height, filters } = request;
  const pixelFormat = has(carrier, 'a') ? 'gbrapf32le' : 'gbrpf32le';
  if (!formats.has(pixelFormat)) return undefined;
  const fed = fedColour(request);
  const rgb = {
    input: { pixelFormat: carrier.name, width, height, fullRange: true },
    filters: convertValues(FULL_RGB, FULL_RGB, { width, height, target: pixelFormat, filters }),
  };
  return {
    ...(isRgb(carrier) ? rgb : toRgb(request, pixelFormat)),
    pixelFormat,
    readsAs: [pixelFormat],
    fed,
    colour: rgbTags(request),
    quality: defaults(spec, request),
    notes: [
      "EXR files hold the source's own code values as RGB from 0 to 1, not linear light.",
      ...untaggedNotes(spec, fed),
    ],
  };
}

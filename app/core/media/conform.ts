/**
 * Pictures of one size, format and colour into another's frame: scaled to fit, letterboxed, its pixels made square. [Note: conform]
 *
 * A picture that fits is not touched. One that is larger is made smaller while it is decoded, so that an engine never works on pixels nobody will see;
 * one that is smaller is enlarged after synthesis, by the encoder's own filters, and so are its format and colours converted there, once ([Note: convert]). So a
 * preview, which is made by the same plan, shows what the film will.
 */
import type { ColourInfo, VideoInfo } from '../../contract/media.ts';
import type { Rational } from '../../contract/time.ts';
import { knownColour, scaleMatrix } from './colour.ts';
import { canConvertLight, coloursOf, convertColours, sameLight, type Colours } from './convert-colour.ts';
import { decodedFormat } from './decode.ts';
import type { PixelFormat } from './frame.ts';
import type { OutputPlan } from './output-format.ts';
import { pixelFormat as formatNamed, PIXEL_FORMATS } from './pixel-format.ts';
import { isNearlySquare } from './square-pixels.ts';
import { isHdrTransfer, peakOf, WHITE } from './tone-map.ts';
import { SWS, whole } from './values.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The largest even size within `frame` that shows a picture of `size`, whose pixels have the aspect `sample`, undistorted. */
export function fittedSize(size: Size, sample: Rational, frame: Size): Size {
  const wide = sample.num > 0 ? (size.width * sample.num) / sample.den : size.width;
  const scale = Math.min(frame.width / wide, frame.height / size.height);
  const even = (value: number, most: number): number => Math.min(most, Math.max(2, 2 * Math.round(value / 2)));
  return { width: even(wide * scale, frame.width), height: even(size.height * scale, frame.height) };
}

/**
 * The source as it is to be decoded for a frame: itself, or, where `frame` shows fewer pixels of it, the same with a smaller size, which is
 * what its decoder then scales to.
 */
export function sourceWithin(info: VideoInfo, frame: Size): VideoInfo {
  const { video } = info;
  const fitted = fittedSize(video, video.sampleAspect, frame);
  if (fitted.width * fitted.height >= video.width * video.height) return info;
  const turned = video.rotation === 90 || video.rotation === 270;
  return {
    ...info,
    video: {
      ...video,
      ...fitted,
      codedWidth: turned ? fitted.height : fitted.width,
      codedHeight: turned ? fitted.width : fitted.height,
      sampleAspect: { num: 1, den: 1 },
    },
  };
}

/** What frames of a sequence are: those of `plan`, before its own filters. */
export interface Canvas extends Size {
  readonly format: PixelFormat;
  readonly colour: ColourInfo;
}

/**
 * `plan`, which encodes frames of `canvas`, for the frames of `info` instead; `plan` itself where they are alike. Every chunk made by either joins the other's.
 * `filters`: what this ffmpeg has.
 */
export function conformed(plan: OutputPlan, canvas: Canvas, info: VideoInfo, filters: ReadonlySet<string>): OutputPlan {
  const { video } = info;
  const carrier = decodedFormat(info);
  const { from, to } = colours(info, canvas);
  if (sameSize(info, canvas) && carrier.name === canvas.format.name && sameColours(from, to, canvas)) return plan;
  const { width, height } = video;
  // Where nothing is scaled first, the picture is converted as it is fed.
  const fed = sameSize(info, canvas) ? whole(carrier, width, height) : carrier;
  return {
    ...plan,
    carrier,
    frameWidth: width,
    frameHeight: height,
    input: { pixelFormat: fed.name, width, height, fullRange: from.range === 'full' },
    filters: [...conformFilters(info, fed, plan, canvas, filters), ...plan.filters],
    fed: { ...knownColour(video.colour), range: from.range },
  };
}

function colours(info: VideoInfo, canvas: Canvas): { from: Colours; to: Colours } {
  const carrier = decodedFormat(info);
  return {
    from: coloursOf(info.video.colour, carrier, canvas.colour),
    to: coloursOf(canvas.colour, canvas.format, info.video.colour),
  };
}

/** What a user should know of a conformed clip. One sentence each. */
export function conformNotes(name: string, info: VideoInfo, canvas: Canvas, filters: ReadonlySet<string>): string[] {
  const { video } = info;
  const carrier = decodedFormat(info);
  const notes: string[] = [];
  if (!sameSize(info, canvas)) {
    notes.push(`${name} is ${video.width}x${video.height} and is scaled to fit ${canvas.width}x${canvas.height}.`);
  }
  if (carrier.bits > canvas.format.bits) {
    notes.push(`${name} has ${carrier.bits} bits, of which the sequence keeps ${canvas.format.bits}.`);
  }
  const { from, to } = colours(info, canvas);
  if (!sameLight(from, to)) notes.push(lightNote(name, info, { from, to }, filters));
  return notes;
}

/** How colours become those of the sequence ([Note: tone curve]). */
function lightNote(
  name: string,
  { video }: VideoInfo,
  { from, to }: { from: Colours; to: Colours },
  filters: ReadonlySet<string>,
): string {
  const kinds = `${name} is ${kindOf(from)}, the sequence ${kindOf(to)}`;
  if (!canConvertLight(from, to, filters)) {
    return `${kinds}: this ffmpeg cannot convert that (it lacks zscale), so its colours will look different.`;
  }
  const [hdr, wanted] = [isHdrTransfer(from.transfer), isHdrTransfer(to.transfer)];
  if (hdr && !wanted) {
    return `${kinds}: it is tone-mapped from ${Math.round(peakOf(video))} to ${WHITE} cd/m2 (BT.2390), so its brightest parts lose contrast.`;
  }
  if (wanted && !hdr) return `${kinds}: its white becomes ${WHITE} cd/m2 (BT.2408).`;
  return `${kinds}: its colours are converted.`;
}

function kindOf({ transfer, primaries }: Colours): string {
  const kind = { smpte2084: 'PQ', 'arib-std-b67': 'HLG' }[transfer];
  return `${kind ?? transfer} of the primaries ${primaries}`;
}

function sameSize({ video }: VideoInfo, canvas: Size): boolean {
  return isNearlySquare(video.sampleAspect) && video.width === canvas.width && video.height === canvas.height;
}

/** Whether the numbers of both mean the same colours. */
function sameColours(from: Colours, to: Colours, { height }: Canvas): boolean {
  const matrix = (one: Colours): string => (one.matrix === 'gbr' ? 'gbr' : scaleMatrix(one.matrix, height));
  return from.range === to.range && matrix(from) === matrix(to) && sameLight(from, to);
}

function conformFilters(
  { video }: VideoInfo,
  fed: PixelFormat,
  plan: OutputPlan,
  canvas: Canvas,
  filters: ReadonlySet<string>,
): string[] {
  const { width, height, pixelFormat } = plan.input;
  const fitted = fittedSize(video, video.sampleAspect, { width, height });
  const [from, to] = [
    coloursOf(video.colour, fed, canvas.colour),
    coloursOf(canvas.colour, canvas.format, video.colour),
  ];
  const sized = fitted.width === video.width && fitted.height === video.height;
  const between = formatNamed(fed.name.startsWith('gray') ? whole(fed, 2, 2).name : fed.name);
  // Guessed by the height of the source, before it is scaled.
  const said = { ...from, matrix: from.matrix === 'gbr' ? from.matrix : named(video.colour.matrix, video.height) };
  const target = PIXEL_FORMATS.has(pixelFormat) ? pixelFormat : canvas.format.name;
  const converted = (range: Colours['range']): string[] => [
    ...(sized ? [] : [`scale=${fitted.width}:${fitted.height}:${SWS}`, `format=${between.name}`]),
    ...(between.name === target && sameColours(said, { ...to, range }, canvas)
      ? []
      : convertColours(video, said, { ...to, range }, { ...fitted, target, filters, bits: fed.bits })),
    ...(target === pixelFormat ? [] : [`format=${pixelFormat}`]),
    'setsar=1',
  ];
  if (fitted.width === width && fitted.height === height) return converted(to.range);
  const bars = padding(fitted, { width, height });
  if (to.range === 'limited' || to.matrix === 'gbr') return [...converted(to.range), bars];
  // The pad filter's black is that of limited range, unless the format's name says full.
  if (/^yuv4(20|22|44)p$/.test(pixelFormat)) {
    const same = `scale=${SWS}:in_range=pc:out_range=pc`;
    const full = pixelFormat.replace('yuv', 'yuvj');
    return [...converted('full'), same, `format=${full}`, bars, same, `format=${pixelFormat}`];
  }
  const limited: Colours = { ...to, range: 'limited' };
  const widened = convertColours(video, limited, to, { width, height, target, filters, bits: fed.bits });
  return [...converted('limited'), bars, ...widened];
}

function named(matrix: string | undefined, height: number): string {
  return matrix ?? (scaleMatrix(undefined, height) === 'bt709' ? 'bt709' : 'smpte170m');
}

/** In the middle, on whole chroma samples. */
function padding(fitted: Size, frame: Size): string {
  const middle = (room: number): number => 2 * Math.floor(room / 4);
  return `pad=${frame.width}:${frame.height}:${middle(frame.width - fitted.width)}:${middle(frame.height - fitted.height)}:color=black`;
}

/**
 * Pictures of one size, format and colour into another's frame: scaled to fit, letterboxed, its pixels made square. [Note: conform]
 *
 * A picture that fits is not touched. One that is larger is made smaller while it is decoded, so that an engine never works on pixels nobody will see;
 * one that is smaller is enlarged after synthesis, by the encoder's own filters, and so are format, range and matrix converted there, once.
 * Transfer and primaries stay as they are: a note says so.
 */
import type { ColourInfo, VideoInfo } from '../../contract/media.ts';
import type { Rational } from '../../contract/time.ts';
import { knownColour, scaleMatrix } from './colour.ts';
import { decodedFormat } from './decode.ts';
import { isRgb } from './fit.ts';
import type { PixelFormat } from './frame.ts';
import type { OutputPlan } from './output-format.ts';
import { isNearlySquare } from './square-pixels.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

const SWS = 'flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp';

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

/** `plan`, which encodes frames of `canvas`, for the frames of `info` instead; `plan` itself where they are alike. Every chunk made by either joins the other's. */
export function conformed(plan: OutputPlan, canvas: Canvas, info: VideoInfo): OutputPlan {
  const { video } = info;
  const carrier = decodedFormat(info);
  if (sameSize(info, canvas) && carrier.name === canvas.format.name && sameValues(video.colour, canvas, carrier)) {
    return plan;
  }
  const { width, height } = video;
  return {
    ...plan,
    carrier,
    frameWidth: width,
    frameHeight: height,
    input: { pixelFormat: carrier.name, width, height, fullRange: isFull(video.colour, carrier) },
    filters: [...conformFilters(info, carrier, plan, canvas), ...plan.filters],
    fed: { ...knownColour(video.colour), range: isFull(video.colour, carrier) ? 'full' : 'limited' },
  };
}

/** What a user should know of a conformed clip. One sentence each. */
export function conformNotes(name: string, info: VideoInfo, canvas: Canvas): string[] {
  const { video } = info;
  const carrier = decodedFormat(info);
  const notes: string[] = [];
  if (!sameSize(info, canvas)) {
    notes.push(`${name} is ${video.width}x${video.height} and is scaled to fit ${canvas.width}x${canvas.height}.`);
  }
  if (carrier.bits > canvas.format.bits) {
    notes.push(`${name} has ${carrier.bits} bits, of which the sequence keeps ${canvas.format.bits}.`);
  }
  for (const key of ['transfer', 'primaries'] as const) {
    const [own, wanted] = [video.colour[key], canvas.colour[key]];
    if (own === undefined || wanted === undefined || own === wanted) continue;
    notes.push(
      `${name} has the ${key} ${own}, the sequence ${wanted}: its values are not converted, so its colours may look different.`,
    );
  }
  return notes;
}

function sameSize({ video }: VideoInfo, canvas: Size): boolean {
  return isNearlySquare(video.sampleAspect) && video.width === canvas.width && video.height === canvas.height;
}

function isFull({ range }: ColourInfo, format: PixelFormat): boolean {
  return isRgb(format) || range === 'full';
}

/** Whether the numbers of both mean the same colours, as far as range and matrix go. */
function sameValues(colour: ColourInfo, canvas: Canvas, carrier: PixelFormat): boolean {
  if (isRgb(carrier)) return true;
  const matrix = (one: ColourInfo): string => scaleMatrix(one.matrix, canvas.height);
  return isFull(colour, carrier) === isFull(canvas.colour, canvas.format) && matrix(colour) === matrix(canvas.colour);
}

function conformFilters({ video }: VideoInfo, carrier: PixelFormat, plan: OutputPlan, canvas: Canvas): string[] {
  const { width, height, pixelFormat } = plan.input;
  const fitted = fittedSize(video, video.sampleAspect, { width, height });
  const full = isFull(canvas.colour, canvas.format);
  const range = (on: boolean): string => (on ? 'pc' : 'tv');
  const matrices = `in_color_matrix=${scaleMatrix(video.colour.matrix, video.height)}:out_color_matrix=${scaleMatrix(canvas.colour.matrix, canvas.height)}`;
  const scale = (outRange: string): string =>
    `scale=${fitted.width}:${fitted.height}:${SWS}:${matrices}:in_range=${range(isFull(video.colour, carrier))}:out_range=${outRange}`;
  if (fitted.width === width && fitted.height === height)
    return [scale(range(full)), `format=${pixelFormat}`, 'setsar=1'];
  const bars = padding(fitted, { width, height });
  if (!full || isRgb(canvas.format)) return [scale(range(full)), `format=${pixelFormat}`, 'setsar=1', bars];
  // The pad filter's black is that of limited range, unless the format's name says full.
  const widened = `scale=${SWS}:in_range=pc:out_range=pc`;
  if (/^yuv4(20|22|44)p$/.test(pixelFormat)) {
    const named = pixelFormat.replace('yuv', 'yuvj');
    return [scale('pc'), `format=${named}`, 'setsar=1', bars, widened, `format=${pixelFormat}`];
  }
  return [
    scale('tv'),
    `format=${pixelFormat}`,
    'setsar=1',
    bars,
    `scale=${SWS}:in_range=tv:out_range=pc`,
    `format=${pixelFormat}`,
  ];
}

/** In the middle, on whole chroma samples. */
function padding(fitted: Size, frame: Size): string {
  const middle = (room: number): number => 2 * Math.floor(room / 4);
  return `pad=${frame.width}:${frame.height}:${middle(frame.width - fitted.width)}:${middle(frame.height - fitted.height)}:color=black`;
}

/** The pictures of an overlay: a frame of the clip above, the curves with the playhead below. */
import type { ColourInfo, VideoInfo } from '../../contract/media.ts';
import { fittedSize, type Size } from '../media/conform.ts';
import type { Frame } from '../media/frame.ts';
import { isHdrTransfer, toneMap } from '../media/tone-map.ts';
import { toRgb, toRgb8, type Rgb8 } from '../score/rgb.ts';
import type { Curve } from './curves.ts';
import { blankPicture, putPicture } from './draw.ts';
import { GROUND, makePlot, plotHeight, type Plot, type PlotRequest } from './plot.ts';

/** What the frame above is scaled to fit at most, and what one that is smaller is enlarged to. The whole picture is no narrower than the latter: letters are to be read. */
export interface OverlaySize {
  readonly most: Size;
  readonly least: Size;
}

export interface OverlayLayout {
  /** Of the whole picture, even. */
  readonly width: number;
  readonly height: number;
  /** Of the frame above, even; in the middle where it is narrower. */
  readonly frame: { readonly width: number; readonly height: number };
  readonly plot: PlotRequest;
}

/** Of the frame's height, as in the notebook; within bounds where letters and lines are to be told apart. */
const RISE = 0.42;
const LEAST_RISE = 120;

export function layOut(
  { video }: VideoInfo,
  size: OverlaySize,
  { curves, rate, seconds }: { readonly curves: readonly Curve[]; readonly rate: number; readonly seconds: number },
): OverlayLayout {
  const wide = (video.width * video.sampleAspect.num) / video.sampleAspect.den;
  const frame = fittedSize(video, video.sampleAspect, {
    width: within(wide, size.least.width, size.most.width),
    height: within(video.height, size.least.height, size.most.height),
  });
  const width = Math.max(frame.width, size.least.width);
  const rise = Math.max(LEAST_RISE, Math.round(RISE * Math.min(frame.height, width * 0.6)));
  const plot: PlotRequest = { curves, rate, seconds, width, rise, scale: 'log' };
  return { width, height: frame.height + plotHeight(plot), frame, plot };
}

function within(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, 2 * Math.round(value / 2)));
}

/** The source as it is to be decoded for a layout: of the frame's size, with square pixels. */
export function decodedAt(info: VideoInfo, { width, height }: OverlayLayout['frame']): VideoInfo {
  const { video } = info;
  const turned = video.rotation === 90 || video.rotation === 270;
  const coded = turned ? { codedWidth: height, codedHeight: width } : { codedWidth: width, codedHeight: height };
  return { ...info, video: { ...video, width, height, ...coded, sampleAspect: { num: 1, den: 1 } } };
}

/** Makes the pictures of one layout. */
export class OverlayPainter {
  readonly #layout: OverlayLayout;
  readonly #colour: ColourInfo;
  readonly #plot: Plot;

  constructor(layout: OverlayLayout, colour: ColourInfo) {
    this.#layout = layout;
    this.#colour = colour;
    this.#plot = makePlot(layout.plot);
  }

  /** A new picture: `frame` (of the layout's size) as it is shown at `seconds`. */
  paint(frame: Frame, seconds: number): Rgb8 {
    const { width, height, frame: size } = this.#layout;
    const picture = blankPicture(width, height, GROUND);
    putPicture(picture, ordinaryRgb(frame, this.#colour), Math.floor((width - size.width) / 2), 0);
    this.#plot.drawAt(picture, 0, size.height, seconds);
    return picture;
  }
}

/** HDR as an ordinary screen shows it. */
function ordinaryRgb(frame: Frame, colour: ColourInfo): Rgb8 {
  if (!isHdrTransfer(colour.transfer)) return toRgb8(frame, colour, 'replicate');
  const { width, height } = frame;
  const deep = toRgb(frame, colour, 'replicate', 16);
  const packed = new Uint16Array(width * height * 3);
  for (const [c, channel] of (['r', 'g', 'b'] as const).entries()) {
    for (let i = 0; i < width * height; i++) packed[3 * i + c] = deep[channel][i]!;
  }
  const shown = toneMap(packed, colour.transfer);
  const plane = (c: number) => Uint8Array.from({ length: width * height }, (_, i) => shown[3 * i + c]!);
  return { width, height, r: plane(0), g: plane(1), b: plane(2) };
}

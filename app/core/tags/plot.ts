/** A picture of probabilities over time: axes, curves, legend. */
import type { Rgb8 } from '../score/rgb.ts';
import type { Curve } from './curves.ts';
import { blankPicture, drawLines, fillArea, putColumns, type Area, type Colour, type Pen, type Point } from './draw.ts';
import { drawText, fitText, textWidth } from './letters.ts';

export interface PlotRequest {
  readonly curves: readonly Curve[];
  /** Scores a second. */
  readonly rate: number;
  /** Seconds that the plot spans, above 0. */
  readonly seconds: number;
  readonly width: number;
  /** Height of the area of the curves; axis and legend come below. */
  readonly rise: number;
  /** 'log' shows 0.001 to 1, and what is less on its ground; 'linear' 0 to 1. */
  readonly scale: 'log' | 'linear';
  /** Shaded, in seconds. */
  readonly marked?: readonly { readonly start: number; readonly end: number }[] | undefined;
}

/** The curves in colour, the same in grey, and how to put a playhead between them. */
export interface Plot {
  readonly coloured: Rgb8;
  readonly grey: Rgb8;
  /** Draws it with its upper left corner at (left, top): curves coloured up to `seconds`, grey after. */
  drawAt(picture: Rgb8, left: number, top: number, seconds: number): void;
}

/** Ground of all that is drawn, dark as a viewer's. */
export const GROUND: Colour = [18, 20, 24];
const FIELD: Colour = [26, 29, 35];
const GRID: Colour = [52, 57, 66];
const TEXT: Colour = [214, 218, 226];
const PALE: Colour = [108, 114, 126];
const PLAYHEAD: Colour = [255, 255, 255];
/** Told apart by the colour-blind, after Okabe and Ito (2008), on a dark ground; beyond these lines are dashed. */
const PALETTE: readonly Colour[] = [
  [86, 180, 233],
  [230, 159, 0],
  [0, 190, 140],
  [240, 228, 66],
  [222, 110, 60],
  [204, 121, 167],
  [150, 150, 255],
];
/** The least probability that a log scale shows. */
const FLOOR = 1e-3;

interface Layout {
  readonly size: number;
  readonly pad: number;
  readonly field: Area;
  readonly legend: readonly LegendEntry[];
  readonly height: number;
}

interface LegendEntry {
  readonly text: string;
  readonly left: number;
  readonly base: number;
}

/** Height of the whole plot. */
export function plotHeight(request: PlotRequest): number {
  return layoutOf(request).height;
}

export function makePlot(request: PlotRequest): Plot {
  const layout = layoutOf(request);
  const ground = blankPicture(request.width, layout.height, GROUND);
  drawField(ground, request, layout);
  const [coloured, grey] = [copyOf(ground), copyOf(ground)];
  for (const [i, curve] of request.curves.entries()) {
    const line = pointsOf(curve.values, request, layout.field);
    const { left, right, top, bottom } = layout.field;
    // A curve at 1 or on the ground is seen whole.
    const within = { left, right, top: top - layout.pad, bottom: bottom + layout.pad };
    drawLines(grey, [line], { colour: PALE, width: penWidth(layout) * 0.75 }, within);
    const colour = penOf(i, layout);
    drawLines(coloured, [line], colour, within);
    for (const picture of [coloured, grey]) drawLegend(picture, layout, i, colour);
  }
  return {
    coloured,
    grey,
    drawAt: (picture, left, top, seconds) => {
      const at = xOf(Math.min(seconds, request.seconds), request, layout.field);
      const column = Math.round(at);
      putColumns(picture, coloured, 0, column, left, top);
      putColumns(picture, grey, column, request.width, left, top);
      const ends: Point[] = [
        [left + at, top + layout.field.top],
        [left + at, top + layout.field.bottom],
      ];
      drawLines(picture, [ends], { colour: PLAYHEAD, width: penWidth(layout), opacity: 0.9 });
    },
  };
}

function layoutOf({ width, rise, curves }: PlotRequest): Layout {
  const size = Math.max(8, Math.min(14, Math.round(width / 75)));
  const pad = Math.round(size * 0.9);
  const left = Math.ceil(pad + textWidth('0.001', size) + pad);
  const field = { left, top: pad, right: width - 2 * pad, bottom: pad + rise };
  const legend: LegendEntry[] = [];
  const line = Math.round(size * 2);
  const swatch = swatchWidth(size);
  let [x, base] = [left, field.bottom + Math.round(size * 2.2) + line];
  for (const { label } of curves) {
    const text = fitText(label, size, field.right - left - swatch);
    const wide = swatch + textWidth(text, size);
    if (x > left && x + wide > field.right) [x, base] = [left, base + line];
    legend.push({ text, left: x, base });
    x += wide + 2 * size;
  }
  return { size, pad, field, legend, height: even(base + pad) };
}

function even(value: number): number {
  return value + (value & 1);
}

function swatchWidth(size: number): number {
  return Math.round(size * 2.6);
}

function penWidth({ size }: Layout): number {
  return Math.max(1.6, size / 5);
}

function penOf(i: number, layout: Layout): Pen {
  const width = penWidth(layout);
  const dash = i < PALETTE.length ? undefined : ([4 * width, 3 * width] as const);
  return { colour: PALETTE[i % PALETTE.length]!, width, dash };
}

function copyOf({ width, height, r, g, b }: Rgb8): Rgb8 {
  return { width, height, r: r.slice(), g: g.slice(), b: b.slice() };
}

function xOf(seconds: number, request: Pick<PlotRequest, 'seconds'>, { left, right }: Area): number {
  return left + ((right - left) * seconds) / request.seconds;
}

function yOf(value: number, scale: PlotRequest['scale'], { top, bottom }: Area): number {
  const share = scale === 'linear' ? value : 1 - Math.log10(Math.max(FLOOR, value)) / Math.log10(FLOOR);
  return bottom - (bottom - top) * Math.min(1, Math.max(0, share));
}

/** Where there are more scores than columns, the largest of each column: a short peak is what one looks for. */
function pointsOf(values: Float32Array, request: PlotRequest, field: Area): Point[] {
  const points: Point[] = [];
  const column = (x: number): number => Math.floor(x);
  for (const [i, value] of values.entries()) {
    const x = xOf(i / request.rate, request, field);
    const y = yOf(value, request.scale, field);
    const before = points.at(-1);
    const crowded = values.length > field.right - field.left;
    if (crowded && before && column(before[0]) === column(x))
      points[points.length - 1] = [before[0], Math.min(before[1], y)];
    else points.push([x, y]);
  }
  // The last score stands for some time too; of a clip that has one alone, this is all there is to see.
  const end = xOf(Math.min(values.length / request.rate, request.seconds), request, field);
  const last = points.at(-1);
  if (last && end > last[0]) points.push([end, last[1]]);
  return points;
}

function drawField(picture: Rgb8, request: PlotRequest, { field, size, pad }: Layout): void {
  const { scale, seconds, marked = [] } = request;
  fillArea(picture, field, FIELD);
  for (const { start, end } of marked) {
    const [left, right] = [xOf(start, request, field), xOf(end, request, field)];
    fillArea(picture, { ...field, left, right: Math.max(left + 1, Math.min(right, field.right)) }, PALETTE[0]!, 0.15);
  }
  const style = { colour: TEXT, size };
  const values = scale === 'log' ? [1, 0.1, 0.01, 0.001] : [1, 0.75, 0.5, 0.25, 0];
  for (const value of values) {
    const y = yOf(value, scale, field);
    fillArea(picture, { ...field, top: y, bottom: Math.round(y) + 1 }, GRID);
    const text = String(value);
    drawText(picture, text, field.left - pad - textWidth(text, size), y + size / 2, style);
  }
  const { step, format } = timeTicks(seconds, (field.right - field.left) / (7 * size));
  for (let i = 0; i * step <= seconds * (1 + 1e-9); i++) {
    const x = xOf(i * step, request, field);
    fillArea(picture, { ...field, left: x, right: Math.round(x) + 1 }, GRID);
    const text = format(i * step);
    const left = Math.min(x - textWidth(text, size) / 2, picture.width - pad / 2 - textWidth(text, size));
    drawText(picture, text, left, field.bottom + Math.round(size * 1.9), style);
  }
}

function drawLegend(picture: Rgb8, { legend, size }: Layout, i: number, pen: Pen): void {
  const { text, left, base } = legend[i]!;
  const middle = base - size / 2;
  const ends: Point[] = [
    [left + pen.width, middle],
    [left + swatchWidth(size) - size * 0.6, middle],
  ];
  drawLines(picture, [ends], { ...pen, width: pen.width * 1.5 });
  drawText(picture, text, left + swatchWidth(size), base, { colour: TEXT, size });
}

const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];

/** Seconds between the marks of a time axis with at most about `most` of them, and how they are written. */
export function timeTicks(seconds: number, most: number): { step: number; format: (time: number) => string } {
  const wanted = seconds / Math.max(1, most);
  const step = STEPS.find((one) => one >= wanted) ?? 3600 * Math.ceil(wanted / 3600);
  const pad = (value: number): string => String(value).padStart(2, '0');
  return {
    step,
    format: (time) => {
      if (seconds < 60) return `${Number(time.toFixed(1))} s`;
      const whole = Math.round(time);
      const minutes = Math.floor(whole / 60);
      const tail = pad(whole % 60);
      return minutes < 60 ? `${minutes}:${tail}` : `${Math.floor(minutes / 60)}:${pad(minutes % 60)}:${tail}`;
    },
  };
}

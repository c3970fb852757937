/** Where everything of the curve editor's graph goes, in pixels. Pure. */
import type { TimelineClip } from '../../contract/project.ts';
import { TICKS, type Rational } from '../../contract/time.ts';
import { retimeFrames, retimeSourceAt, speedAt } from '../../core/sequence/geometry.ts';
import { DEFAULT_HANDLES, frameOf, pieceSpeed, secondsOf } from './curve-edit.ts';
import { axisSpeed, axisY, speedAxis } from './speed-scale.ts';
import { rulerSteps, speedText } from './timecode.ts';

/** What the axes span. */
export interface Frame {
  /** Pixels left of the curve, for labels. */
  left: number;
  /** Frames of the retime across. */
  frames: number;
  /** Seconds of the source at the bottom and the top. */
  low: number;
  high: number;
  /** Of the speed view. */
  axis: { least: number; most: number };
}

export interface Point {
  x: number;
  y: number;
}

const LEFT = 56;
/** Pixels below the curve, for labels, and above it. */
const BOTTOM = 18;
const TOP = 12;
const RIGHT = 14;

export function graphOf(
  clip: TimelineClip,
  rate: Rational,
  what: 'time' | 'speed',
  size: { width: number; height: number },
  fixed: Frame | null,
) {
  const { keys } = clip;
  const whole = { keys, first: 0, frames: retimeFrames(keys, rate) };
  const frame = fixed ?? frameOfGraph(clip, whole, rate);
  const across = Math.max(1, size.width - frame.left - RIGHT);
  const down = Math.max(1, size.height - BOTTOM - TOP);
  const x = (at: number): number => frame.left + (at / frame.frames) * across;
  const frameAt = (px: number): number => ((px - frame.left) / across) * frame.frames;
  const timeY = (source: number): number => TOP + (1 - (source - frame.low) / (frame.high - frame.low)) * down;
  const sourceAt = (py: number): number => frame.low + (1 - (py - TOP) / down) * (frame.high - frame.low);
  const speedY = (speed: number): number => TOP + axisY(speed, frame.axis) * down;
  const speedAtY = (py: number): number => axisSpeed((py - TOP) / down, frame.axis);
  const y = (at: number): number =>
    what === 'time' ? timeY(retimeSourceAt(keys, rate, at) / TICKS) : speedY(speedAt(whole, rate, at));

  const shownKeys = keys.map(({ output, source }, index) => {
    const at = frameOf(output, rate);
    const inPiece = Math.min(at + 0.01, whole.frames - 0.02);
    return {
      index,
      frame: at,
      source,
      x: x(at),
      y: what === 'time' ? timeY(source) : speedY(speedAt(whole, rate, inPiece)),
    };
  });
  return {
    frame,
    x,
    frameAt,
    sourceAt,
    speedAt: speedAtY,
    line: lineOf(
      shownKeys.map((key) => key.frame),
      whole.frames,
      across,
      x,
      y,
    ),
    keys: shownKeys,
    pieces: keys.slice(0, -1).map((key, index) => {
      const [from, to] = [x(frameOf(key.output, rate)), x(frameOf(keys[index + 1]!.output, rate))];
      return { index, x: from, width: Math.max(0, to - from), y: speedY(pieceSpeed(keys, index)) };
    }),
    handles: what === 'time' ? handlesOf(clip, rate, x, timeY) : [],
    rows: what === 'time' ? timeRows(frame, timeY) : speedRows(frame, speedY),
    columns: columnsOf(frame, across, x, rate),
  };
}

function frameOfGraph(
  clip: TimelineClip,
  whole: { keys: TimelineClip['keys']; first: number; frames: number },
  rate: Rational,
): Frame {
  const sources = clip.keys.map(({ source }) => source);
  const [low, high] = [Math.min(...sources), Math.max(...sources)];
  const room = Math.max(0.2, (high - low) * 0.08);
  const speeds = Array.from({ length: 49 }, (_, i) => speedAt(whole, rate, (i / 48) * (whole.frames - 0.1)));
  return {
    left: LEFT,
    frames: whole.frames * 1.06,
    low: Math.max(0, low - room),
    high: high + room,
    axis: speedAxis(speeds),
  };
}

/** Keys are among the points, with both sides of each, so that corners and steps are drawn as what they are. */
function lineOf(
  keys: readonly number[],
  frames: number,
  across: number,
  x: (at: number) => number,
  y: (at: number) => number,
): string {
  const steps = Math.max(16, Math.min(400, Math.round(across / 3)));
  const even = Array.from({ length: steps + 1 }, (_, i) => (i / steps) * frames);
  const beside = keys.flatMap((at) => [at - 0.005, at + 0.005]);
  return [...even, ...beside]
    .map((at) => Math.min(frames - 1e-3, Math.max(0, at)))
    .toSorted((a, b) => a - b)
    .map((at) => `${x(at).toFixed(1)},${y(at).toFixed(1)}`)
    .join(' ');
}

function handlesOf(
  { keys }: TimelineClip,
  rate: Rational,
  x: (at: number) => number,
  timeY: (source: number) => number,
): { index: number; from: Point; to: Point; a: Point; b: Point }[] {
  return keys.slice(0, -1).flatMap((from, index) => {
    if (from.ease !== 'bezier') return [];
    const to = keys[index + 1]!;
    const [x1, y1, x2, y2] = from.handles ?? DEFAULT_HANDLES;
    const at = (along: number, up: number): Point => ({
      x: x(((from.output + (to.output - from.output) * along) * rate.num) / rate.den),
      y: timeY(from.source + (to.source - from.source) * up),
    });
    return [{ index, from: at(0, 0), to: at(1, 1), a: at(x1, y1), b: at(x2, y2) }];
  });
}

function timeRows({ low, high }: Frame, y: (source: number) => number): { label: string; y: number }[] {
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 600, 3600].find((each) => (high - low) / each <= 6) ?? 7200;
  const rows: { label: string; y: number }[] = [];
  for (let at = Math.ceil(low / step) * step; at <= high; at += step) {
    rows.push({ label: `${Number(at.toFixed(2))} s`, y: y(at) });
  }
  return rows;
}

function speedRows({ axis }: Frame, y: (speed: number) => number): { label: string; y: number }[] {
  const speeds = [-10, -4, -1, -0.25, 0, 0.1, 0.25, 0.5, 1, 2, 4, 10, 40, 100];
  const rows: { label: string; y: number }[] = [];
  for (const speed of speeds) {
    const at = axisY(speed, axis);
    if (at < -0.001 || at > 1.001) continue;
    const place = y(speed);
    if (speed === 1 || rows.every((row) => Math.abs(row.y - place) > 15))
      rows.push({ label: speedText(speed), y: place });
  }
  const one = y(1);
  return rows.filter((row) => row.label === '100 %' || Math.abs(row.y - one) > 15);
}

function columnsOf(
  { frames }: Frame,
  across: number,
  x: (at: number) => number,
  rate: Rational,
): { label: string; x: number }[] {
  const { label } = rulerSteps(across / frames, rate, 70);
  const columns: { label: string; x: number }[] = [];
  for (let at = 0; at <= frames; at += label) {
    columns.push({
      label: label * (rate.den / rate.num) >= 1 ? `${Math.round(secondsOf(at, rate))} s` : `${at}`,
      x: x(at),
    });
  }
  return columns;
}

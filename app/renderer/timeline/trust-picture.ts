/** Draws the trust strip: [Note: trust strip] in TrustLane.svelte. */
import { FRAME_KINDS, type ClipPreview } from '../../contract/preview.ts';
import type { TimelineClip } from '../../contract/project.ts';
import type { Suspect } from './suspicion.ts';

export interface TrustPicture {
  /** `words` where there is no plan (yet). */
  clips: readonly { clip: TimelineClip; preview: ClipPreview | undefined; words: string }[];
  left: number;
  width: number;
  scale: number;
  height: number;
  suspects: readonly Suspect[];
  colours: {
    ground: string;
    real: string;
    held: string;
    sure: string;
    doubt: string;
    text: string;
    mark: string;
  };
}

const [REAL, HELD] = [FRAME_KINDS.indexOf('real'), FRAME_KINDS.indexOf('held')];
const REMEDIED = FRAME_KINDS.indexOf('remedied');
/** Confidence at and above which a bar is shortest and darkest; below 0.2 it is as long as it gets. */
const SURE = 0.95;
const HOPELESS = 0.2;

/** Coordinates are CSS pixels from the window's left edge. */
export function drawTrust(context: CanvasRenderingContext2D, picture: TrustPicture): void {
  const { left, width, scale, height, colours } = picture;
  context.clearRect(0, 0, width, height);
  for (const { clip, preview, words } of picture.clips) {
    const from = Math.max(0, clip.start * scale - left);
    const to = Math.min(width, (clip.start + clip.frames) * scale - left - 1);
    if (to <= from) continue;
    context.fillStyle = colours.ground;
    context.fillRect(from, 0, to - from, height);
    if (preview) drawFrames(context, picture, clip, preview, from, to);
    else drawWords(context, picture, words, from, to);
  }
  drawSuspects(context, picture);
}

function drawWords(
  context: CanvasRenderingContext2D,
  { colours, height }: TrustPicture,
  text: string,
  from: number,
  to: number,
): void {
  if (text === '' || to - from < 60) return;
  context.save();
  context.beginPath();
  context.rect(from, 0, to - from - 4, height);
  context.clip();
  context.fillStyle = colours.text;
  context.font = '11px system-ui, sans-serif';
  context.fillText(text, from + 6, height / 2 + 4);
  context.restore();
}

function drawFrames(
  context: CanvasRenderingContext2D,
  { left, scale, height, colours }: TrustPicture,
  clip: TimelineClip,
  preview: ClipPreview,
  from: number,
  to: number,
): void {
  // A column is a frame, or a pixel where frames are narrower.
  const column = Math.max(1, scale);
  const gap = column >= 4 ? 1 : 0;
  const start = clip.start * scale - left;
  const first = Math.max(0, Math.floor((from - start) / column));
  const most = height - 5;
  for (let i = first; start + i * column < to; i++) {
    const a = Math.floor((i * column) / scale + 1e-6);
    const b = Math.max(a + 1, Math.floor(((i + 1) * column) / scale + 1e-6));
    const { real, held, doubt, made, remedied } = sumUp(preview, a, Math.min(b, clip.frames));
    const x = start + i * column;
    const w = Math.max(1, column - gap);
    if (real || held) {
      context.fillStyle = real ? colours.real : colours.held;
      context.fillRect(x, 1, column >= 3 ? w : 1, real ? 4 : 2);
    }
    if (made && doubt === null) {
      context.fillStyle = colours.held;
      if (i % 2 === 0 || column >= 3) context.fillRect(x, height - 3, column >= 3 ? w / 2 : 1, 2);
    } else if (doubt !== null) {
      const badness = Math.min(1, Math.max(0, (SURE - doubt) / (SURE - HOPELESS)));
      context.fillStyle = ramp(colours.sure, colours.doubt, badness);
      const tall = Math.max(3, badness * (most - 5));
      context.fillRect(x, height - tall, w, tall);
    }
    if (remedied) {
      const middle = x + Math.max(w / 2, 0.5);
      context.fillStyle = colours.mark;
      context.beginPath();
      context.moveTo(middle, 1);
      context.lineTo(middle + 4, 6);
      context.lineTo(middle, 11);
      context.lineTo(middle - 4, 6);
      context.fill();
    }
  }
}

/** What a column says of frames [a, b). */
function sumUp({ kinds, confidence }: ClipPreview, a: number, b: number) {
  const sum = { real: false, held: false, made: false, remedied: false, doubt: null as number | null };
  for (let i = a; i < b; i++) {
    const kind = kinds[i];
    if (kind === undefined) break;
    if (kind === REAL) sum.real = true;
    else if (kind === HELD) sum.held = true;
    else if (kind === REMEDIED) sum.remedied = true;
    else sum.made = true;
    const value = confidence[i] ?? null;
    if (value !== null && kind !== REMEDIED && (sum.doubt === null || value < sum.doubt)) sum.doubt = value;
  }
  return sum;
}

/** Three steps are enough for the eye and keep the canvas's state changes few. */
function ramp(sure: string, doubt: string, badness: number): string {
  return badness > 0.6
    ? doubt
    : badness > 0.25
      ? `color-mix(in oklab, ${sure} 50%, ${doubt})`
      : `color-mix(in oklab, ${sure} 80%, transparent)`;
}

/** A caret over each stop of the "next suspicious frame" key. */
function drawSuspects(context: CanvasRenderingContext2D, picture: TrustPicture): void {
  const { left, width, scale, colours } = picture;
  context.fillStyle = colours.mark;
  for (const { frame } of picture.suspects) {
    const x = (frame + 0.5) * scale - left;
    if (x < -5 || x > width + 5) continue;
    context.beginPath();
    context.moveTo(x - 4, 0);
    context.lineTo(x + 4, 0);
    context.lineTo(x, 6);
    context.fill();
  }
}

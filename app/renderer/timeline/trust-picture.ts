/** Draws the trust strip of a clip: [Note: trust strip] in TrustPicture.svelte. */
import { FRAME_KINDS, type ClipPreview } from '../../contract/preview.ts';

export interface TrustPicture {
  preview: ClipPreview | undefined;
  /** Where there is no plan (yet). */
  words: string;
  /** That are shown. */
  frames: number;
  /** Suspicious ones, counted from the clip's first shown frame. */
  stops: readonly { readonly index: number }[];
  /** Pixels of the clip that are drawn. */
  from: number;
  to: number;
  scale: number;
  height: number;
  colours: Readonly<Record<'real' | 'held' | 'between' | 'suspect' | 'text' | 'text-3', string>>;
}

const [REAL, HELD] = [FRAME_KINDS.indexOf('real'), FRAME_KINDS.indexOf('held')];
const REMEDIED = FRAME_KINDS.indexOf('remedied');
/** Confidence at and above which a bar is shortest and quietest; at 0.2 and below it is as long as it gets. */
const SURE = 0.95;
const HOPELESS = 0.2;

/** Coordinates are CSS pixels, x from `from`. */
export function drawTrust(context: CanvasRenderingContext2D, picture: TrustPicture): void {
  context.clearRect(0, 0, picture.to - picture.from, picture.height);
  if (picture.preview) {
    drawFrames(context, picture, picture.preview);
    drawStops(context, picture);
  } else if (picture.words !== '' && picture.to - picture.from > 60) {
    context.fillStyle = picture.colours['text-3'];
    context.font = '11px system-ui, sans-serif';
    context.fillText(picture.words, 6, picture.height / 2 + 4);
  }
}

function drawFrames(context: CanvasRenderingContext2D, picture: TrustPicture, preview: ClipPreview): void {
  const { from, to, scale, height, colours, frames } = picture;
  // A column is a frame, or a pixel where frames are narrower.
  const column = Math.max(1, scale);
  const wide = column >= 3;
  const w = Math.max(1, column - (column >= 4 ? 1 : 0));
  const most = height - 10;
  for (let i = Math.floor(from / column); i * column < to; i++) {
    const a = Math.floor((i * column) / scale + 1e-6);
    const b = Math.max(a + 1, Math.floor(((i + 1) * column) / scale + 1e-6));
    if (a >= frames) break;
    const { real, held, made, remedied, doubt } = sumUp(preview, a, Math.min(b, frames));
    const x = i * column - from;
    if (real || held) {
      context.fillStyle = real ? colours.real : colours.held;
      context.fillRect(x, 1, wide ? w : 1, real ? 4 : 2);
    }
    if (doubt !== null) {
      const badness = Math.min(1, Math.max(0, (SURE - doubt) / (SURE - HOPELESS)));
      const tall = Math.max(3, badness * most);
      // The more doubtful, the brighter and the more of its own colour.
      context.globalAlpha = 0.45 + 0.55 * Math.min(1, badness * 1.6);
      context.fillStyle = badness > 0.45 ? colours.suspect : colours.between;
      context.fillRect(x, height - tall, w, tall);
      context.globalAlpha = 1;
    } else if (made && (wide || i % 2 === 0)) {
      context.fillStyle = colours.held;
      context.fillRect(x, height - 3, wide ? w / 2 : 1, 2);
    }
    if (remedied) drawDiamond(context, x + w / 2, colours.text);
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
    else {
      sum.made = true;
      const value = confidence[i] ?? null;
      if (value !== null && (sum.doubt === null || value < sum.doubt)) sum.doubt = value;
    }
  }
  return sum;
}

function drawDiamond(context: CanvasRenderingContext2D, middle: number, colour: string): void {
  context.fillStyle = colour;
  context.beginPath();
  context.moveTo(middle, 2);
  context.lineTo(middle + 4, 7);
  context.lineTo(middle, 12);
  context.lineTo(middle - 4, 7);
  context.fill();
}

/** A caret over each stop. */
function drawStops(context: CanvasRenderingContext2D, { stops, from, to, scale, colours }: TrustPicture): void {
  context.fillStyle = colours.text;
  for (const { index } of stops) {
    const x = (index + 0.5) * scale - from;
    if (x < -5 || x > to - from + 5) continue;
    context.beginPath();
    context.moveTo(x - 4, 0);
    context.lineTo(x + 4, 0);
    context.lineTo(x, 6);
    context.fill();
  }
}

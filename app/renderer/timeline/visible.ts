/** What of the clips has to be drawn. */
import type { TimelineClip } from '../../contract/project.ts';

/** Edges of canvases move in steps, so that scrolling and dragging draw nothing most of the time. */
const STEP = 512;

interface Window {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
  startOf(clip: string): number;
}

/** Pixels from the clip's left edge, for a clip that is `width` pixels wide. Short ones are drawn whole, wherever they are. */
export function drawnPart(view: Window, clip: string, width: number): { from: number; to: number } {
  if (width <= 3 * STEP) return { from: 0, to: width };
  const start = view.startOf(clip);
  const left = Math.max(0, (view.from - start) * view.scale);
  const right = Math.max(0, (view.to - start) * view.scale);
  return { from: Math.min(width, Math.floor(left / STEP) * STEP), to: Math.min(width, Math.ceil(right / STEP) * STEP) };
}

/**
 * Remembers clips by what they look like. A clip that only moved is given as the one it was, so that nothing that hangs on the clip is worked out again:
 * its place is told beside it.
 */
export class Looks {
  readonly #known = new Map<string, TimelineClip>();

  of(clip: TimelineClip): TimelineClip {
    const known = this.#known.get(clip.id);
    if (known && sameLook(known, clip)) return known;
    if (this.#known.size > 5000) this.#known.clear();
    this.#known.set(clip.id, clip);
    return clip;
  }
}

/** Run for every clip at every step of a drag: without lists of names. */
function sameLook(a: TimelineClip, b: TimelineClip): boolean {
  if (a === b) return true;
  let names = 0;
  for (const name in b) {
    if (name !== 'start' && a[name as keyof TimelineClip] !== b[name as keyof TimelineClip]) return false;
    names++;
  }
  for (const _ in a) names--;
  return names === 0;
}

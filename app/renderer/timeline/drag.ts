/** Dragging with the pointer over the lanes: at most one step a drawn frame, scrolling by itself at the edges, given up with Escape. */
import type { TimelineView } from './view.svelte.ts';

export interface DragHandlers {
  /** After the pointer went far enough to mean it. `frame` is under the pointer, fractional. */
  move(frame: number, event: PointerEvent): void;
  /** `moved` is false for a click. */
  end(moved: boolean, event: PointerEvent): void;
  /** Escape, or the pointer was taken away. */
  cancel?(): void;
}

/** Pixels before a press becomes a drag. */
const THRESHOLD = 3;
/** Pixels from the edge at which the lanes scroll, and pixels a drawn frame at most. */
const EDGE = 36;
const FASTEST = 28;

/** Follows the pointer from its pointerdown on. */
export function follow(view: TimelineView, down: PointerEvent, handlers: DragHandlers, threshold = THRESHOLD): void {
  const target = down.currentTarget as HTMLElement;
  let last = down;
  let moved = false;
  let waiting = 0;
  const step = (): void => {
    waiting = 0;
    const pulled = edgePull(view, last.clientX);
    if (pulled !== 0 && view.scroller) view.scroller.scrollLeft += pulled;
    handlers.move(view.frameAt(last.clientX), last);
    if (pulled !== 0) waiting = requestAnimationFrame(step);
  };
  const move = (event: PointerEvent): void => {
    if (event.pointerId !== down.pointerId) return;
    last = event;
    moved ||= Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) >= threshold;
    if (moved && waiting === 0) waiting = requestAnimationFrame(step);
  };
  const stop = (): void => {
    cancelAnimationFrame(waiting);
    target.removeEventListener('pointermove', move);
    target.removeEventListener('pointerup', up);
    target.removeEventListener('pointercancel', away);
    window.removeEventListener('keydown', key, true);
    view.snapped = null;
  };
  const up = (event: PointerEvent): void => {
    if (event.pointerId !== down.pointerId) return;
    if (moved) handlers.move(view.frameAt(event.clientX), event);
    stop();
    handlers.end(moved, event);
  };
  const away = (): void => {
    stop();
    handlers.cancel?.();
  };
  const key = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    away();
  };
  target.setPointerCapture(down.pointerId);
  target.addEventListener('pointermove', move);
  target.addEventListener('pointerup', up);
  target.addEventListener('pointercancel', away);
  window.addEventListener('keydown', key, true);
}

/** Pixels to scroll for a pointer at or beyond the edges. */
function edgePull({ scroller }: TimelineView, clientX: number): number {
  if (!scroller) return 0;
  const { left, right } = scroller.getBoundingClientRect();
  if (clientX < left + EDGE) return -Math.min(FASTEST, (left + EDGE - clientX) / 2);
  if (clientX > right - EDGE) return Math.min(FASTEST, (clientX - right + EDGE) / 2);
  return 0;
}

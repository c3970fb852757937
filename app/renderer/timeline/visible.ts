/** Which part of a clip has to be drawn. */

/** Edges of canvases move in steps, so that scrolling and dragging draw nothing most of the time. */
const STEP = 512;

/** Pixels from the clip's left edge, for a clip that starts at frame `start` and is `width` pixels wide. */
export function drawnPart(
  view: { readonly from: number; readonly to: number; readonly scale: number },
  start: number,
  width: number,
): { from: number; to: number } {
  const left = Math.max(0, (view.from - start) * view.scale);
  const right = Math.max(0, (view.to - start) * view.scale);
  return { from: Math.min(width, Math.floor(left / STEP) * STEP), to: Math.min(width, Math.ceil(right / STEP) * STEP) };
}

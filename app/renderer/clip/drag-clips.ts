/** Clips dragged out of the library. */

/** What they are carried as, a JSON list of ids: timeline/drop.ts takes them. */
export const CLIPS_TYPE = 'application/x-inbetween-clips';

export function dragClips({ dataTransfer }: DragEvent, ids: readonly string[]): void {
  if (!dataTransfer) return;
  dataTransfer.setData(CLIPS_TYPE, JSON.stringify(ids));
  dataTransfer.effectAllowed = 'copy';
}

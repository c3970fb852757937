/** The way from the timeline to the morph board: a gap, or the range from in to out, is filled there with motion. */
import { client } from '../state/connection.svelte.ts';
import { router } from '../state/router.svelte.ts';
import { attempt } from '../state/toasts.svelte.ts';
import type { TimelineView } from './view.svelte.ts';

/** Opens a board of the gap around a frame, or of the range where there is one; what cannot be is said. */
export async function openOnBoard(view: TimelineView, frame: number, useRange = true): Promise<void> {
  const { session } = view;
  const range = useRange ? session.range : null;
  await attempt(async () => {
    // The core looks at what is durable.
    while (session.unsaved > 0) await new Promise((resolve) => setTimeout(resolve, 30));
    const place = range ? { at: range.from, frames: range.to - range.from } : { at: Math.max(0, frame) };
    const { id } = await client.call('board.fromTimeline', { project: session.doc.id, ...place });
    router.go('morph', id);
  });
}

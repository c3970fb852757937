/** Stills, clips and keyframes dropped onto the board. */
import { pathsOfDrop } from '../state/files.svelte.ts';
import { attempt } from '../state/toasts.svelte.ts';
import type { Desk } from './desk.svelte.ts';

/** What a dragged clip of the library carries: a JSON list of ids. */
const CLIPS_TYPE = 'application/x-inbetween-clips';
/** What a dragged keyframe carries: its id. */
export const KEYFRAME_TYPE = 'application/x-inbetween-keyframe';

export function holdsStills({ dataTransfer }: DragEvent): boolean {
  const types = dataTransfer?.types ?? [];
  return types.includes(CLIPS_TYPE) || types.includes('Files');
}

export function holdsKeyframe({ dataTransfer }: DragEvent): boolean {
  return dataTransfer?.types.includes(KEYFRAME_TYPE) ?? false;
}

/** Puts what is dropped before the keyframe at place `at`, or at the end. */
export async function takeDrop(desk: Desk, event: DragEvent, at?: number): Promise<void> {
  const data = event.dataTransfer;
  if (!data) return;
  event.preventDefault();
  const moved = data.getData(KEYFRAME_TYPE);
  if (moved !== '') return desk.moveTo(moved, at ?? desk.session.board.keyframes.length);
  const carried = data.getData(CLIPS_TYPE);
  if (carried !== '') return await desk.addClips(idsOf(carried), at);
  const paths = await attempt(() => pathsOfDrop(data));
  desk.addPaths(paths ?? [], at);
}

function idsOf(text: string): string[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter((id) => typeof id === 'string') : [];
  } catch {
    return [];
  }
}

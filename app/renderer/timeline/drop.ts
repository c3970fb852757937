/** Clips of the library, and files, dropped onto the timeline. */
import { snap } from '../../core/sequence/snap.ts';
import { client } from '../state/connection.svelte.ts';
import { pathsOfDrop } from '../state/files.svelte.ts';
import { attempt, toasts } from '../state/toasts.svelte.ts';
import type { TimelineView } from './view.svelte.ts';

/** What a dragged clip of the library carries: a JSON list of ids. */
export const CLIPS_TYPE = 'application/x-inbetween-clips';

export function holdsClips({ dataTransfer }: DragEvent): boolean {
  const types = dataTransfer?.types ?? [];
  return types.includes(CLIPS_TYPE) || types.includes('Files');
}

/** The frame a drop means: near an edge of a clip, that edge. */
export function dropFrame(view: TimelineView, event: DragEvent): number {
  const frame = view.frameAt(event.clientX);
  const point = snap(frame, view.points([]), view.tolerance);
  return Math.max(0, Math.min(view.session.length, Math.round(point ?? frame)));
}

export async function takeDrop(view: TimelineView, event: DragEvent): Promise<void> {
  const data = event.dataTransfer;
  if (!data || !holdsClips(event)) return;
  event.preventDefault();
  const at = dropFrame(view, event);
  const carried = data.getData(CLIPS_TYPE);
  if (carried !== '') return await place(view, idsOf(carried), at);
  const files = pathsOfDrop(data);
  await attempt(async () => {
    const paths = await files;
    if (paths.length === 0) return;
    const report = await client.call('library.add', { paths });
    for (const { path, reason } of report.refused.slice(0, 3)) toasts.show(`${path}: ${reason}`, 'warning');
    await probed(report.ids);
    await place(view, report.ids, at);
  });
}

/** Puts whole clips of the library into the sequence, before what is at `at`. */
export async function place(view: TimelineView, media: readonly string[], at: number): Promise<void> {
  if (media.length === 0) return;
  const { session } = view;
  const fitted = view.fitted;
  let added: string[] = [];
  const how = at >= session.length ? 'append' : 'insert';
  const clips = media.map((id) => ({ media: id }));
  // A clip that was never decoded is decoded once now, which takes a moment.
  view.placing += media.length;
  const done = await session.call(async (version) => {
    const update = await client.call('project.place', { id: session.doc.id, version, clips, at, how });
    added = update.changes.flatMap((change) =>
      change.kind === 'clip' && change.before === null && change.after !== null ? [change.id] : [],
    );
    return update;
  });
  view.placing -= media.length;
  if (!done) return;
  session.select(added);
  if (fitted) view.fit();
  view.say(`${media.length === 1 ? 'Clip' : `${media.length} clips`} added`);
}

function idsOf(text: string): string[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter((id) => typeof id === 'string') : [];
  } catch {
    return [];
  }
}

/** Resolves when it is known what the clips are. */
async function probed(ids: readonly string[]): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const clips = await client.call('library.get', { ids: [...ids] });
    if (clips.every(({ state }) => state !== 'probing')) return;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}

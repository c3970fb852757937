/** The context menu of clips. */
import type { ClipSummary } from '../../contract/library.ts';
import { putOnBoard } from '../morph/from-library.ts';
import type { MenuEntry } from '../shared/menu-items.ts';
import { recognise } from '../tags/recognise.svelte.ts';
import { app } from '../state/connection.svelte.ts';
import { router } from '../state/router.svelte.ts';
import { addFiles, addFolder, copyPath, openInEdit, relinkClip, reveal } from './clip-actions.ts';
import type { Chosen } from './filters.ts';

/** `clip` where one is selected. */
export function clipEntries(
  clip: ClipSummary | undefined,
  ids: readonly string[],
  remove: () => Promise<void>,
  narrow: (change: Partial<Chosen>) => void,
): MenuEntry[] {
  const adding: MenuEntry[] = [
    { label: 'Add files ...', action: 'library.add', run: () => void addFiles() },
    { label: 'Add a folder ...', action: 'library.addFolder', run: () => void addFolder() },
  ];
  if (ids.length === 0) return adding;
  const usable = ids.length > 1 || clip?.state === 'ready';
  return [
    { label: 'Put on the timeline', disabled: !usable, run: () => void openInEdit(ids) },
    { label: 'Put on the morph board', disabled: !usable, run: () => void putOnBoard(ids) },
    { label: 'Recognise actions ...', disabled: !usable, run: () => recognise.open(ids) },
    ...(clip ? [{ label: 'Show its actions', run: () => router.go('tags', `clip:${clip.id}`) }] : []),
    'separator',
    ...(clip ? single(clip, narrow) : []),
    { label: 'Take out of the library ...', danger: true, run: () => void remove() },
    'separator',
    ...adding,
  ];
}

function single(clip: ClipSummary, narrow: (change: Partial<Chosen>) => void): MenuEntry[] {
  const file: MenuEntry =
    app.info.host === 'window'
      ? { label: 'Show the file', run: () => void reveal(clip.path) }
      : { label: 'Copy the path', run: () => void copyPath(clip.path) };
  return [
    file,
    { label: clip.state === 'missing' ? 'Find the file ...' : 'Relink ...', run: () => void relinkClip(clip) },
    ...(clip.duplicates > 0
      ? [{ label: 'Show all duplicates', run: () => narrow({ duplicates: true, order: 'size' }) }]
      : []),
    ...clip.tags.slice(0, 5).map((tag) => ({ label: `Show all tagged ${tag}`, run: () => narrow({ tag }) })),
    'separator',
  ];
}

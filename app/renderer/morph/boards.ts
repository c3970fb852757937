/** What is done to whole boards. Failures are told to the user here. */
import type { BoardSummary } from '../../contract/morph.ts';
import { confirm } from '../state/ask.svelte.ts';
import { client } from '../state/connection.svelte.ts';
import { router } from '../state/router.svelte.ts';
import { attempt, toasts } from '../state/toasts.svelte.ts';

/** A new, empty board; its id. */
export async function createBoard(taken: readonly string[]): Promise<string | undefined> {
  let number = 1;
  while (taken.includes(`Morph ${number}`)) number++;
  return (await attempt(() => client.call('board.create', { name: `Morph ${number}` })))?.id;
}

/** Of a board that is not open: the name is part of what undo covers. */
export async function renameBoard(id: string, name: string): Promise<void> {
  await attempt(async () => {
    const { version, board } = await client.call('board.open', { id });
    await client.call('board.edit', { id, version, label: 'Rename', board: { ...board, name } });
  });
}

/** Whether it is gone. */
export async function removeBoard({ id, name }: Pick<BoardSummary, 'id' | 'name'>): Promise<boolean> {
  const yes = await confirm({
    title: `Remove ${name}?`,
    text: 'The board, its takes and its history are removed from the library and cannot be brought back. The stills stay where they are.',
    yes: 'Remove',
    danger: true,
  });
  if (!yes) return false;
  return (await attempt(async () => (await client.call('board.remove', { id }), true))) ?? false;
}

/** Puts the film at the place on the timeline that the board was opened from. */
export async function putOnTimeline(id: string): Promise<boolean> {
  const started = await attempt(() => client.call('board.toTimeline', { id }));
  if (!started) return false;
  toasts.show('It goes onto the timeline as soon as it is made.', 'good', {
    label: 'Show',
    run: () => router.go('queue', started.job),
  });
  return true;
}

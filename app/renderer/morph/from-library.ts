/** Clips of the library as keyframes: onto the board that is open, or onto a new one. */
import { openBoard } from '../state/board.svelte.ts';
import { client } from '../state/connection.svelte.ts';
import { router } from '../state/router.svelte.ts';
import { attempt } from '../state/toasts.svelte.ts';
import { addKeyframes, firstGap } from './board-edits.ts';
import { createBoard } from './boards.ts';
import { keyframeOf } from './keyframe-files.ts';

/** Ids of one call, at most. */
const MOST_IDS = 1000;

/** Of each clip its first frame, at the end of the board, which is then shown. */
export async function putOnBoard(ids: readonly string[]): Promise<void> {
  await attempt(async () => {
    const clips = await client.call('library.get', { ids: ids.slice(0, MOST_IDS) });
    const keyframes = clips.filter(({ state }) => state === 'ready').map(({ path }) => keyframeOf(path));
    if (keyframes.length === 0) return;
    const taken = openBoard.session ? [] : (await client.call('board.list', {})).map(({ name }) => name);
    const id = openBoard.session?.id ?? (await createBoard(taken));
    if (id === undefined) return;
    const session = await openBoard.open(id);
    const first = firstGap(session.engines);
    const label = keyframes.length === 1 ? 'Add a keyframe' : `Add ${keyframes.length} keyframes`;
    void session.edit(label, (board) => addKeyframes(board, board.keyframes.length, keyframes, first));
    router.go('morph', id);
  });
}

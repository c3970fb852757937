/** Key points: those an engine detects on keyframes, asked for once for each picture, and what hands make of them. */
import { SvelteMap } from 'svelte/reactivity';
import type { Board, BoardKeyframe, KeyPoint } from '../../contract/morph.ts';
import type { BoardSession } from '../state/board.svelte.ts';
import { client, messageOf } from '../state/connection.svelte.ts';
import { setPoints } from './board-edits.ts';

export type Detected = { points: readonly KeyPoint[] } | { problem: string } | 'asked';

/** Told apart by number and place as well; bright enough on any picture with the dark ring around them. */
export const POINT_COLOURS = [
  '#ff8a80',
  '#ffd166',
  '#9be564',
  '#5fe0d0',
  '#7cc4ff',
  '#c3a6ff',
  '#ff9ee0',
  '#ffffff',
  '#ffb066',
  '#c8d66b',
];

export class PointStore {
  readonly #session: BoardSession;
  readonly #detected = new SvelteMap<string, Detected>();

  constructor(session: BoardSession) {
    this.#session = session;
  }

  /** What the engine detects on a keyframe; undefined until `ask`ed. */
  detected(keyframe: BoardKeyframe, engine: string): Detected | undefined {
    return this.#detected.get(this.#key(keyframe, engine));
  }

  /** Those that count: set by hand, or else detected. */
  pointsOf(keyframe: BoardKeyframe, engine: string): readonly KeyPoint[] | undefined {
    if (keyframe.points) return keyframe.points;
    const found = this.detected(keyframe, engine);
    return found && found !== 'asked' && 'points' in found ? found.points : undefined;
  }

  /** Asks once; again where it failed. */
  async ask(keyframe: BoardKeyframe, engine: string): Promise<void> {
    const key = this.#key(keyframe, engine);
    const there = this.#detected.get(key);
    if (there === 'asked' || (there && 'points' in there)) return;
    this.#detected.set(key, 'asked');
    await this.#session.saved();
    try {
      this.#detected.set(
        key,
        await client.call('board.points', { id: this.#session.id, keyframe: keyframe.id, engine }),
      );
    } catch (thrown) {
      this.#detected.set(key, { problem: messageOf(thrown) });
    }
  }

  /** Points are of the fitted picture: another shape of the film makes others. */
  #key({ path, at }: BoardKeyframe, engine: string): string {
    const { fit, size, keyframes } = this.#session.board;
    return JSON.stringify([engine, path, at, fit, size ?? keyframes[0]?.path]);
  }
}

/** Moves one point; the others are kept where they are now. */
export function movePoint(
  board: Board,
  id: string,
  points: readonly KeyPoint[],
  index: number,
  to: { x: number; y: number },
): Board {
  const before = points[index];
  if (!before) return board;
  const inside = (value: number): number => Math.max(-1, Math.min(1, value));
  return setPoints(board, id, points.with(index, { ...before, x: inside(to.x), y: inside(to.y) }));
}

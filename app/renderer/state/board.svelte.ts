/** The morph board that is open: what is shown of it, what is selected, and the way its edits go. See [Note: edits of a board] in board-queue.ts. */
import type { Board, BoardDocument, BoardGap, BoardKeyframe, MorphEngine, MorphMotion } from '../../contract/morph.ts';
import { lengthOf, startsOf } from '../morph/film-map.ts';
import { BoardQueue, type BoardChange } from './board-queue.ts';
import { client, reconnected } from './connection.svelte.ts';
import { OpenDocument } from './open-document.svelte.ts';
import { toasts } from './toasts.svelte.ts';

/** A keyframe, or the gap after one. */
export interface BoardSelection {
  kind: 'keyframe' | 'gap';
  /** Of the keyframe. */
  id: string;
}

export class BoardSession {
  readonly id: string;
  /** With the edits that are still on their way, and what is being dragged. */
  board: Board = $state.raw({} as Board);
  /** Of the last confirmed state: what was asked about an older one is old. */
  version: number = $state(0);
  undoLabel: string | null = $state(null);
  redoLabel: string | null = $state(null);
  /** Edits that are not durable yet. */
  unsaved: number = $state(0);
  selection: BoardSelection | null = $state.raw(null);
  /** Those made for stills far apart first. */
  engines: readonly MorphEngine[] = $state.raw([]);
  motions: readonly MorphMotion[] = $state.raw([]);
  /** For screen readers. */
  announcement: string = $state('');
  /** Frames of the film at which keyframes stand, and its length at the end. */
  readonly starts: readonly number[] = $derived(startsOf(this.board));
  readonly length: number = $derived(lengthOf(this.board));
  readonly #queue: BoardQueue;
  readonly #stop: () => void;
  #dragged: BoardChange | null = null;

  constructor(document: BoardDocument) {
    this.id = document.id;
    this.#queue = new BoardQueue(client, document, {
      changed: () => this.#changed(),
      refused: (error) => toasts.show(error.message, 'error'),
      reconnected,
    });
    this.#changed();
    this.#stop = client.on('board.changed', (update) => this.#queue.hear(update));
  }

  /** Throws 'board-unknown'. */
  static async open(id: string): Promise<BoardSession> {
    const [document, { engines, motions }] = await Promise.all([
      client.call('board.open', { id }),
      client.call('board.engines', {}),
    ]);
    const session = new BoardSession(document);
    // Each once: a model of the library may have the id of one that comes with Inbetween.
    session.engines = [...new Map(engines.map((engine) => [engine.id, engine])).values()];
    session.motions = motions;
    return session;
  }

  /** What is selected, with its place; undefined where nothing is. */
  get selected(): { kind: 'keyframe' | 'gap'; index: number; keyframe: BoardKeyframe; gap: BoardGap } | undefined {
    const { selection, board } = this;
    const index = selection ? board.keyframes.findIndex(({ id }) => id === selection.id) : -1;
    const [keyframe, gap] = [board.keyframes[index], board.gaps[index]];
    return selection && keyframe && gap ? { kind: selection.kind, index, keyframe, gap } : undefined;
  }

  /** Shown at once and sent in order. Resolves when it is durable; to false when it was refused, which the user has been told. */
  edit(label: string, change: BoardChange, merge?: string): Promise<boolean> {
    this.#dragged = null;
    return this.#queue.edit(label, change, merge);
  }

  /** Shows a change while it is dragged; null ends that. Nothing is sent before `edit`. */
  drag(change: BoardChange | null): void {
    this.#dragged = change;
    this.#changed();
  }

  async undo(): Promise<void> {
    if (this.undoLabel === null) return;
    this.say(`Undone: ${this.undoLabel}`);
    await this.#queue.undo();
  }

  async redo(): Promise<void> {
    if (this.redoLabel === null) return;
    this.say(`Done again: ${this.redoLabel}`);
    await this.#queue.redo();
  }

  /** Resolves when everything done so far is durable. */
  async saved(): Promise<void> {
    this.#queue.flush();
    while (this.#queue.pending > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  engine(id: string): MorphEngine | undefined {
    return this.engines.find((engine) => engine.id === id);
  }

  select(kind: 'keyframe' | 'gap', id: string | undefined): void {
    this.selection = id === undefined ? null : { kind, id };
  }

  refresh(): Promise<void> {
    return this.#queue.refresh();
  }

  say(text: string): void {
    this.announcement = this.announcement === text ? `${text} ` : text;
  }

  dispose(): void {
    this.#queue.close();
    this.#stop();
  }

  #changed(): void {
    const { board, document, pending, undoLabel, redoLabel } = this.#queue;
    this.board = this.#dragged ? this.#dragged(board) : board;
    this.version = document.version;
    this.unsaved = pending;
    [this.undoLabel, this.redoLabel] = [undoLabel, redoLabel];
    // What is gone is not selected.
    const { selection } = this;
    if (selection && !this.board.keyframes.some(({ id }) => id === selection.id)) this.selection = null;
  }
}

export const openBoard = new OpenDocument((id: string) => BoardSession.open(id));

/**
 * Edits of one board on their way to the core.
 *
 * [Note: edits of a board] As in edit-queue.ts what the user does is shown at once and sent in order, each with the version it was made on. A board is small, so an edit
 * is a function from board to board and the whole result is sent: on another window's edit, or after a refusal with 'board-changed', the functions are
 * simply applied again to what is there now. Edits that follow each other quickly under one `merge` name (an arrow key held on a number) wait a moment and become one.
 *
 * Knows no page: the transport and the wait for a connection are given, so it is tested in Node.
 */
import type { Client } from '../../contract/api.ts';
import { toAppError, type AppError } from '../../contract/errors.ts';
import type { Board, BoardDocument } from '../../contract/morph.ts';

/** Pure; gives the board itself where there is nothing to do. */
export type BoardChange = (board: Board) => Board;

/** Milliseconds an edit with a merge name waits for the next. */
const MERGE_MS = 350;

interface Operation {
  readonly what: 'edit' | 'undo' | 'redo';
  readonly label: string;
  change: BoardChange;
  readonly merge: string | undefined;
  /** performance.now() before which it waits to be merged. */
  due: number;
  sent: boolean;
  settles: ((done: boolean) => void)[];
}

export interface BoardQueueEvents {
  /** After everything that changes what is shown. */
  changed(): void;
  /** Something was refused and is not there any more: the sentence for the user. */
  refused(error: AppError): void;
  /** Resolves when the connection is there again. */
  reconnected(): Promise<void>;
}

export class BoardQueue {
  /** The last confirmed state. */
  document: BoardDocument;
  /** What is shown: that, and what is on its way. */
  board: Board;
  readonly #client: Client;
  readonly #events: BoardQueueEvents;
  #waiting: Operation[] = [];
  #foreign: BoardDocument | null = null;
  #running = false;
  #closed = false;
  #wake: () => void = () => {};

  constructor(client: Client, document: BoardDocument, events: BoardQueueEvents) {
    this.#client = client;
    this.#events = events;
    this.document = document;
    this.board = document.board;
  }

  /** Operations that are not durable yet. */
  get pending(): number {
    return this.#waiting.length;
  }

  /** The words of what undo and redo would do; null where there is nothing. */
  get undoLabel(): string | null {
    return this.#waiting.findLast(({ what }) => what === 'edit')?.label ?? this.document.undo;
  }
  get redoLabel(): string | null {
    return this.#waiting.some(({ what }) => what === 'edit') ? null : this.document.redo;
  }

  /** Shown at once, durable when it resolves to true; false when it was refused. */
  edit(label: string, change: BoardChange, merge?: string): Promise<boolean> {
    const next = change(this.board);
    if (next === this.board) return Promise.resolve(true);
    const last = this.#waiting.at(-1);
    if (merge !== undefined && last?.merge === merge && !last.sent) {
      const before = last.change;
      last.change = (board) => change(before(board));
      last.due = performance.now() + MERGE_MS;
      this.#show();
      return new Promise((resolve) => void last.settles.push(resolve));
    }
    return this.#push({ what: 'edit', label, change, merge });
  }

  undo(): Promise<boolean> {
    return this.#push({ what: 'undo', label: '', change: same, merge: undefined });
  }

  redo(): Promise<boolean> {
    return this.#push({ what: 'redo', label: '', change: same, merge: undefined });
  }

  /** A push of the core. */
  hear(document: BoardDocument): void {
    if (document.id !== this.document.id || document.version <= this.document.version || this.#closed) return;
    // While a call is under way this may be what it did: its answer says.
    if (this.#waiting[0]?.sent) this.#foreign = document;
    else this.#confirm(document);
  }

  /** After a connection was lost and found, and when the board is shown again. */
  async refresh(): Promise<void> {
    if (this.#running) return;
    const document = await this.#client.call('board.open', { id: this.document.id });
    if (document.version > this.document.version) this.#confirm(document);
  }

  /** Sends what waits to be merged. */
  flush(): void {
    for (const operation of this.#waiting) operation.due = 0;
    this.#wake();
  }

  /** Nothing is told any more; what waits is still sent. */
  close(): void {
    this.#closed = true;
    this.flush();
  }

  #push(operation: Pick<Operation, 'what' | 'label' | 'change' | 'merge'>): Promise<boolean> {
    return new Promise((resolve) => {
      const due = operation.merge === undefined ? 0 : performance.now() + MERGE_MS;
      this.#waiting.push({ ...operation, due, sent: false, settles: [resolve] });
      this.#wake();
      this.#show();
      if (!this.#running) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#running = true;
    try {
      for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
        const left = this.#waiting.length > 1 ? 0 : next.due - performance.now();
        if (left > 0) await this.#pause(left);
        else await this.#send(next);
      }
    } catch (thrown) {
      // Reading the board again failed: what waits is lost, and said.
      for (const { settles } of this.#waiting.splice(0)) settles.forEach((settle) => settle(false));
      this.#show();
      this.#events.refused(toAppError(thrown));
    } finally {
      this.#running = false;
    }
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #send(operation: Operation): Promise<void> {
    const { id, version, board } = this.document;
    operation.sent = true;
    try {
      const next = operation.change(board);
      const nothing = operation.what === 'edit' && next === board;
      const { what, label } = operation;
      if (!nothing) {
        const answer =
          what === 'edit'
            ? await this.#client.call('board.edit', { id, version, label, board: next })
            : await this.#client.call(`board.${what}`, { id, version });
        if (answer.version > this.document.version) this.document = answer;
      }
      this.#end(operation, true);
    } catch (thrown) {
      await this.#failed(operation, toAppError(thrown), version);
    }
  }

  async #failed(operation: Operation, error: AppError, version: number): Promise<void> {
    operation.sent = false;
    if (error.code === 'nothing-to-undo') return this.#end(operation, false);
    if (error.code === 'connection-lost') await this.#events.reconnected();
    this.document = await this.#read();
    const moved = this.document.version > version;
    if (error.code === 'board-changed' && moved) return this.#show();
    if (error.code === 'connection-lost') {
      // It was done before the connection broke, or it was not.
      if (moved) this.#end(operation, true);
      return;
    }
    this.#end(operation, false);
    this.#events.refused(error);
  }

  #end(operation: Operation, done: boolean): void {
    this.#waiting = this.#waiting.filter((one) => one !== operation);
    const foreign = this.#foreign;
    this.#foreign = null;
    if (foreign && foreign.version > this.document.version) this.document = foreign;
    this.#show();
    for (const settle of operation.settles) settle(done);
  }

  /** The board as the core has it; a connection that breaks is waited for. */
  async #read(): Promise<BoardDocument> {
    for (;;) {
      try {
        return await this.#client.call('board.open', { id: this.document.id });
      } catch (thrown) {
        if (this.#closed || toAppError(thrown).code !== 'connection-lost') throw thrown;
        await this.#events.reconnected();
      }
    }
  }

  #confirm(document: BoardDocument): void {
    this.document = document;
    this.#show();
  }

  #show(): void {
    this.board = this.#waiting.reduce((board, { change }) => change(board), this.document.board);
    if (!this.#closed) this.#events.changed();
  }
}

function same(board: Board): Board {
  return board;
}

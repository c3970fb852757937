/**
 * Edits of one project on their way to the core.
 *
 * [Note: optimistic edits] What the user does is applied here at once, by the same code as in the core (core/sequence/apply), and sent in the order of
 * doing, one at a time, each with the version it was made on. What is shown is therefore always the last confirmed state with the waiting
 * operations on top. Another window's edit arrives as 'project.changed': it goes below the waiting ones, and those that still fit on it
 * stay; so does a refusal with 'project-changed', after the document was read again. Anything else that is refused, or does not fit any more, is dropped together with what
 * was built on it, and said. Undo and redo are known only by the core: what is done while one is under way waits for it.
 *
 * Knows no page: the transport and the wait for a connection are given, so it is tested in Node.
 */
import type { Client } from '../../contract/api.ts';
import { AppError, toAppError } from '../../contract/errors.ts';
import type { Change, Edit, ProjectDocument, ProjectState, ProjectUpdate } from '../../contract/project.ts';
import { applyChanges, invert, sameValue } from '../../core/sequence/apply.ts';

export type Changes = readonly Change[] | ((state: ProjectState) => readonly Change[]);

interface Operation {
  /** What it makes of the state below it; null where only the core knows (undo, placing clips). */
  readonly changes: Change[] | null;
  /** Still to be computed, when what is before it in the queue has been done. */
  readonly later?: { label: string; make: Changes } | undefined;
  send(version: number): Promise<ProjectUpdate>;
  /** Of two calls the second: what is left to do where the connection broke between them. */
  readonly second?: Edit | undefined;
  /** False: it was dropped. */
  settle(done: boolean): void;
}

export interface QueueEvents {
  /** What is to be shown, after everything that changes it. */
  changed(document: ProjectDocument): void;
  /** Something was refused or did not fit: the sentence for the user. The document has been read again. */
  refused(error: AppError): void;
  /** Resolves when the connection is there again. */
  reconnected(): Promise<void>;
}

export class EditQueue {
  readonly #client: Client;
  readonly #events: QueueEvents;
  #base: ProjectDocument;
  #shown: ProjectState;
  #waiting: Operation[] = [];
  #foreign: ProjectUpdate[] = [];
  #running = false;
  #closed = false;
  /** One more whenever the ground under a gesture was taken away. */
  #ground = 0;

  constructor(client: Client, document: ProjectDocument, events: QueueEvents) {
    this.#client = client;
    this.#events = events;
    this.#base = document;
    this.#shown = document.state;
  }

  get state(): ProjectState {
    return this.#shown;
  }

  /** Operations that are not durable yet. */
  get pending(): number {
    return this.#waiting.length;
  }

  get ground(): number {
    return this.#ground;
  }

  /** Shown at once, durable when it resolves to true; false when it was refused. Nothing is done for no changes. */
  edit(label: string, make: Changes): Promise<boolean> {
    if (this.#waiting.some(({ changes }) => changes === null)) {
      return this.#push(null, () => Promise.reject(new Error('computed later')), {
        later: { label, make },
      });
    }
    const changes = [...(typeof make === 'function' ? make(this.#shown) : make)];
    if (changes.length === 0) return Promise.resolve(true);
    return this.#push(changes, this.#sender({ label, changes }));
  }

  /** In place of an edit just made that had `before` as its changes: one step of the history, not two. `changes` apply to the state before it. */
  amend(label: string, before: Change[], changes: Change[]): Promise<boolean> {
    const id = this.#base.id;
    const second = { label, changes };
    const send = async (version: number): Promise<ProjectUpdate> => {
      const undone = await this.#client.call('project.undo', { id, version });
      return await this.#client.call('project.edit', { id, version: undone.version, edit: second });
    };
    return this.#push([...invert(before), ...changes], send, { second });
  }

  undo(): Promise<boolean> {
    return this.#push(null, (version) => this.#client.call('project.undo', { id: this.#base.id, version }));
  }

  redo(): Promise<boolean> {
    return this.#push(null, (version) => this.#client.call('project.redo', { id: this.#base.id, version }));
  }

  /** Any other call that changes the project. */
  call(send: (version: number) => Promise<ProjectUpdate>): Promise<boolean> {
    return this.#push(null, send);
  }

  /** A push of the core. */
  hear(update: ProjectUpdate): void {
    if (update.id !== this.#base.id || update.version <= this.#base.version || this.#closed) return;
    this.#foreign.push(update);
    if (!this.#running) void this.#drain();
  }

  /** Reads the document again; what waits stays where it still fits. */
  async reload(): Promise<void> {
    const document = await this.#read();
    if (this.#closed) return;
    this.#base = document;
    this.#ground++;
    this.#rebase();
  }

  /** After a connection was lost and found: what other windows did meanwhile. */
  async refresh(): Promise<void> {
    if (!this.#running) await this.reload();
  }

  close(): void {
    this.#closed = true;
  }

  #sender(edit: Edit): (version: number) => Promise<ProjectUpdate> {
    return (version) => this.#client.call('project.edit', { id: this.#base.id, version, edit });
  }

  #push(
    changes: Change[] | null,
    send: Operation['send'],
    more: Pick<Operation, 'later' | 'second'> = {},
  ): Promise<boolean> {
    return new Promise((resolve) => {
      this.#waiting.push({ changes, send, settle: resolve, ...more });
      if (changes) this.#shown = applyChanges(this.#shown, changes);
      this.#tell();
      if (!this.#running) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#running = true;
    try {
      while (!this.#closed && (this.#waiting.length > 0 || this.#foreign.length > 0)) {
        await this.#takeForeign();
        const operation = this.#waiting[0];
        if (operation?.later) this.#compute(operation, operation.later);
        else if (operation) await this.#send(operation);
      }
    } catch (thrown) {
      // Reading the document again failed: what is shown stays, what waits is lost, and said.
      this.#drop(0);
      this.#events.refused(toAppError(thrown));
    } finally {
      this.#running = false;
    }
  }

  async #send(operation: Operation): Promise<void> {
    const { version } = this.#base;
    try {
      this.#accept(operation, await operation.send(version));
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.code === 'connection-lost') await this.#resume(operation, version);
      else if (error.code === 'project-changed') await this.#reread(error);
      else if (error.code === 'nothing-to-undo') this.#pass();
      else await this.#refuse(error);
    }
  }

  #accept(operation: Operation, update: ProjectUpdate): void {
    this.#waiting.shift();
    const state = applyChanges(this.#base.state, operation.changes ?? update.changes);
    this.#base = { ...this.#base, state, version: update.version, done: update.done, undone: update.undone };
    // What was shown has an edit of ours already, with the same records: nothing is drawn again.
    if (operation.changes !== null) this.#tell();
    else {
      this.#ground++;
      this.#show();
    }
    operation.settle(true);
  }

  /** Computes what waited for the core's answer to something before it. */
  #compute(operation: Operation, { label, make }: NonNullable<Operation['later']>): void {
    const changes = [...(typeof make === 'function' ? make(this.#base.state) : make)];
    this.#waiting.shift();
    if (changes.length === 0) operation.settle(true);
    else if (!fits(this.#base.state, changes)) operation.settle(false);
    else this.#waiting.unshift({ changes, send: this.#sender({ label, changes }), settle: operation.settle });
    this.#show();
  }

  /** A key held longer than there was something to undo: nothing happened, and what was done after it stays. */
  #pass(): void {
    this.#waiting.shift()?.settle(false);
    this.#tell();
  }

  /** The connection broke while it was under way: it was done, or it was not, or half of it. */
  async #resume({ second, settle }: Operation, version: number): Promise<void> {
    await this.#events.reconnected();
    const document = await this.#read();
    this.#base = document;
    const done = document.version - version;
    if (second && done === 1) {
      this.#waiting[0] = { changes: second.changes, send: this.#sender(second), settle };
    } else if (done > 0) {
      this.#waiting.shift();
      settle(done === (second ? 2 : 1));
    }
    this.#rebase();
  }

  /** The document as the core has it; a connection that breaks is waited for. */
  async #read(): Promise<ProjectDocument> {
    for (;;) {
      try {
        return await this.#client.call('project.open', { id: this.#base.id });
      } catch (thrown) {
        if (this.#closed || toAppError(thrown).code !== 'connection-lost') throw thrown;
        await this.#events.reconnected();
      }
    }
  }

  async #reread(error: AppError): Promise<void> {
    const { version } = this.#base;
    this.#base = await this.#read();
    this.#ground++;
    if (this.#base.version === version) return await this.#refuse(error);
    this.#rebase();
  }

  async #refuse(error: AppError): Promise<void> {
    const dropped = this.#waiting.splice(0);
    this.#base = await this.#read();
    this.#ground++;
    // What was done in the meantime stays where it still fits.
    this.#rebase();
    this.#events.refused(error);
    for (const { settle } of dropped) settle(false);
  }

  async #takeForeign(): Promise<void> {
    const updates = this.#foreign.splice(0).filter(({ version }) => version > this.#base.version);
    for (const update of updates) {
      if (update.version <= this.#base.version) continue;
      if (update.version === this.#base.version + 1) {
        const state = applyChanges(this.#base.state, update.changes);
        this.#base = { ...this.#base, state, version: update.version, done: update.done, undone: update.undone };
      } else {
        this.#base = await this.#read();
      }
      this.#ground++;
    }
    if (updates.length > 0) this.#rebase();
  }

  /** Keeps the waiting operations that still fit on the confirmed state; the first that does not takes all after it along. */
  #rebase(): void {
    let state = this.#base.state;
    for (const [index, { changes }] of this.#waiting.entries()) {
      if (changes === null) continue;
      if (!fits(state, changes)) {
        this.#drop(index);
        this.#events.refused(
          new AppError(
            'project-changed',
            'The project was changed in another window; your last step did not fit any more.',
          ),
        );
        break;
      }
      state = applyChanges(state, changes);
    }
    this.#show();
  }

  #drop(from: number): void {
    for (const { settle } of this.#waiting.splice(from)) settle(false);
    this.#ground++;
  }

  #show(): void {
    this.#shown = this.#waiting.reduce(
      (state, { changes }) => (changes ? applyChanges(state, changes) : state),
      this.#base.state,
    );
    this.#tell();
  }

  #tell(): void {
    if (!this.#closed) this.#events.changed({ ...this.#base, state: this.#shown });
  }
}

/** Whether the records are as the changes found them. */
function fits(state: ProjectState, changes: readonly Change[]): boolean {
  const after = new Map<string, unknown>();
  return changes.every((change) => {
    const key = change.kind === 'settings' ? change.kind : `${change.kind} ${change.id}`;
    const now = after.has(key) ? after.get(key) : recordOf(state, change);
    after.set(key, change.after);
    return sameValue(now ?? null, change.before);
  });
}

function recordOf(state: ProjectState, change: Change): unknown {
  if (change.kind === 'settings') return state.settings;
  return (change.kind === 'clip' ? state.clips : state.markers)[change.id];
}

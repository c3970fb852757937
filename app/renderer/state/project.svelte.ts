/** The project that is open: what is shown of it, what is selected, and the way its edits go. See [Note: optimistic edits] in edit-queue.ts. */
import type { Change, ProjectDocument, ProjectState, ProjectUpdate } from '../../contract/project.ts';
import { applyChanges } from '../../core/sequence/apply.ts';
import { sequenceLength } from '../../core/sequence/geometry.ts';
import { client, reconnected } from './connection.svelte.ts';
import { EditQueue, type Changes } from './edit-queue.ts';
import { OpenDocument } from './open-document.svelte.ts';
import { toasts } from './toasts.svelte.ts';

/** Milliseconds of a gesture after which it is saved on the way, and from one such save to the next. */
const SAVE_MS = 1000;

/** Something dragged: shown at every move, saved every second on the way, one step of the history at the end. */
export interface Gesture {
  /** What the dragged state was when the gesture began; changes are relative to it. */
  readonly from: ProjectState;
  /** False once another window's edit took the ground away. */
  readonly alive: boolean;
  update(changes: readonly Change[]): void;
  /** Resolves when it is durable. */
  commit(): Promise<boolean>;
  cancel(): void;
}

export class ProjectSession {
  /** What is shown: `state` has the edits that are still on their way, `version` is the last that is confirmed. */
  doc: ProjectDocument = $state.raw({} as ProjectDocument);
  /** Ids of clips. */
  selection: ReadonlySet<string> = $state.raw(new Set());
  /** A marker, where that is what was selected last. */
  marker: string | null = $state(null);
  /** In and out, frames [from, to). */
  range: { from: number; to: number } | null = $state.raw(null);
  /** Edits that are not durable yet. */
  unsaved: number = $state(0);
  /** Something is being dragged: what is costly to follow may wait for the hand to rest. */
  dragging: boolean = $state(false);
  readonly length: number = $derived(sequenceLength(this.doc.state));
  readonly #queue: EditQueue;
  readonly #stop: () => void;
  #gesture: DragGesture | null = null;

  constructor(document: ProjectDocument) {
    this.doc = document;
    this.#queue = new EditQueue(client, document, {
      changed: (next) => this.#changed(next),
      refused: (error) => toasts.show(error.message, 'error'),
      reconnected,
    });
    this.#stop = client.on('project.changed', (update) => this.#queue.hear(update));
  }

  static async open(id: string): Promise<ProjectSession> {
    return new ProjectSession(await client.call('project.open', { id }));
  }

  get id(): string {
    return this.doc.id;
  }

  /** Shown at once and sent in order. Resolves when it is durable; to false when it was refused, which the user has been told. */
  edit(label: string, changes: Changes): Promise<boolean> {
    this.#gesture?.cancel();
    return this.#queue.edit(label, changes);
  }

  /** Begins something that is dragged; what was begun before ends as it is. */
  gesture(label: string): Gesture {
    void this.#gesture?.commit();
    this.#gesture = new DragGesture(this.#queue, label, (state, over) => this.#drawn(state, over));
    return this.#gesture;
  }

  undo(): Promise<boolean> {
    this.#gesture?.cancel();
    if (this.doc.done.length === 0 && this.unsaved === 0) return Promise.resolve(false);
    return this.#queue.undo();
  }

  redo(): Promise<boolean> {
    this.#gesture?.cancel();
    return this.doc.undone.length === 0 ? Promise.resolve(false) : this.#queue.redo();
  }

  /** Undoes or redoes until `step` is the last that is done; 0 for the state before the first. */
  async jump(step: number): Promise<void> {
    const back = this.doc.done.filter((entry) => entry.step > step).length;
    const ahead = this.doc.undone.filter((entry) => entry.step <= step).length;
    const steps = Array.from({ length: back || ahead }, () => (back > 0 ? this.#queue.undo() : this.#queue.redo()));
    await Promise.all(steps);
  }

  /** Any other call that changes the project: placing clips, importing markers. */
  call(send: (version: number) => Promise<ProjectUpdate>): Promise<boolean> {
    this.#gesture?.cancel();
    return this.#queue.call(send);
  }

  select(ids: Iterable<string>): void {
    this.selection = new Set(ids);
  }

  /** After the connection was lost and found. */
  refresh(): Promise<void> {
    return this.#queue.refresh();
  }

  rename(name: string): void {
    this.doc = { ...this.doc, name };
  }

  dispose(): void {
    void this.#gesture?.commit();
    this.#stop();
  }

  #changed(next: ProjectDocument): void {
    this.unsaved = this.#queue.pending;
    const over = this.#gesture?.alive ? this.#gesture.shown : null;
    this.doc = { ...next, name: this.doc.name, state: over ?? next.state };
    this.#prune();
  }

  #drawn(state: ProjectState, over: boolean): void {
    if (over) this.#gesture = null;
    this.dragging = !over;
    this.doc = { ...this.doc, state };
    if (over) this.#prune();
  }

  /** What is gone is not selected. */
  #prune(): void {
    const { clips, markers } = this.doc.state;
    const left = [...this.selection].filter((id) => Object.hasOwn(clips, id));
    if (left.length !== this.selection.size) this.selection = new Set(left);
    if (this.marker !== null && !Object.hasOwn(markers, this.marker)) this.marker = null;
  }
}

class DragGesture implements Gesture {
  readonly from: ProjectState;
  readonly #queue: EditQueue;
  readonly #label: string;
  readonly #draw: (state: ProjectState, over: boolean) => void;
  readonly #ground: number;
  #changes: readonly Change[] = [];
  /** What was saved on the way. */
  #saved: Change[] | null = null;
  #savedAt = performance.now();
  #done = false;
  /** Ids of what the gesture makes, in order: a clip that is cut in two at every step has one second half, not one for each step. */
  readonly #made: string[] = [];
  shown: ProjectState;

  constructor(queue: EditQueue, label: string, draw: (state: ProjectState, over: boolean) => void) {
    this.#queue = queue;
    this.#label = label;
    this.#draw = draw;
    this.#ground = queue.ground;
    this.from = queue.state;
    this.shown = queue.state;
  }

  get alive(): boolean {
    return !this.#done && this.#queue.ground === this.#ground;
  }

  update(changes: readonly Change[]): void {
    if (!this.alive) return;
    this.#changes = this.#named(changes);
    this.shown = applyChanges(this.from, this.#changes);
    this.#draw(this.shown, false);
    if (performance.now() - this.#savedAt > SAVE_MS && this.#queue.pending === 0) void this.#save();
  }

  #named(changes: readonly Change[]): readonly Change[] {
    let count = 0;
    return changes.map((change) => {
      if (change.kind !== 'clip' || change.before !== null || change.after === null) return change;
      const id = (this.#made[count] ??= change.id);
      count++;
      return id === change.id ? change : { ...change, id, after: { ...change.after, id } };
    });
  }

  async commit(): Promise<boolean> {
    if (!this.alive) {
      this.#end();
      return false;
    }
    const saved = this.#save();
    this.#end();
    return await saved;
  }

  cancel(): void {
    if (this.#done) return;
    const back = this.alive && this.#saved !== null;
    this.#end();
    if (back) void this.#queue.undo();
  }

  #save(): Promise<boolean> {
    this.#savedAt = performance.now();
    const changes = [...this.#changes];
    const before = this.#saved;
    if (before === changes || (before === null && changes.length === 0)) return Promise.resolve(true);
    this.#saved = changes;
    if (before === null) return this.#queue.edit(this.#label, changes);
    if (changes.length === 0) return this.#queue.undo();
    return this.#queue.amend(this.#label, before, changes);
  }

  #end(): void {
    if (this.#done) return;
    this.#done = true;
    this.#draw(this.#queue.state, true);
  }
}

export const openProject = new OpenDocument((id: string) => ProjectSession.open(id));

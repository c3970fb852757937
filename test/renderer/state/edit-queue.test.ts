/** The queue of edits against a core that is as strict as the real one about versions; only the transport between them is made up. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient, type Answer, type Transport } from '../../../app/contract/api.ts';
import { AppError, toAppError, type ErrorCode } from '../../../app/contract/errors.ts';
import type { Edit, ProjectDocument, ProjectState, ProjectUpdate } from '../../../app/contract/project.ts';
import { applyChanges, invert, staleChange } from '../../../app/core/sequence/apply.ts';
import { addMarker, changeMarker } from '../../../app/core/sequence/edits.ts';
import { EditQueue } from '../../../app/renderer/state/edit-queue.ts';

class Core implements Transport {
  version = 1;
  state: ProjectState = { settings: {} as ProjectState['settings'], clips: {}, markers: {} };
  done: Edit[] = [];
  undone: Edit[] = [];
  calls: string[] = [];
  /** What the next call of an edit answers instead, after or before doing it. */
  fail: { code: ErrorCode; after: boolean } | null = null;
  /** So many times reading the document fails because the connection is lost again. */
  unread = 0;
  push: (update: ProjectUpdate) => void = () => {};

  get document(): ProjectDocument {
    const { version, state } = this;
    return structuredClone({ id: 'p', name: 'P', version, state, done: this.#steps(this.done), undone: [] });
  }

  #steps(edits: readonly Edit[]) {
    return edits.map(({ label }, i) => ({ step: i + 1, label, at: '' }));
  }

  async invoke(method: string, params: unknown): Promise<Answer> {
    await new Promise((resolve) => setTimeout(resolve, 1));
    this.calls.push(method);
    if (method === 'project.open' && this.unread-- > 0) throw new AppError('connection-lost', 'planted');
    const fail = method === 'project.open' ? null : this.fail;
    if (fail) this.fail = null;
    try {
      if (fail && !fail.after) throw new AppError(fail.code, 'planted');
      const result = this.#answer(method, structuredClone(params) as { version: number; edit: Edit });
      if (fail?.code === 'connection-lost') throw new AppError('connection-lost', 'planted');
      return { ok: true, result };
    } catch (error) {
      const { code, message } = toAppError(error);
      // A lost connection rejects, as the socket does.
      if (code === 'connection-lost') throw error;
      return { ok: false, error: { code, message } };
    }
  }

  #answer(method: string, { version, edit }: { version: number; edit: Edit }): unknown {
    if (method === 'project.open') return this.document;
    if (version !== this.version) throw new AppError('project-changed', 'stale version');
    if (method === 'project.edit') {
      if (staleChange(this.state, edit.changes)) throw new AppError('bad-edit', 'stale change');
      this.done.push(edit);
      return this.did(edit.changes);
    }
    if (method === 'project.undo') {
      const last = this.done.pop();
      if (!last) throw new AppError('nothing-to-undo', 'nothing');
      this.undone.push(last);
      return this.did(invert(last.changes));
    }
    throw new Error(method);
  }

  did(changes: Edit['changes']): ProjectUpdate {
    this.state = applyChanges(this.state, changes);
    this.version++;
    const update = { id: 'p', version: this.version, changes, done: this.#steps(this.done), undone: [] };
    this.push(structuredClone(update));
    return structuredClone(update);
  }

  listen(): () => void {
    return () => {};
  }
}

function open() {
  const core = new Core();
  const shown: ProjectDocument[] = [];
  const refused: string[] = [];
  const queue = new EditQueue(createClient(core), core.document, {
    changed: (document) => shown.push(document),
    refused: ({ code }) => refused.push(code),
    reconnected: async () => {},
  });
  core.push = (update) => queue.hear(update);
  const names = () => Object.values(queue.state.markers).map(({ name }) => name);
  const add = (name: string) => queue.edit(name, (state) => addMarker(state, { frame: 1, name }));
  return { core, queue, shown, refused, names, add };
}

test('edits are shown at once, sent in order, durable when they resolve', async () => {
  const { core, queue, shown, names, add } = open();
  const [a, b] = [add('a'), add('b')];
  assert.deepEqual(names(), ['a', 'b']);
  assert.deepEqual(core.calls, []);
  assert.deepEqual(await Promise.all([a, b]), [true, true]);
  assert.deepEqual(
    core.done.map(({ label }) => label),
    ['a', 'b'],
  );
  assert.equal(queue.pending, 0);
  assert.equal(shown.at(-1)!.version, 3);
  assert.deepEqual(queue.state.markers, core.state.markers);
});

test('what is done while an undo is under way waits for it', async () => {
  const { core, queue, names, add } = open();
  await add('a');
  const [undone, after] = [queue.undo(), add('b')];
  assert.deepEqual(names(), ['a'], 'nobody here knows yet what the undo does');
  assert.deepEqual(await Promise.all([undone, after]), [true, true]);
  assert.deepEqual(names(), ['b']);
  assert.deepEqual(queue.state.markers, core.state.markers);
});

test('undo pressed more often than there is something to undo: nothing is said, and what comes after stays', async () => {
  const { core, queue, names, refused, add } = open();
  await add('a');
  const [one, two, three, after] = [queue.undo(), queue.undo(), queue.undo(), add('b')];
  assert.deepEqual(await Promise.all([one, two, three, after]), [true, false, false, true]);
  assert.deepEqual([names(), refused, queue.pending], [['b'], [], 0]);
  assert.deepEqual(queue.state.markers, core.state.markers);
});

test('another window: its edit goes below the waiting ones, which stay where they still fit', async () => {
  const { core, queue, refused, names, add } = open();
  const first = add('a');
  core.did(addMarker(core.state, { frame: 9, name: 'foreign' }));
  assert.equal(await first, true);
  assert.deepEqual(names().toSorted(), ['a', 'foreign']);
  assert.deepEqual(refused, []);
  assert.deepEqual(queue.state.markers, core.state.markers);
});

test('another window took away what an edit was about: it is dropped and said', async () => {
  const { core, queue, refused, add } = open();
  await add('a');
  const id = Object.keys(core.state.markers)[0]!;
  core.push = () => {};
  core.did([{ kind: 'marker', id, before: core.state.markers[id]!, after: null }]);
  assert.equal(await queue.edit('rename', (state) => changeMarker(state, id, { name: 'b' })), false);
  assert.deepEqual(refused, ['project-changed']);
  assert.deepEqual(queue.state.markers, {});
});

test('a refused edit takes what was built on it along, and the document is read again', async () => {
  const { core, queue, refused, names, add } = open();
  await add('a');
  core.fail = { code: 'bad-edit', after: false };
  assert.deepEqual(await Promise.all([add('b'), add('c')]), [false, false]);
  assert.deepEqual(refused, ['bad-edit']);
  assert.deepEqual(names(), ['a']);
  assert.equal(await add('d'), true);
  assert.deepEqual(queue.state.markers, core.state.markers);
});

test('a connection lost before or after the core heard: the edit is done once', async () => {
  for (const after of [false, true]) {
    const { core, queue, names, add } = open();
    core.push = () => {};
    core.fail = { code: 'connection-lost', after };
    assert.deepEqual(await Promise.all([add('a'), add('b')]), [true, true]);
    assert.deepEqual(names(), ['a', 'b']);
    assert.equal(core.done.length, 2);
    assert.deepEqual(queue.state.markers, core.state.markers);
  }
});

test('a gesture saved on the way is one step of the history', async () => {
  const { core, queue, names } = open();
  const from = queue.state;
  const before = addMarker(from, { frame: 1, name: 'on the way' });
  const after = addMarker(from, { frame: 5, name: 'at the end' });
  const both = [queue.edit('Move', before), queue.amend('Move', before, after)];
  assert.deepEqual(names(), ['at the end']);
  assert.deepEqual(await Promise.all(both), [true, true]);
  assert.equal(core.done.length, 1);
  assert.deepEqual(queue.state.markers, core.state.markers);
});

test('a connection lost in the midst of saving a gesture: it is saved, not taken back', async () => {
  for (const after of [false, true]) {
    const { core, queue, names } = open();
    core.push = () => {};
    const from = queue.state;
    const before = addMarker(from, { frame: 1, name: 'on the way' });
    await queue.edit('Move', before);
    core.fail = { code: 'connection-lost', after };
    assert.equal(await queue.amend('Move', before, addMarker(from, { frame: 5, name: 'at the end' })), true);
    assert.deepEqual(names(), ['at the end']);
    assert.equal(core.done.length, 1);
    assert.deepEqual(core.state.markers, queue.state.markers, `the core was ${after ? 'half done' : 'not asked'}`);
  }
});

test('a connection that comes back and is lost again takes no edit along', async () => {
  const { core, queue, names, refused, add } = open();
  core.push = () => {};
  core.fail = { code: 'connection-lost', after: true };
  core.unread = 3;
  assert.deepEqual(await Promise.all([add('a'), add('b')]), [true, true]);
  assert.deepEqual([names(), refused], [['a', 'b'], []]);
  assert.deepEqual(queue.state.markers, core.state.markers);
});

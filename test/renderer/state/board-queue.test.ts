/** The queue of a board's edits against a core that is as strict as the real one about versions; only the transport between them is made up. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient, type Answer, type Transport } from '../../../app/contract/api.ts';
import { AppError, toAppError, type ErrorCode } from '../../../app/contract/errors.ts';
import type { Board, BoardDocument } from '../../../app/contract/morph.ts';
import { BoardQueue, type BoardChange } from '../../../app/renderer/state/board-queue.ts';

interface Params {
  version: number;
  label: string;
  board: Board;
}

const FIRST = { name: '', keyframes: [], gaps: [], loop: false } as unknown as Board;

class Core implements Transport {
  version = 1;
  steps: { label: string; board: Board }[] = [{ label: '', board: FIRST }];
  at = 0;
  calls: string[] = [];
  /** What the next edit answers instead, after or before doing it. */
  fail: { code: ErrorCode; after: boolean } | null = null;

  get document(): BoardDocument {
    const { version, steps, at } = this;
    return structuredClone({
      ...{ id: 'b', version, board: steps[at]!.board },
      ...{ undo: at > 0 ? steps[at]!.label : null, redo: steps[at + 1]?.label ?? null },
    });
  }

  async invoke(method: string, params: unknown): Promise<Answer> {
    await new Promise((resolve) => setTimeout(resolve, 1));
    this.calls.push(method);
    const fail = method === 'board.edit' ? this.fail : null;
    if (fail) this.fail = null;
    try {
      if (fail && !fail.after) throw new AppError(fail.code, 'planted');
      const result = this.#answer(method, structuredClone(params) as Params);
      if (fail) throw new AppError(fail.code, 'planted');
      return { ok: true, result };
    } catch (error) {
      const { code, message } = toAppError(error);
      // A lost connection rejects, as the socket does.
      if (code === 'connection-lost') throw error;
      return { ok: false, error: { code, message } };
    }
  }

  #answer(method: string, { version, label, board }: Params): BoardDocument {
    if (method === 'board.open') return this.document;
    if (version !== this.version) throw new AppError('board-changed', 'stale version');
    if (method === 'board.edit') this.edit(label, board);
    else {
      const to = this.at + (method === 'board.undo' ? -1 : 1);
      if (!this.steps[to]) throw new AppError('nothing-to-undo', 'nothing');
      this.at = to;
      this.version++;
    }
    return this.document;
  }

  edit(label: string, board: Board): void {
    this.steps = [...this.steps.slice(0, this.at + 1), { label, board }];
    this.at++;
    this.version++;
  }

  listen(): () => void {
    return () => {};
  }
}

function setup() {
  const core = new Core();
  const refused: string[] = [];
  const queue = new BoardQueue(createClient(core), core.document, {
    changed: () => {},
    refused: ({ code }) => refused.push(code),
    reconnected: () => Promise.resolve(),
  });
  return { core, queue, refused };
}

/** Writes a letter at the end of the name. */
const write =
  (letter: string): BoardChange =>
  (board) => ({ ...board, name: board.name + letter });

test('edits are shown at once and durable in their order', async () => {
  const { core, queue } = setup();
  const done = [queue.edit('a', write('a')), queue.edit('b', write('b'))];
  assert.deepEqual([queue.board.name, queue.pending, queue.undoLabel], ['ab', 2, 'b']);
  assert.deepEqual(await Promise.all(done), [true, true]);
  assert.deepEqual([core.document.board.name, core.version, queue.document.version], ['ab', 3, 3]);
  assert.equal(await queue.edit('nothing', (board) => board), true);
  assert.equal(core.version, 3);
});

test('undo and redo wait for what was done before them', async () => {
  const { queue } = setup();
  void queue.edit('a', write('a'));
  void queue.edit('b', write('b'));
  assert.equal(await queue.undo(), true);
  assert.deepEqual([queue.board.name, queue.undoLabel, queue.redoLabel], ['a', 'a', 'b']);
  const redone = queue.redo();
  void queue.edit('c', write('c'));
  await redone;
  while (queue.pending > 0) await new Promise((resolve) => setTimeout(resolve, 2));
  assert.equal(queue.board.name, 'abc');
  assert.equal(await queue.redo(), false);
});

test('an arrow key that is held is one edit', async () => {
  const { core, queue } = setup();
  const all = [1, 2, 3].map(() => queue.edit('more', write('x'), 'frames a'));
  assert.equal(queue.board.name, 'xxx');
  queue.flush();
  assert.deepEqual(await Promise.all(all), [true, true, true]);
  assert.equal(core.version, 2);
  // Something else ends the waiting.
  void queue.edit('more', write('y'), 'frames a');
  await queue.edit('other', write('z'));
  assert.deepEqual([core.document.board.name, core.version], ['xxxyz', 4]);
});

test("another window's edit goes below what is on its way", async () => {
  const { core, queue, refused } = setup();
  core.edit('theirs', { ...FIRST, name: 'T' });
  const mine = queue.edit('mine', write('m'));
  assert.equal(await mine, true);
  assert.deepEqual([queue.board.name, core.document.board.name, refused], ['Tm', 'Tm', []]);
  core.edit('theirs again', { ...FIRST, name: 'U' });
  queue.hear(core.document);
  assert.equal(queue.board.name, 'U');
  queue.hear({ ...core.document, version: 1, board: FIRST });
  assert.equal(queue.board.name, 'U');
});

test('what is refused is taken back and said; what comes after it stays', async () => {
  const { core, queue, refused } = setup();
  core.fail = { code: 'bad-edit', after: false };
  const done = [queue.edit('bad', write('a')), queue.edit('good', write('b'))];
  assert.deepEqual(await Promise.all(done), [false, true]);
  assert.deepEqual([queue.board.name, core.document.board.name, refused], ['b', 'b', ['bad-edit']]);
});

test('a connection that breaks costs no edit and does none twice', async () => {
  for (const after of [false, true]) {
    const { core, queue, refused } = setup();
    core.fail = { code: 'connection-lost', after };
    assert.equal(await queue.edit('a', write('a')), true);
    assert.deepEqual([core.document.board.name, queue.board.name, core.version, refused], ['a', 'a', 2, []]);
  }
});

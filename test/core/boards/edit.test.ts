import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Board } from '../../../app/contract/morph.ts';
import { createBoard, editBoard, readBoard, redoBoard, removeBoard, undoBoard } from '../../../app/core/boards/edit.ts';
import { filmFrames } from '../../../app/core/boards/problem.ts';
import { listedBoards } from '../../../app/core/boards/rows.ts';
import { HISTORY_LIMITS } from '../../../app/core/boards/step-rows.ts';
import { openLibrary } from '../../../app/core/library/db.ts';
import { tempFolder } from '../../support/command.ts';
import { boardOf, gap } from './boards-fixture.ts';

test('edits, undo and redo lead there and back exactly, across restarts', (t) => {
  const database = join(tempFolder(t), 'library.db');
  let db = openLibrary({ database });
  const reopen = (): void => {
    db.close();
    db = openLibrary({ database });
  };
  t.after(() => db.close());
  const first = boardOf([]);
  let doc = createBoard(db, first);
  const { id } = doc;
  assert.deepEqual([doc.undo, doc.redo, doc.version], [null, null, 0]);
  const boards: Board[] = [
    first,
    boardOf(['/a.png', '/b.png']),
    boardOf(['/a.png', '/b.png'], { gaps: [gap({ frames: 14, takes: [1, 7], take: 1 }), gap()] }),
    boardOf(['/a.png', '/b.png'], { loop: true, name: 'Other' }),
  ];
  for (const [i, board] of boards.slice(1).entries()) {
    doc = editBoard(db, id, doc.version, { label: `Edit ${i + 1}`, board });
  }
  assert.deepEqual([doc.undo, doc.redo, doc.version], ['Edit 3', null, 3]);
  assert.deepEqual(editBoard(db, id, 3, { label: 'Nothing', board: structuredClone(doc.board) }), doc);
  reopen();
  assert.deepEqual(readBoard(db, id), doc);
  for (const board of boards.toReversed().slice(1)) {
    doc = undoBoard(db, id, doc.version);
    assert.deepEqual(doc.board, board);
    reopen();
    assert.deepEqual(readBoard(db, id), doc);
  }
  assert.deepEqual([doc.undo, doc.redo, doc.version], [null, 'Edit 1', 6]);
  assert.throws(() => undoBoard(db, id, 6), { code: 'nothing-to-undo' });
  for (const board of boards.slice(1)) {
    doc = redoBoard(db, id, doc.version);
    assert.deepEqual(doc.board, board);
  }
  assert.throws(() => redoBoard(db, id, doc.version), { code: 'nothing-to-undo' });
  doc = undoBoard(db, id, doc.version);
  doc = editBoard(db, id, doc.version, { label: 'Other way', board: boardOf(['/c.png']) });
  assert.deepEqual([doc.undo, doc.redo], ['Other way', null]);
  assert.equal(undoBoard(db, id, doc.version).board.gaps[0]!.frames, 14);
});

test('what is no board, or out of date, is refused and changes nothing', (t) => {
  using db = openLibrary({ database: join(tempFolder(t), 'library.db') });
  const two = boardOf(['/a.png', '/b.png']);
  const doc = createBoard(db, two);
  const edit = (board: Board, version = 0) => editBoard(db, doc.id, version, { label: 'x', board });
  const long = boardOf(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => `/${name}.png`));
  const refused: [Board, RegExp][] = [
    [{ ...two, gaps: [gap()] }, /2 keyframes and 1 gaps/],
    [{ ...two, gaps: [gap({ take: 1 }), gap()] }, /Gap 1 shows take 2, and has 1/],
    [{ ...two, gaps: [gap({ takes: [5, 5] }), gap()] }, /Gap 1 has the same take twice/],
    [{ ...two, keyframes: [two.keyframes[0]!, two.keyframes[0]!] }, /one id/],
    [{ ...two, fps: { num: 2000, den: 1 } }, /1000 frames a second/],
    [{ ...long, gaps: long.gaps.map(() => gap({ frames: 10_000 })) }, /at most 50000 frames/],
  ];
  for (const [board, message] of refused) assert.throws(() => edit(board), { code: 'bad-edit', message });
  assert.throws(() => edit(two, 1), { code: 'board-changed' });
  assert.throws(() => undoBoard(db, doc.id, 1), { code: 'board-changed' });
  assert.throws(() => readBoard(db, 'nobody'), { code: 'board-unknown' });
  assert.deepEqual(readBoard(db, doc.id), doc);
});

test('a film has the frames of the gaps that count', () => {
  const gaps = [gap({ frames: 14 }), gap({ frames: 0 }), gap({ frames: 5 })];
  const three = boardOf(['/a', '/b', '/c'], { gaps });
  assert.equal(filmFrames(three), 17);
  assert.equal(filmFrames({ ...three, loop: true }), 22);
  assert.equal(filmFrames(boardOf(['/a'], { loop: true })), 1);
  assert.equal(filmFrames(boardOf([])), 0);
});

test('an unreadable board is listed, can be removed, and spoils no other; the history is bounded', (t) => {
  using db = openLibrary({ database: join(tempFolder(t), 'library.db') });
  const [bad, good] = [createBoard(db, boardOf(['/a.png'])), createBoard(db, boardOf(['/b.png'], { name: 'Good' }))];
  db.run(`UPDATE boards SET board = '{"name":1}' WHERE id = ?`, bad.id);
  assert.deepEqual(
    listedBoards(db).map(({ name }) => name),
    ['Good', 'Test'],
  );
  assert.throws(() => readBoard(db, bad.id), { code: 'database' });
  assert.equal(readBoard(db, good.id).board.name, 'Good');
  removeBoard(db, bad.id);
  assert.throws(() => removeBoard(db, bad.id), { code: 'board-unknown' });

  db.write(() => {
    for (let i = 0; i < HISTORY_LIMITS.steps + 20; i++) {
      const board = boardOf(['/b.png'], { name: String(i) });
      editBoard(db, good.id, i, { label: String(i), board });
    }
  });
  let undone = 0;
  let doc = readBoard(db, good.id);
  db.write(() => {
    for (; doc.undo !== null; undone++) doc = undoBoard(db, good.id, doc.version);
  });
  assert.equal(undone, HISTORY_LIMITS.steps);
  assert.equal(doc.board.name, '19');
  db.run(`UPDATE board_steps SET boards = x'00'`);
  assert.throws(() => redoBoard(db, good.id, doc.version), { code: 'database' });
  assert.deepEqual(readBoard(db, good.id).board, doc.board);
});

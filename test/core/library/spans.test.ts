import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { SPAN_RULES, type ClipTags, type Span, type SpanEdit, type SpanFact } from '../../../app/contract/tags.ts';
import { openHome } from '../../../app/core/base/home.ts';
import { deleteClip, insertClip } from '../../../app/core/library/clip-rows.ts';
import { openLibrary, type Library } from '../../../app/core/library/db.ts';
import { editSpans, judgeSpans, redoSpans, undoSpans } from '../../../app/core/library/span-history.ts';
import { clipTags, finishRun, forgetEngine, labelCounts, replaceFound } from '../../../app/core/library/span-rows.ts';
import { appendScores, beginRun, type TagRunRow } from '../../../app/core/library/tag-runs.ts';
import { random } from '../../support/random.ts';

const folder = mkdtempSync(join(tmpdir(), 'inbetween-tags-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const db = openLibrary(await openHome({ library: folder }));
after(() => db.close());

let clips = 0;
function newClip(): string {
  const clip = insertClip(db, { path: `/films/${clips++}.mp4`, bytes: 1, mtimeNs: '1', named: true });
  db.run('UPDATE clips SET duration = 20 WHERE id = ?', clip);
  return clip;
}

function begin(clip: string, engine = 'e', version = '1'): TagRunRow {
  const run = { labels: ['jump', 'walk'], rules: SPAN_RULES, rate: 5, embedding: 0, content: 'c' };
  return beginRun(db, { clip, engine, version, ...run });
}

const fact = (label: string, start: number, end: number, score = 0.8): SpanFact => ({ label, start, end, score });
const plain = (tags: ClipTags): string[] =>
  tags.spans.map(({ label, start, end, state }) => `${label} ${start}-${end} ${state}`);
const now = (clip: string): string[] => plain(clipTags(db, clip));
const idOf = (clip: string, text: string): string =>
  clipTags(db, clip).spans.find(({ label, start, end }) => `${label} ${start}-${end}` === text)!.id;
const edit = (clip: string, ...edits: SpanEdit[]): ClipTags => editSpans(db, clip, clipTags(db, clip).version, edits);
const undo = (clip: string): ClipTags => undoSpans(db, clip, clipTags(db, clip).version);
const redo = (clip: string): ClipTags => redoSpans(db, clip, clipTags(db, clip).version);

test('edits, undo and redo; a wrong edit changes nothing', () => {
  const clip = newClip();
  finishRun(db, begin(clip), [fact('jump', 1, 3), fact('walk', 2, 8)]);
  const jump = idOf(clip, 'jump 1-3');
  assert.deepEqual(plain(edit(clip, { type: 'accept', id: jump })), ['jump 1-3 accepted', 'walk 2-8 found']);
  const changed = edit(
    clip,
    { type: 'change', id: jump, label: ' run  away ', start: 1.5 },
    { type: 'split', id: jump, at: 2 },
  );
  assert.deepEqual(plain(changed), ['run away 1.5-2 accepted', 'run away 2-3 accepted', 'walk 2-8 found']);
  assert.deepEqual(
    changed.spans.map(({ score, engine }) => [score, engine]),
    [
      [null, 'e'],
      [null, 'e'],
      [0.8, 'e'],
    ],
  );
  assert.deepEqual(plain(edit(clip, { type: 'mark', label: 'wave', start: 19, end: 25 })).slice(-1), [
    'wave 19-20 marked',
  ]);
  const full = now(clip);
  for (const wrong of [
    { type: 'mark', label: 'wave', start: 20, end: 21 },
    { type: 'mark', label: '  ', start: 1, end: 2 },
    { type: 'mark', label: 'wave', start: 3, end: 3 },
    { type: 'split', id: jump, at: 3 },
    { type: 'change', id: jump, end: 1 },
    { type: 'reset', id: idOf(clip, 'wave 19-20') },
    { type: 'accept', id: 'nobody' },
  ] as const) {
    const code = wrong.type === 'accept' ? 'span-unknown' : 'bad-span';
    assert.throws(
      () => edit(clip, { type: 'mark', label: 'x', start: 1, end: 2 }, wrong),
      { code },
      JSON.stringify(wrong),
    );
  }
  assert.deepEqual(now(clip), full);
  assert.deepEqual(plain(edit(clip, { type: 'reset', id: jump })).slice(0, 2), ['jump 1-3 found', 'walk 2-8 found']);
  assert.deepEqual(plain(undo(clip)), full, 'both halves came back');
  undo(clip);
  undo(clip);
  const first = undo(clip);
  assert.deepEqual([plain(first), first.canUndo, first.canRedo], [['jump 1-3 found', 'walk 2-8 found'], false, true]);
  assert.throws(() => undo(clip), { code: 'nothing-to-undo' });
  redo(clip);
  redo(clip);
  assert.deepEqual(plain(redo(clip)), full);
  edit(clip, { type: 'remove', id: idOf(clip, 'wave 19-20') }, { type: 'remove', id: idOf(clip, 'walk 2-8') });
  assert.equal(clipTags(db, clip).canRedo, false);
  edit(clip, { type: 'mark', label: 'WAVE', start: 3, end: 4 });
  assert.ok(now(clip).includes('wave 3-4 marked'), 'a known label as it is known');
  undo(clip);
  assert.deepEqual(now(clip), ['run away 1.5-2 accepted', 'run away 2-3 accepted']);
});

test('an edit is refused when another person came between, not when an engine did', () => {
  const clip = newClip();
  const run = begin(clip);
  replaceFound(db, run, [fact('jump', 1, 3)]);
  const { version, spans } = clipTags(db, clip);
  assert.equal(replaceFound(db, run, [fact('jump', 1, 3)]), false, 'nothing new');
  assert.equal(clipTags(db, clip).version, version);
  replaceFound(db, run, [fact('jump', 1, 3, 0.7), fact('walk', 4, 6)]);
  assert.deepEqual(plain(editSpans(db, clip, version, [{ type: 'accept', id: spans[0]!.id }])).length, 2);
  assert.throws(() => editSpans(db, clip, version, [{ type: 'reject', id: spans[0]!.id }]), { code: 'tags-changed' });
  assert.throws(() => undoSpans(db, clip, version), { code: 'tags-changed' });
  assert.throws(() => editSpans(db, clip, 99, [{ type: 'reject', id: spans[0]!.id }]), { code: 'tags-changed' });
});

test('what a person said survives reruns of the engine, and what was taken back brings out what the engine says by now', () => {
  const clip = newClip();
  finishRun(db, begin(clip), [fact('jump', 1, 3), fact('jump', 5, 7), fact('walk', 2, 8), fact('walk', 10, 12)]);
  edit(clip, { type: 'change', id: idOf(clip, 'jump 1-3'), label: 'hop' });
  edit(clip, { type: 'remove', id: idOf(clip, 'jump 5-7') });
  edit(clip, { type: 'reject', id: idOf(clip, 'walk 10-12') });
  const again = begin(clip, 'e', '2');
  replaceFound(db, again, [fact('jump', 0, 1)]);
  assert.deepEqual(now(clip), ['hop 1-3 accepted', 'walk 2-8 found', 'walk 10-12 rejected'], 'until it is finished');
  finishRun(db, again, [
    fact('jump', 1.2, 3),
    fact('jump', 6, 7.4),
    fact('jump', 15, 16),
    fact('walk', 9, 13),
    fact('walk', 14, 15),
  ]);
  assert.deepEqual(now(clip), ['hop 1-3 accepted', 'walk 10-12 rejected', 'walk 14-15 found', 'jump 15-16 found']);
  assert.deepEqual(plain(undo(clip)), ['hop 1-3 accepted', 'walk 9-13 found', 'walk 14-15 found', 'jump 15-16 found']);
  undo(clip);
  assert.ok(now(clip).includes('jump 6-7.4 found'));
  undo(clip);
  assert.ok(now(clip).includes('jump 1.2-3 found'));
  const { runs, spans } = clipTags(db, clip);
  assert.deepEqual([runs.length, new Set(spans.map(({ version }) => version)).size], [1, 1]);
  finishRun(db, begin(clip, 'other'), [fact('jump', 1, 2)]);
  assert.equal(clipTags(db, clip).runs.length, 2);
  assert.ok(forgetEngine(db, 'e').includes(clip));
  assert.deepEqual(now(clip), ['jump 1-2 found']);
});

test('judging many: one step a clip, and what is as asked is passed over', () => {
  const [one, two] = [newClip(), newClip()];
  for (const clip of [one, two]) finishRun(db, begin(clip), [fact('jump', 1, 3), fact('walk', 2, 8)]);
  edit(two, { type: 'mark', label: 'wave', start: 1, end: 2 });
  const ids = [one, two].flatMap((clip) => clipTags(db, clip).spans.map(({ id }) => id));
  assert.deepEqual(judgeSpans(db, [...ids, 'nobody', ids[0]!], 'accepted'), { changed: 4, clips: [one, two] });
  assert.equal(judgeSpans(db, ids, 'accepted').changed, 0);
  assert.equal(judgeSpans(db, ids, 'rejected').changed, 5);
  assert.deepEqual(now(two), ['wave 1-2 rejected', 'jump 1-3 rejected', 'walk 2-8 rejected']);
  assert.equal(judgeSpans(db, ids, 'found').changed, 5);
  assert.deepEqual(now(two), ['wave 1-2 marked', 'jump 1-3 found', 'walk 2-8 found']);
  undo(one);
  undo(one);
  assert.deepEqual(now(one), ['jump 1-3 accepted', 'walk 2-8 accepted']);
  edit(two, { type: 'split', id: idOf(two, 'walk 2-8'), at: 5 });
  finishRun(db, begin(two, 'other'), [fact('jump', 2, 4)]);
  const all = clipTags(db, two).spans.map(({ id }) => id);
  judgeSpans(db, all, 'accepted');
  assert.deepEqual(now(two), ['wave 1-2 marked', 'jump 1-3 accepted', 'walk 2-5 accepted', 'walk 5-8 accepted']);
  judgeSpans(db, all, 'found');
  assert.deepEqual(now(two), ['wave 1-2 marked', 'jump 1-3 found', 'jump 2-4 found', 'walk 2-8 found']);
});

test('a clip that is removed takes its runs, scores, spans and history along', () => {
  const clip = newClip();
  const run = begin(clip, 'gone');
  appendScores(db, run, 0, new Float32Array(10), null, new Uint8Array(3));
  finishRun(db, run, [fact('only here', 1, 3)]);
  edit(clip, { type: 'accept', id: idOf(clip, 'only here 1-3') });
  const rows = (table: string, where: string): number =>
    db.run(
      `UPDATE ${table} SET ${where} = ${where} WHERE ${where} = ?`,
      table.endsWith('s') && where === 'run' ? run.number : run.clipNumber,
    );
  const count = (): number[] => [
    ...[rows('tag_scores', 'run'), rows('tag_states', 'run'), rows('tag_runs', 'clip'), rows('tag_spans', 'clip')],
    ...[rows('tag_steps', 'clip'), rows('tag_versions', 'clip')],
  ];
  assert.deepEqual(count(), [1, 1, 1, 2, 1, 1]);
  assert.ok(labelCounts(db).some(({ label }) => label === 'only here'));
  deleteClip(db, clip);
  assert.deepEqual(count(), [0, 0, 0, 0, 0, 0]);
  assert.ok(!labelCounts(db).some(({ label }) => label === 'only here'));
  assert.throws(() => appendScores(db, run, 5, new Float32Array(10), null, null), { code: 'run-unknown' });
  assert.throws(() => replaceFound(db, run, []), { code: 'run-unknown' });
  assert.throws(() => clipTags(db, clip), { code: 'clip-unknown' });
});

/** The spans people are responsible for. */
const said = (spans: readonly Span[]): Span[] => spans.filter(({ state }) => state !== 'found');
const overlap = (a: Span | SpanFact, b: Span | SpanFact): boolean =>
  a.label === b.label && a.start < b.end - 1e-6 && a.end > b.start + 1e-6;

/**
 * [Note: who said so] under random edits, reruns, other rules, undo and redo: engines change nothing of a person's; a found span never lies on a person's of its
 * label; what is shown as found is what the engine last said; undoing everything leaves just that.
 */
function live(library: Library, seed: number): void {
  const next = random(seed);
  const pick = <T>(all: readonly T[]): T => all[Math.floor(next() * all.length)]!;
  const clip = newClip();
  const labels = ['jump', 'walk', 'hop'];
  const facts = (): SpanFact[] =>
    labels.flatMap((label) => {
      let at = next() * 3;
      return Array.from({ length: Math.floor(next() * 5) }, () => {
        const start = at;
        at += 0.2 + next() * 3;
        const span = fact(label, start, at, next());
        at += 0.1 + next();
        return span;
      });
    });
  const saying = new Map<string, SpanFact[]>();
  let steps: Span[][] = [];
  let undone: Span[][] = [];
  const check = (tags: ClipTags): void => {
    const found = tags.spans.filter(({ state }) => state === 'found');
    for (const span of found) {
      const theirs = saying.get(span.engine!)!;
      assert.ok(theirs.some((one) => one.label === span.label && one.start === span.start && one.end === span.end));
      assert.ok(!said(tags.spans).some((one) => overlap(one, span)), 'a found span lies on a person’s');
    }
    assert.equal(new Set(tags.spans.map(({ id }) => id)).size, tags.spans.length);
    assert.deepEqual([tags.canUndo, tags.canRedo], [steps.length > 0, undone.length > 0]);
  };
  for (let round = 0; round < 40; round++) {
    const before = clipTags(library, clip);
    const roll = next();
    if (roll < 0.25) {
      const engine = pick(['e', 'taught:hop']);
      const run = begin(clip, engine, String(round));
      saying.set(engine, facts());
      finishRun(library, run, saying.get(engine)!);
      assert.deepEqual(said(clipTags(library, clip).spans), said(before.spans), 'a rerun left all that was said');
    } else if (roll < 0.35 && steps.length > 0) {
      undone.push(said(before.spans));
      assert.deepEqual(said(undo(clip).spans), steps.pop());
    } else if (roll < 0.45 && undone.length > 0) {
      steps.push(said(before.spans));
      assert.deepEqual(said(redo(clip).spans), undone.pop());
    } else {
      const span = before.spans.length > 0 ? pick(before.spans) : undefined;
      const type = span ? pick(['mark', 'accept', 'reject', 'remove', 'reset', 'change', 'split'] as const) : 'mark';
      const start = next() * 15;
      const id = span?.id ?? '';
      const one: SpanEdit =
        type === 'mark'
          ? { type, label: pick(labels), start, end: start + 0.1 + next() * 3 }
          : type === 'split'
            ? { type, id, at: (span!.start + span!.end) / 2 }
            : type === 'change'
              ? { type, id, label: pick([undefined, ...labels]), start: pick([undefined, span!.start / 2]) }
              : { type, id };
      try {
        const { version } = edit(clip, one);
        if (version !== before.version) {
          steps.push(said(before.spans));
          undone = [];
        }
      } catch (error) {
        assert.match(String((error as { code?: string }).code), /^bad-span$/, JSON.stringify(one));
        assert.deepEqual(clipTags(library, clip), before);
      }
    }
    check(clipTags(library, clip));
  }
  while (steps.length > 0) assert.deepEqual(said(undo(clip).spans), steps.pop());
  const last = clipTags(library, clip);
  assert.deepEqual(said(last.spans), []);
  assert.equal(last.spans.length, [...saying.values()].flat().length, 'all the engines say, and nothing else');
}

const SEEDS = Number(process.env.INBETWEEN_SEEDS ?? 20);

test('nothing a person said is overwritten, whatever happens', () => {
  // One transaction each: what is tested is not the disk.
  for (let seed = 1; seed <= SEEDS; seed++) db.write(() => live(db, seed));
});

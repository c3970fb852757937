import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Span, TagRun } from '../../../app/contract/tags.ts';
import { SPAN_RULES } from '../../../app/contract/tags.ts';
import { beside, grown, lanesOf, marked, moved, renamed, withEdge } from '../../../app/renderer/tags/lanes.ts';

const span = (id: string, label: string, start: number, end: number): Span => ({
  ...{ id, clip: 'c', label, start, end, score: 0.5 },
  ...{ state: 'found', engine: 'e', version: '1' },
});
const run = (id: string, at: string, labels: string[]): TagRun => ({
  ...{ id, clip: 'c', engine: 'e', version: '1', labels, rules: SPAN_RULES },
  ...{ rate: 5, scores: 10, until: 2, finished: true, at },
});
const spans = [span('b', 'jump', 3, 4), span('a', 'walk', 1, 5), span('c', 'jump', 6, 7)];

test('lanes that are there stay where they are; new ones come after them, those with spans first', () => {
  assert.deepEqual(grown([], { spans }, ['clap', 'walk']), ['jump', 'walk', 'clap']);
  assert.deepEqual(grown(['clap', 'walk'], { spans }, []), ['clap', 'walk', 'jump']);
});

test('a lane has the newest run that knows its label, and its own spans', () => {
  const runs = [run('old', '2026-01-01', ['jump', 'walk']), run('new', '2026-02-01', ['jump'])];
  const lanes = lanesOf(runs, spans, ['walk', 'jump', 'mine']);
  assert.deepEqual(
    lanes.map((lane) => [lane.label, lane.run?.id ?? null, lane.spans.map(({ id }) => id).join('')]),
    [
      ['walk', 'old', 'a'],
      ['jump', 'new', 'bc'],
      ['mine', null, ''],
    ],
  );
});

test('next and previous go by start, from the selected span or from the playhead', () => {
  assert.equal(beside(spans, 'a', 0, 1)?.id, 'b');
  assert.equal(beside(spans, 'a', 0, -1), undefined);
  assert.equal(beside(spans, null, 3.5, 1)?.id, 'c');
  assert.equal(beside(spans, null, 3.5, -1)?.id, 'b');
  assert.equal(beside(spans, 'gone', 0, 1)?.id, 'a');
});

test('ends stay within the clip and never pass each other', () => {
  const ends = { start: 2, end: 3 };
  assert.deepEqual(withEdge(ends, 'start', 9, 10, 0.1), { start: 2.9, end: 3 });
  assert.deepEqual(withEdge(ends, 'start', -1, 10, 0.1), { start: 0, end: 3 });
  assert.deepEqual(withEdge(ends, 'end', 0, 10, 0.5), { start: 2, end: 2.5 });
  assert.deepEqual(withEdge(ends, 'end', 99, 10, 0.5), { start: 2, end: 10 });
  assert.deepEqual(moved(ends, -5, 10), { start: 0, end: 1 });
  assert.deepEqual(moved(ends, 50, 10), { start: 9, end: 10 });
});

test('a mark may be made backwards, and nothing is no mark', () => {
  assert.deepEqual(marked(3, 1, 10), { start: 1, end: 3 });
  assert.equal(marked(3, 3, 10), null);
  assert.deepEqual(marked(9, 12, 10), { start: 9, end: 10 });
});

test('what is said of a span that has grown meanwhile is said of what it has become', () => {
  const accept = { type: 'accept', id: 'b' } as const;
  const grownSpan = span('d', 'jump', 3, 5);
  assert.deepEqual(renamed(accept, spans, [grownSpan]), { type: 'accept', id: 'd' });
  assert.equal(renamed(accept, spans, spans), accept);
  assert.equal(renamed(accept, spans, [span('e', 'walk', 3, 5)]), accept);
  assert.equal(renamed(accept, spans, [{ ...grownSpan, state: 'rejected' }]), accept);
});

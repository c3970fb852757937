import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { SPAN_RULES, type SpanOrder } from '../../../app/contract/tags.ts';
import { openHome } from '../../../app/core/base/home.ts';
import { insertClip } from '../../../app/core/library/clip-rows.ts';
import { tagClips } from '../../../app/core/library/clip-tags.ts';
import { openLibrary } from '../../../app/core/library/db.ts';
import { editSpans } from '../../../app/core/library/span-history.ts';
import { clipTags, replaceFound } from '../../../app/core/library/span-rows.ts';
import { spansById } from '../../../app/core/library/span-search.ts';
import { beginRun } from '../../../app/core/library/tag-runs.ts';
import { searchSpans } from '../../../app/core/tags/find.ts';
import { parseQuery } from '../../../app/core/tags/query.ts';

const folder = mkdtempSync(join(tmpdir(), 'inbetween-query-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const db = openLibrary(await openHome({ library: folder }));
after(() => db.close());

/** Two clips: beach 2.mp4 at 25 frames a second, tagged 'Night', and Étude 10.mov at 120. */
const beach = insertClip(
  db,
  { path: '/films/Summer/beach 2.mp4', bytes: 1, mtimeNs: '1', named: true },
  Date.parse('2026-03-05T12:00'),
);
const study = insertClip(
  db,
  { path: '/films/studies/Étude 10.mov', bytes: 1, mtimeNs: '1', named: true },
  Date.parse('2026-11-20T12:00'),
);
db.run('UPDATE clips SET rate = 25, duration = 60 WHERE id = ?', beach);
db.run('UPDATE clips SET rate = 120000 / 1001.0, duration = 60 WHERE id = ?', study);
tagClips(db, [beach], ['Night', 'slow motion'], []);
const labels = ['jump', 'jumping jack', 'walk'];
const run = (clip: string, engine: string) =>
  beginRun(db, { clip, engine, version: '1', content: 'x', labels, rules: SPAN_RULES, rate: 5, embedding: 0 });
replaceFound(
  db,
  run(beach, 'movinet-everyday'),
  [
    { label: 'jump', start: 1, end: 1.8, score: 0.9 },
    { label: 'jumping jack', start: 4, end: 9, score: 0.55 },
    { label: 'walk', start: 10, end: 11, score: 0.42 },
  ],
  1000,
);
replaceFound(db, run(study, 'other'), [{ label: 'walk', start: 0.2, end: 0.6, score: 0.7 }], 2000);
const at = (clip: string, label: string): string => clipTags(db, clip).spans.find((span) => span.label === label)!.id;
editSpans(db, beach, clipTags(db, beach).version, [{ type: 'reject', id: at(beach, 'walk') }]);
editSpans(db, beach, clipTags(db, beach).version, [{ type: 'accept', id: at(beach, 'jumping jack') }]);
editSpans(db, study, clipTags(db, study).version, [{ type: 'mark', label: 'Pas de deux', start: 2, end: 32 }]);

const found = (text: string, order?: SpanOrder): string[] =>
  searchSpans(db, { text, order }, 0, 100).hits.map(({ label, clipName }) => `${label} ${clipName.slice(0, 1)}`);

test('every word of the query', () => {
  const table: Record<string, string[]> = {
    '': ['jump b', 'jumping jack b', 'walk É', 'Pas de deux É'],
    jump: ['jump b', 'jumping jack b'],
    'JUMP beach': ['jump b', 'jumping jack b'],
    'walk|pas': ['walk É', 'Pas de deux É'],
    étude: ['walk É', 'Pas de deux É'],
    'E\u0301TUDE not:walk': ['Pas de deux É'],
    '"jumping jack"': ['jumping jack b'],
    '"jumping ja': ['jumping jack b'],
    night: ['jump b', 'jumping jack b'],
    'not:night': ['walk É', 'Pas de deux É'],
    'not:not:night': ['jump b', 'jumping jack b'],
    'label:jump': ['jump b'],
    'label:jum': [],
    'label:"Jumping Jack"|walk': ['jumping jack b', 'walk É'],
    'label:"Jumping Jack"|LABEL:walk': ['jumping jack b', 'walk É'],
    'not:label:"pas de deux"|jump': ['jumping jack b', 'walk É'],
    'longer:5s': ['jumping jack b', 'Pas de deux É'],
    'longer:0:05': ['jumping jack b', 'Pas de deux É'],
    'longer:.5m': ['Pas de deux É'],
    'shorter:800ms': ['walk É'],
    'longer:400ms shorter:.81': ['jump b', 'walk É'],
    'rate:>50': ['walk É', 'Pas de deux É'],
    'rate:<=25': ['jump b', 'jumping jack b'],
    'rate:119.88': ['walk É', 'Pas de deux É'],
    'score:>0.55': ['jump b', 'walk É'],
    'score:>=55%': ['jump b', 'jumping jack b', 'walk É'],
    'not:score:>0.55': ['jumping jack b', 'Pas de deux É'],
    'is:rejected': ['walk b'],
    'is:accepted|marked': ['jumping jack b', 'Pas de deux É'],
    'not:is:found': ['jumping jack b', 'Pas de deux É'],
    'by:person': ['Pas de deux É'],
    'by:engine is:found|rejected': ['jump b', 'walk b', 'walk É'],
    'engine:MOVINET': ['jump b', 'jumping jack b'],
    'clip:.MOV': ['walk É', 'Pas de deux É'],
    'tag:"slow motion"': ['jump b', 'jumping jack b'],
    'tag:slow': [],
    'in:summer': ['jump b', 'jumping jack b'],
    'folder:\\films': ['jump b', 'jumping jack b', 'walk É', 'Pas de deux É'],
    'in:/films/studies/': ['walk É', 'Pas de deux É'],
    'after:2026-11': ['walk É', 'Pas de deux É'],
    'before:2026-11-20': ['jump b', 'jumping jack b'],
    'after:2026-11-20 before:2026-11-21': ['walk É', 'Pas de deux É'],
    '%': [],
    "';--": [],
  };
  for (const [text, expected] of Object.entries(table)) assert.deepEqual(found(text), expected, text);
});

test('orders, pages, and spans by id', () => {
  assert.deepEqual(found('', 'score'), ['jump b', 'walk É', 'jumping jack b', 'Pas de deux É']);
  assert.deepEqual(found('is:found|accepted|rejected', 'unsure'), ['jumping jack b', 'walk b', 'walk É', 'jump b']);
  assert.deepEqual(found('', 'longest').slice(0, 2), ['Pas de deux É', 'jumping jack b']);
  assert.deepEqual(found('', 'newest').slice(0, 2), ['Pas de deux É', 'walk É']);
  const page = searchSpans(db, { text: '' }, 2, 1);
  assert.deepEqual([page.total, page.clips, page.offset, page.hits.length], [4, 2, 2, 1]);
  const [hit] = page.hits;
  assert.deepEqual(
    { ...hit, id: '' },
    {
      ...{ id: '', clip: study, label: 'walk', start: 0.2, end: 0.6, score: 0.7, state: 'found', engine: 'other' },
      ...{ version: '1', clipName: 'Étude 10.mov', clipPath: '/films/studies/Étude 10.mov', clipDuration: 60 },
    },
  );
  assert.equal(searchSpans(db, { text: '' }, 0, Infinity).hits.length, 4);
  const ids = [hit!.id, 'nobody', at(beach, 'jump')];
  assert.deepEqual(
    spansById(db, ids).map(({ label }) => label),
    ['walk', 'jump'],
  );
});

test('a query as a sentence', () => {
  assert.equal(
    parseQuery('jump longer:1s rate:>50 not:night').understood,
    "Spans about 'jump', at least 1 s long, in clips of more than 50 frames a second, not about 'night'; what was rejected is left out.",
  );
  assert.equal(parseQuery(' ').understood, 'All spans; what was rejected is left out.');
  assert.equal(
    parseQuery('is:rejected|found label:a|"b c" not:score:>80% shorter:1:30 after:2026').understood,
    "Spans that are rejected or found, labelled 'a' or 'b c', not with a score of more than 0.8, shorter than 90 s, in clips added since 2026-01-01.",
  );
});

test('what is not understood is named, with what is possible', () => {
  const table: Record<string, RegExp> = {
    'jump colour:red': /'colour:red'.*no colour:.*label:.*not:/,
    'longer:fast': /'longer:fast'.*longer:1s/,
    'longer:1parsec': /'longer:1parsec'/,
    'score:>1.5': /'score:>1.5'/,
    'rate:': /'rate:' says nothing/,
    'not:': /'not:' says nothing/,
    '""': /says nothing/,
    'is:found|good': /'is:found\|good'.*found, accepted, rejected, marked/,
    'label:walk|tag:night': /'label:walk\|tag:night'.*label:walk\|run/,
    'walk|not:label:run': /"not:label:run" in quotes/,
    'by:me': /'by:me'.*person, engine/,
    'after:2026-02-30': /'after:2026-02-30'/,
    'before:yesterday': /2026-11/,
    'constructor:x': /no constructor:/,
    [Array.from({ length: 40 }, () => 'a').join(' ')]: /at most 32 words/,
    [`label:${Array.from({ length: 40 }, () => 'a').join('|')}`]: /more than 32/,
  };
  for (const [text, message] of Object.entries(table)) {
    assert.throws(() => searchSpans(db, { text }, 0, 1), { code: 'bad-query', message }, text);
  }
});

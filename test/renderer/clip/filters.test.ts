import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SCHEMAS } from '../../../app/core/studio/schemas.ts';
import { FILTERS, isFiltered, NOTHING, queryOf } from '../../../app/renderer/clip/filters.ts';

test('what is chosen becomes a query', () => {
  assert.deepEqual(queryOf(NOTHING), { order: 'added', descending: true });
  assert.equal(isFiltered(NOTHING), false);
  const chosen = {
    ...NOTHING,
    text: '  dog  ',
    tag: 'best',
    duplicates: true,
    filters: { length: '5 to 30 s', rate: 'Over 60 fps', state: 'Missing files', picture: undefined },
  };
  assert.deepEqual(queryOf(chosen), {
    order: 'added',
    descending: true,
    text: 'dog',
    tag: 'best',
    duplicates: true,
    duration: { min: 5, max: 30 },
    rate: { min: 61 },
    state: 'missing',
  });
  assert.equal(isFiltered({ ...NOTHING, filters: { rate: undefined } }), false);
  assert.equal(isFiltered({ ...NOTHING, filters: { rate: 'Over 60 fps' } }), true);
});

test('every choice of every filter is a query the core takes, and labels are their names', () => {
  for (const { id, choices } of FILTERS) {
    assert.equal(new Set(choices.map(({ label }) => label)).size, choices.length);
    for (const { label } of choices) {
      const query = queryOf({ ...NOTHING, filters: { [id]: label } });
      assert.equal(Object.keys(query).length, 3, label);
      assert.ok(SCHEMAS['library.query'].safeParse({ query, offset: 0, limit: 100 }).success, label);
    }
  }
});

test('common rates fall into one choice each', () => {
  const { choices } = FILTERS.find(({ id }) => id === 'rate')!;
  const fits = (rate: number): number =>
    choices.filter(({ part }) => rate >= (part.rate?.min ?? 0) && rate <= (part.rate?.max ?? Infinity)).length;
  for (const rate of [24_000 / 1001, 24, 25, 30_000 / 1001, 30, 48, 50, 60_000 / 1001, 60, 100, 120, 240]) {
    assert.equal(fits(rate), 1, `${rate}`);
  }
});

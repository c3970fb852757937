import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clock, describeSpan, labelWord, showScore } from '../../../app/renderer/tags/span-words.ts';

test('times are read to the hundredth, and never show sixty seconds', () => {
  assert.equal(clock(0), '0:00.00');
  assert.equal(clock(59.996), '1:00.00');
  assert.equal(clock(61.234), '1:01.23');
  assert.equal(clock(3723.5), '1:02:03.50');
});

test('a span is told in words, without a score where a person marked it', () => {
  const span = { label: 'jump', start: 1, end: 2.5, state: 'accepted', score: 0.834 } as const;
  assert.equal(describeSpan(span), 'jump, 0:01.00 to 0:02.50, accepted, 83 %');
  assert.equal(describeSpan({ ...span, state: 'marked', score: null }), 'jump, 0:01.00 to 0:02.50, marked by hand');
  assert.equal(showScore(0), '0 %');
});

test('a label is one word of the query', () => {
  assert.equal(labelWord('jump'), 'label:jump');
  assert.equal(labelWord('wave one hand'), 'label:"wave one hand"');
  assert.equal(labelWord('a "b"'), 'label:"a b"');
});

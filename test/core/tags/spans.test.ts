import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SPAN_RULES, type SpanFact, type SpanRules } from '../../../app/contract/tags.ts';
import { checkRules, SpanMaker, spansOf } from '../../../app/core/tags/spans.ts';
import { random } from '../../support/random.ts';

const sharp: SpanRules = { smooth: 0, on: 0.5, off: 0.3, gap: 0, shortest: 0, labels: {} };

function places(values: readonly number[], rules: Partial<SpanRules> = {}, rate = 1): [number, number][] {
  return spansOf(Float32Array.from(values), ['a'], rate, { ...sharp, ...rules }).map(({ start, end }) => [start, end]);
}

test('a span begins at on, goes on above off, and closes small gaps before it is measured', () => {
  assert.deepEqual(places([0.4, 0.5, 0.4, 0.3, 0.2, 0.4, 0.6]), [
    [1, 4],
    [6, 7],
  ]);
  assert.deepEqual(places([0.6, 0, 0, 0.6], { gap: 2 }), [[0, 4]]);
  assert.deepEqual(places([0.6, 0, 0.4, 0.6], { gap: 1.9 }), [
    [0, 1],
    [3, 4],
  ]);
  assert.deepEqual(places([0.6, 0.6, 0, 0.6, 0, 0, 0.9], { gap: 1, shortest: 2 }), [[0, 4]]);
  assert.deepEqual(places([0.6, 0.6], {}, 5), [[0, 0.4]]);
  assert.deepEqual(places([]), []);
  assert.deepEqual(places([0.2, 0.2]), []);
});

test('a score is the mean before smoothing, gaps included and what was too low at the end not', () => {
  const [span] = spansOf(Float32Array.from([1, 0.2, 0.6, 0.1, 0]), ['a'], 1, { ...sharp, gap: 1 });
  assert.ok(Math.abs(span!.score! - 0.6) < 1e-6, String(span!.score));
});

test('labels hold at once, have their own thresholds, and nothing is no span', () => {
  const labels = ['walk', 'nothing', 'wave'];
  const values = Float32Array.from([0.9, 0.9, 0.2, 0.9, 0.9, 0.2]);
  const rules = { ...sharp, labels: { wave: { on: 0.2, off: 0.1 } } };
  assert.deepEqual(
    spansOf(values, labels, 1, rules).map(({ label, start, end }) => `${label} ${start} ${end}`),
    ['walk 0 2', 'wave 0 2'],
  );
});

test('rules that are none are refused in words', () => {
  for (const wrong of [{ on: 0 }, { on: 1.2 }, { off: 0.6 }, { off: 0 }, { gap: -1 }, { smooth: NaN }])
    assert.throws(() => checkRules({ ...SPAN_RULES, ...wrong }), { code: 'bad-rules' });
  const labels = { 'jumping jack': { on: 0.2, off: 0.4 } };
  assert.throws(() => checkRules({ ...SPAN_RULES, labels }), { code: 'bad-rules', message: /'jumping jack'/ });
});

/** The same in the plainest way: the whole curve smoothed, spans, gaps, lengths, one after another. */
function plainly(scores: Float32Array, labels: readonly string[], rate: number, rules: SpanRules): SpanFact[] {
  const n = scores.length / labels.length;
  return labels.flatMap((label, k) => {
    const raw = Array.from({ length: n }, (_, i) => scores[i * labels.length + k]!);
    const { on, off } = rules.labels[label] ?? rules;
    const sigma = rules.smooth * rate;
    const smooth = raw.map((_, i) => {
      let [sum, weight] = [0, 0];
      for (const [j, value] of raw.entries()) {
        if (Math.abs(i - j) > Math.ceil(3 * sigma - 1e-6)) continue;
        const w = i === j ? 1 : Math.exp(-((i - j) ** 2) / (2 * sigma * sigma));
        sum += w * value;
        weight += w;
      }
      return sum / weight;
    });
    const spans: { start: number; end: number }[] = [];
    for (let i = 0; i < n; i++) {
      if (smooth[i]! < on) continue;
      const start = i;
      while (i < n && smooth[i]! >= off) i++;
      const last = spans.at(-1);
      if (last && start - last.end <= rules.gap * rate + 1e-6) last.end = i;
      else spans.push({ start, end: i });
    }
    return spans
      .filter(({ start, end }) => end - start >= rules.shortest * rate - 1e-6)
      .map(({ start, end }) => {
        const mean = raw.slice(start, end).reduce((sum, value) => sum + value, 0) / (end - start);
        return { label, start: start / rate, end: end / rate, score: mean };
      });
  });
}

test('however scores arrive, the spans are those of the whole clip, and those of the plain way', () => {
  const next = random(7);
  for (let round = 0; round < 150; round++) {
    const labels = ['a', 'b', 'c', 'd'].slice(0, 1 + Math.floor(next() * 4));
    const rate = [1, 5, 12.5, 25][Math.floor(next() * 4)]!;
    const rules: SpanRules = {
      smooth: next() < 0.3 ? 0 : next() * 0.8,
      on: 0.35 + next() * 0.3,
      off: 0.1 + next() * 0.25,
      gap: next() < 0.3 ? 0 : next(),
      shortest: next() < 0.3 ? 0 : next(),
      labels: next() < 0.5 ? {} : { b: { on: 0.8, off: 0.2 } },
    };
    const values = labels.map(() => 0);
    const scores = Float32Array.from({ length: Math.floor(next() * 300) * labels.length }, (_, i) => {
      const k = i % labels.length;
      values[k] = 0.85 * values[k]! + (next() - 0.5) * 1.4;
      return 1 / (1 + Math.exp(-2 * values[k]!));
    });
    const whole = spansOf(scores, labels, rate, rules);
    const order = (a: SpanFact, b: SpanFact): number => a.start - b.start || (a.label < b.label ? -1 : 1);
    const plain = plainly(scores, labels, rate, rules).toSorted(order);
    assert.deepEqual(
      whole.map(({ score, ...span }) => ({ ...span, score: score!.toFixed(9) })),
      plain.map(({ score, ...span }) => ({ ...span, score: score!.toFixed(9) })),
    );
    const maker = new SpanMaker(labels, rate, rules);
    for (let at = 0; at < scores.length;) {
      const some = (1 + Math.floor(next() * 20)) * labels.length;
      maker.push(scores.subarray(at, (at += some)));
      for (const span of maker.finished) assert.ok(whole.some((one) => JSON.stringify(one) === JSON.stringify(span)));
    }
    assert.deepEqual(maker.finish(), whole);
    assert.deepEqual(maker.soFar(), whole);
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { confusionOf, drawConfusion } from '../../../app/core/recognition/confusion.ts';
import { fewShots, type Unit } from '../../../app/core/recognition/few-shot.ts';
import { parseRecognition } from '../../../app/core/recognition/protocol.ts';

/** Of each label `each` clips by each of the people; a direction of its own for every label, or for every person where the label says nothing. */
function units(labels: readonly string[], people: readonly string[], each: number, told: boolean): Unit[] {
  let n = 0;
  return labels.flatMap((label, l) =>
    people.flatMap((person, p) =>
      Array.from({ length: each }, (): Unit => {
        const at = told ? l : p;
        const vector = Array.from({ length: 12 }, (_, k) => 2 + (k === at ? 2 : 0) + Math.sin(++n * 12.9898) * 0.5);
        return { label, person, vectors: [Float32Array.from(vector)], examples: false };
      }),
    ),
  );
}

test('labels that are told are told from one example on; the number of examples is that of other people', async () => {
  const all = units(['a', 'b', 'c'], ['x', 'y', 'z'], 2, true);
  for (const method of ['mean', 'logistic'] as const) {
    const rows = await fewShots(method, all);
    assert.deepEqual(
      rows.map(({ shots, labels, chance }) => [shots, labels, Math.round(chance * 1000)]),
      [1, 3].map((shots) => [shots, 3, 333]),
      '4 examples there are of other people',
    );
    for (const { told, which } of rows) assert.ok(told > 0.9 && which === 1, `${method} ${told} ${which}`);
  }
});

test('what says only who it is, not what, is told no better than by guessing', async () => {
  // Were the person's other clips among the examples, negatives would give every answer away.
  const rows = await fewShots('mean', units(['a', 'b'], ['x', 'y', 'z', 'u', 'v'], 4, false), [3]);
  assert.ok(rows[0]!.told < 0.65 && rows[0]!.told > 0.35, `${rows[0]!.told}`);
});

test('labels that take turns in a protocol are all asked about', async () => {
  const clips = units(['a', 'b', 'c', 'd', 'e'], ['x'], 8, true);
  const inTurn = Array.from({ length: 40 }, (_, n) => ({
    ...clips[(n % 5) * 8 + Math.floor(n / 5)]!,
    person: `p${n}`,
  }));
  const [row] = await fewShots('mean', inTurn, [1]);
  assert.deepEqual([row!.labels, Math.round(row!.chance * 5)], [5, 1]);
});

test('videos that only give examples are asked nothing', async () => {
  const all = units(['a', 'b'], ['x', 'y'], 1, true).map((unit) => ({ ...unit, examples: unit.person === 'x' }));
  const [row] = await fewShots('mean', all, [1]);
  assert.deepEqual([row!.shots, row!.which], [1, 1]);
  assert.deepEqual(
    await fewShots(
      'mean',
      all.map((unit) => ({ ...unit, examples: true })),
    ),
    [],
  );
});

test('the matrix: a row for each true label, first its own columns, then what else was said', () => {
  const answers = [
    { truth: 'bend', said: 'squat' },
    { truth: 'bend', said: 'bend' },
    { truth: 'walk', said: 'walk' },
  ];
  const confusion = confusionOf(answers, ['walk', 'squat', 'bend', 'jump']);
  assert.deepEqual(confusion, {
    rows: ['walk', 'bend'],
    columns: ['walk', 'bend', 'squat'],
    counts: [
      [1, 0, 0],
      [0, 1, 1],
    ],
  });
  const picture = drawConfusion(confusion, 'a title');
  const brightest = picture.g.reduce((a, b) => Math.max(a, b), 0);
  assert.ok(picture.width > 100 && picture.height > 100 && brightest === 255);
});

test('protocols of recognition are told from others, and refused with the place', () => {
  const parse = (value: unknown) => parseRecognition(JSON.stringify(value), '/data/p/p.json');
  assert.equal(parse([{ set: 's', id: 'v', video: 'v.mp4' }]), undefined);
  assert.equal(parseRecognition('nonsense', 'x.json'), undefined);
  assert.deepEqual(parse({ videos: [{ file: '../a.mp4', label: ' bend ', src: 'a note' }] }), [
    { file: '/data/a.mp4', group: '', person: 'a.mp4', label: 'bend', spans: null, examples: false },
  ]);
  const spans = [{ label: 'bend', start: 1, end: 2 }];
  const [whole] = parse({ videos: [{ file: 'b.mp4', group: 'g', person: 'p', spans, examples: true }] })!;
  assert.deepEqual(whole, { file: '/data/p/b.mp4', group: 'g', person: 'p', label: null, spans, examples: true });
  for (const [bad, says] of [
    [{ videos: [] }, /'videos'/],
    [{ videos: [{ file: 'a.mp4' }] }, /'videos\.0': a label or spans/],
    [
      { videos: [{ file: 'a.mp4', spans: [{ label: 'x', start: 2, end: 1 }] }] },
      /'videos\.0\.spans\.0': a span must end/,
    ],
  ] as const)
    assert.throws(() => parse(bad), { code: 'bad-protocol', message: says });
});

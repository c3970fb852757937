import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SpanFact } from '../../../app/contract/tags.ts';
import type { ClipRow } from '../../../app/core/library/clip-rows.ts';
import { readEdl } from '../../../app/core/projects/interchange/edl-read.ts';
import { knownLabels } from '../../../app/core/tags/labels.ts';
import { spansCsv, spansEdl, spansSrt, spansVtt } from '../../../app/core/tags/write.ts';

const SPANS: SpanFact[] = [
  { label: 'jump, "high" & <far>', start: 0.5, end: 1.25, score: 0.91234 },
  { label: 'run\n--> {x}', start: 3599.9996, end: 3725.0421, score: null },
];

test('a table quotes what it must', () => {
  assert.equal(
    spansCsv(SPANS),
    'label,start,end,score\r\n"jump, ""high"" & <far>",0.500,1.250,0.912\r\n"run\n--> {x}",3600.000,3725.042,\r\n',
  );
});

test('cues of WebVTT have no markup, and those of SubRip nothing that looks like it', () => {
  assert.equal(
    spansVtt(SPANS),
    'WEBVTT\n\n1\n00:00:00.500 --> 00:00:01.250\njump, "high" &amp; &lt;far&gt;\n\n2\n01:00:00.000 --> 01:02:05.042\nrun --&gt; {x}\n',
  );
  assert.equal(
    spansSrt(SPANS),
    '1\r\n00:00:00,500 --> 00:00:01,250\r\njump, "high" & \u2039far\u203a\r\n\r\n2\r\n01:00:00,000 --> 01:02:05,042\r\nrun --\u203a (x)\r\n',
  );
});

test('an EDL has the clip and a marker for each span, and can be read again', () => {
  const info = {
    duration: 10,
    tags: {},
    audio: [],
    video: { averageRate: { num: 30_000, den: 1001 }, width: 640, height: 360 },
  };
  const clip = {
    id: 'c',
    name: 'beach.mp4',
    path: '/clips/beach.mp4',
    hash: null,
    bytes: 1,
    duration: 10,
    info,
  } as unknown as ClipRow;
  const spans = [
    SPANS[0]!,
    { label: 'run', start: 2, end: 4, score: 0.5 },
    { label: 'run', start: 9.99, end: 10, score: 0.5 },
  ];
  const text = spansEdl(spans, clip);
  const read = readEdl(text, undefined);
  assert.deepEqual(read.rate, { num: 30_000, den: 1001 });
  assert.deepEqual(
    read.markers.map(({ frame, frames, name }) => [frame, frames, name]),
    [
      [15, 22, SPANS[0]!.label],
      [60, 60, 'run'],
      [299, 1, 'run'],
    ],
    text,
  );
  assert.notEqual(read.markers[0]!.colour, read.markers[1]!.colour);
  assert.deepEqual([read.clips.length, read.clips[0]!.frames, read.clips[0]!.media.path], [1, 300, '/clips/beach.mp4']);
});

test('labels are found whatever their case; the nearest of one that is not there are named', () => {
  const labels = ['jump', 'jumping jack', 'walk', 'wave one hand', 'wave two hands', 'run'];
  assert.deepEqual(knownLabels(['Jumping_Jack', 'RUN', 'run'], labels, 'x'), ['jumping jack', 'run']);
  const says = (word: string, pattern: RegExp): void =>
    assert.throws(() => knownLabels([word], labels, 'movinet'), { code: 'label-unknown', message: pattern });
  says('walking', /^movinet knows no label 'walking'; it knows 'walk', /);
  says('wave', /knows 'wave one hand', 'wave two hands', .* and 2 others\.$/);
  says('jmup', /it knows 'jump', /);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobSummary, RetimeResult } from '../../../app/contract/jobs.ts';
import type { QueueItem } from '../../../app/contract/queue.ts';
import { SPAN_RULES, type TagOutcome, type TagSpec } from '../../../app/contract/tags.ts';
import { describeItem, reportRows, specRows } from '../../../app/renderer/job/job-words.ts';

const spec: TagSpec = {
  ...{ kind: 'tag', title: 'clip.mp4', input: '/clips/clip.mp4', engine: 'movinet-everyday', rules: SPAN_RULES },
  ...{ labels: null, top: 5, output: '/home/tags/1.json', force: false },
};
const outcome: TagOutcome = {
  ...{ run: '1', version: '1', spans: 12, labels: 3 },
  top: [{ label: 'jump', score: 0.41 }],
};
const done = (tags: TagOutcome): RetimeResult => ({
  ...{
    output: spec.output,
    engine: 'movinet-everyday',
    device: 'cpu',
    frames: 100,
    synthesised: 0,
    passedThrough: 100,
  },
  ...{ held: 0, cuts: [], fps: '12.5', durationIn: 8, durationOut: 8, audio: 'none', avDriftMs: 0, seconds: 4 },
  ...{ verified: true, engineMs: 1000, reusedFrames: 20, notes: [], tags },
});
const item = (more: Partial<QueueItem>, result?: RetimeResult): QueueItem => ({
  ...{ id: '1', state: 'done', position: 0, title: 'clip.mp4', stage: null, fraction: 1, framesPerSecond: null },
  ...{ etaSeconds: null, device: null, batch: null },
  job: { spec, ...(result && { result }) } as JobSummary,
  ...more,
});

test('a tag job is told by what it found, and while it runs by how fast it looks', () => {
  assert.match(describeItem(item({}, done(outcome)), false), /^12 spans of 3 labels in clip\.mp4 · /);
  const nothing = { ...outcome, spans: 0, labels: 0 };
  assert.match(describeItem(item({}, done(nothing)), false), /^Nothing recognised in clip\.mp4, most likely jump · /);
  const running = item({ state: 'running', stage: 'recognising', framesPerSecond: 31.6, etaSeconds: 62 });
  assert.match(describeItem(running, false), /^Recognising actions · 32 frames\/s · .* left$/);
  assert.deepEqual(reportRows(done(outcome)).slice(0, 2), [
    ['Found', '12 spans of 3 labels'],
    ['Most likely', 'jump 41 %'],
  ]);
  assert.deepEqual(specRows(spec)[2], ['Labels', 'All it knows']);
});

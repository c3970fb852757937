import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { WatchedVideo } from '../../../app/core/recognition/protocol.ts';
import { recognitionJson, recognitionTable } from '../../../app/core/recognition/report.ts';
import { scoreTagger } from '../../../app/core/recognition/run.ts';
import { shared } from '../../support/command.ts';
import { narrowEntry } from '../tags/narrow-task.ts';

const skip = shared ? false : 'INBETWEEN_SHARED is not set: the fixture network and the clips are there';

test('a recogniser is scored on clips, on spans, and on labels it is taught', { skip }, async () => {
  const entry = await narrowEntry();
  const [first, second] = entry.labels as [string, string];
  const clip = (name: string, person: string, rest: Partial<WatchedVideo>): WatchedVideo => ({
    ...{ file: join(shared!, 'clips', 'actions', 'weizmann_mini', `${name}.mp4`), group: 'w', person },
    ...{ label: null, spans: null, examples: false, ...rest },
  });
  const videos = [
    clip('bend_p0_o', 'a', { label: first }),
    clip('bend_p1_o', 'b', { label: first }),
    clip('jumping_jack_p0_o', 'a', { label: second }),
    clip('jumping_jack_p1_o', 'b', { label: second }),
    clip('bend_p2_o', 'c', { group: 'spans', spans: [{ label: first, start: 0.5, end: 1.5 }] }),
  ];
  const score = await scoreTagger(entry, videos, { engines: [], teach: true, threads: 1 });
  const [w, spans] = score.groups;
  assert.equal(w!.top!.videos, 4);
  assert.equal(w!.top!.chance, 0.5);
  assert.ok([0, 0.25, 0.5, 0.75, 1].includes(w!.top!.ofGroup));
  assert.equal(w!.spans, null);
  assert.deepEqual([spans!.spans!.videos, spans!.spans!.spans, spans!.top], [1, 1, null]);
  const rows = w!.taught!.get('mean')!;
  assert.deepEqual([rows.length, rows[0]!.shots, rows[0]!.labels], [1, 1, 2]);
  assert.ok(score.framesPerSecond > 0 && score.pictures > 50);
  const json = JSON.stringify(recognitionJson([score]));
  assert.match(json, /"mAP@0\.5":[01]/);
  assert.match(recognitionTable([score]), /top 1 of[^\n]*\n[^\n]*w +4 /);
});

/** What takes longer of test/core/media/fields/readers.test.ts. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { scoresIn } from '../../app/core/tags/curves.ts';
import { writeOverlay } from '../../app/core/tags/overlay.ts';
import { makeFields, moving, pulldown } from '../support/fields.ts';
import { tempFolder } from '../support/command.ts';

test('tags are drawn over the film that was telecined, not over its woven frames', async (t) => {
  const source = moving({ width: 64, frames: 32 });
  const input = join(tempFolder(t), 'telecined.mkv');
  makeFields(input, source, { filters: pulldown('23'), rate: '30000/1001' });
  const scores = scoresIn(Float32Array.of(0.9, 0.1, 0.8, 0.2), ['walk', 'nothing'], 2);
  const output = join(tempFolder(t), 'tags.mkv');
  const { frames } = await writeOverlay({ input, scores, top: 1, output });
  assert.equal(frames, 32);
});

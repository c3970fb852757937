/** The reference cases of RIFE, every output. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { readCase } from '../../../../app/core/fixtures/read.ts';
import { runCase } from '../../../../app/core/fixtures/run.ts';
import { shared } from '../../../support/command.ts';

const skip = shared ? false : 'INBETWEEN_SHARED is not set: the reference cases are not there';

/** Outputs compared; runs whose weights are not included. */
const CASES: readonly [id: string, compared: number, skipped: number][] = [
  ['rife-v4.6-torch', 9, 0],
  ['rife-v4.25-torch', 10, 0],
  ['rife-v4.6-ncnn', 11, 0],
  ['real-rife-contextnet', 8, 4],
];

for (const [id, compared, skipped] of CASES)
  test(id, { skip }, async () => {
    const result = await runCase(await readCase(join(shared ?? '', 'fixtures', id)));
    assert.equal(result.status, 'passed', result.message);
    assert.equal(result.compared, compared);
    assert.equal(result.skipped.length, skipped);
  });

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeCuda, worksOn } from '../../app/cli/verbs/setup.ts';

test('setup cuda says that it was in vain where no device works with what was fetched', () => {
  const lost = [
    { device: 'cuda', reason: 'libcudnn.so.9 is missing' },
    { device: 'tensorrt', reason: 'libnvinfer.so.10 is missing' },
  ] as const;
  assert.equal(worksOn(lost), false);
  const said = describeCuda(['/lib/libonnxruntime_providers_cuda.so'], lost);
  assert.match(said[1]!, /libcudnn\.so\.9 is missing/);
  assert.match(said.at(-1)!, /no network runs on CUDA or TensorRT/);
  const one = [{ device: 'cuda' }, lost[1]] as const;
  assert.equal(worksOn(one), true);
  assert.deepEqual(describeCuda([], one)[0], 'cuda works.');
  assert.doesNotMatch(describeCuda([], one).join(), /no network runs/);
  assert.equal(worksOn([]), false);
});

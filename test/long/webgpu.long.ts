/**
 * Every family's networks on WebGPU, on a GPU that a program plays (SwiftShader, where Chromium has it): they agree with the CPU, and 'auto'
 * does not take it. Prints the errors and the nodes that were left to the CPU.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { chooseDevice, likelyDevices, modelFor } from '../../app/core/nn/devices.ts';
import { trialInputs } from '../../app/core/nn/parity.ts';
import { openSession } from '../../app/core/nn/session.ts';
import { trialModel } from '../../app/core/nn/trial-model.ts';
import { tryDevice } from '../../app/core/nn/trial.ts';
import { graphs } from '../core/nn/graphs.ts';
import { useSwiftShader } from '../core/nn/swiftshader.ts';
import { tempFolder } from '../support/command.ts';

const skip = useSwiftShader();
const home = tempFolder({ after });
before(() => {
  process.env['INBETWEEN_HOME'] = home;
});

test('chosen, it runs and agrees; auto passes it over', { skip }, async () => {
  const started = performance.now();
  const [gpu, cpu] = [
    await openSession(trialModel(), { threads: 1, device: 'webgpu' }),
    await openSession(trialModel(), { threads: 1 }),
  ];
  console.log(`opened after ${((performance.now() - started) / 1000).toFixed(1)} s`);
  assert.equal(gpu.device, 'webgpu');
  const dims = [1, 3, 64, 64];
  const inputs = trialInputs([
    { name: 'a', dtype: 'float32', dims },
    { name: 'b', dtype: 'float32', dims },
  ]);
  const [made, wanted] = [await gpu.run(inputs), await cpu.run(inputs)];
  const [values, others] = [made, wanted].map((outputs) => outputs['picture']!.data as Float32Array) as [
    Float32Array,
    Float32Array,
  ];
  const worst = Math.max(...values.map((value, i) => Math.abs(value - others[i]!)));
  assert.ok(worst > 0 && worst < 1e-4, `${worst}`);
  assert.deepEqual(await likelyDevices(1), []);
  assert.equal((await chooseDevice({ device: 'auto', model: trialModel, threads: 1 })).device, 'cpu');
  await Promise.all([gpu.close(), cpu.close()]);
});

/** RIFE's published versions share their operators: of those, the first and the last. */
for (const [family, made] of Object.entries(graphs())) {
  const chosen = family === 'rife' ? [made[0]!, made.at(-2)!, made.at(-1)!] : made;
  test(`${family}: ${chosen.length} networks`, { skip }, async () => {
    for (const graph of chosen) {
      const files = [modelFor('cpu', graph), modelFor('webgpu', graph)] as const;
      const trial = await tryDevice('webgpu', files, { threads: 1 });
      const { error, own, onCpu, reason } = trial;
      console.log(
        `${family} ${graph.name}: error ${error?.toExponential(1)}, ${own} nodes, on the CPU: ${onCpu?.join(', ') || 'none'} ${reason ?? ''}`,
      );
      assert.equal(reason, undefined);
    }
  });
}

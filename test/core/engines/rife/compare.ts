/** The engine against the network written out (literal.ts). */
import assert from 'node:assert/strict';
import { multipleOf, type RifeConfig, type RifeOptions } from '../../../../app/core/engines/rife/config.ts';
import { RifeNetwork } from '../../../../app/core/engines/rife/run.ts';
import { takeRife } from '../../../../app/core/engines/rife/weights.ts';
import { openCheckpoint } from '../../../../app/core/import/registry.ts';
import { runGraph } from '../../onnx/support.ts';
import { literal } from './literal.ts';
import { largest, picture, stateDict, write } from './support.ts';

/** Largest difference of the two pictures, for random weights whose flows are some pixels long. Flow and mask are compared here. */
export async function compare(config: RifeConfig, options: RifeOptions): Promise<number> {
  const side = Math.max(64, multipleOf(config, options.scale));
  const size = { width: side, height: side };
  const dict = stateDict(config, 7);
  const path = write('compare.safetensors', dict, { config: JSON.stringify({ scales: config.scales }) });
  await using checkpoint = await openCheckpoint(path);
  const weights = await takeRife(checkpoint, config);
  const [a, b] = [picture(size.width, size.height, 0), picture(size.width, size.height, 3)];
  await using network = new RifeNetwork(config, weights, { ...size, threads: 1 }, options);
  const made = await network.diagnose(a, b, 0.3);
  const dims = [1, 3, size.height, size.width];
  const wanted = await runGraph(literal(config, dict, size, options), {
    img0: { dtype: 'float32', dims, data: a },
    img1: { dtype: 'float32', dims, data: b },
    t: { dtype: 'float32', dims: [1, 1, 1, 1], data: Float32Array.of(0.3) },
  });
  const apart = (role: string) => largest(made[role]!.data as Float32Array, wanted[role]!.data as Float32Array);
  const moved = (made['flow']!.data as Float32Array).reduce((most, value) => Math.max(most, value));
  assert.ok(moved > 1 && moved < 200, `flow of ${moved} pixels tells little`);
  assert.ok(apart('flow') < 2e-3 && apart('mask_logit') < 2e-3, `flow ${apart('flow')}, mask ${apart('mask_logit')}`);
  return apart('out');
}

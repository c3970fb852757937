/** The chain of devices: what is tried, what is remembered, and what is said where a device does not work. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { engineDevice } from '../../../app/core/engines/engine-device.ts';
import { ENGINES } from '../../../app/core/engines/registry.ts';
import { prepareJob } from '../../../app/core/jobs/spec.ts';
import { installCuda } from '../../../app/core/nn/cuda-install.ts';
import { recall, remember, trialKey } from '../../../app/core/nn/device-memory.ts';
import { chainOf, deviceChoice } from '../../../app/core/nn/device.ts';
import { chooseDevice, likelyDevices } from '../../../app/core/nn/devices.ts';
import { largestError, TOLERANCE, trialInputs } from '../../../app/core/nn/parity.ts';
import { leftToCpu, openSession } from '../../../app/core/nn/session.ts';
import { trialModel } from '../../../app/core/nn/trial-model.ts';
import { tryDevice } from '../../../app/core/nn/trial.ts';
import { encodeModel } from '../../../app/core/onnx/encode.ts';
import type { Tensor } from '../../../app/core/onnx/graph.ts';
import { tempFolder } from '../../support/command.ts';

const folder = tempFolder({ after });
before(() => {
  process.env['INBETWEEN_HOME'] = folder;
});

const floats = (...numbers: number[]): Tensor => ({
  dtype: 'float32',
  dims: [numbers.length],
  data: Float32Array.from(numbers),
});

test('each platform has its chain, and the CPU ends it', () => {
  assert.deepEqual(chainOf('linux'), ['cuda', 'tensorrt', 'webgpu', 'cpu']);
  assert.deepEqual(chainOf('win32'), ['directml', 'webgpu', 'cpu']);
  assert.deepEqual(chainOf('darwin'), ['coreml', 'webgpu', 'cpu']);
  assert.deepEqual(chainOf('aix'), ['cpu']);
  assert.equal(deviceChoice(undefined), 'auto');
  assert.throws(() => deviceChoice('gpu'), { code: 'usage', message: /directml/ });
});

test('the error is a part of the range, and what is no number is no result', () => {
  assert.equal(largestError({ y: floats(0, 1) }, { y: floats(0, 1.5) }), 0.5);
  assert.equal(largestError({ y: floats(0, 8) }, { y: floats(0, 9) }), 1 / 8);
  assert.equal(largestError({ y: floats(0, 1), z: floats(2) }, { y: floats(0, 1), z: floats(1) }), 0.5);
  assert.equal(largestError({ y: floats(0, 1) }, { y: floats(Number.NaN, 1) }), Infinity);
  assert.equal(largestError({ y: floats(0, 1) }, { y: floats(0) }), Infinity);
  assert.equal(largestError({ y: floats(0, 1) }, {}), Infinity);
  assert.ok(TOLERANCE < 1 / 255);
});

test('made-up inputs fill what a model declares', () => {
  const inputs = trialInputs([
    { name: 'a', dtype: 'float32', dims: ['n', 3, '16*h', '2*w+1'] },
    { name: 'b', dtype: 'uint8', dims: [1, 3, 4, 5] },
    { name: 't', dtype: 'float32', dims: [1] },
  ]);
  assert.deepEqual(inputs['a']!.dims, [1, 3, 64, 65]);
  const a = inputs['a']!.data as Float32Array;
  assert.ok(a.every((value) => value >= -1e-6 && value <= 1 + 1e-6) && new Set(a).size > 1000);
  assert.equal(inputs['b']!.data.length, 60);
  assert.ok((inputs['t']!.data as Float32Array)[0]! > 0);
  assert.throws(() => trialInputs([{ name: 'x', dtype: 'string', dims: [1] }]), /string/);
});

test('the CPU agrees with itself; a model it cannot load and a process that dies are told', async () => {
  const file = encodeModel(trialModel());
  const trial = await tryDevice('cpu', [file, file], { threads: 1 });
  assert.deepEqual([trial.reason, trial.error, trial.onCpu], [undefined, 0, []]);
  assert.ok(trial.own! > 20 && trial.ms! > 0 && trial.cpuMs! > 0);
  const broken = await tryDevice('cpu', [file, new Uint8Array(9)], { threads: 1 });
  assert.match(broken.reason ?? '', /Protobuf|load|parse/i);
  const options = process.env['NODE_OPTIONS'];
  process.env['NODE_OPTIONS'] = '--import=./there-is-no-such-module.mjs';
  try {
    assert.match((await tryDevice('cpu', [file, file], { threads: 1 })).reason ?? '', /^it ended its process \(1\)/);
  } finally {
    if (options === undefined) delete process.env['NODE_OPTIONS'];
    else process.env['NODE_OPTIONS'] = options;
  }
  const stopped = AbortSignal.abort(new Error('enough'));
  await assert.rejects(tryDevice('cpu', [file, file], { threads: 1, signal: stopped }), /enough/);
});

test('a device that is not there is an error when chosen, and passed over by auto', async () => {
  const missing = process.platform === 'win32' ? 'coreml' : 'directml';
  const request = { model: trialModel, threads: 1 };
  await assert.rejects(chooseDevice({ ...request, device: missing }), {
    code: 'device-unavailable',
    message: /does not work here: this build of ONNX Runtime .* is without it\. It needs /,
  });
  await assert.rejects(openSession(trialModel(), { threads: 1, device: missing }), { code: 'device-unavailable' });
  const likely = await likelyDevices(1);
  if (likely.length > 0) return;
  assert.deepEqual(await chooseDevice({ ...request, device: 'auto' }), { device: 'cpu', onCpu: [] });
  const session = await openSession(trialModel(), { threads: 1, device: 'auto' });
  assert.equal(session.device, 'cpu');
  await session.close();
});

test('what was found out is kept, refusals for a day', async () => {
  const key = trialKey('cuda', trialModel(), '1', 1);
  assert.notEqual(key, trialKey('cuda', trialModel(), '2', 1));
  assert.notEqual(key, trialKey('webgpu', trialModel(), '1', 1));
  assert.equal(key, trialKey('cuda', trialModel(), '1', 1));
  const other = trialModel();
  assert.notEqual(key, trialKey('cuda', { ...other, nodes: other.nodes.slice(1) }, '1', 1));
  assert.equal(await recall(key), undefined);
  await remember(key, { reason: 'no' });
  await remember('good', { error: 0, ms: 1, cpuMs: 2 });
  assert.deepEqual(await recall(key), { reason: 'no' });
  const path = join(folder, 'devices.json');
  const file = JSON.parse(readFileSync(path, 'utf8')) as Record<string, { at: number }>;
  for (const entry of Object.values(file)) entry.at -= 2 * 24 * 3600_000;
  writeFileSync(path, JSON.stringify(file));
  assert.equal(await recall(key), undefined);
  assert.deepEqual(await recall('good'), { error: 0, ms: 1, cpuMs: 2 });
  writeFileSync(path, '{"x":');
  assert.equal(await recall('good'), undefined);
});

test('what is left to the CPU is told by operator', () => {
  assert.equal(leftToCpu({ onCpu: [] }), '');
  assert.equal(leftToCpu({ onCpu: ['Resize a', 'Pad b', 'Resize c'] }), ' (on the CPU: 2 Resize, 1 Pad)');
});

test('only engines with a network have a device', async () => {
  const glide = ENGINES.find(({ id }) => id === 'glide')!;
  assert.deepEqual(await engineDevice(glide, 'cuda', { threads: 1 }), { device: undefined });
  const network = { ...glide, network: true };
  assert.deepEqual(await engineDevice(network, 'cuda', { threads: 1 }), { device: 'cuda' });
  if ((await likelyDevices(1)).length > 0) return;
  assert.deepEqual(await engineDevice(network, undefined, { threads: 1 }), { device: 'cpu' });
});

test('a job keeps the device it was asked for, and is another job on another', () => {
  const spec = {
    kind: 'retime',
    input: 'a.mp4',
    output: 'b.mp4',
    speed: { num: 1, den: 4 },
    factor: 1,
    engine: 'film',
    cuts: 'auto',
    holds: 'off',
    maxHold: 6,
    shutter: 0,
    force: false,
  };
  const [plain, cuda] = [prepareJob(spec), prepareJob({ ...spec, device: 'cuda' })];
  assert.equal(cuda.spec.device, 'cuda');
  assert.notEqual(plain.id, cuda.id);
  assert.throws(() => prepareJob({ ...spec, device: 'gpu' }), { code: 'bad-job' });
});

test('CUDA libraries are not fetched where there are none or nothing may be', async () => {
  const options = { env: { ...process.env, INBETWEEN_OFFLINE: '1' }, timeoutMs: 1000 };
  await assert.rejects(installCuda({ ...options, platform: 'darwin' }), { code: 'device-unavailable' });
  if (process.platform === 'linux' && process.arch === 'x64')
    await assert.rejects(installCuda(options), { code: 'download-failed', message: /OFFLINE/ });
});

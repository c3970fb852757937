import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { findProblems } from '../../../app/core/doctor/problems.ts';
import { examine } from '../../../app/core/doctor/report.ts';
import { capabilities } from '../../../app/core/media/capabilities.ts';

const folder = mkdtempSync(join(tmpdir(), 'inbetween-doctor-'));
after(() => rmSync(folder, { recursive: true, force: true }));
process.env['INBETWEEN_HOME'] = folder;

const report = await examine();

test('what was found is what is there', async () => {
  const able = await capabilities();
  assert.equal(report.node, process.versions.node);
  assert.equal(report.ffmpeg?.path, able.build.path);
  assert.equal(report.decoders['vvc'], able.decodes.has('vvc'));
  assert.equal(report.decoders['h264'], true);
  assert.equal(report.encoders['ffv1'], 'ffv1');
  assert.equal(report.encoders['h264'] === false, !able.encoders.has('libx264') && !able.encoders.has('libopenh264'));
  assert.match(report.sqlite ?? '', /^3\.\d+/);
  assert.match(report.onnxruntime ?? '', /^1\.\d+/);
  assert.deepEqual(report.webassembly, { simd: true, threads: true });
  assert.equal(report.home.path, folder);
  assert.ok(report.home.writable && (report.home.freeBytes ?? 0) > 0);
  assert.ok(report.machine.cores >= 1 && report.machine.memoryBytes > 1e8);
});

test('the CPU provider runs a model; one that does not run says why', () => {
  assert.equal(report.devices.at(-1)?.device, 'cpu');
  for (const { device, reason, error } of report.devices) assert.ok(reason || error! < 1 / 256, device);
  assert.equal(report.devices.at(-1)?.error, 0);
});

test('every problem comes with what to do about it', () => {
  const broken = findProblems({
    ...report,
    node: '20.1.0',
    ffmpeg: null,
    sqlite: null,
    webassembly: { simd: true, threads: false },
    home: { path: '/x', writable: false, freeBytes: null },
    devices: [{ device: 'cpu', needs: 'nothing', auto: true, unrun: false, reason: 'no' }],
    failures: { onnxruntime: 'it is gone', sqlite: 'gone too' },
  });
  const what = broken.map((problem) => problem.what).join('\n');
  for (const part of ['Node 20.1.0', 'ffmpeg', 'it is gone', 'gone too', 'WebAssembly', '/x cannot be written']) {
    assert.ok(what.includes(part), part);
  }
  for (const { todo } of broken) assert.ok(todo.length > 10);
  const old = findProblems({
    ...report,
    ffmpeg: { path: '/f', version: 'N', origin: '@ffmpeg-installer', ffprobe: null, notes: [] },
    encoders: { av1: false },
    decoders: { vvc: false },
    failures: {},
  });
  assert.match(old.map((problem) => problem.what).join('\n'), /2018[^]*ffprobe[^]*av1[^]*vvc/);
});

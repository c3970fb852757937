/** A checkpoint of 700 MB is read tensor by tensor: memory stays far below its size. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { root, tempFolder } from '../support/command.ts';
import { writeEvidence } from '../support/evidence.ts';
import { safetensorsBytes } from '../core/import/support.ts';

const TENSORS = 70;
const EACH = 10 * 1000 * 1000;

/** The values are a hole in the file, and read as zeros. */
function writeLarge(path: string): void {
  const entries = Array.from({ length: TENSORS }, (_, i) => {
    const info = { dtype: 'F32', shape: [EACH / 4], data_offsets: [i * EACH, (i + 1) * EACH] };
    return [`layer.${i}.weight`, info] as const;
  });
  const head = safetensorsBytes(Object.fromEntries(entries), new Uint8Array());
  const file = openSync(path, 'w');
  writeSync(file, head);
  ftruncateSync(file, head.length + TENSORS * EACH);
  closeSync(file);
}

/** In a process of its own: resident memory before, its peak after, and the seconds in between. */
const READ = `
  const [registry, path] = process.argv.slice(1);
  const { openCheckpoint } = await import(registry);
  const idle = process.memoryUsage().rss;
  const before = performance.now();
  const checkpoint = await openCheckpoint(path);
  let bytes = 0;
  for (const name of checkpoint.names()) bytes += (await checkpoint.tensor(name)).data.byteLength;
  const seconds = (performance.now() - before) / 1000;
  await checkpoint[Symbol.asyncDispose]();
  console.log(JSON.stringify({ idle, peak: process.resourceUsage().maxRSS * 1024, bytes, seconds }));`;

test('700 MB in bounded memory', (t) => {
  const path = join(tempFolder(t), 'large');
  writeLarge(path);
  const registry = pathToFileURL(join(root, 'app/core/import/registry.ts')).href;
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', READ, registry, path], { encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
  const { idle, peak, bytes, seconds } = JSON.parse(run.stdout) as Record<
    'idle' | 'peak' | 'bytes' | 'seconds',
    number
  >;
  assert.equal(bytes, TENSORS * EACH);
  const grownMB = Math.round((peak - idle) / 2 ** 20);
  writeEvidence('import-memory', { tensors: TENSORS, bytes, idleMB: Math.round(idle / 2 ** 20), grownMB, seconds });
  assert.ok(grownMB < 300, `${grownMB} MB above idle`);
});

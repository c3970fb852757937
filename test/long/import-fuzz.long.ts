/** Ten minutes of mutated checkpoints of every format: each is read or refused within a second, in little memory. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { tempFolder } from '../support/command.ts';
import { fixture, fuzz, safetensorsBytes, skip, type Outcomes } from '../core/import/support.ts';
import { SAMPLES } from '../core/import/torch-samples.ts';

const MINUTES = Number(process.env['INBETWEEN_FUZZ_MINUTES'] ?? 10);
const ROUND = 100;

interface Subject {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Where the bytes with a meaning are. */
  readonly spots: readonly number[];
}

/** A spot every `step` bytes from `from` to `to`. */
function spots(from: number, to: number, step = 200): number[] {
  return Array.from({ length: Math.max(1, Math.ceil((to - from) / step)) }, (_, i) => from + i * step);
}

function subjects(): Subject[] {
  const header = {
    a: { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] },
    b: { dtype: 'I64', shape: [1], data_offsets: [16, 24] },
  };
  const made: Subject[] = [
    { name: 'safetensors', bytes: safetensorsBytes(header, new Uint8Array(24)), spots: spots(0, 160, 40) },
  ];
  for (const [name, packed] of Object.entries(SAMPLES)) {
    const bytes = gunzipSync(Buffer.from(packed, 'base64'));
    made.push({ name: `torch ${name}`, bytes, spots: spots(0, bytes.length) });
  }
  return made;
}

function sharedSubjects(): Subject[] {
  const ends = (name: string, head: number, tail: number): Subject => {
    const bytes = readFileSync(fixture(name));
    return { name, bytes, spots: [...spots(0, head), ...spots(bytes.length - tail, bytes.length)] };
  };
  return [
    ends('cvi-small/weights.safetensors', 20_000, 200),
    ends('motion-ar/bigru.pth', 2000, 2000),
    ends('movinet-a0-base-narrow-torch/statedict_legacy', 60_000, 200),
    ends('film-small/film_net_fp32.pt', 20_000, 20_000),
    ends('sepconv-official/network.pytorch', 20_000, 200),
  ];
}

async function run(path: string, all: readonly Subject[], minutes: number): Promise<Map<string, Outcomes>> {
  const seen = new Map<string, Outcomes>();
  const until = performance.now() + minutes * 60_000;
  for (let round = 0; performance.now() < until; round++) {
    const { name, bytes, spots: places } = all[round % all.length]!;
    const outcomes = await fuzz(path, bytes, { seed: 1000 + round, count: ROUND, spots: places });
    const before = seen.get(name) ?? new Map<string, number>();
    for (const [outcome, count] of outcomes) before.set(outcome, (before.get(outcome) ?? 0) + count);
    seen.set(name, before);
  }
  return seen;
}

function judge(seen: ReadonlyMap<string, Outcomes>, say: (line: string) => void): void {
  for (const [name, outcomes] of seen) {
    say(`${name}: ${JSON.stringify(Object.fromEntries(outcomes))}`);
    assert.ok(
      [...outcomes.keys()].some((outcome) => outcome !== 'read'),
      `${name}: no mutation was noticed`,
    );
  }
}

test('small files of each format', async (t) => {
  const path = join(tempFolder(t), 'model');
  judge(await run(path, subjects(), MINUTES / 2), (line) => t.diagnostic(line));
});

test('official containers', { skip }, async (t) => {
  const path = join(tempFolder(t), 'model');
  judge(await run(path, sharedSubjects(), MINUTES / 4), (line) => t.diagnostic(line));
});

test('ncnn, weights and graph', { skip }, async (t) => {
  const folder = tempFolder(t);
  const param = readFileSync(fixture('real-rife-contextnet/rife/contextnet.param'));
  const bin = readFileSync(fixture('real-rife-contextnet/rife/contextnet.bin'));
  writeFileSync(join(folder, 'net.bin'), bin);
  const graph = [{ name: 'ncnn graph', bytes: param, spots: spots(0, param.length) }];
  judge(await run(join(folder, 'net.param'), graph, MINUTES / 8), (line) => t.diagnostic(line));
  writeFileSync(join(folder, 'net.param'), param);
  const weights = [{ name: 'ncnn weights', bytes: bin, spots: [0, 3000, bin.length - 10] }];
  judge(await run(join(folder, 'net.bin'), weights, MINUTES / 8), (line) => t.diagnostic(line));
});

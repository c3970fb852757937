/**
 * Mutated checkpoints of every format, ten minutes a reader (INBETWEEN_FUZZ_MINUTES; one reader with --test-name-pattern): each is read or refused within a second of the
 * processor's time and in little memory. Writes docs/evidence/import-fuzz.json.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { Header } from 'tar';
import { root, shared, tempFolder } from '../support/command.ts';
import { writeEvidence } from '../support/evidence.ts';
import { HDF5_SAMPLES } from '../core/import/hdf5-samples.ts';
import { ONNX_SAMPLE } from '../core/import/onnx-sample.ts';
import { fixture, fuzz, safetensorsBytes } from '../core/import/support.ts';
import { graphVariable, message, resealed, variable, writeBundle } from '../core/import/tensor-bundle-writer.ts';
import { EVERYTHING, model, STEPS } from '../core/import/tflite-writer.ts';
import { SAMPLES } from '../core/import/torch-samples.ts';

const MINUTES = Number(process.env['INBETWEEN_FUZZ_MINUTES'] ?? 10);
/** Mutations between two looks at the clock. */
const ROUND = 100;

interface Subject {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Where the bytes with a meaning are. */
  readonly spots: readonly number[];
  /** The mutated file's name in the test's folder. */
  readonly file?: string;
  /** Files it needs beside it. */
  readonly beside?: Readonly<Record<string, Uint8Array>>;
  /** Makes what was changed pass its checksums. */
  readonly seal?: (changed: Uint8Array) => Uint8Array;
}

/** A spot every `step` bytes from `from` to `to`. */
function spots(from: number, to: number, step = 200): number[] {
  return Array.from({ length: Math.max(1, Math.ceil((to - from) / step)) }, (_, i) => from + i * step);
}

const small = (name: string, bytes: Uint8Array): Subject => ({ name, bytes, spots: spots(0, bytes.length, 100) });
const unpacked = (text: string) => gunzipSync(Buffer.from(text, 'base64'));

/** An official container, changed mostly in its first and last bytes; none where shared/ is not there. */
function official(name: string, head: number, tail: number): Subject[] {
  if (!shared) return [];
  const bytes = readFileSync(fixture(name));
  return [{ name, bytes, spots: [...spots(0, head), ...spots(bytes.length - tail, bytes.length)] }];
}

const torch = (kind: RegExp): Subject[] =>
  Object.entries(SAMPLES)
    .filter(([name]) => kind.test(name))
    .map(([name, text]) => small(name, unpacked(text)));

const SAFETENSORS = safetensorsBytes(
  {
    a: { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] },
    b: { dtype: 'I64', shape: [1], data_offsets: [16, 24] },
  },
  new Uint8Array(24),
);

function ncnn(): Subject[] {
  if (!shared) return [];
  const [param, bin] = ['param', 'bin'].map((kind) =>
    readFileSync(fixture(`real-rife-contextnet/rife/contextnet.${kind}`)),
  ) as [Buffer, Buffer];
  return [
    { ...small('graph', param), file: 'net.param', beside: { 'net.bin': bin } },
    { name: 'weights', bytes: bin, spots: [0, 3000, bin.length - 10], file: 'net.bin', beside: { 'net.param': param } },
  ];
}

/** A bundle of three variables in `folder`; what changes is its index, under right checksums. */
function bundles(folder: string): Subject[] {
  return [false, true].map((packed) => {
    const prefix = join(folder, packed ? 'packed' : 'plain');
    const list = [
      variable('a/kernel', 1, 2),
      variable('b', 3),
      graphVariable([{ children: { a: 1 } }, { key: 'a/kernel', name: 'n' }]),
    ];
    const { bytes, blocks } = writeBundle(prefix, list, { packed });
    return {
      name: packed ? 'packed index' : 'index',
      bytes,
      spots: [...blocks.flatMap(({ offset, size }) => [offset, offset + size]), bytes.length - 48],
      file: packed ? 'packed.index' : 'plain.index',
      seal: (changed) => resealed(changed, blocks),
    };
  });
}

function savedModels(folder: string): Subject[] {
  writeBundle(join(folder, 'variables', 'variables'), [
    variable('a', 1),
    graphVariable([{ children: { a: 1 } }, { key: 'a' }]),
  ]);
  const bytes = message([1, 1], [2, message([7, message([1, message([1, 1])])])]);
  const whole = shared ? readFileSync(fixture('film-small/saved_model/saved_model.pb')) : bytes;
  return [
    { ...small('small', bytes), file: 'saved_model.pb' },
    { name: 'film-small', bytes: whole, spots: spots(0, whole.length, 5000), file: 'saved_model.pb' },
  ];
}

function archives(): Subject[] {
  const block = Buffer.alloc(512);
  new Header({ path: 'model', size: SAFETENSORS.length, type: 'File', mode: 0o644 }).encode(block, 0);
  const tar = Buffer.concat([block, SAFETENSORS, Buffer.alloc(512 - SAFETENSORS.length + 1024)]);
  const plain = {
    name: 'tar',
    bytes: tar,
    spots: [0, 100, 160, 260],
    seal: (changed: Uint8Array) => gzipSync(changed),
  };
  return [small('gzip', gzipSync(tar)), plain];
}

const READERS: Readonly<Record<string, (folder: string) => Subject[]>> = {
  safetensors: () => [small('small', SAFETENSORS), ...official('cvi-small/weights.safetensors', 20_000, 200)],
  'torch zip': () => [...torch(/zip/), ...official('motion-ar/bigru.pth', 2000, 2000)],
  torchscript: () => [...torch(/script/), ...official('film-small/film_net_fp32.pt', 20_000, 20_000)],
  'torch legacy': () => [...torch(/legacy/), ...official('sepconv-official/network.pytorch', 20_000, 200)],
  hdf5: () => [
    ...Object.entries(HDF5_SAMPLES).map(([name, text]) => small(name, unpacked(text))),
    ...official('sepconv-seed-keras/model.h5', 20_000, 20_000),
  ],
  ncnn,
  'tensor bundle': bundles,
  'saved model': savedModels,
  tflite: () => [small('everything', model(EVERYTHING, STEPS))],
  onnx: () => [small('sample', unpacked(ONNX_SAMPLE))],
  'tar.gz': archives,
};

/** Readers are run one by one or all at once; the evidence holds the last run of each. */
function writeDown(reader: string, outcomes: Record<string, number>): void {
  const path = join(root, 'docs', 'evidence', 'import-fuzz.json');
  const before = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as { readers: object }).readers : {};
  writeEvidence('import-fuzz', { readers: { ...before, [reader]: outcomes } });
}

for (const [reader, subjectsIn] of Object.entries(READERS))
  test(`${reader}: mutations are read or refused`, async (t) => {
    const folder = tempFolder(t);
    const subjects = subjectsIn(folder);
    if (subjects.length === 0) return t.skip('INBETWEEN_SHARED is not set: the official containers are not here');
    const outcomes = new Map<string, number>();
    const until = performance.now() + MINUTES * 60_000;
    for (let round = 0; performance.now() < until || round < subjects.length; round++) {
      const { bytes, spots: places, file = 'model', beside = {}, seal } = subjects[round % subjects.length]!;
      const path = join(folder, file);
      mkdirSync(dirname(path), { recursive: true });
      for (const [name, content] of Object.entries(beside)) writeFileSync(join(folder, name), content);
      const options = { seed: 1000 + round, count: ROUND, spots: places, ...(seal && { seal }) };
      for (const [outcome, count] of await fuzz(path, bytes, options))
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + count);
      // The next subject finds this one whole.
      writeFileSync(path, bytes);
    }
    const counts = { minutes: MINUTES, ...Object.fromEntries(outcomes) };
    t.diagnostic(JSON.stringify(counts));
    assert.ok(
      [...outcomes.keys()].some((outcome) => outcome !== 'read'),
      'no mutation was noticed',
    );
    if (MINUTES >= 10) writeDown(reader, counts);
  });

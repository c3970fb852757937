/** The import rules of docs/architecture.md, read off the sources themselves. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const LAYERS: Record<string, readonly string[]> = {
  contract: [],
  core: ['contract'],
  cli: ['core', 'contract'],
  main: ['core', 'contract'],
  // And, of the core, what is pure arithmetic: see PURE.
  renderer: ['contract', 'core'],
};

/** Folders of the core without Node or DOM: the renderer draws curves and edits sequences with the same code that plans them. */
const PURE = ['time', 'sequence'];

/** Folders of core (and its one top file) and what each may import. base and time may be imported by all. */
const CORE: Record<string, readonly string[]> = {
  base: [],
  time: [],
  sequence: [],
  onnx: [],
  kernels: ['media'],
  nn: ['onnx'],
  import: ['onnx', 'nn'],
  media: ['library'],
  // Of fixtures only case.ts, the types of what each engine's fixture.ts gives.
  engines: ['nn', 'onnx', 'import', 'kernels', 'media', 'fixtures'],
  library: [],
  jobs: ['engines', 'media', 'library', 'sequence', 'morph', 'tags', 'teach'],
  score: ['engines', 'media', 'kernels'],
  fixtures: ['engines', 'import'],
  stills: ['engines', 'media', 'score'],
  morph: ['engines', 'media', 'stills', 'score'],
  keypoints: ['engines', 'media', 'morph', 'stills', 'import', 'dataset'],
  demo: ['engines', 'media', 'score'],
  models: ['engines', 'import', 'nn', 'media'],
  bench: ['engines', 'kernels', 'nn', 'onnx', 'media', 'demo', 'score'],
  dataset: ['media', 'import', 'score', 'library'],
  doctor: ['media', 'nn', 'library'],
  clips: ['library', 'media'],
  projects: ['library', 'sequence', 'clips', 'media'],
  queue: ['jobs', 'library', 'media', 'morph'],
  tags: ['engines', 'media', 'library', 'clips', 'projects', 'score', 'stills', 'morph', 'dataset', 'time'],
  teach: ['tags', 'engines', 'library', 'media'],
  recognition: ['teach', 'tags', 'engines', 'media', 'score'],
  boards: ['morph', 'engines', 'media', 'library', 'clips', 'projects', 'sequence', 'jobs', 'queue'],
  preview: ['jobs', 'library', 'media', 'clips', 'projects', 'sequence'],
  studio: [
    ...[
      'boards',
      'clips',
      'projects',
      'queue',
      'preview',
      'sequence',
      'jobs',
      'library',
      'media',
      'engines',
      'models',
      'nn',
    ],
    'bench',
    'tags',
    'teach',
  ],
  serve: ['studio'],
  app: ['tags', 'teach', 'jobs', 'engines', 'media', 'library'],
};

/** Packages that exactly one file may import. */
const SINGLE: Record<string, string> = {
  'onnxruntime-node': 'app/core/nn/ort.ts',
  'better-sqlite3': 'app/core/library/db.ts',
  'ffmpeg-static': 'app/core/media/ffmpeg.ts',
  '@ffmpeg-installer/ffmpeg': 'app/core/media/ffmpeg.ts',
};

interface Import {
  file: string;
  target: string;
}

function imports(): Import[] {
  const files = globSync(['app/**/*.ts', 'app/**/*.svelte'], { cwd: root }).map((file) => file.split(sep).join('/'));
  return files.flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const found = text.matchAll(/(?:from|import|import\(|require\(|resolve\()\s*'([^']+)'/g);
    return [...found].map((match) => {
      const name = match[1]!;
      const target = name.startsWith('.') ? relative(root, normalize(join(root, dirname(file), name))) : name;
      return { file, target: target.split(sep).join('/') };
    });
  });
}

const all = imports();

test('layers import only downwards', () => {
  assert.ok(all.length > 50, 'the sources were found');
  for (const { file, target } of all) {
    const from = file.split('/')[1]!;
    const to = /^app\/([^/]+)\//.exec(target)?.[1];
    if (to === undefined || to === from) continue;
    assert.ok(LAYERS[from]?.includes(to), `${file} imports ${target}`);
    const folder = /^app\/core\/([^/]+)/.exec(target)?.[1];
    if (from === 'renderer' && to === 'core') assert.ok(PURE.includes(folder ?? ''), `${file} imports ${target}`);
  }
});

test('what the renderer may share with the core needs neither Node nor a page', () => {
  for (const { file, target } of all) {
    const folder = /^app\/core\/([^/]+)/.exec(file)?.[1] ?? '';
    if (!PURE.includes(folder) || target === 'zod') continue;
    assert.match(target, /^app\/(contract|core\/(time|sequence))\//, `${file} imports ${target}`);
  }
});

test('folders of the core import only what they may', () => {
  for (const { file, target } of all) {
    const [, from] = /^app\/core\/([^/.]+)/.exec(file) ?? [];
    const [, to] = /^app\/core\/([^/.]+)/.exec(target) ?? [];
    if (!from || !to || from === to || to === 'base' || to === 'time') continue;
    assert.ok(CORE[from]?.includes(to), `${file} imports ${target}`);
  }
});

test('electron, ONNX Runtime, SQLite and the ffmpeg packages each enter at one place', () => {
  for (const { file, target } of all) {
    if (target === 'electron') assert.match(file, /^app\/main\//);
    const only = SINGLE[target];
    if (only) assert.equal(file, only, `${file} imports ${target}`);
  }
});

test('no import cycles in the core', () => {
  const edges = new Map<string, string[]>();
  for (const { file, target } of all) edges.set(file, [...(edges.get(file) ?? []), target]);
  const state = new Map<string, 'open' | 'done'>();
  const visit = (file: string, path: readonly string[]) => {
    if (state.get(file) === 'done') return;
    assert.notEqual(state.get(file), 'open', `cycle: ${[...path.slice(path.indexOf(file)), file].join(' -> ')}`);
    state.set(file, 'open');
    for (const next of edges.get(file) ?? []) if (edges.has(next)) visit(next, [...path, file]);
    state.set(file, 'done');
  };
  for (const file of edges.keys()) visit(file, []);
});

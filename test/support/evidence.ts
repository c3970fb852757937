/** Evidence of the long tests: docs/evidence/NAME.json, with the commit and the machine it was measured on. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { root } from './command.ts';

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
}

export function writeEvidence(name: string, figures: Record<string, unknown>): void {
  const folder = join(root, 'docs', 'evidence');
  mkdirSync(folder, { recursive: true });
  const evidence = {
    commit: git('rev-parse', 'HEAD') + (git('status', '--porcelain', '--', 'app') ? ' with changes' : ''),
    date: new Date().toISOString().slice(0, 10),
    machine: `${availableParallelism()} cores of ${cpus()[0]?.model ?? 'an unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`,
    ...figures,
  };
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(evidence, null, 2)}\n`);
}

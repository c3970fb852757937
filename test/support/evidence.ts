/** Evidence of the long tests: docs/evidence/NAME.json, with the commit and the machine it was measured on. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, homedir, tmpdir, totalmem } from 'node:os';
import { join, sep } from 'node:path';
import { root } from './command.ts';

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
}

/** A message without paths of this machine: what is below a test's own folder is told from there, the repository as `.`, the user's folder as `~`. */
export function placeless(text: string): string {
  // The repository and the user's folder may themselves lie in the folder for temporary files.
  const known = text.replaceAll(root + sep, `.${sep}`).replaceAll(homedir() + sep, `~${sep}`);
  return known.replaceAll(tmpdir() + sep, '<tmp>').replace(/<tmp>inbetween-[\w-]+/g, '');
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
  const said = (_: string, value: unknown): unknown => (typeof value === 'string' ? placeless(value) : value);
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(evidence, said, 2)}\n`);
}

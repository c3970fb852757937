/**
 * Inbetween's own files, found from wherever its code runs.
 *
 * [Note: one to one] The same code runs as TypeScript (a clone, by Node's type stripping), as JavaScript under build/ (a file for each source, nothing
 * bundled: scripts/build.ts) and inside an application's app.asar. Places beside a file are the same in all three but for the ending; places in the
 * package are found from the folder that has package.json.
 * Why no bundler for this side: workers, child processes and migrations are files that start by their own address, native modules and WebAssembly are
 * found beside the code, and a stack trace names the file one has open. What it costs: some hundred small files to load, 0.1 s.
 */
import { existsSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The address of a module beside the one at `from` (its import.meta.url), with the ending that one has. `name` without it: './worker'. */
export function ownModule(name: string, from: string): URL {
  return new URL(`${name}${/\.[a-z]+$/.exec(from)?.[0] ?? '.js'}`, from);
}

/** As `ownModule`, as a path. */
export function ownModulePath(name: string, from: string): string {
  return fileURLToPath(ownModule(name, from));
}

/** The folder with package.json. */
export const PACKAGE_ROOT = findRoot();

/** A file or folder of the package, by its path in it. */
export function packagePath(...names: readonly string[]): string {
  return join(PACKAGE_ROOT, ...names);
}

/**
 * As `packagePath`, outside an application's archive: for what other code than Node's `fs` opens, or what is linked and renamed. electron-builder.yml lists what is
 * kept there.
 */
export function unpackedPath(...names: readonly string[]): string {
  return packagePath(...names).replace(`app.asar${sep}`, `app.asar.unpacked${sep}`);
}

function findRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

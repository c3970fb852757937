/** Reads an asar archive: a length, a header of JSON, the files one after the other; those marked unpacked lie beside it. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface Entry {
  readonly files?: Readonly<Record<string, Entry>>;
  readonly size?: number;
  readonly offset?: string;
  readonly unpacked?: boolean;
  readonly link?: string;
}

export interface PackedFile {
  /** With slashes, from the root. */
  readonly path: string;
  readonly size: number;
  readonly unpacked: boolean;
  readonly bytes: () => Buffer;
}

export function readAsar(archive: string): PackedFile[] {
  const all = readFileSync(archive);
  const header = JSON.parse(all.toString('utf8', 16, 16 + all.readUInt32LE(12))) as Entry;
  const start = 8 + all.readUInt32LE(4);
  const walk = (entry: Entry, path: string): PackedFile[] =>
    Object.entries(entry.files ?? {}).flatMap(([name, inner]) => {
      const full = path === '' ? name : `${path}/${name}`;
      if (inner.files) return walk(inner, full);
      const { size = 0, offset = '0', unpacked = false } = inner;
      const bytes = (): Buffer =>
        unpacked
          ? readFileSync(join(`${archive}.unpacked`, full))
          : all.subarray(start + Number(offset), start + Number(offset) + size);
      return [{ path: full, size, unpacked, bytes }];
    });
  return walk(header, '');
}

/** Everything as plain files below `folder`. */
export function extractAsar(archive: string, folder: string): void {
  for (const { path, unpacked, bytes } of readAsar(archive)) {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    if (unpacked) cpSync(join(`${archive}.unpacked`, path), target);
    else writeFileSync(target, bytes());
  }
}

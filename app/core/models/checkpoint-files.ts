/** Which files a checkpoint consists of, by its format. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { PARTS } from '../engines/rife/ncnn/conventions.ts';
import { looksPacked } from '../import/archive.ts';
import { HEAD_BYTES } from '../import/checkpoint.ts';
import { openReader } from '../import/file-reader.ts';
import { isFileName } from '../nn/model-manifest.ts';

export interface CheckpointFiles {
  /** The folder their names are relative to. */
  readonly folder: string;
  readonly names: readonly string[];
  /** What to open: one of `names`, or '' for the folder. */
  readonly entry: string;
}

const SHARD = /\.data-\d{5}-of-\d{5}$/;

/** The files of the checkpoint at `path`, which a reader opened as `format`. Throws `checkpoint-refused` for names no store can keep. */
export async function checkpointFiles(path: string, format: string): Promise<CheckpointFiles> {
  const isFolder = (await stat(path)).isDirectory();
  const found = await filesOf(path, isFolder, format);
  const bad = found.names.find((name) => !isFileName(name));
  if (bad !== undefined)
    throw new AppError(
      'checkpoint-refused',
      `The file name ${JSON.stringify(bad)} cannot be kept; rename the file first.`,
    );
  return found;
}

async function filesOf(path: string, isFolder: boolean, format: string): Promise<CheckpointFiles> {
  const folder = isFolder ? path : dirname(path);
  const name = basename(path);
  // Whatever is inside an archive, the archive is the file.
  if (!isFolder && (await isPacked(path))) return { folder, names: [name], entry: name };
  if (format === 'saved-model') {
    const variables = (await readdir(join(folder, 'variables'))).filter(
      (one) => one === 'variables.index' || SHARD.test(one),
    );
    return { folder, names: ['saved_model.pb', ...variables.toSorted().map((one) => `variables/${one}`)], entry: '' };
  }
  if (format === 'tensor-bundle') {
    const all = (await readdir(folder)).toSorted();
    const prefix = isFolder || name === 'checkpoint' ? undefined : name.replace(/\.index$/, '').replace(SHARD, '');
    const names = all.filter((one) =>
      prefix === undefined
        ? one === 'checkpoint' || one.endsWith('.index') || SHARD.test(one)
        : one === `${prefix}.index` || (one.startsWith(`${prefix}.data-`) && SHARD.test(one)),
    );
    return { folder, names, entry: prefix === undefined ? '' : `${prefix}.index` };
  }
  if (format === 'ncnn') {
    const base = name.replace(/\.(param|bin)$/, '');
    const parts = (PARTS as readonly string[]).includes(base) ? await partsIn(folder) : [];
    const bases = parts.length > 0 ? parts : [base];
    return { folder, names: bases.flatMap((one) => [`${one}.param`, `${one}.bin`]), entry: `${bases[0]}.param` };
  }
  return { folder, names: [name], entry: name };
}

async function isPacked(path: string): Promise<boolean> {
  await using file = await openReader(path);
  return looksPacked(await file.read(0, Math.min(HEAD_BYTES, file.size)));
}

/** RIFE up to 3.x is three networks in files beside each other; [] when they are not all there. */
async function partsIn(folder: string): Promise<readonly string[]> {
  const there = new Set(await readdir(folder));
  return PARTS.every((part) => there.has(`${part}.param`) && there.has(`${part}.bin`)) ? PARTS : [];
}

/** ncnn networks from their files: one network, or the three of RIFE up to 3.x. */
import { basename, dirname, extname, join } from 'node:path';
import { stat } from 'node:fs/promises';
import { AppError } from '../../../../contract/errors.ts';
import type { Checkpoint } from '../../../import/checkpoint.ts';
import { ncnnGraphOf } from '../../../import/ncnn.ts';
import { openCheckpoint } from '../../../import/registry.ts';
import { conventionOf, PARTS, type Convention } from './conventions.ts';
import { readNetwork, type NcnnNetwork } from './convert.ts';

/** The networks of a model, opened. */
export type NcnnModel =
  | { readonly convention: Exclude<Convention, { network: 'rife 1 to 3' }>; readonly network: NcnnNetwork }
  | { readonly convention: 'rife 1 to 3'; readonly parts: Readonly<Record<(typeof PARTS)[number], NcnnNetwork>> };

/** The file to open for a model: a folder's one network, or its flownet. */
export async function modelFile(path: string): Promise<string> {
  const found = await stat(path).catch(() => null);
  if (!found?.isDirectory()) return path;
  for (const name of ['flownet', 'ifrnet', 'cain']) {
    const file = join(path, `${name}.param`);
    if (await stat(file).catch(() => null)) return file;
  }
  return path;
}

/** Reads the model `checkpoint` (opened from `path`) is of; null when it is no ncnn network of these families. Throws as `readNetwork`. */
export async function readModel(path: string, checkpoint: Checkpoint): Promise<NcnnModel | null> {
  const graph = ncnnGraphOf(checkpoint);
  const convention = graph && conventionOf(graph);
  if (!graph || !convention) return null;
  if (convention.network !== 'rife 1 to 3') return { convention, network: await readNetwork(graph, checkpoint) };
  // One after the other: of several that are missing the first is named, and none is still being read when this fails.
  const flownet = await readPart(path, 'flownet');
  const contextnet = await readPart(path, 'contextnet');
  const fusionnet = await readPart(path, 'fusionnet');
  return { convention: 'rife 1 to 3', parts: { flownet, contextnet, fusionnet } };
}

/** One of the three networks beside `path`. */
async function readPart(path: string, part: (typeof PARTS)[number]): Promise<NcnnNetwork> {
  const file = join(dirname(path), `${part}${extname(basename(path))}`);
  await using checkpoint = await openCheckpoint(file);
  const graph = ncnnGraphOf(checkpoint);
  const convention = graph && conventionOf(graph);
  if (!graph || convention?.network !== 'rife 1 to 3' || convention.part !== part)
    throw new AppError('weights-mismatch', `${file} is not the ${part} of a RIFE network.`);
  return await readNetwork(graph, checkpoint);
}

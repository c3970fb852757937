/** The published models that are known: catalogue.json, or the file INBETWEEN_CATALOGUE names (for a company's own models). */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import { LICENCE_TERMS, type CatalogueFile, type CatalogueModel } from '../../contract/models.ts';
import { parseJson } from '../base/json.ts';
import { isFileName, isModelId } from '../nn/model-manifest.ts';
import { parseAddress } from './http.ts';

const fileSchema = z.object({
  name: z.string().refine(isFileName),
  gitBlobSha1: z
    .string()
    .regex(/^[0-9a-f]{40}$/)
    .optional(),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  bytes: z.number().int().positive().optional(),
  addresses: z.array(z.string()).min(1).max(20),
});

const modelSchema = z.object({
  id: z.string().refine(isModelId),
  family: z.string(),
  name: z.string(),
  licence: z.string(),
  terms: z.enum(LICENCE_TERMS),
  licenceNote: z.string().optional(),
  source: z.string(),
  entry: z.string(),
  files: z.array(fileSchema).min(1).max(200),
  aboutBytes: z.number().int().positive().optional(),
  notYet: z.string().optional(),
});

const catalogueSchema = z.object({ models: z.array(modelSchema) });

/** Throws `bad-model` when the file is none of ours. */
export async function readCatalogue(env: NodeJS.ProcessEnv = process.env): Promise<readonly CatalogueModel[]> {
  const own = env['INBETWEEN_CATALOGUE'];
  const path = own ? own : new URL('./catalogue.json', import.meta.url);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new AppError('not-found', `The catalogue ${String(path)} cannot be read.`, { cause });
  });
  const catalogue = parseJson(catalogueSchema, text);
  if (catalogue === undefined) throw new AppError('bad-model', `${String(path)} is not a catalogue of models.`);
  return catalogue.models;
}

/** The entry called `id`. Throws `model-unknown`, which names those that sound like it. */
export function findEntry(id: string, catalogue: readonly CatalogueModel[]): CatalogueModel {
  const entry = catalogue.find((model) => model.id === id.toLowerCase());
  if (entry) return entry;
  const stem = id.toLowerCase().slice(0, 3);
  const near = catalogue
    .filter((model) => model.notYet === undefined && model.id.startsWith(stem))
    .map((model) => model.id);
  const hint =
    near.length > 0 ? `near it there are: ${near.slice(0, 12).join(', ')}` : 'models list shows what there is';
  throw new AppError('model-unknown', `The catalogue has no model called '${id}'; ${hint}.`);
}

/** Text without a hash may have this many bytes, weights of unknown length that many. */
const MAX_TEXT_BYTES = 1 << 20;
const MAX_WEIGHT_BYTES = 2 ** 31;

/** More bytes than the file may have. */
export function maxBytesOf(file: CatalogueFile): number {
  return file.bytes ?? (isPinned(file) ? MAX_WEIGHT_BYTES : MAX_TEXT_BYTES);
}

export function isPinned({ gitBlobSha1, sha256 }: CatalogueFile): boolean {
  return gitBlobSha1 !== undefined || sha256 !== undefined;
}

/** Bytes of the whole model; undefined when not all are known. */
export function bytesOf({ files, aboutBytes }: CatalogueModel): number | undefined {
  const known = files.reduce((sum, { bytes }) => sum + (bytes ?? Number.NaN), 0);
  return Number.isNaN(known) ? aboutBytes : known;
}

/** The file's addresses; `mirror` takes the place of their protocol and host ('https://mirror.example/models'). Throws `address-refused`. */
export function addressesOf(file: CatalogueFile, mirror?: string): readonly URL[] {
  const own = file.addresses.map((text) => parseAddress(text));
  if (mirror === undefined || mirror === '') return own;
  const base = parseAddress(mirror);
  return own.map((address) => {
    const moved = new URL(base);
    moved.pathname = `${base.pathname.replace(/\/+$/, '')}${address.pathname}`;
    return moved;
  });
}

/** `manifest.json` of a model: read from the disk, so anything may be in it. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { LICENCE_TERMS, type ModelManifest } from '../../contract/models.ts';
import { isErrno } from '../base/durable.ts';

export const MANIFEST = 'manifest.json';

const MAX_BYTES = 1 << 20;

/** Names Windows keeps for devices, whatever follows the dot. */
const DEVICES = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/;

/** What a model may be called: it becomes the name of a folder on any system. */
export function isModelId(text: string): boolean {
  return /^[a-z0-9][a-z0-9._-]{0,63}$/.test(text) && !/[.]$/.test(text) && !DEVICES.test(text);
}

/** A path below the model's folder: no way out, nothing a system reads in its own way. */
export function isFileName(name: string): boolean {
  if (name.length === 0 || name.length > 400) return false;
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\\:\u0000-\u001f]/.test(name)) return false;
  return name !== MANIFEST && name.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

const figure = z.number().finite();

const probeSchema = z.object({
  psnr: figure,
  blendPsnr: figure,
  clipped: figure,
  millisecondsPerFrame: figure,
  width: figure,
  height: figure,
  device: z.string(),
});

const scoresSchema = z.object({ psnr: figure, ssim: figure, gmsd: figure.nullable() });

const fileSchema = z.object({
  name: z.string().refine(isFileName, 'is not the name of a file in its folder'),
  bytes: z.number().int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'is no SHA-256'),
});

export const manifestSchema = z
  .object({
    id: z.string().refine(isModelId, 'is no name for a model'),
    family: z.string().min(1).max(64),
    name: z.string().max(400),
    licence: z.string().max(4000),
    terms: z.enum(LICENCE_TERMS).optional(),
    source: z.string().max(4000),
    files: z.array(fileSchema).min(1).max(2000),
    entry: z.string().max(400).optional(),
    config: z.record(z.string(), z.unknown()),
    parameters: z.number().int().nonnegative().optional(),
    format: z.string().max(64).optional(),
    installedAt: z.string().max(64).optional(),
    probe: probeSchema.optional(),
    scores: scoresSchema.optional(),
    note: z.string().max(4000).optional(),
  })
  .refine(({ entry, files }) => entry === undefined || entry === '' || files.some(({ name }) => name === entry), {
    path: ['entry'],
    message: 'is none of its files',
  });

/** The manifest in `folder`, or one clause why there is none to use; `absent` where there is no file of that name. */
export async function readManifest(
  folder: string,
): Promise<{ manifest: ModelManifest; why?: undefined } | { why: string; absent: boolean; manifest?: undefined }> {
  const path = join(folder, MANIFEST);
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) return { why: `${MANIFEST} has ${size} bytes, more than any`, absent: false };
    text = await readFile(path, 'utf8');
  } catch (error) {
    const absent = isErrno(error, 'ENOENT', 'ENOTDIR');
    return { why: absent ? `it has no ${MANIFEST}` : `${MANIFEST} cannot be read`, absent };
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { why: `${MANIFEST} is no JSON`, absent: false };
  }
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return { manifest: parsed.data };
  const issue = parsed.error.issues[0];
  return {
    why: `${MANIFEST}: ${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'has another shape'}`,
    absent: false,
  };
}

/** What a job is made from: its inputs as they are, and its engines at their versions. What is finished holds as long as neither changes. */
import { z } from 'zod';
import type { JobSpec } from '../../contract/jobs.ts';
import { findEngine, findInbetweener, findTagger } from '../engines/registry.ts';
import { fileIdentitySchema, identifyAll, sameIdentities, sourcesSchema } from '../library/file-identity.ts';
import { MORPH_VERSION } from '../morph/spec.ts';
import { specInputs } from './spec.ts';

const engineSchema = z.object({ id: z.string(), version: z.string().optional() });

/** An engine that a job asks for; without a version where it is not here (or not any more). */
type Maker = z.output<typeof engineSchema>;

/** As stored with a job. Libraries of before have only files: nobody knows which engines made what they hold, so it is made again. */
export const basisSchema = z.union([
  z.object({ files: z.array(fileIdentitySchema), engines: z.array(engineSchema) }),
  sourcesSchema.transform((files) => ({ files, engines: undefined })),
]);

type StoredBasis = z.output<typeof basisSchema>;
export type Basis = Extract<StoredBasis, { engines: Maker[] }>;

/** Looks at a job's files and engines. Throws as `identify`; an engine that is not here is found out where it is needed. */
export async function basisOf(spec: JobSpec): Promise<Basis> {
  const files = await identifyAll(specInputs(spec));
  const find = { morph: findInbetweener, tag: findTagger, retime: findEngine, sequence: findEngine }[spec.kind];
  const engines: Maker[] = [];
  for (const id of new Set(engineIds(spec))) {
    const entry = await find(id).catch(() => undefined);
    engines.push({ id, version: entry?.version });
  }
  if (spec.kind === 'morph') engines.push({ id: 'morph', version: String(MORPH_VERSION) });
  return { files, engines };
}

/** Whether what was made from `before` is what would be made `now`. What an engine made that is not here any more cannot be made better. */
export function sameBasis(before: StoredBasis, now: Basis): boolean {
  const versions = new Map(before.engines?.map(({ id, version }) => [id, version]));
  const sameEngines = now.engines.every(({ id, version }) => version === undefined || versions.get(id) === version);
  return before.engines !== undefined && sameEngines && sameIdentities(before.files, now.files);
}

function engineIds(spec: JobSpec): string[] {
  if (spec.kind === 'retime' || spec.kind === 'tag') return [spec.engine];
  if (spec.kind === 'morph') return spec.gaps.map(({ engine }) => engine);
  return spec.clips.flatMap(({ engine, remedies }) => [engine, ...remedies.map((remedy) => remedy.engine)]);
}

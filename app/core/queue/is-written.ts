/** Whether a job's output is there already and right. */
import { stat } from 'node:fs/promises';
import type { RetimeSpec } from '../../contract/jobs.ts';
import { finishedResult } from '../jobs/runner.ts';
import { isAlreadyThere } from '../jobs/tasks/retime.ts';
import { analysisCache } from '../library/analysis-cache.ts';
import type { Library } from '../library/db.ts';
import { identify } from '../library/file-identity.ts';

/**
 * 'yes': this library's job wrote it, or (asked for 'anybody') it probes as what the job would write; 'foreign': something else is there, or it was not
 * looked at. Looking at what others wrote decodes the source once. Throws `not-found` and what probing throws for the input.
 */
export async function isWritten(
  db: Library,
  spec: RetimeSpec,
  whose: 'ours' | 'anybody',
  signal = new AbortController().signal,
): Promise<'yes' | 'no' | 'foreign'> {
  if ((await finishedResult(spec, { db })) !== undefined) return 'yes';
  if ((await stat(spec.output).catch(() => undefined)) === undefined) return 'no';
  if (whose === 'ours') return 'foreign';
  const context = { analyses: analysisCache(db), source: await identify(spec.input), signal };
  return (await isAlreadyThere(spec, context)) ? 'yes' : 'foreign';
}

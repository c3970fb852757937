/** Many retimes by one command: one failure never stops the rest. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { toAppError, type WireError } from '../contract/errors.ts';
import type { RetimeSpec } from '../contract/jobs.ts';
import type { App } from '../core/app.ts';
import { progressPrinter } from './progress.ts';
import type { VerbIo } from './verb.ts';

export interface RetimeOutcome {
  readonly state: 'done' | 'kept' | 'failed';
  readonly error?: WireError;
}

/**
 * Runs a job whose folder is made, or keeps what is there of it; with `adopt` also a file that another library wrote, as far as probing tells. Throws only what stops everything: 'cancelled', and what is
 * wrong with the words.
 */
export async function runRetime(
  app: App,
  plan: () => Promise<RetimeSpec>,
  { label, adopt, io }: { readonly label: string; readonly adopt: boolean; readonly io: VerbIo },
): Promise<RetimeOutcome> {
  const progress = progressPrinter(io, label);
  let spec: RetimeSpec | undefined;
  try {
    spec = await plan();
    await mkdir(dirname(spec.output), { recursive: true });
    const kept = await app.finished(spec);
    if (!kept) await app.run(spec, { signal: io.signal, onEvent: progress.listen });
    progress.end();
    return { state: kept ? 'kept' : 'done' };
  } catch (thrown) {
    const error = toAppError(thrown);
    // Written under another library, or before this one was lost: valid is valid.
    const there = adopt && spec !== undefined && error.code === 'output-exists';
    if (there && (await app.alreadyThere(spec!, io.signal))) return { state: 'kept' };
    progress.end();
    if (error.code === 'cancelled' || error.code === 'usage') throw error;
    return { state: 'failed', error: { code: error.code, message: error.message } };
  }
}

/** What was found out about a file at a cost survives the process: a file that was analysed once is not decoded again to be planned. */
import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import type { z } from 'zod';
import { parseJson } from '../base/json.ts';
import { findAnalysis, storeAnalysis } from './analyses.ts';
import type { Library } from './db.ts';
import { requireUnchanged, type FileIdentity } from './file-identity.ts';

export interface AnalysisCache {
  /**
   * What is known of exactly this file in this state. `kind` names the analysis, the version of the code and its settings:
   * 'source-index/1'. A row that does not pass `schema` is as good as none.
   */
  find<T>(file: FileIdentity, kind: string, schema: z.ZodType<T>): Promise<T | undefined>;
  /** Remembers plain data. Take `file` (by `identify`) before analysing, so that a change meanwhile is noticed: throws `source-changed`. */
  store(file: FileIdentity, kind: string, value: unknown): Promise<void>;
}

/** Characters of JSON that an analysis may have, unpacked. */
const MOST = 2 ** 28;

export function analysisCache(db: Library): AnalysisCache {
  return {
    async find(file, kind, schema) {
      const row = findAnalysis(db, file, kind);
      const text = row === undefined ? undefined : await inflated(row.data);
      return text === undefined ? undefined : parseJson(schema, text);
    },
    async store(file, kind, value) {
      const data = await promisify<string, { level: number }, Buffer>(deflateRaw)(JSON.stringify(value), { level: 1 });
      await requireUnchanged([file]);
      storeAnalysis(db, file, kind, data);
    },
  };
}

async function inflated(data: Uint8Array): Promise<string | undefined> {
  try {
    const unpack = promisify<Uint8Array, { maxOutputLength: number }, Buffer>(inflateRaw);
    return (await unpack(data, { maxOutputLength: MOST })).toString('utf8');
  } catch {
    return undefined;
  }
}

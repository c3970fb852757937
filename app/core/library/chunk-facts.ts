/** What is known of the frames of chunks besides their pixels; it goes when its chunk goes. */
import { z } from 'zod';
import { parseJson } from '../base/json.ts';
import type { Library } from './db.ts';

const confidenceSchema = z.array(z.number().nullable());
const rowSchema = z.object({ confidence: z.string() });

/** One entry for each frame of the chunk, whose row must be there: 0 to 1, null for a real frame. Kept to three digits. */
export function putConfidence(db: Library, key: string, confidence: readonly (number | null)[]): void {
  const rounded = confidence.map((one) => (one === null ? null : Math.round(one * 1000) / 1000));
  db.run('INSERT OR REPLACE INTO chunk_facts (key, confidence) VALUES (?, ?)', key, JSON.stringify(rounded));
}

/** Undefined where it is not known: the chunk is not there, or was adopted after a crash. */
export function confidenceOf(db: Library, key: string): (number | null)[] | undefined {
  const row = db.get(rowSchema, 'SELECT confidence FROM chunk_facts WHERE key = ?', key);
  return row && parseJson(confidenceSchema, row.confidence);
}

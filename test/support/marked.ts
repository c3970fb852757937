/** A library with a clip that was tagged and where a person marked something. */
import { SPAN_RULES } from '../../app/contract/tags.ts';
import type { Library } from '../../app/core/library/db.ts';
import { editSpans } from '../../app/core/library/span-history.ts';
import { finishRun } from '../../app/core/library/span-rows.ts';
import { appendScores, beginRun } from '../../app/core/library/tag-runs.ts';
import { seedClips } from './library.ts';

/** One clip of 20 s, 'seed-0', looked at by the engine 'net' (embeddings of 3 numbers, which differ from 5 s to 10 s), `label` marked from 5 s to 7 s. */
export function seedMarked(db: Library, label: string): void {
  seedClips(db, 1);
  db.run('UPDATE clips SET duration = 20');
  const run = beginRun(db, {
    ...{ clip: 'seed-0', engine: 'net', version: '1', content: 'c', labels: ['walk'], rules: SPAN_RULES, rate: 2 },
    embedding: 3,
  });
  const vectors = Array.from({ length: 40 }, (_, n) => (n >= 10 && n < 20 ? [1, 4, 1] : [3, 1, 1 + (n % 2)])).flat();
  appendScores(db, run, 0, new Float32Array(40), Float32Array.from(vectors), null);
  finishRun(db, run, []);
  editSpans(db, 'seed-0', 0, [{ type: 'mark', label, start: 5, end: 7 }]);
}

/** The recogniser that comes with Inbetween: what PyTorch gave when it was published. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { findTagger } from '../../../../app/core/engines/registry.ts';
import { installedModels } from '../../../../app/core/nn/store.ts';

const goldenSchema = z.object({
  width: z.number(),
  height: z.number(),
  count: z.number(),
  frames: z.array(z.number()),
  tolerance: z.number(),
  probabilities: z.array(z.number()),
  embedding: z.array(z.number()),
});

const ID = 'movinet-everyday';
const model = (await installedModels()).find(({ id, embedded }) => embedded && id === ID)!;

/** Pictures of golden.json's formula, [count, height, width, 3]. */
function pictures({ count, width, height }: { count: number; width: number; height: number }): Float32Array {
  const out = new Float32Array(count * height * width * 3);
  for (let k = 0, i = 0; k < count; k++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let c = 0; c < 3; c++, i++) {
          const [u, v] = [x - 3 * k, y - 2 * k];
          out[i] = 0.5 + 0.2 * Math.sin(0.31 * u + 0.17 * v + c) + 0.15 * Math.cos(0.23 * v - 0.41 * u + 2 * c);
        }
  return out;
}

test('it gives what it gave when it was published, and its labels are those of the issue', async () => {
  const golden = goldenSchema.parse(JSON.parse(readFileSync(join(model.folder, 'golden.json'), 'utf8')));
  const entry = await findTagger(ID);
  assert.deepEqual(
    { mode: entry.mode, embedded: entry.embedded, size: entry.size, rate: entry.rate },
    { mode: 'stream', embedded: true, size: golden.width, rate: 10 },
  );
  for (const label of ['walk', 'run', 'jump', 'wave one hand', 'wave two hands', 'clap', 'squat', 'bend', 'nothing'])
    assert.ok(entry.labels.includes(label), label);
  await using tagger = await entry.open({ threads: 1, device: 'cpu' });
  const scores = await tagger.push(pictures(golden), golden.count);
  assert.deepEqual(
    scores.map(({ frame }) => frame),
    Array.from({ length: golden.count }, (_, i) => i),
  );
  const given = golden.frames.flatMap((frame) => [...scores[frame]!.probabilities]);
  const embedding = [...scores[golden.frames.at(-1)!]!.embedding];
  const off = (a: readonly number[], b: readonly number[]): number =>
    a.length === b.length ? Math.max(...a.map((value, i) => Math.abs(value - b[i]!))) : Infinity;
  assert.ok(off(given, golden.probabilities) < golden.tolerance, `off by ${off(given, golden.probabilities)}`);
  // Embeddings are not squeezed between 0 and 1.
  const scale = Math.max(1, ...golden.embedding.map(Math.abs));
  assert.ok(off(embedding, golden.embedding) < golden.tolerance * scale, `off by ${off(embedding, golden.embedding)}`);
});

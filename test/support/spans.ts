/** Thousands of spans on the clips of a library, for searching. */
import { z } from 'zod';
import type { Library } from '../../app/core/library/db.ts';
import { random } from './random.ts';

const numberSchema = z.object({ number: z.number() });

export const SEED_LABELS = [
  ...['walk', 'run', 'jump', 'wave one hand', 'wave two hands', 'clap', 'squat', 'bend', 'kick', 'punch', 'throw'],
  ...['jumping jack', 'fall', 'raise arms sideways', 'raise arms forward', 'fight', 'juggle'],
];

/** `count` spans, the same every time, spread over the clips there are; found by two engines or marked, some judged. */
export function seedSpans(db: Library, count: number): void {
  const next = random(3);
  const pick = <T>(all: readonly T[]): T => all[Math.floor(next() * all.length)]!;
  db.write(() => {
    for (const [i, label] of SEED_LABELS.entries())
      db.run('INSERT INTO tag_labels (number, label, folded) VALUES (?, ?, ?)', i + 1, label, label);
    db.run(
      `INSERT INTO tag_sources (number, engine, version) VALUES (1, 'movinet-everyday', '1'), (2, 'movinet-a2', '1')`,
    );
    const clips = db.all(numberSchema, 'SELECT number FROM clips ORDER BY number').map(({ number }) => number);
    for (let i = 0; i < count; i++) {
      const [start, length] = [Math.floor(next() * 300) / 5, (1 + Math.floor(next() * next() * 40)) / 5];
      const state = pick(['found', 'found', 'found', 'found', 'accepted', 'rejected', 'marked'] as const);
      const [score, source] = state === 'marked' ? [null, null] : [0.3 + 0.7 * next(), pick([1, 1, 1, 2])];
      db.run(
        `INSERT INTO tag_spans (id, clip, label, start, end, score, state, source, hidden, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?)`,
        ...[`span-${i}`, pick(clips), 1 + Math.floor(next() * SEED_LABELS.length), start, start + length, score],
        ...[state, source, 1.7e12 + Math.floor(next() * 1e9)],
      );
    }
  });
}

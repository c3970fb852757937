/**
 * Makes the protocol of recognition on held-out people: `node test/eval/make-recognition.ts`, with shared/ beside the repository (or INBETWEEN_SHARED).
 *
 * The clips of clips/actions that no training of ours has seen, under the recogniser's labels: Weizmann persons 5 and 6 (each clip and its mirror image), ud810
 * person 3, which happen from end to end; the surveillance clips of the groups of fight_surv whose index % 5 is 4, as spans, so that a peaceful one has none;
 * two of samples in which somebody does one of the actions all the time. The people the recogniser was trained on give examples for taught labels, which are
 * tried on those it was not. Splits: [Note: the splits] in models/training/motion_data.py.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { probe } from '../../app/core/media/probe.ts';

const CLIPS = join(process.env['INBETWEEN_SHARED'] ?? join(import.meta.dirname, '../../../shared'), 'clips', 'actions');

/** The names of clips/actions and ours. */
const LABELS: Readonly<Record<string, string>> = {
  wave_one_hand: 'wave one hand',
  wave_two_hands: 'wave two hands',
  bend: 'bend',
  jumping_jack: 'jumping jack',
  raise_arms_sideways_overhead: 'raise arms sideways',
  raise_both_hands_forward: 'raise arms forward',
};
const SAMPLES = [
  ['samples/tfjs-models__pose_squats.mp4', 'squat'],
  ['samples/sam2__05_default_juggle.mp4', 'kick'],
] as const;

const rows = z
  .array(z.object({ file: z.string(), label: z.string(), person: z.string().optional(), group: z.string().nullish() }))
  .parse(JSON.parse(await readFile(join(CLIPS, 'labels.json'), 'utf8')));
const fights = rows.filter(({ file }) => file.startsWith('fight_surv'));
const groups = [...new Set(fights.map(({ group }) => group ?? ''))].toSorted((a, b) => (a < b ? -1 : 1));

const named = (set: RegExp, group: string, more: object = {}): object[] =>
  rows.flatMap(({ file, label, person }) => {
    return set.test(person ?? '') ? [{ file: pathOf(file), person, group, label: LABELS[label], ...more }] : [];
  });

async function watched(): Promise<object[]> {
  const held = fights.filter(({ group }) => groups.indexOf(group ?? '') % 5 === 4);
  return await Promise.all(
    held.map(async ({ file, label, group }) => {
      const { duration } = await probe(join(CLIPS, file));
      const end = Math.round((duration ?? 0) * 1000) / 1000;
      const spans = label === 'fight' ? [{ label, start: 0, end }] : [];
      return { file: pathOf(file), person: group ?? '', group: 'surveillance', spans };
    }),
  );
}

function pathOf(file: string): string {
  return relative(import.meta.dirname, join(CLIPS, file));
}

const videos = [
  ...named(/^weiz[56]$/, 'weizmann'),
  ...named(/^ps7p3$/, 'arms'),
  ...SAMPLES.map(([file, label]) => ({ file: pathOf(file), group: 'samples', label })),
  ...(await watched()),
  ...named(/^weiz[0-4]$/, 'weizmann', { examples: true }),
  ...named(/^ps7p[12]$/, 'arms', { examples: true }),
];
await writeFile(join(import.meta.dirname, 'actions-recognition.json'), `${JSON.stringify({ videos }, null, 2)}\n`);
console.log(`actions-recognition.json: ${videos.length} videos`);

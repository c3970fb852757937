/**
 * Makes the protocols of windows over held-out people and scenes: `node test/eval/make-windows.ts`, with shared/ beside the repository (or INBETWEEN_SHARED).
 *
 * [Note: held-out windows] The clips of clips/actions that nothing of ours was trained or chosen on: Weizmann persons 5 and 6 (unmirrored), ud810 person 3, the groups
 * of fight_surv whose index % 5 is 4 (their first two clips each), and everything in samples. Of each clip and stride the window is taken whose two ends differ
 * most at 64 pixels, out of those that begin at every third frame and hold no cut: in-betweening is for ends far apart, and a window in which nothing
 * moves says nothing. No engine was asked. Those are the hardest there are; actions-windows-middle.json has, for the same clips and strides, the window in the middle
 * of the clip, whatever happens in it (of those without a cut the one nearest to the middle). It was added when the first had been scored.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { toRgb8, type Rgb8 } from '../../app/core/score/rgb.ts';
import { openVideo } from '../../app/core/score/sources.ts';
import { squareAt } from '../../app/core/score/windows.ts';

const FRAMES = 16;
const EVERY = 3;
const CLIPS = join(process.env['INBETWEEN_SHARED'] ?? join(import.meta.dirname, '../../../shared'), 'clips', 'actions');

interface Clip {
  readonly set: string;
  readonly file: string;
  readonly strides: readonly number[];
}

interface Entry {
  readonly set: string;
  readonly id: string;
  readonly video: string;
  readonly window: readonly [number, number];
  readonly frames: number;
  readonly size: number;
}

const labels = z.array(
  z.object({
    file: z.string(),
    person: z.string().optional(),
    mirrored: z.boolean().optional(),
    group: z.string().nullish(),
  }),
);

async function heldOut(): Promise<Clip[]> {
  const rows = labels.parse(JSON.parse(await readFile(join(CLIPS, 'labels.json'), 'utf8')));
  const fights = rows.filter(({ file }) => file.startsWith('fight_surv'));
  // Those without a group are one of their own, ''.
  const groups = [...new Set(fights.map(({ group }) => group ?? ''))].toSorted((a, b) => (a < b ? -1 : 1));
  const weizmann = rows.filter(({ person, mirrored }) => /^weiz[56]$/.test(person ?? '') && !mirrored);
  const arms = rows.filter(({ person }) => person === 'ps7p3');
  const scenes = groups
    .filter((_, i) => i % 5 === 4)
    .flatMap((group) => fights.filter((row) => (row.group ?? '') === group).slice(0, 2));
  const index = z.array(z.object({ file: z.string() }).loose());
  const samples = index.parse(JSON.parse(await readFile(join(CLIPS, 'samples', 'index.json'), 'utf8')));
  return [
    ...weizmann.map(({ file }) => ({ set: 'weizmann', file, strides: [1, 2, 3] })),
    ...arms.map(({ file }) => ({ set: 'arms', file, strides: [2] })),
    ...scenes.map(({ file }) => ({ set: 'surveillance', file, strides: [2] })),
    ...samples.map(({ file }) => ({ set: 'samples', file: join('samples', file), strides: [1, 3] })),
  ];
}

/** Mean difference of two pictures' 8-bit values. */
function difference(a: Rgb8, b: Rgb8): number {
  const sum = (p: Uint8Array, q: Uint8Array): number => p.reduce((n, value, i) => n + Math.abs(value - q[i]!), 0);
  return (sum(a.r, b.r) + sum(a.g, b.g) + sum(a.b, b.b)) / (3 * a.r.length);
}

interface Places {
  /** The shorter side of the clip's pictures. */
  readonly side: number;
  /** First frame and stride of the window whose ends differ most, and of the one in the middle, for each stride; none where the clip is too short. */
  readonly far: [number, number][];
  readonly middle: [number, number][];
}

async function placesOf({ file, strides }: Clip): Promise<Places> {
  const { colour, frames } = await openVideo(join(CLIPS, file));
  const small: Rgb8[] = [];
  let side = 0;
  for await (const frame of frames()) {
    side = Math.min(frame.width, frame.height);
    small.push(squareAt(toRgb8(frame, colour, 'replicate'), 64));
  }
  const steps = small.slice(1).map((next, i) => difference(small[i]!, next));
  const best = (order: (start: number, reach: number) => number): [number, number][] =>
    strides.flatMap((stride): [number, number][] => {
      const reach = (FRAMES - 1) * stride;
      const starts = Array.from(
        { length: Math.max(0, Math.ceil((small.length - reach) / EVERY)) },
        (_, i) => i * EVERY,
      );
      const whole = starts.filter((start) => !hasCut(steps.slice(start, start + reach)));
      const first = whole.toSorted((a, b) => order(a, reach) - order(b, reach))[0];
      return first === undefined ? [] : [[first, stride]];
    });
  const far = best((start, reach) => -difference(small[start]!, small[start + reach]!));
  const middle = best((start, reach) => Math.abs(start + reach / 2 - small.length / 2));
  return { side, far, middle };
}

/** As models/training/motion_data.py tells a cut: one step that is large, and far larger than is usual. */
function hasCut(steps: readonly number[]): boolean {
  const most = Math.max(...steps);
  return most > 20 && most > 5 * steps.toSorted((a, b) => a - b)[steps.length >> 1]!;
}

async function write(name: string, entries: readonly Entry[]): Promise<void> {
  // As prettier would have it.
  const text = JSON.stringify(entries, null, 2).replaceAll(/\[\s+(\d+),\s+(\d+)\s+\]/g, '[$1, $2]');
  await writeFile(join(import.meta.dirname, name), `${text}\n`);
  console.log(`${name}: ${entries.length} windows`);
}

const [small, middling, large]: [Entry[], Entry[], Entry[]] = [[], [], []];
for (const clip of await heldOut()) {
  const { set, file } = clip;
  const { side, far, middle } = await placesOf(clip);
  const video = relative(import.meta.dirname, join(CLIPS, file));
  const entry = (window: [number, number]): Entry => {
    return { set, id: `${file}@${window.join('x')}`, video, window, frames: FRAMES, size: 64 };
  };
  const entries = far.map(entry);
  small.push(...entries);
  middling.push(...middle.map(entry));
  // One window of each clip whose pictures need not be enlarged; those of samples are.
  if (side >= 256) large.push(...entries.slice(0, 1).map((one) => ({ ...one, size: 256 })));
}
await write('actions-windows.json', small);
await write('actions-windows-middle.json', middling);
await write('actions-windows-256.json', large);

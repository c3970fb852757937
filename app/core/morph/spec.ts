/** What a morph's spec must look like to be run. */
import { z } from 'zod';
import { CODECS, DEVICES, FIELDS } from '../../contract/choices.ts';
import {
  MORPH_EASES,
  MORPH_FITS,
  MORPH_MOTIONS,
  MOST_GAP_FRAMES,
  MOST_KEYFRAMES,
  MOST_MORPH_FRAMES,
  type MorphSpec,
} from '../../contract/morph.ts';

const path = z
  .string()
  .min(1)
  .regex(/^[^\0]*$/);
const number = z.number();
const count = z.int().nonnegative();

const point = z.strictObject({ x: number, y: number, jacobian: z.tuple([number, number, number, number]) });

const keyframe = z.strictObject({
  path,
  at: number.nonnegative().nullable(),
  points: z.array(point).max(1000).nullable(),
  fields: z.enum(FIELDS).optional(),
});

const gap = z.strictObject({
  frames: count,
  engine: z.string().min(1).max(200),
  motion: z.enum(MORPH_MOTIONS),
  ease: z.enum(MORPH_EASES),
  seed: count.max(2 ** 32 - 1),
});

const shape = z.strictObject({
  kind: z.literal('morph'),
  title: z.string().max(1000),
  keyframes: z.array(keyframe).max(100_000),
  gaps: z.array(gap).max(100_000),
  loop: z.boolean(),
  fps: z.strictObject({ num: z.int().positive(), den: z.int().positive() }),
  fit: z.enum(MORPH_FITS),
  size: z.strictObject({ width: z.int().positive(), height: z.int().positive() }).optional(),
  output: path,
  codec: z.enum(CODECS).optional(),
  quality: number.optional(),
  device: z.enum(DEVICES).optional(),
  force: z.boolean(),
});

/** Changes whenever the pixels of a morph do, whatever its engines are: it is part of every piece's key, and of what a finished job is compared with. */
export const MORPH_VERSION = 2;

/** Longest side of a film, in pixels. */
export const MOST_SIDE = 8192;
/** Shortest: below, no encoder and no network has anything to do. */
export const LEAST_SIDE = 16;

/** What is wrong with a morph whose parts are well formed; one sentence each. */
export function morphFaults(spec: Pick<MorphSpec, 'keyframes' | 'gaps' | 'loop' | 'fps' | 'size'>): string[] {
  const { keyframes, gaps, loop, fps, size } = spec;
  const wanted = loop ? keyframes.length : keyframes.length - 1;
  const faults: string[] = [];
  if (keyframes.length < 2) {
    const there = keyframes.length === 1 ? 'there is one' : 'there is none';
    faults.push(`A morph leads from one still to the next: it needs two or more, and ${there}.`);
  } else if (keyframes.length > MOST_KEYFRAMES) {
    faults.push(`A morph has at most ${MOST_KEYFRAMES} stills, not ${keyframes.length}.`);
  } else if (gaps.length !== wanted) {
    faults.push(
      `${keyframes.length} stills have ${wanted === 1 ? '1 gap' : `${wanted} gaps`}${loop ? ' in a loop' : ''}, not ${gaps.length}.`,
    );
  }
  const made = gaps.reduce((sum, { frames }) => sum + frames, 0);
  const long = gaps.find(({ frames }) => frames > MOST_GAP_FRAMES);
  if (gaps.length > 0 && made === 0)
    faults.push('There is nothing to make: ask for one frame between two stills at least.');
  if (long) faults.push(`A gap takes at most ${MOST_GAP_FRAMES} frames, not ${long.frames}.`);
  else if (made + keyframes.length > MOST_MORPH_FRAMES)
    faults.push(`A morph has at most ${MOST_MORPH_FRAMES} frames, not ${made + keyframes.length}.`);
  if (fps.num / fps.den > 1000) faults.push(`A morph has at most 1000 frames a second, not ${fps.num}/${fps.den}.`);
  if (size && [size.width, size.height].some((side) => side < LEAST_SIDE || side > MOST_SIDE)) {
    faults.push(
      `A film is from ${LEAST_SIDE} to ${MOST_SIDE} pixels a side, not ${size.width}x${size.height}: choose another size.`,
    );
  }
  return faults;
}

export const morphSpecSchema = shape.superRefine((spec, context) => {
  for (const message of morphFaults(spec)) context.addIssue({ code: 'custom', path: [], message });
}) satisfies z.ZodType<MorphSpec>;

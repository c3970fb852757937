/** What a board is, as it comes from outside: a page, or a row of the library. Bounds of fields; what must fit together is in problem.ts. */
import { z } from 'zod';
import { FIELDS } from '../../contract/choices.ts';
import {
  MORPH_EASES,
  MORPH_FITS,
  MORPH_MOTIONS,
  MOST_GAP_FRAMES,
  MOST_KEYFRAMES,
  MOST_TAKES,
  type Board,
} from '../../contract/morph.ts';
import { recordId } from '../sequence/schemas.ts';

const text = z.string().max(1000);
const path = z
  .string()
  .min(1)
  .max(32_768)
  .regex(/^[^\0]*$/);
const finite = z.number().min(-1e9).max(1e9);
const count = z.int().nonnegative().max(1e9);
/** Points may be dragged off the picture a little. */
const unit = z.number().min(-4).max(4);
const side = z.int().min(16).max(16_384);

export const keyPointSchema = z.strictObject({
  x: unit,
  y: unit,
  jacobian: z.tuple([finite, finite, finite, finite]),
});

export const seedSchema = z
  .int()
  .min(0)
  .max(2 ** 32 - 1);

export const rateSchema = z
  .strictObject({ num: z.int(), den: z.int().positive() })
  .refine(({ num }) => num > 0, 'must be above 0');

export const keyframeSchema = z.strictObject({
  id: recordId,
  name: text,
  path,
  at: z.number().min(0).max(1e9).nullable(),
  points: z.array(keyPointSchema).max(1000).nullable(),
  fields: z.enum(FIELDS).optional(),
});

export const boardSchema = z.strictObject({
  name: text,
  keyframes: z.array(keyframeSchema).max(MOST_KEYFRAMES),
  gaps: z
    .array(
      z.strictObject({
        frames: z.int().min(0).max(MOST_GAP_FRAMES),
        engine: z.string().min(1).max(200),
        motion: z.enum(MORPH_MOTIONS),
        ease: z.enum(MORPH_EASES),
        takes: z.array(seedSchema).min(1).max(MOST_TAKES),
        take: z
          .int()
          .min(0)
          .max(MOST_TAKES - 1),
      }),
    )
    .max(MOST_KEYFRAMES),
  loop: z.boolean(),
  fps: rateSchema,
  fit: z.enum(MORPH_FITS),
  size: z.strictObject({ width: side, height: side }).nullable(),
  origin: z.strictObject({ project: recordId, at: count, frames: count }).nullable(),
}) satisfies z.ZodType<Board>;

/** What the boards and their processes say to each other. Both sides check what they hear. */
import { z } from 'zod';
import { DEVICES, FIELDS } from '../../contract/choices.ts';
import { MORPH_FITS, MORPH_MOTIONS, type MorphPlan, type MorphSpec } from '../../contract/morph.ts';
import { wireErrorSchema } from '../jobs/messages.ts';
import { keyPointSchema, seedSchema } from './schema.ts';

const request = z.int().nonnegative();
const keySchema = z.string().regex(/^[0-9a-f]{64}$/);
const side = z.int().min(1).max(16_384);

const stillSchema = z.object({
  /** Names the picture by all that determines it. */
  key: keySchema,
  path: z.string(),
  at: z.number().nullable(),
  fields: z.enum(FIELDS).optional(),
});

/** How stills are fitted. */
const frameSchema = z.object({ width: side, height: side, fit: z.enum(MORPH_FITS) });

const pointsSchema = z.array(keyPointSchema).nullable();
const cornerSchema = stillSchema.extend({ points: pointsSchema });

const takeSchema = z.object({
  key: keySchema,
  frame: frameSchema,
  before: cornerSchema.nullable(),
  first: cornerSchema,
  last: cornerSchema,
  after: cornerSchema.nullable(),
  engine: z.string(),
  device: z.enum(DEVICES),
  motion: z.enum(MORPH_MOTIONS),
  seed: seedSchema,
  times: z.array(z.number()),
});

/** A still as the process reads it. */
export type StillOrder = z.infer<typeof stillSchema>;
export type FrameOrder = z.infer<typeof frameSchema>;
export type CornerOrder = z.infer<typeof cornerSchema>;
/** A take of a gap as the process makes it: all that determines its pictures. */
export type TakeOrder = z.infer<typeof takeSchema>;

/** What is wrong with a morph is the plan's to say. */
const specSchema = z.custom<MorphSpec>((value) => z.object({ kind: z.literal('morph') }).safeParse(value).success);

const planSchema: z.ZodType<MorphPlan> = z.object({
  width: z.number(),
  height: z.number(),
  frames: z.number(),
  made: z.number(),
  duration: z.number(),
  gaps: z.array(z.object({ notes: z.array(z.string()) })),
  notes: z.array(z.string()),
  refused: z.array(z.object({ what: z.string(), code: z.string(), reason: z.string() })),
});

/** To a process. */
export const orderSchema = z.discriminatedUnion('type', [
  /** The first. */
  z.object({ type: z.literal('open'), home: z.string(), threads: z.int().positive() }),
  /** Pictures of keyframes that are missing. */
  z.object({ type: z.literal('stills'), frame: frameSchema, stills: z.array(stillSchema) }),
  /** Makes these takes, in this order, in place of what was asked before; a take that is being made and is among them goes on. An empty list ends everything. */
  z.object({ type: z.literal('render'), takes: z.array(takeSchema) }),
  z.object({
    type: z.literal('points'),
    request,
    frame: frameSchema,
    still: stillSchema,
    engine: z.string(),
    device: z.enum(DEVICES),
  }),
  z.object({ type: z.literal('plan'), request, spec: specSchema }),
]);
export type BoardOrder = z.infer<typeof orderSchema>;

const error = wireErrorSchema.nullable();

/** From it. */
export const answerSchema = z.discriminatedUnion('type', [
  /** A keyframe's picture is there, or cannot be made. */
  z.object({ type: z.literal('still'), key: keySchema, error }),
  /** A take is being made: its first `done` pictures are there. */
  z.object({
    type: z.literal('progress'),
    key: keySchema,
    done: z.int().nonnegative(),
    etaSeconds: z.number().nonnegative().nullable(),
  }),
  /** It is made, or failed, or was dropped (neither `confidence` nor `error`). */
  z.object({ type: z.literal('ended'), key: keySchema, confidence: z.number().nullable(), error }),
  z.object({ type: z.literal('points'), request, points: pointsSchema, error }),
  z.object({ type: z.literal('plan'), request, plan: planSchema.nullable(), error }),
]);
export type BoardAnswer = z.infer<typeof answerSchema>;

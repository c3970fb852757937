/** What the records of a project must look like, wherever they come from: a window, a page, the database, a file. problemOf (apply.ts) says whether they fit together. */
import { z } from 'zod';
import { CLOCKS, FIELDS } from '../../contract/choices.ts';
import { AUDIO_MODES, EASES } from '../../contract/jobs.ts';
import type { Change, SequenceSettings } from '../../contract/project.ts';

/** Ids of records and rows. A record is kept under its id in an object, where one name means something else. */
export const recordId = z.string().regex(/^(?!__proto__$)[A-Za-z0-9_-]{1,128}$/);
const id = recordId;
const text = z.string().max(1000);
const count = z.int().nonnegative().max(1e9);
const rational = z.strictObject({ num: z.int(), den: z.int().positive() });
const rate = rational.refine(({ num }) => num > 0, 'must be above 0');
const engine = z.string().min(1).max(200);

const colourInfo = z.strictObject({
  range: z.enum(['limited', 'full']).optional(),
  matrix: text.optional(),
  inferred: z.array(z.enum(['range', 'matrix'])).optional(),
  primaries: text.optional(),
  transfer: text.optional(),
  chromaLocation: text.optional(),
});

export const settingsSchema = z.strictObject({
  rate: rate.refine(({ num, den }) => num / den >= 1 && num / den <= 1000, 'must be from 1 to 1000'),
  width: z.int().min(16).max(8192).multipleOf(2),
  height: z.int().min(16).max(8192).multipleOf(2),
  pixelFormat: z.string().regex(/^[a-z0-9]{1,32}$/),
  colour: colourInfo,
  sampleRate: z.int().min(8000).max(192_000),
  channels: z.int().min(1).max(8),
}) as z.ZodType<SequenceSettings>;

const curveKey = z.strictObject({
  output: z.number().min(0).max(1e7),
  source: z.number().min(0).max(1e7),
  ease: z.enum(EASES),
  handles: z
    .tuple([
      z.number().min(0).max(1),
      z.number().min(-10).max(10),
      z.number().min(0).max(1),
      z.number().min(-10).max(10),
    ])
    .optional(),
});
const seconds = z.array(z.number().min(0).max(1e7)).max(100_000);

export const maskChoice = z.strictObject({
  auto: z.boolean(),
  painted: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
});

export const timelineClipSchema = z.strictObject({
  id,
  media: id,
  name: text,
  start: count,
  keys: z.array(curveKey).min(2).max(10_000),
  first: count,
  frames: z.int().min(1).max(1e9),
  engine,
  audio: z.enum([...AUDIO_MODES, 'auto']),
  cuts: z.strictObject({ auto: z.boolean(), added: seconds, removed: seconds, accepted: seconds }),
  holds: z.enum(['auto', 'off']),
  maxHold: z.int().min(0).max(1000),
  fields: z.enum(FIELDS).optional(),
  clock: z.enum(CLOCKS).optional(),
  mask: maskChoice.optional(),
  shutter: z.number().min(0).max(360),
  remedies: z.array(z.strictObject({ at: z.int().min(-1e15).max(1e15), engine })).max(100_000),
  colour: z.string().max(40).optional(),
});

export const markerSchema = z.strictObject({
  id,
  frame: count,
  frames: z.int().min(1).max(1e9),
  name: text,
  colour: z.string().max(40),
});

export const changeSchema: z.ZodType<Change> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('settings'), before: settingsSchema, after: settingsSchema }),
  z.strictObject({
    kind: z.literal('clip'),
    id,
    before: timelineClipSchema.nullable(),
    after: timelineClipSchema.nullable(),
  }),
  z.strictObject({ kind: z.literal('marker'), id, before: markerSchema.nullable(), after: markerSchema.nullable() }),
]);

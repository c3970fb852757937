/** What a pair's process is told and says. Both sides check what they hear. */
import { z } from 'zod';
import { DEVICES } from '../../contract/jobs.ts';
import type { PairSpec } from '../../contract/queue.ts';
import { wireErrorSchema } from '../jobs/messages.ts';

const rational = z.object({ num: z.int(), den: z.int().positive() });

export const pairSpecSchema: z.ZodType<PairSpec> = z.object({
  a: z.string(),
  b: z.string(),
  recursions: z.int(),
  engine: z.string(),
  device: z.enum(DEVICES).optional(),
  fps: rational,
  output: z.string().optional(),
});

/** `folder` takes the pictures, `output` the video; both absolute. */
export const pairOrderSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('run'), spec: pairSpecSchema, folder: z.string(), output: z.string() }),
  z.object({ type: z.literal('cancel') }),
]);

export const pairEventSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('progress'),
    done: z.int().nonnegative(),
    total: z.int().positive(),
    etaSeconds: z.number().nonnegative().optional(),
  }),
  z.object({ type: z.literal('picture'), which: z.enum(['first', 'middle', 'last']) }),
  z.object({ type: z.literal('done') }),
  z.object({ type: z.literal('failed'), error: wireErrorSchema }),
]);

export type PairEvent = z.infer<typeof pairEventSchema>;

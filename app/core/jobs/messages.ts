/** What a runner and its worker say to each other. Both sides check what they hear. */
import { z } from 'zod';
import { ERROR_KINDS, type ErrorCode, type WireError } from '../../contract/errors.ts';
import { AUDIO_MODES, type JobEvent, type RetimeResult } from '../../contract/jobs.ts';
import { fileIdentitySchema } from '../library/file-identity.ts';
import { jobSpecSchema } from './spec.ts';

const count = z.number().nonnegative();

export const resultSchema: z.ZodType<RetimeResult> = z.object({
  output: z.string(),
  engine: z.string(),
  device: z.string(),
  frames: count,
  synthesised: count,
  passedThrough: count,
  held: count,
  cuts: z.array(z.number()),
  fps: z.string(),
  durationIn: z.number(),
  durationOut: z.number(),
  black: count.optional(),
  audio: z.enum([...AUDIO_MODES, 'none', 'mixed']),
  avDriftMs: z.number(),
  seconds: z.number(),
  verified: z.boolean(),
  pictureHash: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  engineMs: z.number(),
  memoryBytes: count.optional(),
  reusedFrames: count,
  notes: z.array(z.string()),
  tracks: z
    .array(
      z.object({
        what: z.string(),
        fate: z.enum(['kept', 'converted', 'left out']),
        to: z.string().optional(),
        why: z.string().optional(),
      }),
    )
    .optional(),
  confidence: z.number().optional(),
  tags: z
    .object({
      run: z.string(),
      version: z.string(),
      spans: count,
      labels: count,
      top: z.array(z.object({ label: z.string(), score: z.number() })),
    })
    .optional(),
});

function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_KINDS, text);
}

export const wireErrorSchema: z.ZodType<WireError> = z.object({
  code: z.string().refine(isErrorCode),
  message: z.string(),
});

/** Worker to runner. */
export const jobEventSchema: z.ZodType<JobEvent> = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('progress'),
    stage: z.enum(['probing', 'analysing', 'recognising', 'rendering', 'sound', 'writing', 'verifying']),
    fraction: z.number().min(0).max(1),
    done: z.number(),
    total: z.number(),
    unit: z.enum(['frames', 'bytes', 'seconds']),
    framesPerSecond: z.number().optional(),
    etaSeconds: z.number().optional(),
    device: z.string().optional(),
  }),
  z.object({ type: z.literal('note'), message: z.string() }),
  z.object({ type: z.literal('done'), result: resultSchema }),
  z.object({ type: z.literal('failed'), error: wireErrorSchema }),
]);

const runSchema = z.object({
  type: z.literal('run'),
  id: z.string(),
  /** The lease under which the work is done; nothing is published without it. */
  token: z.string(),
  spec: jobSpecSchema,
  sources: z.array(fileIdentitySchema).readonly(),
  /** Root of the library. */
  home: z.string(),
  scratch: z.string(),
  part: z.string(),
  threads: z.int().positive(),
  /** Bytes the chunk store is kept to. */
  cacheBytes: z.number().positive(),
  /** [Note: the memory ladder]; absent on its first rung. */
  relief: z.object({ shrink: z.int().positive(), threads: z.int().positive(), cpu: z.boolean() }).optional(),
  /** URL of the module with the table of tasks; the product's own when absent. */
  tasks: z.string().optional(),
});

export type RunMessage = z.infer<typeof runSchema>;

/** Runner to worker. */
export const workerOrderSchema = z.discriminatedUnion('type', [runSchema, z.object({ type: z.literal('cancel') })]);

export type WorkerOrder = z.infer<typeof workerOrderSchema>;

/** What the preview and its process say to each other. Both sides check what they hear. */
import { z } from 'zod';
import { wireErrorSchema } from '../jobs/messages.ts';
import { jobSpecSchema } from '../jobs/spec.ts';

const sequence = jobSpecSchema.refine((spec) => spec.kind === 'sequence', 'is no sequence');
const request = z.int().nonnegative();
const confidence = z.number().nullable();

/** To the process. */
export const orderSchema = z.discriminatedUnion('type', [
  /** The first. */
  z.object({
    type: z.literal('open'),
    home: z.string(),
    threads: z.int().positive(),
  }),
  /** Files that will be asked for: reading them takes a moment. */
  z.object({ type: z.literal('expect'), paths: z.array(z.string()) }),
  /** A preview of this will be asked for: its engine takes a moment to start. */
  z.object({ type: z.literal('warm'), spec: sequence }),
  /** Renders what is missing of the clips of a spec, in place of what was asked before; nearest to frame `around` first. */
  z.object({
    type: z.literal('render'),
    request,
    spec: sequence,
    around: z.int(),
    cacheBytes: z.number().positive(),
    /** Sounds that are missing, by the clip's id. */
    sounds: z.array(z.object({ clip: z.string(), key: z.string() })),
  }),
  /** The picture of one frame of the sequence, under a key. */
  z.object({ type: z.literal('frame'), request, spec: sequence, frame: z.int(), key: z.string() }),
  z.object({ type: z.literal('stop') }),
]);
export type PreviewOrder = z.infer<typeof orderSchema>;

/** From it. */
export const answerSchema = z.discriminatedUnion('type', [
  /** A chunk is in the store. `first` counts in the clip's retime. */
  z.object({
    type: z.literal('chunk'),
    request,
    clip: z.string(),
    key: z.string(),
    first: z.int(),
    confidence: z.array(confidence),
  }),
  z.object({ type: z.literal('sound'), request, clip: z.string() }),
  z.object({ type: z.literal('progress'), request, missing: z.int(), framesPerSecond: z.number().nullable() }),
  z.object({ type: z.literal('frame'), request, confidence }),
  /** The request is over; without an error it was done. One that was replaced by another ends without a word. */
  z.object({ type: z.literal('ended'), request, error: wireErrorSchema.nullable() }),
]);
export type PreviewAnswer = z.infer<typeof answerSchema>;

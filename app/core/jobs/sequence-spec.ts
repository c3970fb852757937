/** What the spec of a sequence must look like to be run. */
import { z } from 'zod';
import { CODECS, DEVICES, type SequenceSpec } from '../../contract/jobs.ts';
import { retimeFrames } from '../sequence/geometry.ts';
import { settingsSchema, timelineClipSchema } from '../sequence/schemas.ts';

const count = z.int().nonnegative().max(1e9);
const text = z.string().max(1000);
const path = z
  .string()
  .min(1)
  .regex(/^[^\0]*$/);
const side = z.int().min(16).max(8192).multipleOf(2);

export const sequenceSpec = z
  .strictObject({
    kind: z.literal('sequence'),
    title: text,
    settings: settingsSchema,
    clips: z.array(timelineClipSchema.extend({ input: path })).max(100_000),
    from: count,
    to: count,
    output: path,
    codec: z.enum(CODECS),
    quality: z.number().optional(),
    device: z.enum(DEVICES).optional(),
    height: side.optional(),
    markers: z
      .array(z.strictObject({ frame: count, name: text }))
      .max(10_000)
      .optional(),
    timecode: z
      .string()
      .regex(/^\d\d:\d\d:\d\d[:;]\d\d\d?$/)
      .optional(),
    force: z.boolean(),
  })
  .superRefine((spec, context) => {
    for (const [at, message] of faults(spec)) context.addIssue({ code: 'custom', path: at, message });
  }) satisfies z.ZodType<SequenceSpec>;

/** What is wrong with a spec of the right shape: the place, and why. */
function* faults({ settings: { rate: perSecond }, clips, from, to }: SequenceSpec): Generator<[PropertyKey[], string]> {
  if (to <= from) yield [['to'], 'there is no frame before it'];
  let end = 0;
  for (const [i, clip] of clips.entries()) {
    if (clip.start < end) yield [['clips', i, 'start'], 'the clip before it has not ended'];
    end = clip.start + clip.frames;
    if (clip.keys[0]?.output !== 0) yield [['clips', i, 'keys', 0], 'the first key is not at output 0'];
    const late = clip.keys.findIndex((one, k) => k > 0 && one.output <= clip.keys[k - 1]!.output);
    if (late > 0) yield [['clips', i, 'keys', late], 'it is not later in the output than the key before it'];
    const total = retimeFrames(clip.keys, perSecond);
    if (clip.first + clip.frames > total) yield [['clips', i, 'frames'], `the retime has only ${total} frames`];
  }
}

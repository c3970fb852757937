/** What the spec of a sequence must look like to be run. */
import { z } from 'zod';
import { AUDIO_MODES, CODECS, DEVICES, EASES, type SequenceSpec } from '../../contract/jobs.ts';
import type { SequenceSettings, TimelineClip } from '../../contract/project.ts';
import { pieceFrameCounts } from '../time/curve.ts';

const count = z.int().nonnegative().max(1e9);
const text = z.string().max(1000);
const rate = z
  .strictObject({ num: z.int().positive(), den: z.int().positive() })
  .refine(({ num, den }) => num / den >= 1 && num / den <= 1000, 'must be from 1 to 1000');
const path = z
  .string()
  .min(1)
  .regex(/^[^\0]*$/);
const seconds = z.number().min(0).max(1e7);
const fraction = z.number().min(0).max(1);
const times = z.array(seconds).max(1_000_000);
const side = z.int().min(16).max(8192).multipleOf(2);

const colour = z.strictObject({
  range: z.enum(['limited', 'full']).optional(),
  matrix: text.optional(),
  inferred: z.array(z.enum(['range', 'matrix'])).optional(),
  primaries: text.optional(),
  transfer: text.optional(),
  chromaLocation: text.optional(),
});

const settings = z.strictObject({
  rate,
  width: side,
  height: side,
  pixelFormat: z.string().regex(/^[a-z0-9]{1,32}$/),
  colour,
  sampleRate: z.int().min(8000).max(192_000),
  channels: z.int().min(1).max(8),
}) as z.ZodType<SequenceSettings>;

const key = z.strictObject({
  output: seconds,
  source: seconds,
  ease: z.enum(EASES),
  handles: z.tuple([fraction, z.number().min(-10).max(10), fraction, z.number().min(-10).max(10)]).optional(),
});

const timelineClip = {
  id: text,
  media: text,
  name: text,
  start: count,
  keys: z.array(key).min(2).max(10_000),
  first: count,
  frames: z.int().min(1).max(1e9),
  engine: z.string().min(1).max(200),
  audio: z.enum([...AUDIO_MODES, 'auto']),
  cuts: z.strictObject({ auto: z.boolean(), added: times, removed: times, accepted: times }),
  holds: z.enum(['auto', 'off']),
  maxHold: z.int().nonnegative(),
  shutter: z.number().min(0).max(360),
  remedies: z
    .array(z.strictObject({ at: z.int().min(-1e15).max(1e15), engine: z.string().min(1).max(200) }))
    .max(100_000),
  colour: text.optional(),
} satisfies { [K in keyof TimelineClip]: z.ZodType };

export const sequenceSpec = z
  .strictObject({
    kind: z.literal('sequence'),
    title: text,
    settings,
    clips: z.array(z.strictObject({ ...timelineClip, input: path })).max(100_000),
    from: count,
    to: count,
    output: path,
    codec: z.enum(CODECS),
    quality: z.number().optional(),
    device: z.enum(DEVICES).optional(),
    height: side.optional(),
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
    const total = pieceFrameCounts(clip.keys, perSecond).reduce((sum, frames) => sum + frames, 0);
    if (clip.first + clip.frames > total) yield [['clips', i, 'frames'], `the retime has only ${total} frames`];
  }
}

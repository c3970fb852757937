/** What a tag job's spec must look like to be run. */
import { extname } from 'node:path';
import { z } from 'zod';
import { DEVICES } from '../../contract/choices.ts';
import { AppError } from '../../contract/errors.ts';
import type { SpanRules, TagSpec } from '../../contract/tags.ts';
import { checkRules } from './spans.ts';

const path = z
  .string()
  .min(1)
  .regex(/^[^\0]*$/);
const label = z.string().min(1).max(200);
const seconds = z.number().min(0).max(1e7);
const share = z.number().min(0).max(1);
const thresholds = z.strictObject({ on: share, off: share });

export const spanRulesSchema = z.strictObject({
  smooth: z.number().min(0).max(60),
  on: share,
  off: share,
  gap: seconds,
  shortest: seconds,
  labels: z.record(label, thresholds),
}) satisfies z.ZodType<SpanRules>;

export const TAG_FORMATS = ['json', 'csv', 'vtt', 'srt', 'edl'] as const;
export type TagFormat = (typeof TAG_FORMATS)[number];

/** What is written to a file of that name. Throws 'output-format'. */
export function tagFormat(output: string): TagFormat {
  const ending = extname(output).slice(1).toLowerCase();
  const format = TAG_FORMATS.find((one) => one === ending);
  if (format) return format;
  const endings = TAG_FORMATS.map((one) => `.${one}`).join(', ');
  throw new AppError('output-format', `Tags are written as ${endings}, not as '${output}'.`);
}

export const tagSpecSchema = z
  .strictObject({
    kind: z.literal('tag'),
    title: z.string().max(1000),
    input: path,
    engine: z.string().min(1).max(200),
    rules: spanRulesSchema,
    labels: z.array(label).min(1).max(10_000).nullable(),
    top: z.int().min(1).max(1000),
    output: path,
    overlay: path.optional(),
    device: z.enum(DEVICES).optional(),
    again: z.string().max(100).optional(),
    force: z.boolean(),
  })
  .superRefine((spec, context) => {
    try {
      checkRules(spec.rules);
    } catch (error) {
      context.addIssue({ code: 'custom', path: ['rules'], message: (error as Error).message.replace(/\.$/, '') });
    }
  }) satisfies z.ZodType<TagSpec>;

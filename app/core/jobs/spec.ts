/** Job specs as they come from outside: checked, made absolute, and named by their own content. */
import { createHash } from 'node:crypto';
import { dirname, extname, join, resolve } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import { CLOCKS, FIELDS } from '../../contract/choices.ts';
import { AUDIO_MODES, CODECS, DEVICES, EASES, type JobSpec, type RetimeSpec } from '../../contract/jobs.ts';
import { canonicalJson } from '../base/json.ts';
import { framesPattern } from '../morph/output-kind.ts';
import { morphSpecSchema } from '../morph/spec.ts';
import { maskChoice } from '../sequence/schemas.ts';
import { tagSpecSchema } from '../tags/spec.ts';
import { sequenceSpec } from './sequence-spec.ts';

const rational = z.strictObject({ num: z.int(), den: z.int().positive() });
const rate = rational.refine(({ num }) => num > 0, 'must be above 0');
const timePoint = z.union([z.strictObject({ seconds: z.number() }), z.strictObject({ frame: z.int().nonnegative() })]);
const path = z
  .string()
  .min(1)
  .regex(/^[^\0]*$/);

const curveKey = z.strictObject({
  output: z.number(),
  source: z.number(),
  ease: z.enum(EASES),
  handles: z.tuple([z.number().min(0).max(1), z.number(), z.number().min(0).max(1), z.number()]).optional(),
});

const retimeSpec = z.strictObject({
  kind: z.literal('retime'),
  input: path,
  output: path,
  inputFps: rate.optional(),
  speed: rational.refine(({ num }) => num !== 0, 'must not be 0'),
  factor: z.int().positive(),
  fps: z.union([rate, z.literal('source')]).optional(),
  curve: z.strictObject({ keys: z.array(curveKey).max(100_000) }).optional(),
  from: timePoint.optional(),
  to: timePoint.optional(),
  engine: z.string().min(1),
  device: z.enum(DEVICES).optional(),
  audio: z.enum(AUDIO_MODES).optional(),
  cuts: z.union([z.literal(['auto', 'off']), z.strictObject({ times: z.array(z.number()).max(1_000_000) })]),
  holds: z.enum(['auto', 'off']),
  maxHold: z.int().nonnegative(),
  fields: z.enum(FIELDS).optional(),
  clock: z.enum(CLOCKS).optional(),
  mask: maskChoice.optional(),
  shutter: z.number().nonnegative(),
  codec: z.enum(CODECS).optional(),
  quality: z.number().optional(),
  force: z.boolean(),
}) satisfies z.ZodType<RetimeSpec>;

export const jobSpecSchema: z.ZodType<JobSpec> = z.discriminatedUnion('kind', [
  retimeSpec,
  sequenceSpec,
  morphSpecSchema,
  tagSpecSchema,
]);

/** A spec that may run, and the names that follow from it. */
export interface PreparedJob {
  /** 12 hex digits of `hash`. */
  readonly id: string;
  /** Hex SHA-256 of the spec without `force`: the same command, given twice, is the same job. */
  readonly hash: string;
  /** Paths are absolute. */
  readonly spec: JobSpec;
}

/** Checks a spec and names the job. Throws `bad-job` with the first thing that is wrong. */
export function prepareJob(untrusted: unknown): PreparedJob {
  const parsed = jobSpecSchema.safeParse(untrusted);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = issue === undefined || issue.path.length === 0 ? 'the job' : issue.path.join('.');
    throw new AppError('bad-job', `The job cannot be run: ${where}: ${issue?.message ?? 'not a job'}.`);
  }
  const spec = withAbsolutePaths(parsed.data);
  const hash = createHash('sha256')
    .update(canonicalJson({ ...spec, force: undefined }))
    .digest('hex');
  return { id: hash.slice(0, 12), hash, spec };
}

function withAbsolutePaths(spec: JobSpec): JobSpec {
  const output = resolve(spec.output);
  if (spec.kind === 'retime') return { ...spec, input: resolve(spec.input), output };
  if (spec.kind === 'tag') {
    const overlay = spec.overlay === undefined ? {} : { overlay: resolve(spec.overlay) };
    return { ...spec, input: resolve(spec.input), output, ...overlay };
  }
  if (spec.kind === 'morph') {
    const keyframes = spec.keyframes.map((keyframe) => ({ ...keyframe, path: resolve(keyframe.path) }));
    return { ...spec, keyframes, output: framesPattern(spec.output) ?? output };
  }
  return { ...spec, clips: spec.clips.map((clip) => ({ ...clip, input: resolve(clip.input) })), output };
}

/** The files a job reads, each once, in the order it first names them; none for a sequence that is only a gap. */
export function specInputs(spec: JobSpec): string[] {
  if (spec.kind === 'retime' || spec.kind === 'tag') return [spec.input];
  if (spec.kind === 'morph') return [...new Set(spec.keyframes.map(({ path: still }) => still))];
  return [...new Set(spec.clips.map((clip) => clip.input))];
}

/** The files a job writes; for the frames of a sequence their pattern. */
export function specOutputs(spec: JobSpec): string[] {
  return spec.kind === 'tag' && spec.overlay !== undefined ? [spec.output, spec.overlay] : [spec.output];
}

/** The prefix that names of a job's unfinished outputs begin with, in the output's own folder. */
export function partPrefix(id: string): string {
  return `.inbetween-${id}-`;
}

/** Where one attempt writes the finished output before it is verified and renamed. Each attempt has its own name: an orphan of the last one may still write. */
export function partPath(id: string, output: string, token: string): string {
  return join(dirname(output), `${partPrefix(id)}${token.slice(0, 8)}${extname(output)}`);
}

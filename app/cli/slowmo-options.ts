/** The options of `slowmo`, which `batch` shares and a recipe file may hold: words to a RetimeSpec. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { CLOCKS, FIELDS } from '../contract/choices.ts';
import { AppError } from '../contract/errors.ts';
import { AUDIO_MODES, CODECS, type RetimeSpec } from '../contract/jobs.ts';
import { deviceChoice } from '../core/nn/device.ts';
import { MASK_USAGE, maskOption } from './mask-option.ts';
import { readCuts } from '../core/media/scenes.ts';
import { parseCurve } from '../core/time/curve.ts';
import { parseRate, parseSpeed, rational } from '../core/time/rational.ts';
import { parseTimePoint } from '../core/time/time-point.ts';

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

/** What node:util parseArgs is told. */
export const SLOWMO_FLAGS = {
  'input-fps': text,
  speed: text,
  factor: text,
  fps: text,
  curve: text,
  from: text,
  to: text,
  clock: text,
  engine: text,
  device: text,
  audio: text,
  cuts: text,
  holds: text,
  fields: text,
  'max-hold': text,
  mask: text,
  shutter: text,
  codec: text,
  quality: text,
  force: flag,
} as const;

/** For every verb with engines: a line of its usage whose words begin in `column`. */
export function deviceUsage(column: number): string {
  const words =
    'for engines that are networks: auto, cpu, webgpu, cuda, tensorrt, directml, coreml (doctor says which work)';
  return `${'--device D'.padEnd(column)}${words}`;
}

export const SLOWMO_USAGE = `  --speed S      speed of playback: 0.25, 1/4 or 25 %; negative plays backwards (--speed=-1)
  --factor N     N times the frame rate, same duration
  --fps R        output rate (60, 23.976, 24000/1001), same duration; 'source' keeps the timing of a VFR source
  --input-fps R  rate of numbered images (24)
  --curve FILE   a drawn speed: {"keys": [{"output": 0, "source": 0, "ease": "linear"}, ...]} in seconds
  --from T --to T  the part to use: seconds, HH:MM:SS.mmm or 123f
  --clock C      footage that a phone slowed down: stored (as it is) or recorded (as it was); the note says where that matters
  --engine ID    glide, glide:draft, glide:best, blend, hold, or a network that models list shows
  ${deviceUsage(15)}
  --audio MODE   keep-pitch, tape, mute or original; muted by default below half speed
  --cuts C       auto, off, or a file of cut times
  --holds H      auto interpolates across repeated frames, off leaves them; --max-hold N bounds it (6)
  --fields F     of interlaced and telecined footage: auto (what is found), off, deinterlace, inverse-telecine
${MASK_USAGE}
  --shutter DEG  above normal speed, average over this much of each frame's time (0 to 360)
  --codec C      h264, hevc, av1, vp9, prores, ffv1; --quality N is the codec's own constant quality
  --force        replace an existing output`;

export type SlowmoOptions = { [K in Exclude<keyof typeof SLOWMO_FLAGS, 'force'>]?: string } & { force?: boolean };

/** parseArgs with our error. */
export function parseWords<T extends NonNullable<Parameters<typeof parseArgs>[0]>>(config: T) {
  try {
    return parseArgs(config);
  } catch (cause) {
    throw new AppError('usage', `${(cause as Error).message.split('\n')[0]!.replace(/\.$/, '')}.`, { cause });
  }
}

const word = z.union([z.string(), z.number().transform(String)]);
const recipeSchema = z.strictObject(
  Object.fromEntries(
    Object.keys(SLOWMO_FLAGS).map((name) => [name, name === 'force' ? z.boolean().optional() : word.optional()]),
  ),
);

/** A recipe file: a JSON object with the names of the options. Throws 'bad-recipe'. */
export async function readRecipe(path: string): Promise<SlowmoOptions> {
  const json = await readJson(path, 'bad-recipe', 'The recipe');
  const parsed = recipeSchema.safeParse(json);
  if (parsed.success) return parsed.data as SlowmoOptions;
  const issue = parsed.error.issues[0]!;
  throw new AppError('bad-recipe', `The recipe '${path}', at ${issue.path.join('.') || 'the top'}: ${issue.message}.`);
}

export async function readText(path: string, what: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new AppError('not-found', `${what} '${path}' cannot be read.`, { cause });
  });
}

async function readJson(path: string, code: 'bad-recipe', what: string): Promise<unknown> {
  const content = await readText(path, what);
  try {
    return JSON.parse(content);
  } catch (cause) {
    throw new AppError(code, `${what} '${path}' is not JSON: ${(cause as Error).message}.`, { cause });
  }
}

/** One of the words an option takes. Throws 'usage'. */
export function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((option) => option === value);
  if (found === undefined) throw new AppError('usage', `--${name} is one of ${allowed.join(', ')}, not '${value}'.`);
  return found;
}

/** A number an option takes. Throws 'usage'. */
export function number(name: string, value: string, low: number, high: number, integer = true): number {
  const parsed = Number(value);
  if (value.trim() === '' || !(parsed >= low && parsed <= high) || (integer && !Number.isInteger(parsed))) {
    throw new AppError(
      'usage',
      `--${name} is ${integer ? 'a whole number' : 'a number'} from ${low} to ${high}, not '${value}'.`,
    );
  }
  return parsed;
}

async function cutsOf(value: string): Promise<RetimeSpec['cuts']> {
  return value === 'auto' || value === 'off' ? value : { times: await readCuts(value) };
}

/** The job that these options ask for. Throws 'usage', 'bad-curve', 'bad-cuts', 'not-found'. */
export async function retimeSpec(input: string, output: string, options: SlowmoOptions): Promise<RetimeSpec> {
  if (options.curve !== undefined) {
    for (const name of ['speed', 'from', 'to'] as const) {
      if (options[name] === undefined) continue;
      throw new AppError('usage', `--curve already says what --${name} would: leave one of them out.`);
    }
    if (options.fps === 'source') throw new AppError('usage', '--fps source keeps source timing; a curve replaces it.');
  }
  const speedup = options.factor === undefined && options.fps === undefined && options.curve === undefined;
  return {
    kind: 'retime',
    input: resolve(input),
    output: resolve(output),
    ...(options['input-fps'] !== undefined && { inputFps: parseRate(options['input-fps']) }),
    speed: options.speed !== undefined ? parseSpeed(options.speed) : speedup ? rational(1, 4) : rational(1),
    factor: options.factor === undefined ? 1 : number('factor', options.factor, 1, 1024),
    ...(options.fps !== undefined && { fps: options.fps === 'source' ? ('source' as const) : parseRate(options.fps) }),
    ...(options.curve !== undefined && {
      curve: parseCurve(await readText(options.curve, 'The curve'), `The curve '${options.curve}'`),
    }),
    ...(options.from !== undefined && { from: parseTimePoint(options.from) }),
    ...(options.to !== undefined && { to: parseTimePoint(options.to) }),
    ...(options.clock !== undefined && { clock: oneOf('clock', options.clock, CLOCKS) }),
    engine: options.engine ?? 'glide',
    ...(options.device !== undefined && { device: deviceChoice(options.device) }),
    ...(options.audio !== undefined && { audio: oneOf('audio', options.audio, AUDIO_MODES) }),
    cuts: await cutsOf(options.cuts ?? 'auto'),
    holds: oneOf('holds', options.holds ?? 'off', ['auto', 'off']),
    maxHold: options['max-hold'] === undefined ? 6 : number('max-hold', options['max-hold'], 1, 10_000),
    ...(options.fields !== undefined && { fields: oneOf('fields', options.fields, FIELDS) }),
    ...(options.mask !== undefined && { mask: await maskOption(options.mask) }),
    shutter: options.shutter === undefined ? 0 : number('shutter', options.shutter, 0, 360, false),
    ...(options.codec !== undefined && { codec: oneOf('codec', options.codec, CODECS) }),
    ...(options.quality !== undefined && { quality: number('quality', options.quality, 0, 100) }),
    force: options.force ?? false,
  };
}

/** The options of `morph`: words to a MorphSpec. */
import { readdir, stat } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { FIELDS, type FieldsChoice } from '../contract/choices.ts';
import { AppError } from '../contract/errors.ts';
import { CODECS } from '../contract/jobs.ts';
import {
  MORPH_EASES,
  MORPH_FITS,
  MORPH_MOTIONS,
  MOST_GAP_FRAMES,
  MOST_TAKES,
  type MorphGap,
  type MorphKeyframe,
  type MorphSpec,
} from '../contract/morph.ts';
import { TICKS, type Rational } from '../contract/time.ts';
import { nameOrder } from '../core/library/name-order.ts';
import { MOST_RECURSIONS } from '../core/morph/run.ts';
import { deviceChoice } from '../core/nn/device.ts';
import { parseRate } from '../core/time/rational.ts';
import type { SourceTiming } from '../core/time/regular.ts';
import { parseTimePoint, timePointTicks } from '../core/time/time-point.ts';
import { deviceUsage, number, oneOf } from './slowmo-options.ts';

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

/** What node:util parseArgs is told. */
export const MORPH_FLAGS = {
  frames: text,
  recursions: text,
  between: text,
  from: text,
  to: text,
  fields: text,
  engine: text,
  motion: text,
  ease: text,
  loop: flag,
  seed: text,
  takes: text,
  fps: text,
  fit: text,
  size: text,
  codec: text,
  quality: text,
  device: text,
  plan: flag,
  force: flag,
} as const;

type Flag = 'loop' | 'plan' | 'force';
export type MorphOptions = { [K in Exclude<keyof typeof MORPH_FLAGS, Flag>]?: string } & { [K in Flag]?: boolean };

/** Between two stills unless told. */
const DEFAULT_FRAMES = '15';
/** Used where none is named: of all it changes the stills least, and it is at home with near-duplicates. */
const DEFAULT_ENGINE = 'film';

export const MORPH_USAGE = `morph A B [C...] -o OUT --frames N[,N...] [options]
morph FOLDER -o OUT --frames N[,N...] [options]                 its pictures, by number
morph --between CLIP --from T --to T -o OUT --frames N [options]   a gap in footage

  -o OUT          .webm, .mp4, .mov, .mkv or .gif; OUT.png is one strip of all frames; DIR/ (or DIR/%05d.png)
                  takes them as numbered PNG files
  --frames N[,N...]  new frames in each gap (15), one number for all or one a gap: two stills and 14 make 16
  --recursions N  the same as --frames 2^N - 1 (1 to ${MOST_RECURSIONS})
  --engine ID[,ID...]  film (unless given; for photos that are near-duplicates), glide and other interpolating
                  engines for small motion, cvi and fomm for stills far apart; one for all gaps or one a gap
  --motion M[,M...]  how fomm's key points go: ${MORPH_MOTIONS.join(', ')}
  --ease E[,E...] ${MORPH_EASES.join(', ')}: 'through' (unless given) passes the middle stills without a
                  jump of speed, 'linear' is even, 'in' starts slowly, 'out' ends slowly
  --loop          the last gap leads back to the first still
  --seed N        another way, where there is more than one (cvi, fomm with --motion adversarial); the same seed gives
                  the same (0)
  --takes K       K films, with the seeds N, N + 1, ...: OUT-1.webm, OUT-2.webm, ... (DIR-1/, ...), up to ${MOST_TAKES}
  --from T --to T seconds, HH:MM:SS.mmm or 123f: the frames that start then or next are the ends of the gap
  --fields F      of interlaced and telecined clips: auto (what is found), off, deinterlace, inverse-telecine
  --fps R         frames a second (30; with --between the clip's)
  --fit F         stills of another shape than the film's: ${MORPH_FITS.join(', ')} (crop)
  --size WxH      of the film; the first still's unless given
  --codec C       ${CODECS.join(', ')}; --quality N is the codec's own constant quality
  ${deviceUsage(16)}
  --plan          says what it would make, and makes nothing
  --force         replace an existing output`;

/** What is to be morphed, before the words about how. */
export interface MorphStills {
  readonly keyframes: MorphKeyframe[];
  readonly fps: Rational;
  readonly notes: readonly string[];
}

/** The times of a clip's frames and where they come from. */
export type TimingOf = (clip: string, fields: FieldsChoice | undefined) => Promise<SourceTiming>;

/** Of the words of the command. Throws 'usage', 'empty-range', and what reading throws. */
export async function morphStills(
  words: readonly string[],
  { between, from, to, fields }: MorphOptions,
  timing: TimingOf,
): Promise<MorphStills> {
  const fps = { num: 30, den: 1 };
  if (between !== undefined) {
    if (words.length > 0) throw new AppError('usage', '--between takes its stills from the clip: name no others.');
    if (from === undefined || to === undefined)
      throw new AppError('usage', '--between needs both ends of the gap: --from T --to T.');
    return await betweenFrames(between, { from, to, fields }, timing);
  }
  if (from !== undefined || to !== undefined)
    throw new AppError('usage', '--from and --to are times of a clip: name it with --between CLIP.');
  if (fields !== undefined)
    throw new AppError('usage', '--fields says how a clip is read: name it with --between CLIP.');
  if (words.length === 0) throw new AppError('usage', 'morph takes two stills or more: morph A B -o OUT --frames N.');
  const [only] = words;
  if (words.length === 1 && (await stat(only!).catch(() => undefined))?.isDirectory())
    return { ...(await folderStills(only!)), fps };
  return { keyframes: words.map(still), fps, notes: [] };
}

function still(path: string): MorphKeyframe {
  return { path: resolve(path), at: null, points: null };
}

const PICTURES = /\.(png|jpe?g|webp|tiff?|bmp|tga|exr|gif|avif|heic|heif|jp2|dpx|p[bgp]m|pnm)$/i;

/** The pictures of a folder, 2 before 10. */
async function folderStills(folder: string): Promise<Omit<MorphStills, 'fps'>> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.'));
  const pictures = names.filter((name) => PICTURES.test(name)).toSorted((a, b) => compare(nameOrder(a), nameOrder(b)));
  if (pictures.length < 2) {
    const there = pictures.length === 0 ? 'no picture' : 'one picture';
    throw new AppError('bad-morph', `A morph needs two stills or more, and there is ${there} in ${folder}.`);
  }
  const others = names.length - pictures.length;
  const notes =
    others > 0
      ? [
          `${others} file${others === 1 ? '' : 's'} in ${folder} that ${others === 1 ? 'is no picture is' : 'are no pictures are'} left out.`,
        ]
      : [];
  return { keyframes: pictures.map((name) => still(join(folder, name))), notes };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

async function betweenFrames(
  clip: string,
  { from, to, fields: word }: { from: string; to: string; fields: string | undefined },
  timing: TimingOf,
): Promise<MorphStills> {
  const fields = word === undefined ? undefined : oneOf('fields', word, FIELDS);
  const points = [parseTimePoint(from), parseTimePoint(to)];
  const { times, end, rate } = await timing(clip, fields);
  const path = resolve(clip);
  if (times.length === 1)
    throw new AppError('bad-morph', `${clip} is one picture: a gap lies between two frames of a video.`);
  const keyframes = points.map((point) => ({
    ...{ path, at: timePointTicks(point, times, end) / TICKS, points: null },
    ...(fields && { fields }),
  }));
  const beyond = keyframes.findIndex(({ at }) => at * TICKS > end + TICKS / 2000);
  if (beyond >= 0) {
    throw new AppError(
      'empty-range',
      `${clip} has no frame at ${[from, to][beyond]}: it has ${times.length} frames in ${(end / TICKS).toFixed(3)} s.`,
    );
  }
  // As keyframes are read: the first frame from then on.
  const frames = keyframes.map(({ at }) => times.findIndex((time) => time >= at * TICKS - TICKS / 2000));
  const [first, last] = frames.map((frame) => (frame < 0 ? times.length - 1 : frame)) as [number, number];
  if (last <= first) {
    throw new AppError(
      'empty-range',
      `Nothing lies between ${from} and ${to}: --to is to show a later frame of ${clip} than --from.`,
    );
  }
  const seconds = (frame: number): string => (times[frame]! / TICKS).toFixed(3);
  const own = Math.round(((times[last]! - times[first]!) * rate.num) / (TICKS * rate.den)) - 1;
  const fill = own > 0 ? `; at the clip's own pace ${own} frames lie between` : '';
  return {
    keyframes,
    fps: rate,
    notes: [
      `From frame ${first} (${seconds(first)} s) to frame ${last} (${seconds(last)} s) of ${basename(clip)}${fill}.`,
    ],
  };
}

/** The job of these stills and options. Throws 'usage'. */
export function morphSpec({ keyframes, fps }: MorphStills, output: string, options: MorphOptions): MorphSpec {
  const { loop = false, force = false, size, codec, quality, device } = options;
  const count = loop ? keyframes.length : keyframes.length - 1;
  const folder = /[/\\]$/.test(output);
  return {
    kind: 'morph',
    title: basename(output, extname(output)),
    keyframes,
    gaps: gapsOf(options, Math.max(1, count)),
    loop,
    fps: options.fps === undefined ? fps : parseRate(options.fps),
    fit: oneOf('fit', options.fit ?? 'crop', MORPH_FITS),
    ...(size !== undefined && { size: sizeOf(size) }),
    output: folder ? `${resolve(output)}/` : resolve(output),
    ...(codec !== undefined && { codec: oneOf('codec', codec, CODECS) }),
    ...(quality !== undefined && { quality: number('quality', quality, 0, 100) }),
    ...(device !== undefined && { device: deviceChoice(device) }),
    force,
  };
}

function gapsOf(options: MorphOptions, count: number): MorphGap[] {
  const frames = framesOf(options, count);
  const engines = perGap('engine', options.engine ?? DEFAULT_ENGINE, count);
  const motions = perGap('motion', options.motion ?? 'linear', count);
  // Halves and quarters of the way are only reached evenly.
  const eases = perGap('ease', options.ease ?? (options.recursions === undefined ? 'through' : 'linear'), count);
  const seed = options.seed === undefined ? 0 : number('seed', options.seed, 0, 2 ** 32 - 1);
  return frames.map((n, i) => ({
    frames: n,
    engine: engines[i]!,
    motion: oneOf('motion', motions[i]!, MORPH_MOTIONS),
    ease: oneOf('ease', eases[i]!, MORPH_EASES),
    seed,
  }));
}

function framesOf({ frames, recursions }: MorphOptions, count: number): number[] {
  if (frames !== undefined && recursions !== undefined)
    throw new AppError('usage', '--recursions N is --frames 2^N - 1: leave one of them out.');
  if (recursions !== undefined) {
    const made = 2 ** number('recursions', recursions, 1, MOST_RECURSIONS) - 1;
    return Array.from({ length: count }, () => made);
  }
  return perGap('frames', frames ?? DEFAULT_FRAMES, count).map((word) => framesIn(word));
}

function framesIn(word: string): number {
  if (/^\d{1,15}$/.test(word) && Number(word) <= MOST_GAP_FRAMES) return Number(word);
  throw new AppError(
    'usage',
    `--frames is a whole number from 1 to ${MOST_GAP_FRAMES} for each gap (0 cuts from one still to the next), not '${word}'.`,
  );
}

/** One word for all gaps, or one for each. */
function perGap(name: string, value: string, count: number): string[] {
  const words = value.split(',').map((word) => word.trim());
  if (words.length === 1) return Array.from({ length: count }, () => words[0]!);
  if (words.length === count) return words;
  throw new AppError(
    'usage',
    `--${name} is one for all gaps or one for each: there ${count === 1 ? 'is one gap' : `are ${count} gaps`}, and ${words.length} were given.`,
  );
}

function sizeOf(word: string): { width: number; height: number } {
  const [, width, height] = /^(\d{1,5})[x×](\d{1,5})$/i.exec(word) ?? [];
  if (width === undefined)
    throw new AppError('usage', `--size is a width and a height such as 1280x720, not '${word}'.`);
  return { width: Number(width), height: Number(height) };
}

/** The specs of several takes, their names and seeds counted on; of one take the spec itself. Throws 'usage'. */
export function takesOf(spec: MorphSpec, takes: string | undefined): MorphSpec[] {
  const count = takes === undefined ? 1 : number('takes', takes, 1, MOST_TAKES);
  if (count === 1) return [spec];
  if (spec.gaps.some(({ seed }) => seed + count > 2 ** 32))
    throw new AppError('usage', `--seed is too large for ${count} takes: seeds end at ${2 ** 32 - 1}.`);
  return Array.from({ length: count }, (_, k) => ({
    ...spec,
    title: `${spec.title}-${k + 1}`,
    output: takeName(spec.output, k + 1),
    gaps: spec.gaps.map((gap) => ({ ...gap, seed: gap.seed + k })),
  }));
}

function takeName(output: string, take: number): string {
  if (output.endsWith('/')) return `${output.slice(0, -1)}-${take}/`;
  const ending = extname(output);
  return `${output.slice(0, output.length - ending.length)}-${take}${ending}`;
}

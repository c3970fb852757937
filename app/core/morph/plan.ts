/** What a morph will be, worked out before anything is made. */
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { AppError, toAppError } from '../../contract/errors.ts';
import type { MorphPlan, MorphSpec } from '../../contract/morph.ts';
import type { InbetweenEntry } from '../engines/inbetween.ts';
import { findInbetweener } from '../engines/registry.ts';
import { estimateBytes, requireSpace } from '../media/disk-space.ts';
import { frameBytes } from '../media/frame.ts';
import { toNumber } from '../time/rational.ts';
import { canvasNotes } from './canvas.ts';
import { gapTimes } from './ease.ts';
import { aspectOf } from './fit.ts';
import type { ReadOptions } from './keyframe.ts';
import { KEEP_BYTES, Keyframes, type KeyframeFacts } from './keyframes.ts';
import { filmFrames, gapEnds } from './layout.ts';
import { planMorphOutput, type MorphOutput } from './output.ts';
import { framesPattern } from './output-kind.ts';
import { LEAST_SIDE, morphFaults, MOST_SIDE } from './spec.ts';

export interface PlannedGap {
  readonly entry: InbetweenEntry;
  readonly times: readonly number[];
  readonly notes: readonly string[];
}

/** A morph that can be made. */
export interface MorphFilm {
  readonly spec: MorphSpec;
  readonly keyframes: Keyframes;
  readonly gaps: readonly PlannedGap[];
  readonly output: MorphOutput;
  /** All of the film, and those that are made. */
  readonly frames: number;
  readonly made: number;
  /** Seconds. */
  readonly duration: number;
  readonly notes: readonly string[];
}

export interface PlanOptions extends ReadOptions {
  /** 'free' refuses an output that is there (unless the spec says force); 'any' leaves that to whoever writes it. Default 'free'. */
  readonly existing?: 'free' | 'any' | undefined;
  /** Keyframes that were looked at, of how many. */
  readonly onKeyframe?: ((done: number, total: number) => void) | undefined;
}

type Refusals = MorphPlan['refused'];

/** Plans a morph. What stands in its way is listed, not thrown: throws only the signal's reason and what is broken inside. */
export async function planMorph(spec: MorphSpec, options: PlanOptions = {}): Promise<MorphPlan> {
  const refused: Refusals = [];
  const film = await lookAt(spec, options, refused);
  const { keyframes, gaps, fps } = spec;
  const frames = gaps.length > 0 ? filmFrames({ keyframes, gaps }) : keyframes.length;
  const canvas = film?.output.canvas;
  const { width, height } = canvas ?? spec.size ?? { width: 0, height: 0 };
  return {
    ...{ width, height, frames, made: frames - keyframes.length, duration: frames / toNumber(fps) },
    gaps: gaps.map((_, i) => ({ notes: [...(film?.gaps[i]?.notes ?? [])] })),
    notes: [...(film?.notes ?? [])],
    refused,
  };
}

/** The same for whoever makes it. Throws the first thing that is refused: 'bad-morph' and whatever reading, engines and outputs throw. */
export async function readyMorph(spec: MorphSpec, options: PlanOptions = {}): Promise<MorphFilm> {
  const refused: Refusals = [];
  const film = await lookAt(spec, options, refused);
  const [first] = refused;
  if (first) throw new AppError(first.code as AppError['code'], first.reason);
  return film!;
}

/** Notes what `work` refuses. Throws what is no AppError of the user's, and cancelling. */
async function trying<T>(refused: Refusals, what: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (thrown) {
    const { code, message, kind } = toAppError(thrown);
    if (code === 'internal' || kind === 'cancelled') throw thrown;
    if (!refused.some((one) => one.code === code && one.reason === message))
      refused.push({ what, code, reason: message });
    return undefined;
  }
}

async function lookAt(asked: MorphSpec, options: PlanOptions, refused: Refusals): Promise<MorphFilm | undefined> {
  const faults = morphFaults(asked);
  refused.push(...faults.map((reason) => ({ what: asked.title, code: 'bad-morph', reason })));
  if (faults.length > 0) return undefined;
  const keyframes = new Keyframes(asked.keyframes, options);
  const facts = await factsOf(keyframes, options, refused);
  const entries = await entriesOf(asked, refused);
  await checkOutput(asked, options, refused);
  if (!facts) return undefined;
  const spec = await trying(refused, asked.output, async () => sized(asked, facts[0]!));
  if (!spec) return undefined;
  const output = await trying(refused, spec.output, async () => {
    const planned = await planMorphOutput(spec, facts);
    const bytes = estimateBytes(planned.plan, filmFrames(spec));
    // Once in pieces, once as the output.
    await requireSpace([{ path: dirname(planned.plan.path), bytes: 2 * bytes }]);
    return planned;
  });
  if (!output || refused.length > 0) return undefined;
  const { gaps, loop } = spec;
  const frames = filmFrames(spec);
  return {
    ...{ spec, keyframes, output, frames, made: frames - keyframes.count, duration: frames / toNumber(spec.fps) },
    gaps: gaps.map((gap, i) => {
      const entry = entries.get(gap.engine)!;
      const { first, last } = gapEnds(i, keyframes.count, loop);
      const same = facts[first]!.content === facts[last]!.content;
      const times = gapTimes(gaps, i, loop);
      return { entry, times, notes: gapNotes(times, entry, same) };
    }),
    notes: [...new Set([...facts.flatMap(({ notes }) => notes), ...settingNotes(spec, entries)])].concat(
      canvasNotes(spec.keyframes, facts, output.canvas),
      output.notes,
    ),
  };
}

/** Stills read at the same time, unless they are large. Frames of videos are not: what one of them learns of its video the next one needs. */
const LANES = 4;

/** Facts of all keyframes; undefined where any cannot be read. */
async function factsOf(
  keyframes: Keyframes,
  { onKeyframe }: PlanOptions,
  refused: Refusals,
): Promise<KeyframeFacts[] | undefined> {
  const { count } = keyframes;
  const stills = Array.from({ length: count }, (_, i) => i).every((i) => keyframes.at(i).at === null);
  const facts: KeyframeFacts[] = [];
  // The first alone: how large it is tells how many of the others may be in memory at once.
  for (let [start, lanes] = [0, 1]; start < count; start += lanes, lanes = stills ? lanesFor(facts) : 1) {
    const reading = Array.from({ length: Math.min(lanes, count - start) }, async (_, k) => {
      const own: Refusals = [];
      const one = await trying(own, basename(keyframes.at(start + k).path), () => keyframes.facts(start + k));
      return { one, own };
    });
    // All are waited for, so that none is still at it when the first one's failure is told.
    for (const settled of await Promise.allSettled(reading)) {
      if (settled.status === 'rejected') throw settled.reason;
      if (settled.value.one) facts.push(settled.value.one);
      for (const one of settled.value.own) {
        if (!refused.some(({ code, reason }) => one.code === code && one.reason === reason)) refused.push(one);
      }
    }
    onKeyframe?.(Math.min(count, start + lanes), count);
  }
  return facts.length === count ? facts : undefined;
}

function lanesFor(facts: readonly KeyframeFacts[]): number {
  const largest = Math.max(0, ...facts.map(({ format, width, height }) => frameBytes(format, width, height)));
  return largest * LANES <= KEEP_BYTES ? LANES : 1;
}

async function entriesOf({ gaps }: MorphSpec, refused: Refusals): Promise<Map<string, InbetweenEntry>> {
  const entries = new Map<string, InbetweenEntry>();
  for (const id of new Set(gaps.map(({ engine }) => engine))) {
    const entry = await trying(refused, id, () => findInbetweener(id));
    if (entry) entries.set(id, entry);
  }
  return entries;
}

/** The spec with the size of its film where it is not the first still's own: no film is larger than MOST_SIDE. Throws 'too-large' for a first still that is too small. */
function sized(spec: MorphSpec, { width, height, info }: KeyframeFacts): MorphSpec {
  if (spec.size) return spec;
  if (Math.min(width, height) < LEAST_SIDE) {
    throw new AppError(
      'too-large',
      `The first still is ${width}x${height}, and a film is from ${LEAST_SIDE} to ${MOST_SIDE} pixels a side: take a larger still first, or give the film's size (morph --size 1920x1080).`,
    );
  }
  const wide = width * aspectOf(info.video.sampleAspect);
  if (Math.max(width, height) <= MOST_SIDE) return spec;
  const scale = MOST_SIDE / Math.max(wide, height);
  const even = (side: number): number => Math.max(LEAST_SIDE, 2 * Math.round((side * scale) / 2));
  return { ...spec, size: { width: even(wide), height: even(height) } };
}

function gapNotes(times: readonly number[], entry: InbetweenEntry, same: boolean): string[] {
  const notes: string[] = [];
  if (times.length === 0) return ['There is nothing between these two: one is cut to the other.'];
  if (same) notes.push('Both ends are the same picture.');
  if (entry.id === 'hold') notes.push('hold repeats the stills: nothing moves.');
  const own = entry.note?.(times);
  if (own) notes.push(own);
  return notes;
}

/** What was set and is heeded by no engine asked for. */
function settingNotes({ gaps, keyframes }: MorphSpec, entries: ReadonlyMap<string, InbetweenEntry>): string[] {
  const notes: string[] = [];
  for (const { engine, motion } of gaps) {
    if (motion === 'linear' || entries.get(engine)?.uses.motion) continue;
    notes.push(`${engine} goes its own way: the motion '${motion}' changes nothing.`);
  }
  const points = [...entries.values()].some(({ uses }) => uses.points);
  if (!points && keyframes.some((one) => one.points !== null))
    notes.push('None of the engines heeds the key points that were set.');
  return notes;
}

async function checkOutput(spec: MorphSpec, { existing = 'free' }: PlanOptions, refused: Refusals): Promise<void> {
  const output = framesPattern(spec.output) ?? resolve(spec.output);
  await trying(refused, spec.output, async () => {
    await requireNoInput(spec, output);
    const folder = dirname(framesPattern(spec.output) ? dirname(output) : output);
    if (!(await stat(folder).catch(() => undefined))?.isDirectory())
      throw new AppError('output-folder', `The folder ${folder} for the output does not exist.`);
    if (existing === 'any' || spec.force || !(await stat(output).catch(() => undefined))) return;
    throw new AppError('output-exists', `${output} exists already.`);
  });
}

async function requireNoInput({ keyframes }: MorphSpec, output: string): Promise<void> {
  const real = await realpath(output).catch(() => undefined);
  if (real === undefined) return;
  for (const { path } of keyframes) {
    if ((await realpath(path).catch(() => undefined)) !== real) continue;
    throw new AppError('output-is-input', `${output} is one of the stills; choose another name for the film.`);
  }
}

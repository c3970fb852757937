/** What an export of a sequence will do, worked out before it does anything. Chunks of a preview are planned by the same code. */
import { createHash } from 'node:crypto';
import type { Device, SequenceSpec } from '../../../contract/jobs.ts';
import type { VideoInfo } from '../../../contract/media.ts';
import type { SequenceSettings } from '../../../contract/project.ts';
import { containerFor } from '../../media/containers.ts';
import { capabilities } from '../../media/capabilities.ts';
import type { Canvas } from '../../media/conform.ts';
import { fieldsMark } from '../../media/fields/field-index.ts';
import { chunkRecipe, planOutput, type OutputPlan } from '../../media/output-format.ts';
import { maskMark } from '../../media/mask/real-parts.ts';
import { pixelFormat } from '../../media/pixel-format.ts';
import { multiply, rational } from '../../time/rational.ts';
import { frameIdentity } from './chunks.ts';
import { planClip, type ClipPlan, type KnownSource } from './clip-plan.ts';
import type { Footing } from './memory.ts';
import { sequenceTrackNotes } from './sequence-tracks.ts';
import { isSynthesised, type WantedFrame } from './wanted-frame.ts';
import { EXPORT_CHUNK, windowChunks } from './window-chunks.ts';

export interface SequencePlan {
  readonly spec: SequenceSpec;
  /** What its pictures are before they are encoded. */
  readonly canvas: Canvas;
  /** How pictures that are the canvas's are encoded: the black ones, and those of clips that need no conforming. */
  readonly output: OutputPlan;
  /** Those that are shown in [from, to), in order. */
  readonly clips: readonly ClipPlan[];
  readonly notes: readonly string[];
}

/** Consecutive frames of the sequence in one file. */
export interface SequenceChunk {
  readonly key: string;
  /** Keys of chunks that will do as well. */
  readonly otherwise: readonly string[];
  /** What it shows; undefined for a gap. */
  readonly clip: ClipPlan | undefined;
  /** Frame of the sequence, and of the clip's retime, that it begins with. */
  readonly start: number;
  readonly first: number;
  /** Empty for a gap. */
  readonly frames: readonly WantedFrame[];
  /** 0, 1, ... : one more than it has frames. */
  readonly timestamps: readonly number[];
}

/** The device of each engine with a network, by the engine's id. */
export type Devices = ReadonlyMap<string, Device | undefined>;

/**
 * Plans a spec from what is known of its files. `masks` is the library's folder of painted masks; `encode` has the last word on how chunks
 * are encoded.
 * Throws encoder-missing, encoder-cannot, output-format, codec-unsupported, usage, engine-unknown, bad-job, mask-missing.
 */
export async function planSequence(
  spec: SequenceSpec,
  sources: ReadonlyMap<string, KnownSource>,
  masks: string,
  encode: (output: OutputPlan) => OutputPlan = (output) => output,
): Promise<SequencePlan> {
  const shown = spec.clips.filter((clip) => clip.start < spec.to && clip.start + clip.frames > spec.from);
  const canvas = canvasOf(spec);
  const known = shown.map((clip) => sources.get(clip.input)!);
  const output = encode(await outputOf(spec, canvas, known));
  const clips: ClipPlan[] = [];
  for (const [i, clip] of shown.entries()) {
    clips.push(await planClip(clip, known[i]!, { rate: spec.settings.rate, canvas, output, masks }));
  }
  const silent = { ...output, audio: undefined };
  const carried = sequenceTrackNotes(clips, output.container, await capabilities());
  const notes = new Set([...clips.flatMap((clip) => clip.notes), ...output.notes, ...carried]);
  return {
    spec,
    canvas,
    output: clips.some((clip) => clip.sound) ? output : silent,
    clips,
    notes: [...notes],
  };
}

/** Says what could be refused without knowing the sources' frames. Throws as planSequence. */
export async function refuseSequenceEarly(spec: SequenceSpec): Promise<void> {
  await outputOf(spec, canvasOf(spec), []);
}

function canvasOf({ settings, height }: SequenceSpec): Canvas {
  const { pixelFormat: name, colour } = settings;
  const wide = height === undefined ? settings.width : 2 * Math.round((settings.width * height) / settings.height / 2);
  return {
    width: Math.max(16, wide),
    height: height ?? settings.height,
    format: pixelFormat(name),
    colour,
  };
}

async function outputOf(spec: SequenceSpec, canvas: Canvas, sources: readonly KnownSource[]): Promise<OutputPlan> {
  const { settings, codec, quality } = spec;
  const rate = rational(settings.rate.num, settings.rate.den);
  return await planOutput(
    {
      info: canvasInfo(settings, canvas, sources),
      carrier: canvas.format,
      width: canvas.width,
      height: canvas.height,
      path: spec.output,
      codec,
      codecChosen: !containerFor(spec.output).images,
      ...(quality !== undefined && { quality }),
      rate,
      timeBase: rational(rate.den, rate.num),
      sound: sources.length === 0 || sources.some(({ info }) => info.audio.length > 0),
    },
    await capabilities(),
  );
}

/** The sequence as if it were a file. Light levels are told where all clips tell the same. */
function canvasInfo(settings: SequenceSettings, canvas: Canvas, sources: readonly KnownSource[]): VideoInfo {
  const { width, height, format, colour } = canvas;
  const lights = new Set(sources.map(({ info }) => JSON.stringify(info.video.hdr ?? null)));
  const hdr = colour.transfer === 'smpte2084' && lights.size === 1 ? sources[0]!.info.video.hdr : undefined;
  return {
    path: '',
    format: '',
    bytes: 0,
    video: {
      index: 0,
      codec: 'rawvideo',
      pixelFormat: format.name,
      codedWidth: width,
      codedHeight: height,
      width,
      height,
      rotation: 0,
      mirrored: false,
      sampleAspect: { num: 1, den: 1 },
      timeBase: { num: settings.rate.den, den: settings.rate.num },
      averageRate: settings.rate,
      bitDepth: format.bits,
      colour,
      hasAlpha: format.planes.some(({ channel }) => channel === 'a'),
      dolbyVision: false,
      ...(hdr && { hdr }),
    },
    audio: [],
    other: [],
    chapters: 0,
    tags: {},
    warnings: [],
  };
}

/** All chunks of frames [from, to) of the sequence (what is planned, unless given), in order; gaps too. One at a time: a long plan costs no memory. */
export function* sequenceChunks(
  plan: SequencePlan,
  devices: Devices | readonly [Footing, ...Footing[]],
  { size = EXPORT_CHUNK, from = plan.spec.from, to = plan.spec.to } = {},
): Generator<SequenceChunk> {
  const ways = 'get' in devices ? ([{ devices, shrink: 1 }] as const) : devices;
  let at = from;
  for (const clip of plan.clips) {
    const start = Math.max(clip.clip.start, from);
    const end = Math.min(clip.clip.start + clip.clip.frames, to);
    if (start >= end) continue;
    yield* gapChunks(plan, at, start);
    yield* clipChunks(clip, ways, size, start, end);
    at = end;
  }
  yield* gapChunks(plan, at, to);
}

function* gapChunks({ output }: SequencePlan, from: number, to: number): Generator<SequenceChunk> {
  for (let start = from; start < to; start += EXPORT_CHUNK) {
    const timestamps = counting(Math.min(EXPORT_CHUNK, to - start));
    const key = hashed(['black', chunkRecipe(output), timestamps.length]);
    yield { key, otherwise: [], clip: undefined, start, first: 0, frames: [], timestamps };
  }
}

function* clipChunks(
  clip: ClipPlan,
  ways: readonly [Footing, ...Footing[]],
  size: number,
  from: number,
  to: number,
): Generator<SequenceChunk> {
  // From frames of the sequence to frames of the retime.
  const shift = clip.clip.first - clip.clip.start;
  const shared = keyContext(clip);
  for (const { first, frames } of windowChunks(clip.retime, from + shift, to + shift, size)) {
    const [key, ...otherwise] = ways.map((way) => hashed([shared, frames.map((frame) => identity(frame, clip, way))]));
    yield { key: key!, otherwise, clip, start: first - shift, first, frames, timestamps: counting(frames.length) };
  }
}

/** What all chunks of a clip share of what determines their bytes. Who makes a frame is told with the frame: real ones stay when the engine changes. */
function keyContext({ source, work, output }: ClipPlan): unknown {
  const { width, height, rotation } = work.video;
  const fields = fieldsMark(source.facts.index);
  const picture = [output.carrier.name, width, height, rotation, ...(fields ? [fields] : [])];
  return [source.identity.fingerprint, picture, chunkRecipe(output)];
}

function identity(frame: WantedFrame, { timing, engines, mask }: ClipPlan, { devices, shrink }: Footing): unknown {
  const pixels = frameIdentity(frame.plan, timing.times);
  if (!isSynthesised(frame)) return pixels;
  const engine = engines.find(({ id }) => id === (frame.engine ?? engines[0]!.id))!;
  const masked = mask ? [{ mask: maskMark(mask) }] : [];
  return [
    pixels,
    `${engine.id}@${engine.version}`,
    devices.get(engine.id),
    ...(shrink > 1 ? [{ shrink }] : []),
    ...masked,
  ];
}

function counting(frames: number): number[] {
  return Array.from({ length: frames + 1 }, (_, i) => i);
}

function hashed(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

/** Seconds from the first frame of the file that `frames` frames of it take. */
export function secondsOf({ spec }: SequencePlan, frames: number): number {
  const { num, den } = multiply(rational(frames), rational(spec.settings.rate.den, spec.settings.rate.num));
  return num / den;
}

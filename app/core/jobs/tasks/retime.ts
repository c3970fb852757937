/** The retime task: probe, find the frames, plan, make what is missing, join, verify, publish. See docs/architecture.md. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { toAppError } from '../../../contract/errors.ts';
import type { RetimeResult, RetimeSpec } from '../../../contract/jobs.ts';
import type { VideoInfo } from '../../../contract/media.ts';
import { engineDevice } from '../../engines/engine-device.ts';
import type { Interpolator } from '../../engines/engine.ts';
import { estimateBytes, requireSpace, watchSpace } from '../../media/disk-space.ts';
import { muxOutput } from '../../media/mux.ts';
import { hashPictures } from '../../media/picture-hash.ts';
import { checkingChunks } from '../../media/spoilt-chunks.ts';
import { chunkRecipe } from '../../media/output-format.ts';
import { fieldsMark } from '../../media/fields/field-index.ts';
import { maskMark, type MaskPlan } from '../../media/mask/real-parts.ts';
import { probe } from '../../media/probe.ts';
import type { FileIdentity } from '../../library/file-identity.ts';
import { format } from '../../time/rational.ts';
import type { ReadyTracks } from '../../media/tracks/prepare.ts';
import { verifyOutput, type Expectation } from '../../media/verify.ts';
import { sourceAt, type Task, type TaskContext } from '../task.ts';
import { chunkKey, chunksOf, type Chunk } from './chunks.ts';
import { jobMask, realParts } from './clip-mask.ts';
import { footings, planMemory, type Footing, type MemoryPlan } from './memory.ts';
import { renderChunks, sourceReader, type RenderedChunk, type RenderStep } from './render.ts';
import { reporter, type Report } from './report.ts';
import { planRetime, refuseEarly, type RetimePlan } from './retime-plan.ts';
import { lateNotes, makeSounds, readyTracks, soundBytes, trackResult, type MadeSounds } from './retime-tracks.ts';
import { sourceFacts } from './source-facts.ts';
import { pictures, type PictureSource } from './synthesis.ts';

export const retime: Task<RetimeSpec> = async (spec, context) => {
  const started = performance.now();
  const report = reporter(context);
  report('probing', 0, 1, 'seconds');
  const info = await probeSource(spec, context.signal);
  await refuseEarly(spec, info);
  const source = sourceAt(context.sources, spec.input);
  const mask = await jobMask(spec.mask, context.db);
  const facts = await sourceFacts(info, source, context, {
    rate: spec.inputFps,
    onProgress: (frames, total) => report('analysing', frames, total),
  });
  const plan = await planRetime(spec, info, facts);
  say(plan.notes, context);

  const memory = await memoryOf(plan, context);
  const { device } = await engineDevice(plan.engine, spec.device, context);
  const devices = new Map([[plan.engine.id, device]]);
  const ways = footings({ devices, shrink: memory.shrink }, context.relief);
  const chunks = keyedChunks(plan, ways, source, mask);
  const tracks = await readyTracks(plan, context);
  await checkSpace(plan, tracks.bytes, context);
  const notes = [...plan.notes, ...memory.notes, ...say(lateNotes(tracks), context)];
  const made = await makePictures(plan, ways[0], { chunks, mask }, context, report);
  const sounds = await makeSounds(plan, context, report);
  notes.push(...say(lateNotes(tracks, sounds), context));
  const verified = await checkingChunks(
    made.chunks,
    { decoder: plan.output.decoder, forget: context.chunks.forget, signal: context.signal },
    () => write(plan, made.chunks, { tracks, ...sounds }, context, report),
  );
  return {
    output: spec.output,
    engine: plan.engine.id,
    device: made.device,
    frames: plan.frames.count,
    ...countFrames(plan),
    fps: plan.frames.rate ? format(plan.frames.rate) : 'vfr',
    durationIn: plan.durationIn,
    durationOut: verified.duration,
    ...trackResult(plan, tracks, sounds),
    avDriftMs: verified.avDriftMs,
    seconds: (performance.now() - started) / 1000,
    verified: verified.verified,
    pictureHash: verified.pictureHash,
    engineMs: made.engineMs,
    reusedFrames: made.reused,
    memoryBytes: memory.bytes,
    notes,
  };
};

/** Tells of notes; returns them. */
function say(notes: readonly string[], { emit }: Pick<TaskContext, 'emit'>): readonly string[] {
  for (const message of notes) emit({ type: 'note', message });
  return notes;
}

/**
 * Whether the file at the spec's output is what the job would write, as far as probing tells: frames and their times, size, format, sound.
 * It says nothing of the engine. For a file that another library's job wrote. Numbered images are never taken for it.
 */
export async function isAlreadyThere(
  spec: RetimeSpec,
  context: Pick<TaskContext, 'analyses' | 'signal'> & { readonly source: FileIdentity },
): Promise<boolean> {
  const info = await probeSource(spec, context.signal);
  const facts = await sourceFacts(info, context.source, context, { rate: spec.inputFps });
  const plan = await planRetime(spec, info, facts);
  if (plan.output.container.images) return false;
  const sounds = plan.tracks.sounds.map(() => plan.frames.map.duration);
  const scratch = await mkdtemp(join(tmpdir(), 'inbetween-there-'));
  try {
    const tracks = await readyTracks(plan, { scratch, signal: context.signal });
    return (await verifyOutput(spec.output, expectation(plan, sounds, tracks, context.signal))).verified;
  } catch (thrown) {
    if (toAppError(thrown).code === 'verify-failed') return false;
    throw thrown;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function expectation(
  { frames, output, tracks: { timecode } }: RetimePlan,
  sounds: readonly number[],
  tracks: ReadyTracks,
  signal: AbortSignal,
): Expectation {
  const timestamp = (k: number) => frames.timestamp(k) - frames.timestamp(0);
  return { plan: output, frames: frames.count, timestamp, sounds, tracks: { ...tracks, timecode }, signal };
}

async function probeSource({ input, inputFps }: RetimeSpec, signal: AbortSignal): Promise<VideoInfo> {
  return await probe(input, { signal, ...(inputFps && { rate: inputFps }) });
}

/** A chunk, and the keys of others that will do as well. */
type KeyedChunk = Chunk & Pick<RenderStep, 'key' | 'otherwise'>;

/** The chunks of a plan, keyed by all that determines their bytes; one at a time, so a long plan costs no memory. */
function* keyedChunks(
  plan: RetimePlan,
  ways: ReturnType<typeof footings>,
  source: FileIdentity,
  mask: MaskPlan | undefined,
): Generator<KeyedChunk> {
  const shared = {
    source: source.fingerprint,
    fields: fieldsMark(plan.facts.index),
    mask: maskMark(mask),
    engine: `${plan.engine.id}@${plan.engine.version}`,
    picture: [plan.carrier.name, plan.info.video.width, plan.info.video.height, plan.info.video.rotation],
    encoder: chunkRecipe(plan.output),
  };
  for (const chunk of chunksOf(plan.frames)) {
    const [key, ...otherwise] = ways.map(({ devices, shrink }) => {
      const made = { device: devices.get(plan.engine.id), ...(shrink > 1 && { shrink }) };
      return chunkKey({ ...shared, ...made }, chunk, plan.timing.times);
    });
    yield { ...chunk, key: key!, otherwise };
  }
}

/** [Note: memory bound], told where there is something to tell. */
async function memoryOf(
  { engine, carrier, info, output, timing }: RetimePlan,
  context: TaskContext,
): Promise<MemoryPlan> {
  const { width, height } = info.video;
  const [frames, { threads }] = [timing.times.length, context];
  const memory = await planMemory({ engines: [engine], format: carrier, width, height, output, frames, threads });
  for (const message of memory.notes) context.emit({ type: 'note', message });
  return memory;
}

async function checkSpace(plan: RetimePlan, tracks: number, context: TaskContext): Promise<void> {
  const { frames, output } = plan;
  const bytes = estimateBytes(output, frames.count, plan.tracks.sounds.length * frames.map.duration) + tracks;
  await requireSpace([
    { path: context.scratch, bytes: bytes + soundBytes(plan) },
    { path: dirname(output.path), bytes },
  ]);
}

interface Made {
  readonly chunks: RenderedChunk[];
  readonly device: string;
  readonly engineMs: number;
  readonly reused: number;
}

async function makePictures(
  plan: RetimePlan,
  { devices, shrink }: Footing,
  { chunks, mask }: { readonly chunks: Iterable<KeyedChunk>; readonly mask: MaskPlan | undefined },
  context: TaskContext,
  report: Report,
): Promise<Made> {
  const { width, height, colour } = plan.info.video;
  const { signal, threads } = context;
  const checkRoom = watchSpace([context.scratch, dirname(plan.output.path)]);
  const made: RenderedChunk[] = [];
  let engine: Promise<Interpolator> | undefined;
  let runsOn: string | undefined;
  const openEngine = async (): Promise<Interpolator> => {
    const device = devices.get(plan.engine.id);
    const opened = await plan.engine.open({ width, height, colour, threads, device, shrink });
    runsOn = opened.device;
    return opened;
  };
  const open = (): Promise<Interpolator> => (engine ??= openEngine());
  await using reader = sourceReader(plan.info, plan.facts.index, signal, context.relief.shrink);
  await using parts = realParts(mask, plan.info, plan.facts.index, signal);
  const source = { reader, engine: open, times: plan.timing.times, parts, signal };
  let [done, reused] = [0, 0];
  const count = (frames: number) => report('rendering', (done += frames), plan.frames.count, 'frames', runsOn);
  const rendered = renderChunks(steps(plan, chunks, source), context, {
    onFrames: count,
    onReused: (frames) => {
      reused += frames;
      count(frames);
    },
  });
  try {
    for await (const chunk of rendered) {
      made.push(chunk);
      await checkRoom();
    }
    const opened = await engine;
    return {
      chunks: made,
      device: opened?.device ?? 'nothing: every frame came from earlier chunks',
      engineMs: opened ? opened.spent.analysisMs + opened.spent.synthesisMs : 0,
      reused,
    };
  } finally {
    await (await engine?.catch(() => undefined))?.[Symbol.asyncDispose]();
  }
}

function* steps(plan: RetimePlan, chunks: Iterable<KeyedChunk>, source: PictureSource): Generator<RenderStep> {
  for (const { key, otherwise, timestamps, frames } of chunks) {
    yield {
      key,
      otherwise,
      timestamps,
      output: plan.output,
      async *pictures() {
        // Opened for a chunk of real frames too: what the job says it ran on does not depend on its footage.
        await source.engine(undefined);
        yield* pictures(
          frames.map((frame) => ({ plan: frame })),
          source,
        );
      },
    };
  }
}

async function write(
  plan: RetimePlan,
  chunks: readonly RenderedChunk[],
  made: MadeSounds & { readonly tracks: ReadyTracks },
  context: TaskContext,
  report: Report,
) {
  const { frames, output, info } = plan;
  const { part, scratch, signal } = context;
  await muxOutput({
    chunks,
    plan: output,
    sounds: made.sounds,
    tracks: made.tracks,
    picture: plan.tracks.picture,
    tags: info.tags,
    timecode: plan.tracks.timecode,
    to: part,
    scratch,
    signal,
    onProgress: (fraction) => report('writing', fraction * frames.count, frames.count),
  });
  report('verifying', 0, 1, 'seconds');
  const verified = await verifyOutput(
    part,
    expectation(
      plan,
      made.sounds.map(({ seconds }) => seconds),
      made.tracks,
      signal,
    ),
  );
  const pictureHash = await hashPictures({
    ...{ path: part, frames: frames.count, decoder: output.decoder, signal },
    ...(output.container.images && { images: output.path }),
    onProgress: (done) => report('verifying', done, frames.count),
  });
  const folder = dirname(output.path);
  const files = output.container.images
    ? (await readdir(part)).map((name) => ({ from: join(part, name), to: join(folder, name) }))
    : [{ from: part, to: output.path }];
  await context.publish(files);
  return { ...verified, pictureHash };
}

function countFrames({ frames }: RetimePlan): Pick<RetimeResult, 'synthesised' | 'passedThrough' | 'held' | 'cuts'> {
  const counts = { synthesised: 0, passedThrough: 0, held: 0 };
  const cuts: number[] = [];
  const origin = frames.timestamp(0);
  for (let k = 0; k < frames.count; k++) {
    const frame = frames.frame(k);
    if (frame.kind !== 'source') counts.synthesised++;
    else counts[frame.held ? 'held' : 'passedThrough']++;
    if (k > 0 && frames.shot(k) !== frames.shot(k - 1)) {
      cuts.push(((frames.timestamp(k) - origin) * frames.timeBase.num) / frames.timeBase.den);
    }
  }
  return { ...counts, cuts };
}

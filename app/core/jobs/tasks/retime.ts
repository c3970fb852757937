/** The retime task: probe, find the frames, plan, make what is missing, join, verify, publish. See docs/architecture.md. */
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { toAppError } from '../../../contract/errors.ts';
import type { Device, RetimeResult, RetimeSpec } from '../../../contract/jobs.ts';
import type { VideoInfo } from '../../../contract/media.ts';
import { engineDevice } from '../../engines/engine-device.ts';
import type { Interpolator } from '../../engines/engine.ts';
import { audioBytes, renderAudio } from '../../media/audio/render.ts';
import { estimateBytes, requireSpace, watchSpace } from '../../media/disk-space.ts';
import { muxOutput } from '../../media/mux.ts';
import { hashPictures } from '../../media/picture-hash.ts';
import { chunkRecipe } from '../../media/output-format.ts';
import { fieldsMark } from '../../media/fields/field-index.ts';
import { probe } from '../../media/probe.ts';
import type { FileIdentity } from '../../library/file-identity.ts';
import { format } from '../../time/rational.ts';
import { verifyOutput, type Expectation } from '../../media/verify.ts';
import { sourceAt, type Task, type TaskContext } from '../task.ts';
import { chunkKey, chunksOf, type Chunk } from './chunks.ts';
import { renderChunks, sourceReader, type RenderedChunk, type RenderStep } from './render.ts';
import { reporter, type Report } from './report.ts';
import { planRetime, refuseEarly, type RetimePlan } from './retime-plan.ts';
import { sourceFacts } from './source-facts.ts';
import { pictures, type PictureSource } from './synthesis.ts';

export const retime: Task<RetimeSpec> = async (spec, context) => {
  const started = performance.now();
  const report = reporter(context);
  report('probing', 0, 1, 'seconds');
  const info = await probeSource(spec, context.signal);
  await refuseEarly(spec, info);
  const source = sourceAt(context.sources, spec.input);
  const facts = await sourceFacts(info, source, context, {
    rate: spec.inputFps,
    onProgress: (frames, total) => report('analysing', frames, total),
  });
  const plan = await planRetime(spec, info, facts);
  for (const message of plan.notes) context.emit({ type: 'note', message });

  const { device } = await engineDevice(plan.engine, spec.device, context);
  const chunks = keyedChunks(plan, device, source);
  await checkSpace(plan, context);
  const made = await makePictures(plan, device, chunks, context, report);
  const sound = await makeSound(plan, context, report);
  const verified = await write(plan, made.chunks, sound, context, report);
  return {
    output: spec.output,
    engine: plan.engine.id,
    device: made.device,
    frames: plan.frames.count,
    ...countFrames(plan),
    fps: plan.frames.rate ? format(plan.frames.rate) : 'vfr',
    durationIn: plan.durationIn,
    durationOut: verified.duration,
    audio: plan.audio?.mode ?? plan.silence,
    avDriftMs: verified.avDriftMs,
    seconds: (performance.now() - started) / 1000,
    verified: verified.verified,
    pictureHash: verified.pictureHash,
    engineMs: made.engineMs,
    reusedFrames: made.reused,
    notes: [...plan.notes],
  };
};

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
  const sound = plan.audio ? plan.frames.map.duration : undefined;
  try {
    return (await verifyOutput(spec.output, expectation(plan, sound, context.signal))).verified;
  } catch (thrown) {
    if (toAppError(thrown).code === 'verify-failed') return false;
    throw thrown;
  }
}

function expectation({ frames, output }: RetimePlan, sound: number | undefined, signal: AbortSignal): Expectation {
  return {
    plan: output,
    frames: frames.count,
    timestamp: (k) => frames.timestamp(k) - frames.timestamp(0),
    ...(sound !== undefined && { sound }),
    signal,
  };
}

async function probeSource({ input, inputFps }: RetimeSpec, signal: AbortSignal): Promise<VideoInfo> {
  return await probe(input, { signal, ...(inputFps && { rate: inputFps }) });
}

/** The chunks of a plan, keyed by all that determines their bytes; one at a time, so a long plan costs no memory. */
function* keyedChunks(
  plan: RetimePlan,
  device: Device | undefined,
  source: FileIdentity,
): Generator<Chunk & { key: string }> {
  const shared = {
    source: source.fingerprint,
    fields: fieldsMark(plan.facts.index),
    engine: `${plan.engine.id}@${plan.engine.version}`,
    device,
    picture: [plan.carrier.name, plan.info.video.width, plan.info.video.height, plan.info.video.rotation],
    encoder: chunkRecipe(plan.output),
  };
  for (const chunk of chunksOf(plan.frames)) yield { ...chunk, key: chunkKey(shared, chunk, plan.timing.times) };
}

async function checkSpace(plan: RetimePlan, context: TaskContext): Promise<void> {
  const { frames, output, audio } = plan;
  const bytes = estimateBytes(output, frames.count, audio ? frames.map.duration : 0);
  const needs = [
    { path: context.scratch, bytes },
    { path: dirname(output.path), bytes },
  ];
  if (audio) {
    const sound = audioBytes({ stream: audio.stream, map: frames.map, mode: audio.mode });
    needs.push({ path: context.scratch, bytes: sound.output + sound.scratch });
  }
  await requireSpace(needs);
}

interface Made {
  readonly chunks: RenderedChunk[];
  readonly device: string;
  readonly engineMs: number;
  readonly reused: number;
}

async function makePictures(
  plan: RetimePlan,
  device: Device | undefined,
  chunks: Iterable<Chunk & { key: string }>,
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
    const opened = await plan.engine.open({ width, height, colour, threads, device });
    runsOn = opened.device;
    return opened;
  };
  const open = (): Promise<Interpolator> => (engine ??= openEngine());
  await using reader = sourceReader(plan.info, plan.facts.index, signal);
  const source = { reader, engine: open, times: plan.timing.times, signal };
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

function* steps(
  plan: RetimePlan,
  chunks: Iterable<Chunk & { key: string }>,
  source: PictureSource,
): Generator<RenderStep> {
  for (const { key, timestamps, frames } of chunks) {
    yield {
      key,
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

interface Sound {
  readonly path: string;
  readonly channels: number;
  readonly seconds: number;
  readonly language?: string;
}

async function makeSound(plan: RetimePlan, context: TaskContext, report: Report): Promise<Sound | undefined> {
  const { audio, frames, info, facts } = plan;
  if (!audio) return undefined;
  const path = join(context.scratch, 'sound.wav');
  const { samples, sampleRate, channels } = await renderAudio({
    path: info.path,
    stream: audio.stream,
    map: frames.map,
    mode: audio.mode,
    sourceStart: facts.index.start,
    to: path,
    signal: context.signal,
    onProgress: (fraction) => report('sound', fraction * frames.map.duration, frames.map.duration, 'seconds'),
  });
  const { language } = audio.stream;
  return { path, channels, seconds: samples / sampleRate, ...(language !== undefined && { language }) };
}

async function write(
  plan: RetimePlan,
  chunks: readonly RenderedChunk[],
  sound: Sound | undefined,
  context: TaskContext,
  report: Report,
) {
  const { frames, output, info } = plan;
  const { part, scratch, signal } = context;
  await muxOutput({
    chunks,
    plan: output,
    ...(sound && { audio: sound }),
    tags: info.tags,
    to: part,
    scratch,
    signal,
    onProgress: (fraction) => report('writing', fraction * frames.count, frames.count),
  });
  report('verifying', 0, 1, 'seconds');
  const verified = await verifyOutput(part, expectation(plan, sound?.seconds, signal));
  const pictureHash = await hashPictures({
    ...{ path: part, frames: frames.count, signal },
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

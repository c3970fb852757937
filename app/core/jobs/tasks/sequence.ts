/** The sequence task: what its files are, the plan, the chunks that are missing, the sound, one file of it all, verified and put in place. */
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SequenceSpec } from '../../../contract/jobs.ts';
import { capabilities } from '../../media/capabilities.ts';
import { estimateBytes, requireSpace, watchSpace } from '../../media/disk-space.ts';
import { muxOutput, type MuxAudio } from '../../media/mux.ts';
import { hashPictures } from '../../media/picture-hash.ts';
import { checkingChunks } from '../../media/spoilt-chunks.ts';
import { probe } from '../../media/probe.ts';
import { verifyOutput } from '../../media/verify.ts';
import { format } from '../../time/rational.ts';
import type { Task, TaskContext } from '../task.ts';
import { footings, sequenceMemory } from './memory.ts';
import { masksOf } from './clip-mask.ts';
import type { KnownSource } from './clip-plan.ts';
import { windowMap } from './clip-sound.ts';
import { countFrames } from './sequence-counts.ts';
import { devicesOf, spaceNeeds } from './sequence-needs.ts';
import { planSequence, refuseSequenceEarly, secondsOf, sequenceChunks, type SequencePlan } from './sequence-plan.ts';
import { renderChunks, type RenderedChunk } from './render.ts';
import { reporter, type Report } from './report.ts';
import { RenderRoom } from './sequence-render.ts';
import { renderSequenceSound, soundMode } from './sequence-sound.ts';
import { sequenceTracks } from './sequence-tracks.ts';
import { sourceFacts } from './source-facts.ts';

export const sequence: Task<SequenceSpec> = async (spec, context) => {
  const started = performance.now();
  const report = reporter(context);
  await refuseSequenceEarly(spec);
  const plan = await planSequence(spec, await knownSources(context, report), masksOf(context.db));
  for (const message of plan.notes) context.emit({ type: 'note', message });
  const memory = await sequenceMemory(plan.clips, context);
  for (const message of memory.notes) context.emit({ type: 'note', message });
  const devices = await devicesOf(plan, context);
  const ways = footings({ devices, shrink: memory.shrink }, context.relief);
  const tracks = await tracksOf(plan, context);
  for (const message of tracks.notes) context.emit({ type: 'note', message });
  await checkSpace(plan, ways, context);
  const made = await makePictures(plan, ways, context, report);
  const sound = plan.output.audio && (await makeSound(plan, context, report));
  const verified = await checkingChunks(
    made.chunks,
    { decoder: plan.output.decoder, forget: context.chunks.forget, signal: context.signal },
    () => write(plan, made.chunks, { sound, tracks }, context, report),
  );
  const durationIn = shownSeconds(plan);
  return {
    output: spec.output,
    engine: [...new Set(plan.clips.map((clip) => clip.engines[0]!.id))].join(', ') || 'none',
    device: made.device,
    frames: spec.to - spec.from,
    ...countFrames(plan),
    fps: format(spec.settings.rate),
    durationIn,
    durationOut: verified.duration,
    audio: soundMode(plan),
    avDriftMs: verified.avDriftMs,
    seconds: (performance.now() - started) / 1000,
    verified: verified.verified,
    pictureHash: verified.pictureHash,
    engineMs: made.engineMs,
    reusedFrames: made.reused,
    memoryBytes: memory.bytes,
    notes: [...plan.notes, ...memory.notes, ...tracks.notes],
  };
};

/** The job's files, by path, each probed and analysed. */
async function knownSources(context: TaskContext, report: Report): Promise<Map<string, KnownSource>> {
  const { sources, signal } = context;
  const known = new Map<string, KnownSource>();
  report('probing', 0, 1, 'seconds');
  const infos = [];
  for (const { path } of sources) infos.push(await probe(path, { signal }));
  for (const [i, identity] of sources.entries()) {
    const info = infos[i]!;
    const facts = await sourceFacts(info, identity, context, {
      onProgress: (done, total) => report('analysing', i * total + done, sources.length * total),
    });
    known.set(identity.path, { info, facts, identity });
  }
  return known;
}

/** Seconds of source between the first and the last moment that each clip shows. */
function shownSeconds({ spec, clips }: SequencePlan): number {
  const { from, to, settings } = spec;
  let seconds = 0;
  for (const { clip, frames } of clips) {
    const [start, end] = [Math.max(clip.start, from), Math.min(clip.start + clip.frames, to)];
    const map = windowMap(frames, clip.first + start - clip.start, end - start);
    let [least, most] = [Infinity, -Infinity];
    for (let k = 0; k <= end - start; k++) {
      const at = map.sourceAt((k * settings.rate.den) / settings.rate.num);
      [least, most] = [Math.min(least, at), Math.max(most, at)];
    }
    seconds += most - least;
  }
  return seconds;
}

async function checkSpace(plan: SequencePlan, ways: Footings, context: TaskContext): Promise<void> {
  const { spec, output } = plan;
  const frames = spec.to - spec.from;
  let missing = 0;
  for (const { key, otherwise, timestamps } of sequenceChunks(plan, ways)) {
    const found = await Promise.all([key, ...otherwise].map((one) => context.chunks.find(one)));
    if (found.every((path) => path === undefined)) missing += timestamps.length - 1;
  }
  const bytes = estimateBytes(output, frames, output.audio ? secondsOf(plan, frames) : 0);
  await requireSpace(spaceNeeds(plan, { scratch: context.scratch, chunks: context.scratch }, bytes, missing / frames));
}

type Footings = ReturnType<typeof footings>;

interface Made {
  readonly chunks: RenderedChunk[];
  readonly device: string;
  readonly engineMs: number;
  readonly reused: number;
}

async function makePictures(plan: SequencePlan, ways: Footings, context: TaskContext, report: Report): Promise<Made> {
  const total = plan.spec.to - plan.spec.from;
  const checkRoom = watchSpace([context.scratch, dirname(plan.output.path)]);
  const chunks: RenderedChunk[] = [];
  const [{ devices, shrink }] = ways;
  await using room = new RenderRoom(context, undefined, { shrink, keep: context.relief.shrink });
  let [done, reused] = [0, 0];
  let device: string | undefined;
  const count = (frames: number) => report('rendering', (done += frames), total, 'frames', device);
  function* steps() {
    for (const chunk of sequenceChunks(plan, ways)) yield room.step(plan, chunk, devices);
  }
  const rendered = renderChunks(steps(), context, {
    onFrames: count,
    onReused: (frames) => {
      reused += frames;
      count(frames);
    },
  });
  for await (const chunk of rendered) {
    chunks.push(chunk);
    device = (await room.totals()).devices.join(', ') || undefined;
    await checkRoom();
  }
  const { engineMs, devices: ran } = await room.totals();
  const none =
    reused === total ? 'nothing: every frame came from earlier chunks' : 'nothing: no frame had to be synthesised';
  return { chunks, device: ran.join(', ') || none, engineMs, reused };
}

async function makeSound(
  plan: SequencePlan,
  context: TaskContext,
  report: Report,
): Promise<MuxAudio & { seconds: number }> {
  const seconds = secondsOf(plan, plan.spec.to - plan.spec.from);
  const languages = new Set(plan.clips.flatMap(({ sound }) => sound?.stream.language ?? []));
  const made = await renderSequenceSound(plan, context, (fraction) =>
    report('sound', fraction * seconds, seconds, 'seconds'),
  );
  return { ...made, ...(languages.size === 1 && { language: [...languages][0]! }) };
}

async function tracksOf(
  { spec, clips, output }: SequencePlan,
  { scratch, signal }: TaskContext,
): Promise<SequenceTracks> {
  const { container } = output;
  return await sequenceTracks({ spec, clips, container, capabilities: await capabilities(), scratch, signal });
}

type SequenceTracks = Awaited<ReturnType<typeof sequenceTracks>>;

async function write(
  { spec, output }: SequencePlan,
  chunks: readonly RenderedChunk[],
  { sound, tracks }: { sound: (MuxAudio & { seconds: number }) | undefined; tracks: SequenceTracks },
  { part, scratch, signal, publish }: TaskContext,
  report: Report,
) {
  const frames = spec.to - spec.from;
  await muxOutput({
    chunks,
    plan: output,
    ...(sound && { sounds: [sound] }),
    tracks,
    tags: { title: spec.title },
    timecode: spec.timecode,
    to: part,
    scratch,
    signal,
    onProgress: (fraction) => report('writing', fraction * frames, frames),
  });
  report('verifying', 0, 1, 'seconds');
  const verified = await verifyOutput(part, {
    plan: output,
    frames,
    timestamp: (k) => k,
    ...(sound && { sounds: [sound.seconds] }),
    tracks: { ...tracks, timecode: spec.timecode },
    signal,
  });
  const pictureHash = await hashPictures({
    ...{ path: part, frames, decoder: output.decoder, signal },
    ...(output.container.images && { images: output.path }),
    onProgress: (done) => report('verifying', done, frames),
  });
  const folder = dirname(output.path);
  const files = output.container.images
    ? (await readdir(part)).map((name) => ({ from: join(part, name), to: join(folder, name) }))
    : [{ from: part, to: output.path }];
  await publish(files);
  return { ...verified, pictureHash };
}

/** What the preview's process does when it is asked: chunks that are missing, nearest to the playhead first, sounds, single pictures. */
import type { SequenceSpec } from '../../contract/jobs.ts';
import type { ChunkStore } from '../jobs/chunk-store.ts';
import type { KnownSource } from '../jobs/tasks/clip-plan.ts';
import { renderClipSound } from '../jobs/tasks/clip-sound.ts';
import type { EngineRoom } from '../jobs/tasks/engine-room.ts';
import { renderChunks } from '../jobs/tasks/render.ts';
import { guardedStore } from '../jobs/chunk-files.ts';
import { devicesOf } from '../jobs/tasks/sequence-needs.ts';
import {
  planSequence,
  sequenceChunks,
  type Devices,
  type SequenceChunk,
  type SequencePlan,
} from '../jobs/tasks/sequence-plan.ts';
import { RenderRoom } from '../jobs/tasks/sequence-render.ts';
import { writePng } from '../media/png-file.ts';
import type { previewFiles } from './kept-files.ts';
import type { PreviewAnswer, PreviewOrder } from './messages.ts';
import { PREVIEW_CHUNK, previewEncoding } from './preview-spec.ts';
import type { SourceShelf } from './source-shelf.ts';

export interface RenderHost {
  readonly signal: AbortSignal;
  readonly threads: number;
  readonly shelf: SourceShelf;
  /** The folder of painted masks. */
  readonly masks: string;
  /** Kept from one render to the next. */
  readonly engines: EngineRoom;
  readonly files: ReturnType<typeof previewFiles>;
  /** Whether a chunk is there. Asking does not count as using it. */
  readonly isReady: (key: string) => boolean;
  readonly chunks: (cacheBytes: number) => Promise<ChunkStore>;
  readonly say: (answer: PreviewAnswer) => void;
}

type RenderOrder = Extract<PreviewOrder, { type: 'render' }>;
type FrameOrder = Extract<PreviewOrder, { type: 'frame' }>;

/** How much farther a frame behind the playhead is than one as far ahead: films are watched forwards. */
const BEHIND = 3;

/** Throws what planning and rendering throw, and the signal's reason. */
export async function renderPreview(order: RenderOrder, host: RenderHost): Promise<void> {
  const { plan, devices } = await planned(order.spec as SequenceSpec, host);
  // A sound that cannot be made is no reason to show nothing.
  const ended = await Promise.allSettled([pictures(order, plan, devices, host), sounds(order, plan, host)]);
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
}

/** Opens the engine of a spec's first clip, unless it is one that takes much memory. */
export async function warmUp(spec: SequenceSpec, host: RenderHost): Promise<void> {
  const { plan, devices } = await planned(spec, host);
  const [clip] = plan.clips;
  if (clip && !clip.engines[0]!.network) await host.engines.engine(clip, devices, undefined);
}

async function planned(spec: SequenceSpec, { shelf, signal, threads, masks }: RenderHost) {
  const sources = new Map<string, KnownSource>();
  for (const { input } of spec.clips) if (!sources.has(input)) sources.set(input, await shelf.get(input));
  const plan = await planSequence(spec, sources, masks, previewEncoding);
  return { plan, devices: await devicesOf(plan, { signal, threads }) };
}

async function pictures(
  { request, around, cacheBytes }: RenderOrder,
  plan: SequencePlan,
  devices: Devices,
  host: RenderHost,
): Promise<void> {
  const store = guardedStore(
    await host.chunks(cacheBytes),
    plan.clips.map(({ source }) => source.identity),
  );
  // The same frames may be shown by several clips.
  const places = new Map<string, SequenceChunk[]>();
  for (const chunk of sequenceChunks(plan, devices, { size: PREVIEW_CHUNK })) {
    if (!chunk.clip || host.isReady(chunk.key)) continue;
    places.set(chunk.key, [...(places.get(chunk.key) ?? []), chunk]);
  }
  const wanted = [...places.values()].map(([first]) => first!);
  wanted.sort((a, b) => distance(a, around) - distance(b, around));

  let missing = wanted.reduce((sum, { timestamps }) => sum + timestamps.length - 1, 0);
  const started = performance.now();
  let done = 0;
  await using room = new RenderRoom(host, host.engines);
  const steps = wanted.map((chunk) => room.step(plan, chunk, devices));
  const rendered = renderChunks(
    steps,
    { chunks: store, signal: host.signal },
    {
      onFrames: (count) => (done += count),
      onReused: () => {},
      onMade: (key, confidence) => {
        for (const { clip, first } of places.get(key) ?? []) {
          host.say({ type: 'chunk', request, clip: clip!.clip.id, key, first, confidence: [...confidence] });
        }
        missing -= confidence.length;
        const framesPerSecond = (1000 * done) / (performance.now() - started);
        host.say({ type: 'progress', request, missing, framesPerSecond });
      },
    },
  );
  for await (const _ of rendered) host.signal.throwIfAborted();
}

function distance({ start, timestamps }: SequenceChunk, around: number): number {
  const last = start + timestamps.length - 2;
  if (last < around) return BEHIND * (around - last);
  return Math.max(0, start - around);
}

async function sounds({ request, sounds: wanted }: RenderOrder, plan: SequencePlan, host: RenderHost): Promise<void> {
  for (const { clip: id, key } of wanted) {
    const clip = plan.clips.find((one) => one.clip.id === id);
    if (!clip?.sound) continue;
    const { first, frames } = clip.clip;
    const { sampleRate } = plan.spec.settings;
    if ((await host.files.sounds.find(key)) === undefined) {
      await host.files.sounds.make(key, async (to) => {
        await renderClipSound(clip, { first, frames, sampleRate, to, signal: host.signal });
      });
    }
    host.say({ type: 'sound', request, clip: id });
  }
}

/** Makes the picture of one frame of the sequence and says how far it may be trusted. Throws as renderPreview. */
export async function renderPicture({ request, spec, frame, key }: FrameOrder, host: RenderHost): Promise<void> {
  const { plan, devices } = await planned({ ...(spec as SequenceSpec), from: frame, to: frame + 1 }, host);
  const [chunk] = sequenceChunks(plan, devices);
  await using room = new RenderRoom(host);
  const step = room.step(plan, chunk!, devices);
  for await (const picture of step.pictures()) {
    await host.files.frames.make(key, (to) => writePng(picture.frame, step.output, to, host.signal));
    host.say({ type: 'frame', request, confidence: picture.confidence });
    return;
  }
}

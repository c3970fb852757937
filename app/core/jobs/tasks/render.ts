/** Makes the chunks of a retime that are not in the store yet. Decoding, synthesis and encoding overlap. */
import type { Interpolator } from '../../engines/engine.ts';
import { prefetch } from '../../base/prefetch.ts';
import { decodeFrames } from '../../media/decode.ts';
import { openChunkEncoder, type ChunkEncoder } from '../../media/encode.ts';
import { frameBytes } from '../../media/frame.ts';
import { FrameReader } from '../../media/frame-reader.ts';
import type { PendingChunk } from '../chunk-store.ts';
import type { TaskContext } from '../task.ts';
import type { Chunk } from './chunks.ts';
import type { RetimePlan } from './retime-plan.ts';
import { pictures, type PictureSource } from './synthesis.ts';

export interface KeyedChunk extends Chunk {
  readonly key: string;
}

export interface RenderedChunk {
  readonly path: string;
  readonly timestamps: readonly number[];
}

/** Memory for decoded frames that may be wanted again: what lets reversed footage decode each block once. */
const KEEP_BYTES = 192 * 2 ** 20;

/**
 * Yields the file of every chunk in order, making those that are missing. `open` starts the engine when the first one is.
 * The encoder of one chunk finishes while the next is made.
 */
export async function* renderChunks(
  plan: RetimePlan,
  chunks: Iterable<KeyedChunk>,
  context: TaskContext,
  hooks: { open: () => Promise<Interpolator>; onFrames: (count: number) => void; onReused: (count: number) => void },
): AsyncGenerator<RenderedChunk> {
  const { info, facts, timing } = plan;
  const last = timing.times.length - 1;
  const bytes = frameBytes(plan.carrier, info.video.width, info.video.height);
  await using reader = new FrameReader({
    open: (first) => decodeFrames(info.path, info, { first, last, index: facts.index, signal: context.signal }),
    count: last + 1,
    keep: Math.min(64, Math.floor(KEEP_BYTES / bytes)),
  });
  let finishing: Promise<RenderedChunk> | undefined;
  for (const chunk of chunks) {
    context.signal.throwIfAborted();
    const found = await context.chunks.find(chunk.key);
    if (found !== undefined) {
      if (finishing) yield await finishing;
      finishing = undefined;
      hooks.onReused(chunk.frames.length);
      yield { path: found, timestamps: chunk.timestamps };
      continue;
    }
    const source = { reader, engine: await hooks.open(), times: timing.times, signal: context.signal };
    const pending = await context.chunks.begin(chunk.key, plan.output.chunkMuxer);
    const encoder = await encodeFrames(pending, chunk, plan, source, context.signal, hooks.onFrames);
    if (finishing) yield await finishing;
    finishing = finish(encoder, pending, chunk);
    // Its turn comes after the next chunk; a failure before that is reported then.
    finishing.catch(() => {});
  }
  if (finishing) yield await finishing;
}

async function encodeFrames(
  pending: PendingChunk,
  chunk: Chunk,
  plan: RetimePlan,
  source: PictureSource,
  signal: AbortSignal,
  onFrames: (count: number) => void,
): Promise<ChunkEncoder> {
  const encoder = await openChunkEncoder(pending.path, plan.output, { timestamps: chunk.timestamps, signal });
  try {
    // The engine works on the next frames while this one goes down the pipe.
    for await (const frame of prefetch(pictures(chunk.frames, source), 2)) {
      await encoder.write(frame);
      onFrames(1);
    }
    return encoder;
  } catch (error) {
    await encoder.abort();
    await pending.abandon();
    throw error;
  }
}

async function finish(encoder: ChunkEncoder, pending: PendingChunk, chunk: Chunk): Promise<RenderedChunk> {
  try {
    await encoder.finish();
    return { path: await pending.commit(), timestamps: chunk.timestamps };
  } catch (error) {
    await encoder.abort();
    await pending.abandon();
    throw error;
  }
}

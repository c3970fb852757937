/** Makes the chunks that are not in the store yet. Decoding, synthesis and encoding overlap. */
import { prefetch } from '../../base/prefetch.ts';
import type { VideoInfo } from '../../../contract/media.ts';
import { decodedFormat, decodeFrames } from '../../media/decode.ts';
import { openChunkEncoder, type ChunkEncoder } from '../../media/encode.ts';
import { frameBytes } from '../../media/frame.ts';
import { FrameReader } from '../../media/frame-reader.ts';
import type { OutputPlan } from '../../media/output-format.ts';
import type { SourceIndex } from '../../media/source.ts';
import type { ChunkStore, PendingChunk } from '../chunk-store.ts';
import type { Picture } from './synthesis.ts';

/** A chunk, and how to make it. */
export interface RenderStep {
  readonly key: string;
  /** Keys of chunks that will do as well. */
  readonly otherwise?: readonly string[];
  readonly timestamps: readonly number[];
  readonly output: OutputPlan;
  /** Its pictures; asked for when the chunk is missing, after those of the step before. */
  readonly pictures: () => AsyncIterable<Picture>;
}

export interface RenderedChunk {
  readonly key: string;
  readonly path: string;
  readonly timestamps: readonly number[];
}

export interface RenderHooks {
  readonly onFrames: (count: number) => void;
  readonly onReused: (count: number) => void;
  /** A chunk is in the store, which may be a good while before its turn to be yielded. */
  readonly onMade?: (key: string, confidence: readonly (number | null)[]) => void;
}

/** Memory for decoded frames that may be wanted again: what lets reversed footage decode each block once. */
const KEEP_BYTES = 192 * 2 ** 20;

/** Frames of `bytes` that are kept in 1/`shrink` of that memory. */
export function keptFrames(bytes: number, shrink = 1): number {
  return Math.max(3, Math.min(64, Math.floor(KEEP_BYTES / shrink / bytes)));
}

/** Frames of a source in any order. `info` as it is to be decoded; `shrink`: [Note: the memory ladder]. */
export function sourceReader(info: VideoInfo, index: SourceIndex, signal: AbortSignal, shrink = 1): FrameReader {
  const last = index.times.length - 1;
  const bytes = frameBytes(decodedFormat(info), info.video.width, info.video.height);
  return new FrameReader({
    open: (first) => decodeFrames(info.path, info, { first, last, index, signal }),
    count: last + 1,
    keep: keptFrames(bytes, shrink),
  });
}

/** Yields the file of every chunk in order, making those that are missing. The encoder of one chunk finishes while the next is made. */
export async function* renderChunks(
  steps: Iterable<RenderStep>,
  { chunks, signal }: { readonly chunks: ChunkStore; readonly signal: AbortSignal },
  hooks: RenderHooks,
): AsyncGenerator<RenderedChunk> {
  let finishing: Promise<RenderedChunk> | undefined;
  for (const step of steps) {
    signal.throwIfAborted();
    const found = await findAny(chunks, step);
    if (found !== undefined) {
      if (finishing) yield await finishing;
      finishing = undefined;
      hooks.onReused(step.timestamps.length - 1);
      yield { ...found, timestamps: step.timestamps };
      continue;
    }
    const pending = await chunks.begin(step.key, step.output.chunkMuxer);
    const encoding = await encodePictures(pending, step, signal, hooks.onFrames).catch(async (error: unknown) => {
      // The chunk before is whole but for its end.
      await finishing?.catch(() => {});
      throw error;
    });
    if (finishing) yield await finishing;
    finishing = finish(encoding, pending, step, hooks);
    // Its turn comes after the next chunk; a failure before that is reported then.
    finishing.catch(() => {});
  }
  if (finishing) yield await finishing;
}

async function findAny(
  chunks: ChunkStore,
  { key, otherwise = [] }: RenderStep,
): Promise<{ readonly key: string; readonly path: string } | undefined> {
  for (const one of [key, ...otherwise]) {
    const path = await chunks.find(one);
    if (path !== undefined) return { key: one, path };
  }
  return undefined;
}

interface Encoding {
  readonly encoder: ChunkEncoder;
  readonly confidence: readonly (number | null)[];
}

async function encodePictures(
  pending: PendingChunk,
  { output, timestamps, pictures }: RenderStep,
  signal: AbortSignal,
  onFrames: (count: number) => void,
): Promise<Encoding> {
  const encoder = await openChunkEncoder(pending.path, output, { timestamps, signal });
  const confidence: (number | null)[] = [];
  try {
    // The engine works on the next frames while this one goes down the pipe.
    for await (const picture of prefetch(pictures(), 2)) {
      await encoder.write(picture.frame);
      confidence.push(picture.confidence);
      onFrames(1);
    }
    return { encoder, confidence };
  } catch (error) {
    await encoder.abort();
    await pending.abandon();
    throw error;
  }
}

async function finish(
  { encoder, confidence }: Encoding,
  pending: PendingChunk,
  { key, timestamps }: RenderStep,
  { onMade }: RenderHooks,
): Promise<RenderedChunk> {
  try {
    await encoder.finish();
    const path = await pending.commit({ confidence });
    onMade?.(key, confidence);
    return { key, path, timestamps };
  } catch (error) {
    await encoder.abort();
    await pending.abandon();
    throw error;
  }
}

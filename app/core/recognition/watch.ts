/** What a recogniser says of a video, as scoring needs it. */
import { performance } from 'node:perf_hooks';
import type { Tagger } from '../engines/tagger.ts';
import { probe } from '../media/probe.ts';
import { picturesToFloats, samplePictures } from '../tags/sample.ts';

export interface Watched {
  /** [scores, labels], and how many a second. */
  readonly probabilities: Float32Array;
  readonly scores: number;
  readonly rate: number;
  /** Seconds of the embeddings that were kept, and the embeddings, [times.length, size]. */
  readonly times: readonly number[];
  readonly values: Float32Array;
  /** Seconds the network took. */
  readonly seconds: number;
}

const CHUNK = 8;
/** Embeddings kept of a second, as the library keeps them. */
const KEPT = 2;

/** Runs the recogniser over the whole video. Throws what decoding and the engine throw; the signal's reason. */
export async function watch(tagger: Tagger, file: string, signal?: AbortSignal): Promise<Watched> {
  const { rate, size, labels } = tagger;
  const info = await probe(file, { ...(signal && { signal }) });
  tagger.reset();
  const rows: Float32Array[] = [];
  const kept: Float32Array[] = [];
  const times: number[] = [];
  let seconds = 0;
  const take = async (work: () => Promise<readonly { probabilities: Float32Array; embedding: Float32Array }[]>) => {
    const clock = performance.now();
    const said = await work();
    seconds += (performance.now() - clock) / 1000;
    for (const { probabilities, embedding } of said) {
      const slot = Math.floor((rows.length * KEPT) / rate);
      if (rows.length === 0 || slot !== Math.floor(((rows.length - 1) * KEPT) / rate)) {
        kept.push(embedding);
        times.push(rows.length / rate);
      }
      rows.push(probabilities);
    }
  };
  let chunk: Uint8Array[] = [];
  const push = async (): Promise<void> => {
    if (chunk.length === 0) return;
    const pictures = picturesToFloats(chunk);
    await take(() => tagger.push(pictures, chunk.length, signal));
    chunk = [];
  };
  for await (const picture of samplePictures(info, { size, rate, signal })) {
    signal?.throwIfAborted();
    chunk.push(picture);
    if (chunk.length === CHUNK) await push();
  }
  await push();
  await take(() => tagger.finish(signal));
  return {
    ...{ probabilities: joined(rows, labels.length), scores: rows.length, rate },
    ...{ times, values: joined(kept, tagger.embedding), seconds },
  };
}

function joined(rows: readonly Float32Array[], width: number): Float32Array {
  const out = new Float32Array(rows.length * width);
  for (const [n, row] of rows.entries()) out.set(row, n * width);
  return out;
}

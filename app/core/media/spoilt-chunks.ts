/** Chunks that are not what they should be: an encoder may say that all went well and have written less. */
import { AppError, toAppError } from '../../contract/errors.ts';
import type { Chunk } from './concat-list.ts';
import type { OutputPlan } from './output-format.ts';
import { hashPictures } from './picture-hash.ts';

export interface KeyedChunk extends Chunk {
  readonly key: string;
}

export interface CheckOptions {
  readonly decoder: OutputPlan['decoder'];
  /** Deletes a chunk from where it is kept. */
  readonly forget: (key: string) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Does `work`, which writes the output from the chunks and reads it back. When that is not as planned each chunk is looked at, since a spoilt one
 * would spoil every later run as well: those that cannot be decoded, or have more or fewer frames, are thrown away, and the error says so. Throws
 * what `work` throws.
 */
export async function checkingChunks<T>(
  chunks: readonly KeyedChunk[],
  { decoder, forget, signal }: CheckOptions,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const error = toAppError(thrown);
    if (error.code !== 'verify-failed' && error.code !== 'encode-failed') throw thrown;
    let spoilt = 0;
    for (const { key, path, timestamps } of chunks) {
      const frames = timestamps.length - 1;
      const whole = await hashPictures({ path, frames, decoder, signal }).then(
        () => true,
        (wrong: unknown) => {
          if (toAppError(wrong).code !== 'verify-failed') throw wrong;
          return false;
        },
      );
      if (whole) continue;
      await forget(key);
      spoilt++;
    }
    if (spoilt === 0) throw thrown;
    const pieces = spoilt === 1 ? 'A piece it was made of was spoilt' : `${spoilt} pieces it was made of were spoilt`;
    throw new AppError(error.code, `${error.message} ${pieces}; run it again, and only that is made anew.`, {
      cause: thrown,
    });
  }
}

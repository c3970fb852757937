/** The hash by which two files with the same content are known. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { AppError, toAppError } from '../../contract/errors.ts';
import { isErrno } from '../base/durable.ts';
import { sequenceFiles } from '../library/file-identity.ts';
import { fileState } from './files.ts';

/** Bytes read between two looks at whether something else should come first. */
const STRIDE = 8 << 20;

export interface HashOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called now and then; the file is read on when it resolves. */
  readonly pause?: (() => Promise<void>) | undefined;
}

/**
 * Hex SHA-256 of the whole content; of an image sequence, of its pictures one after the other. Throws not-found, unreadable, source-changed
 * when the file was written meanwhile, cancelled.
 */
export async function contentHash(path: string, options: HashOptions = {}): Promise<string> {
  const before = await fileState(path);
  if (typeof before === 'string') throw new AppError('not-found', `There is no file ${path}.`);
  const single = (await stat(path).catch(() => undefined)) !== undefined;
  const files = single ? [path] : await sequenceFiles(path);
  const hash = createHash('sha256');
  let since = 0;
  try {
    for (const file of files) {
      const stream = createReadStream(file, { highWaterMark: 1 << 20, signal: options.signal });
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        hash.update(chunk);
        since += chunk.length;
        if (since < STRIDE) continue;
        since = 0;
        await options.pause?.();
      }
    }
  } catch (cause) {
    if (options.signal?.aborted) throw toAppError(options.signal.reason);
    if (isErrno(cause, 'ENOENT')) throw new AppError('not-found', `There is no file ${path}.`, { cause });
    if (isErrno(cause, 'EACCES', 'EPERM', 'EIO'))
      throw new AppError('unreadable', `${path} cannot be read.`, { cause });
    throw cause;
  }
  const after = await fileState(path);
  if (typeof after === 'string' || after.bytes !== before.bytes || after.mtimeNs !== before.mtimeNs) {
    throw new AppError('source-changed', `${path} was written while it was read.`);
  }
  return hash.digest('hex');
}

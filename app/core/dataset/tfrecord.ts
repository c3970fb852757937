/**
 * TFRecord files: records one after the other, each as its length (8 bytes), that one's masked CRC-32C (4), the bytes, and theirs (4).
 * https://www.tensorflow.org/tutorials/load_data/tfrecord, "TFRecords format details". Compressed files are not read.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { AppError } from '../../contract/errors.ts';
import { asDiskFull, isErrno } from '../base/durable.ts';
import { crc32c, maskCrc } from '../import/crc32c.ts';

const HEAD = 12;
const TAIL = 4;
/** A record is held in memory as a whole; ours have 200 KB. */
const MAX_RECORD = 64 * 2 ** 20;

export interface ReadOptions {
  /** Longer records are refused; 64 MiB where absent. */
  readonly maxRecord?: number;
  readonly signal?: AbortSignal;
}

/**
 * The records of a file, one in memory at a time, each in memory of its own. Throws `not-found`, `unreadable`; `bad-records` when a
 * checksum does not hold, the file is cut off or a record is longer than `maxRecord`, before any memory is set aside for it.
 */
export async function* readTfRecords(
  path: string,
  { maxRecord = MAX_RECORD, signal }: ReadOptions = {},
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  await using file = await openRecords(path);
  const { size } = await file.stat();
  for (let at = 0; at < size;) {
    signal?.throwIfAborted();
    const damaged = (why: string): AppError => badRecords(path, `at byte ${at} ${why}`);
    if (size - at < HEAD + TAIL) throw damaged('it is cut off');
    const head = await readAt(file, path, at, HEAD);
    if (head.readUInt32LE(8) !== maskCrc(crc32c(head.subarray(0, 8))))
      throw damaged('a length does not fit its checksum');
    const length = head.readBigUInt64LE(0);
    if (length > BigInt(maxRecord))
      throw damaged(`a record of ${length} bytes begins, and at most ${maxRecord} are read`);
    const bytes = Number(length);
    if (bytes > size - at - HEAD - TAIL) throw damaged('it is cut off');
    const body = await readAt(file, path, at + HEAD, bytes + TAIL);
    const record = new Uint8Array(body.buffer, body.byteOffset, bytes);
    if (body.readUInt32LE(bytes) !== maskCrc(crc32c(record))) throw damaged('a record does not fit its checksum');
    yield record;
    at += HEAD + bytes + TAIL;
  }
}

async function openRecords(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (cause) {
    if (isErrno(cause, 'ENOENT', 'ENOTDIR')) throw new AppError('not-found', `There is no ${path}.`, { cause });
    throw new AppError('unreadable', `${path} cannot be read.`, { cause });
  }
}

/** Exactly `length` bytes, in an array of their own. */
async function readAt(file: FileHandle, path: string, from: number, length: number): Promise<Buffer<ArrayBuffer>> {
  const bytes = Buffer.from(new ArrayBuffer(length));
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(bytes, done, length - done, from + done);
    if (bytesRead === 0) throw badRecords(path, 'it became shorter while it was read');
    done += bytesRead;
  }
  return bytes;
}

/** The error of files that are no sound records. */
function badRecords(path: string, why: string, cause?: unknown): AppError {
  return new AppError('bad-records', `${path} is no sound TFRecord file: ${why}.`, { cause });
}

/** Appends records to a new file. */
export class TfRecordWriter implements AsyncDisposable {
  readonly path: string;
  readonly #file: FileHandle;
  /** Records written. */
  count = 0;

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  /** Makes the file, empty. */
  static async create(path: string): Promise<TfRecordWriter> {
    return new TfRecordWriter(path, await open(path, 'wx'));
  }

  /** Throws `disk-full`. */
  async write(record: Uint8Array): Promise<void> {
    const [head, tail] = [Buffer.alloc(HEAD), Buffer.alloc(TAIL)];
    head.writeBigUInt64LE(BigInt(record.length));
    head.writeUInt32LE(maskCrc(crc32c(head.subarray(0, 8))), 8);
    tail.writeUInt32LE(maskCrc(crc32c(record)));
    try {
      await this.#file.appendFile(Buffer.concat([head, record, tail]));
    } catch (error) {
      throw asDiskFull(error, this.path);
    }
    this.count++;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

/** What every checkpoint reader gives: names and shapes at once, values only when asked for. */
import { AppError } from '../../contract/errors.ts';
import type { FileReader } from './file-reader.ts';
import type { Tensor, TensorInfo } from './tensor.ts';

export interface Checkpoint extends AsyncDisposable {
  /** The container, as `Importer.format`. */
  readonly format: string;
  /** What the file says about itself, as plain data; {} when it says nothing. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Every tensor's name as the file has it ('module.' prefixes and wrappers included), in the file's order. */
  names(): readonly string[];
  /** Shape and type, without reading any value. Throws `tensor-missing` for a name that is not there. */
  info(name: string): TensorInfo;
  /**
   * Reads one tensor from the file, now; nothing is kept. Throws `tensor-missing`, or `checkpoint-damaged` when its bytes are
   * not there.
   */
  tensor(name: string): Promise<Tensor>;
}

/** One container format. A row of registry.ts. */
export interface Importer {
  readonly format: string;
  /**
   * Whether the file is in this format, judged by its content alone. `head` is its first HEAD_BYTES bytes (fewer in a shorter
   * file, none of a folder). Reads little, and gives false rather than throws for a file of another kind.
   */
  match(head: Uint8Array, file: FileReader): Promise<boolean>;
  /** Reads the names. The checkpoint owns `file` from here on; when this throws, the caller closes it. */
  open(file: FileReader, options?: OpenOptions): Promise<Checkpoint>;
}

export interface OpenOptions {
  readonly signal?: AbortSignal | undefined;
}

export const HEAD_BYTES = 4096;

/** One tensor as a reader found it. */
export interface Entry {
  readonly info: TensorInfo;
  read(): Promise<Tensor>;
}

/** A checkpoint over what a reader found; `file` is closed with it. */
export function checkpointOf(
  format: string,
  file: FileReader,
  entries: ReadonlyMap<string, Entry>,
  metadata: Readonly<Record<string, unknown>> = {},
): Checkpoint {
  const names = [...entries.keys()];
  const entry = (name: string): Entry => {
    const found = entries.get(name);
    if (!found) throw new AppError('tensor-missing', `${file.path} has no tensor ${JSON.stringify(name)}.`);
    return found;
  };
  return {
    format,
    metadata,
    names: () => names,
    info: (name) => entry(name).info,
    tensor: async (name) => await entry(name).read(),
    [Symbol.asyncDispose]: async () => await file[Symbol.asyncDispose](),
  };
}

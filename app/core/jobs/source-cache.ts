/** Source indexes that survive the process: a file that was analysed once is not decoded again to be planned. */
import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import { z } from 'zod';
import { parseJson } from '../base/json.ts';
import type { SourceIndex } from '../media/source.ts';
import { findAnalysis, storeAnalysis } from '../library/analyses.ts';
import type { Library } from '../library/db.ts';
import type { FileIdentity } from '../library/file-identity.ts';

export interface SourceCache {
  /** The index of exactly this file in this state, made by this version of the analysis. */
  find(file: FileIdentity, version: string): Promise<SourceIndex | undefined>;
  /** Remembers it. Take `file` (by `identify`) before analysing, so that a change meanwhile is noticed. */
  store(file: FileIdentity, version: string, index: SourceIndex): Promise<void>;
}

const infoSchema = z.object({
  frames: z.int().positive(),
  end: z.number(),
  start: z.number(),
  width: z.int().nonnegative(),
  height: z.int().nonnegative(),
});

/** Bytes that an unpacked index may have; a row that claims more is not ours. */
const MOST_BYTES = 2 ** 31;

/** The cache in the library. Rows that cannot be read are as good as none. */
export function sourceCache(db: Library): SourceCache {
  return {
    async find(file, version) {
      const row = findAnalysis(db, file, kindOf(version));
      return row === undefined ? undefined : await unpack(row.info, row.data);
    },
    async store(file, version, index) {
      const { width, height } = index.thumbnails;
      const info: z.infer<typeof infoSchema> = {
        frames: index.times.length,
        end: index.end,
        start: index.start,
        width,
        height,
      };
      storeAnalysis(db, file, kindOf(version), { info: JSON.stringify(info), data: await pack(index) });
    },
  };
}

function kindOf(version: string): string {
  return `source-index/${version}`;
}

/** Frame intervals as doubles, which repeat and so shrink to nothing, then the thumbnails; deflated at its fastest. */
async function pack({ times, thumbnails }: SourceIndex): Promise<Uint8Array> {
  const steps = Float64Array.from(times, (time, i) => time - (times[i - 1] ?? 0));
  const bytes = new Uint8Array(steps.byteLength + thumbnails.data.length);
  bytes.set(new Uint8Array(steps.buffer));
  bytes.set(thumbnails.data, steps.byteLength);
  return await promisify<Uint8Array, { level: number }, Buffer>(deflateRaw)(bytes, { level: 1 });
}

async function unpack(text: string, packed: Uint8Array): Promise<SourceIndex | undefined> {
  const info = parseJson(infoSchema, text);
  if (info === undefined) return undefined;
  const { frames, end, start, width, height } = info;
  const size = frames * 8 + frames * width * height;
  if (size > MOST_BYTES) return undefined;
  let bytes: Buffer;
  try {
    bytes = await promisify<Uint8Array, { maxOutputLength: number }, Buffer>(inflateRaw)(packed, {
      maxOutputLength: size,
    });
  } catch {
    return undefined;
  }
  if (bytes.length !== size) return undefined;
  const steps = new Float64Array(new Uint8Array(bytes.subarray(0, frames * 8)).buffer);
  let time = 0;
  const times = Array.from(steps, (step) => (time += step));
  return { times, end, start, thumbnails: { width, height, data: new Uint8Array(bytes.subarray(frames * 8)) } };
}

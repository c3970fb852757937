/** The boxes of an MP4 or QuickTime file's header (ISO/IEC 14496-12, 4.2), of files that nobody has checked: what is damaged ends the walk. */
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

/** No header is longer; one that claims to be is not read further. */
const LONGEST_HEADER = 64 << 20;
/** Boxes looked at in one place. */
const MOST_BOXES = 100_000;

export interface MovieBox {
  readonly type: string;
  /** Of what follows its size and type. */
  readonly body: number;
  readonly end: number;
}

/** The 'moov' box with its head, found by walking the boxes of the file; undefined where there is none. */
export async function movieHeader(file: FileHandle): Promise<Buffer | undefined> {
  const head = Buffer.alloc(16);
  const { size } = await file.stat();
  for (let at = 0, boxes = 0; at + 8 <= size && boxes < MOST_BOXES; boxes++) {
    const { bytesRead } = await file.read(head, 0, 16, at);
    if (bytesRead < 8) return undefined;
    const short = head.readUInt32BE(0);
    const length = short === 0 ? size - at : short === 1 && bytesRead === 16 ? Number(head.readBigUInt64BE(8)) : short;
    if (length < 8) return undefined;
    if (head.toString('latin1', 4, 8) === 'moov') {
      const wanted = Math.min(length, size - at, LONGEST_HEADER);
      const { buffer, bytesRead: got } = await file.read(Buffer.alloc(wanted), 0, wanted, at);
      return buffer.subarray(0, got);
    }
    at += length;
  }
  return undefined;
}

/** `movieHeader` of the file at `path`. */
export async function readMovieHeader(path: string): Promise<Buffer | undefined> {
  const file = await open(path);
  try {
    return await movieHeader(file);
  } finally {
    await file.close();
  }
}

/** The boxes between two places of `bytes`, up to the first that is damaged. */
export function boxesBetween(bytes: Buffer, from: number, to: number): MovieBox[] {
  const boxes: MovieBox[] = [];
  const end = Math.min(to, bytes.length);
  for (let at = from; at + 8 <= end && boxes.length < MOST_BOXES;) {
    const short = bytes.readUInt32BE(at);
    const long = short === 1 && at + 16 <= end;
    const size = long ? Number(bytes.readBigUInt64BE(at + 8)) : short;
    const head = long ? 16 : 8;
    if (size < head || at + size > end) break;
    boxes.push({ type: bytes.toString('latin1', at + 4, at + 8), body: at + head, end: at + size });
    at += size;
  }
  return boxes;
}

/** The box at the end of a path of types below `box`, or undefined. */
export function boxWithin(bytes: Buffer, box: MovieBox, ...path: readonly string[]): MovieBox | undefined {
  let found: MovieBox | undefined = box;
  for (const type of path) found = found && boxesBetween(bytes, found.body, found.end).find((one) => one.type === type);
  return found;
}

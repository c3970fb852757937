/** Whether an MP4 or QuickTime file's video is encrypted, which ffmpeg does not say of a stream but decodes to rubbish. */
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

/** No header is longer; one that claims to be is not read further. */
const LONGEST_HEADER = 64 << 20;

/**
 * True when a track's sample entry says protected video: 'encv' of Common Encryption (ISO/IEC 23001-7), 'drmi' of FairPlay. False for any other file, and for
 * one whose boxes cannot be followed.
 */
export async function isEncryptedMovie(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const header = await movieHeader(file);
    if (!header) return false;
    for (let at = header.indexOf('stsd', 0, 'latin1'); at >= 0; at = header.indexOf('stsd', at + 4, 'latin1')) {
      // 'stsd', version and flags, number of entries, size of the first entry, its format.
      if (/^(encv|drmi)$/.test(header.toString('latin1', at + 16, at + 20))) return true;
    }
    return false;
  } finally {
    await file.close();
  }
}

/** The 'moov' box, found by walking the boxes of the file (ISO/IEC 14496-12, 4.2). */
async function movieHeader(file: FileHandle): Promise<Buffer | undefined> {
  const head = Buffer.alloc(16);
  const { size } = await file.stat();
  for (let at = 0, boxes = 0; at + 8 <= size && boxes < 100_000; boxes++) {
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

/**
 * What Samsung's phones append to a film: blocks of data and, last of all, a table of them. All numbers little-endian. From the end of the file: 'SEFT';
 * before it the length of the table; the table: 'SEFH', version, number of entries; each entry: 2 reserved bytes, a kind, how far before the table its
 * block begins, its length. A block: 2 reserved bytes, a kind, the length of its name, its name, its text. (Facts: androidx.media3's SefReader.)
 */
import { open } from 'node:fs/promises';

/** A table or a block that claims to be longer is not read. */
const LONGEST = 1 << 16;
const MOST_ENTRIES = 256;

/** The texts of the trailer by their names; empty where there is no trailer or it is damaged. */
export async function samsungTrailer(path: string): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const read = async (at: number, length: number): Promise<Buffer | undefined> => {
      if (at < 0 || length < 0 || length > LONGEST || at + length > size) return undefined;
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at);
      return bytesRead === length ? buffer : undefined;
    };
    const foot = await read(size - 8, 8);
    if (foot?.toString('latin1', 4) !== 'SEFT') return texts;
    const start = size - 8 - foot.readUInt32LE(0);
    const table = await read(start, foot.readUInt32LE(0));
    if (!table || table.length < 12 || table.toString('latin1', 0, 4) !== 'SEFH') return texts;
    const count = Math.min(table.readUInt32LE(8), MOST_ENTRIES, Math.floor((table.length - 12) / 12));
    for (let i = 0; i < count; i++) {
      const entry = 12 + 12 * i;
      const block = await read(start - table.readUInt32LE(entry + 4), table.readUInt32LE(entry + 8));
      const named = block && block.length >= 8 ? 8 + block.readUInt32LE(4) : 0;
      if (block && named >= 8 && named <= block.length)
        texts.set(block.toString('latin1', 8, named), block.toString('latin1', named));
    }
    return texts;
  } finally {
    await file.close();
  }
}

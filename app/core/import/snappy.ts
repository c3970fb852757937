/**
 * Decompresses one raw Snappy block (google/snappy format_description.txt), as LevelDB tables hold them. Written here because the
 * npm packages either are native or take the declared length on trust.
 */
import { AppError } from '../../contract/errors.ts';

/** The bytes of the block. Throws `checkpoint-damaged` when it is malformed, `checkpoint-refused` when it declares more than `most` bytes. */
export function unsnappy(block: Uint8Array, most: number): Uint8Array {
  let at = 0;
  const next = (): number => {
    const byte = block[at++];
    if (byte === undefined) throw damaged('it ends early');
    return byte;
  };
  const little = (count: number): number => {
    let value = 0;
    for (let i = 0; i < count; i++) value += next() * 2 ** (8 * i);
    return value;
  };
  const length = declaredLength(next);
  if (length > most) throw new AppError('checkpoint-refused', `A compressed block declares ${length} bytes.`);
  const out = new Uint8Array(length);
  let filled = 0;
  while (at < block.length) {
    const tag = next();
    const kind = tag & 3;
    if (kind === 0) {
      const short = tag >> 2;
      const count = (short < 60 ? short : little(short - 59)) + 1;
      if (count > block.length - at || count > length - filled) throw damaged('a literal is too long');
      out.set(block.subarray(at, at + count), filled);
      at += count;
      filled += count;
      continue;
    }
    const count = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const back = kind === 1 ? (tag >> 5) * 256 + next() : little(kind === 2 ? 2 : 4);
    if (back === 0 || back > filled || count > length - filled) throw damaged('a copy points outside it');
    // Byte by byte: a copy may overlap what it writes, which is how runs are stored.
    for (let i = 0; i < count; i++, filled++) out[filled] = out[filled - back]!;
  }
  if (filled !== length) throw damaged('it is shorter than declared');
  return out;
}

function declaredLength(next: () => number): number {
  let length = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = next();
    length += (byte & 127) * 2 ** shift;
    if (byte < 128) return length;
  }
  throw damaged('its length is no number');
}

function damaged(why: string): AppError {
  return new AppError('checkpoint-damaged', `A compressed block of the checkpoint is damaged: ${why}.`);
}

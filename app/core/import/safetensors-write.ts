/** Writes safetensors of float32. */
import { open } from 'node:fs/promises';
import { elementCount } from './tensor.ts';

/** A tensor to be written: its values are asked for when it is its turn. */
export interface Written {
  readonly name: string;
  readonly shape: readonly number[];
  read(): Promise<Float32Array>;
}

/** Writes `tensors` in their order; `metadata` is what the file says of itself. Throws what the system says. */
export async function writeSafetensors(
  path: string,
  tensors: readonly Written[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  let at = 0;
  const entries = tensors.map(({ name, shape }) => {
    const from = at;
    at += 4 * elementCount(shape);
    return [name, { dtype: 'F32', shape, data_offsets: [from, at] }] as const;
  });
  const plain = JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) });
  // Values begin at a multiple of eight bytes.
  const header = Buffer.from(plain + ' '.repeat((8 - (Buffer.byteLength(plain) % 8)) % 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  await using file = await open(path, 'w');
  await file.writeFile(Buffer.concat([length, header]));
  for (const { name, shape, read } of tensors) {
    const data = await read();
    if (data.length !== elementCount(shape)) throw new RangeError(`${name} has ${data.length} values`);
    await file.writeFile(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
}
